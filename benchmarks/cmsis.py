"""Where the C source of CMSIS-DSP is: the pinned release that set-up unpacked, or one named by the environment.

The firmware uses no part of CMSIS-DSP.  The benchmarks measure our kernels beside its, and tests compare the bit-exact
model with its Python module.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from designer.errors import BuildError

CMSIS_DSP_VERSION = "1.10.3"
ENVIRONMENT_VARIABLE = "PROSCENIUM_CMSIS_DSP"
# Its own best: without LOOPUNROLL its kernels leave the dual multiply-accumulate unused.
CMSIS_FLAGS = ("-O3", "-g", "-w", "-ffunction-sections", "-DARM_MATH_LOOPUNROLL", "-ffast-math")


def find_cmsis_dsp() -> Path:
    """Find the directory that holds ``Source``, ``Include`` and ``PrivateInclude``.

    Raises
    ------
    BuildError
        If it is missing.  The message says where it was looked for, and how to get it.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    root = Path(named) if named else Path(sys.prefix) / "share" / f"cmsis-dsp-{CMSIS_DSP_VERSION}"
    missing = [name for name in ("Source", "Include", "PrivateInclude") if not (root / name).is_dir()]
    if missing:
        raise BuildError(
            f"CMSIS-DSP {CMSIS_DSP_VERSION}: '{root}' lacks {', '.join(missing)}; "
            f"'make setup' unpacks it there, or set {ENVIRONMENT_VARIABLE} to the directory that has it"
        )
    return root

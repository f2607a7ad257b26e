"""Find the C source of CMSIS-DSP: the pinned release that the set-up unpacked, or one named by the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from designer.errors import BuildError

CMSIS_DSP_VERSION = "1.10.3"
ENVIRONMENT_VARIABLE = "PROSCENIUM_CMSIS_DSP"

# Only the sources that the pipeline calls.  The rest of the library is not in the image.
CMSIS_SOURCES = ("BasicMathFunctions/arm_dot_prod_q15.c", "FilteringFunctions/arm_fir_q31.c")


def find_cmsis_dsp() -> Path:
    """Find the directory that holds ``Source``, ``Include`` and ``PrivateInclude``.

    Raises
    ------
    BuildError
        If it is missing.  The message says where it was looked for, and how to get it.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    root = Path(named) if named else Path(sys.prefix) / "share" / f"cmsis-dsp-{CMSIS_DSP_VERSION}"
    missing = [name for name in ("Include", "PrivateInclude") if not (root / name).is_dir()]
    missing += [f"Source/{name}" for name in CMSIS_SOURCES if not (root / "Source" / name).is_file()]
    if missing:
        raise BuildError(
            f"CMSIS-DSP {CMSIS_DSP_VERSION}: '{root}' lacks {', '.join(missing)}; "
            f"'make setup' unpacks it there, or set {ENVIRONMENT_VARIABLE} to the directory that has it"
        )
    return root

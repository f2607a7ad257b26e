"""The functions in C that Unicorn calls, compiled with the system's gcc; without one, Python does the same."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path

from designer.temporary import temporary_directory

_SOURCES = ("block_counter.c", "serial_registers.c")


@cache
def compiled_functions() -> ctypes.CDLL | None:
    """Compile and load the functions; None where there is no gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        return None
    with temporary_directory("proscenium-hook") as directory:
        library = directory / "functions.so"
        sources = [str(Path(__file__).with_name(name)) for name in _SOURCES]
        command = [gcc, "-O2", "-shared", "-fPIC", "-o", str(library), *sources]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return None
        return ctypes.CDLL(str(library))

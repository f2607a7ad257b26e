"""Find compilers and run them.  Errors say how to mend a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache

from designer.errors import BuildError

TIMEOUT_S = 120

_PACKAGES = {"arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi", "gcc": "gcc libc6-dev"}


def find_tool(tool: str) -> str:
    """Full path of a tool.

    Raises
    ------
    BuildError
        If it is not on the PATH.  The message names the Debian package that has it.
    """
    path = shutil.which(tool)
    if path is None:
        raise BuildError(f"'{tool}' was not found on the PATH: apt-get install {_PACKAGES.get(tool, tool)}")
    return path


@lru_cache
def tool_version(executable: str) -> str:
    """First line of what the tool says to ``--version``."""
    return run_tool([executable, "--version"], f"asking {executable} for its version").splitlines()[0]


def run_tool(command: Sequence[str], doing: str, timeout_s: int = TIMEOUT_S) -> str:
    """Run a tool and return its output.  The error message begins with `doing`.

    Raises
    ------
    BuildError
        If it fails or does not end in time.
    """
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            # Tools quote names of files, which may hold any bytes.
            errors="backslashreplace",
            timeout=timeout_s,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{doing}: no end after {timeout_s} s") from error
    if result.returncode != 0:
        raise BuildError(f"{doing} failed:\n{(result.stderr or result.stdout).strip()}")
    return result.stdout

"""Run a program that flashes, and take what it prints as it is."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence

from designer.errors import FlashError

TIMEOUT_S = 120
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def run_flash_tool(name: str, command: Sequence[str], timeout_s: float = TIMEOUT_S) -> tuple[int, str]:
    """Run a program.

    Its output may hold any bytes: names of files, serial numbers of probes.  Bytes that are no text, and control
    characters, are shown as escapes.

    Parameters
    ----------
    name : str
        Name in messages.
    command : sequence of str
    timeout_s : float
        Longest time that it may take, in seconds.

    Returns
    -------
    code : int
        Exit status.
    said : str
        Both streams.

    Raises
    ------
    FlashError
        If it cannot be started or does not end in time.
    """
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUNBUFFERED": "1"}
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise FlashError(f"{name}: no end after {timeout_s:g} s; unplug the probe, plug it in and try again") from error
    except OSError as error:
        raise FlashError(f"{name}: '{command[0]}' cannot be run: {error}; install it again") from error
    return result.returncode, plain_text(result.stdout)


def plain_text(output: bytes) -> str:
    """Text of any bytes, without colours; what cannot be printed becomes an escape."""
    text = _COLOUR.sub("", output.decode("utf-8", "backslashreplace"))
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else ""
        if character == "\r"
        else "    "
        if character == "\t"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )

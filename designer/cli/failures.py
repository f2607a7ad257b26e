"""Turn every exception into one message with a remedy and an exit code."""

from __future__ import annotations

import codecs
import errno
import os
import signal
import sys
import tempfile
import traceback
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from designer.errors import ProsceniumError

# EX_SOFTWARE of sysexits.h: a fault of the program, not of its user.
INTERNAL_ERROR = 70

_BAD_INPUT = 2
_PLAIN_TEXT = {"°": "deg", "−": "-", "–": "-", "…": "...", "×": "x", "±": "+/-", "µ": "u", "→": "->", "’": "'"}
_REMEDIES = {
    errno.ENOSPC: "the disk is full: make space, or choose another disk for the output",
    errno.EDQUOT: "your disk quota is used up: make space, or choose another disk for the output",
    errno.EFBIG: "the file is larger than this system allows: choose another disk, or raise 'ulimit -f'",
    errno.EACCES: "permission denied: check the permissions of the file and its directory",
    errno.EPERM: "permission denied: check the permissions of the file and its directory",
    errno.EROFS: "the file system is read-only: choose another place for the output",
    errno.ENOENT: "no such file or directory: check the path",
    errno.EISDIR: "it is a directory, and a file is needed: check the path",
    errno.ENOTDIR: "a part of the path is a file, and a directory is needed: check the path",
    errno.EEXIST: "it exists already: choose another name",
    errno.ENAMETOOLONG: "the name is too long: allowed are 255 bytes for each part of a path",
    errno.ELOOP: "the symbolic links form a circle: mend the links",
    errno.EMFILE: "too many open files: raise 'ulimit -n'",
    errno.ENFILE: "the system has too many open files: close other programs",
    errno.ENOMEM: "not enough memory: close other programs, or use fewer --jobs",
    errno.EIO: "the disk or the device reports an error: check it, then run again",
}


@dataclass(frozen=True)
class Failure:
    """What the command line says about an exception.

    Attributes
    ----------
    message : str
        What, where, allowed and remedy.
    exit_code : int
        Exit status of the process.
    needs_trace : bool
        Whether a developer needs the stack trace to find the cause.
    """

    message: str
    exit_code: int
    needs_trace: bool = False


def explain(error: BaseException) -> Failure:
    """Turn an exception into a message and an exit code.

    Parameters
    ----------
    error : BaseException
        Any exception, also one of another library.

    Returns
    -------
    Failure
    """
    if isinstance(error, ProsceniumError):
        return Failure(str(error), error.exit_code)
    if isinstance(error, BrokenProcessPool):
        return Failure(
            "a worker process was killed, most often for lack of memory: use fewer --jobs and run again; "
            "points that are done are kept",
            1,
            needs_trace=True,
        )
    if isinstance(error, MemoryError):
        return Failure("not enough memory for this input: make it smaller, or close other programs", 1, True)
    if isinstance(error, RecursionError):
        return Failure("the input is nested too deeply: make it flatter", _BAD_INPUT, needs_trace=True)
    if isinstance(error, UnicodeDecodeError):
        return Failure(f"a text is not {error.encoding}: save the file as UTF-8 ({error})", _BAD_INPUT, True)
    if isinstance(error, UnicodeEncodeError):
        return Failure(f"a name cannot be written as {error.encoding}: rename the file ({error})", _BAD_INPUT, True)
    if isinstance(error, OSError):
        return _explain_system_error(error)
    if isinstance(error, ValueError) and "null byte" in str(error):
        return Failure("a path contains a null character: remove it", _BAD_INPUT, needs_trace=True)
    if isinstance(error, RuntimeError) and type(error).__name__ == "LibsndfileError":
        return Failure(f"an audio file cannot be read or written: {error}: check the file and the disk", 2, True)
    return Failure(
        f"internal error, a fault of Proscenium: {type(error).__name__}: {error}: report it with the trace",
        INTERNAL_ERROR,
        needs_trace=True,
    )


def _explain_system_error(error: OSError) -> Failure:
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    where = f"'{names[-1]}'" if names else "a file"
    remedy = _REMEDIES.get(error.errno or 0)
    if remedy is not None:
        return Failure(f"{where}: {remedy}", _BAD_INPUT)
    return Failure(f"{where}: {error.strerror or error}: check the path and the device", _BAD_INPUT, needs_trace=True)


def report(error: BaseException) -> int:
    """Print one message on standard error, write the trace if it is needed, and return the exit code."""
    failure = explain(error)
    print(f"error: {failure.message}", file=sys.stderr)
    if failure.needs_trace:
        _save_trace(error)
    return failure.exit_code


def _save_trace(error: BaseException) -> None:
    lines = "".join(traceback.format_exception(error))
    text = f"command: {sys.argv}\nPython: {sys.version}\n\n{lines}"
    try:
        handle, name = tempfile.mkstemp(prefix="proscenium-trace-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        # Without a place for the file, the trace on the terminal is better than none.
        print(text, file=sys.stderr)
    else:
        print(f"trace: {Path(name)}", file=sys.stderr)


def prepare_process() -> None:
    """Make the terminal show any text, and let SIGTERM and SIGHUP end the process with clean-up.

    A character that the terminal's encoding lacks is printed in plain ASCII words.
    """
    codecs.register_error("proscenium_ascii", _plain_text)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="proscenium_ascii")
    for number in (signal.SIGTERM, signal.SIGHUP):
        # A process that was started to ignore a signal, as by nohup, goes on ignoring it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _plain_text(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    plain = "".join(_PLAIN_TEXT.get(letter, letter) for letter in text)
    return plain.encode("ascii", "backslashreplace").decode("ascii"), error.end


def _end(number: int, frame: FrameType | None) -> None:
    """Raise, so that context managers and ``finally`` remove temporary files and stop child processes."""
    raise SystemExit(128 + number)

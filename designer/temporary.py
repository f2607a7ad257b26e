"""Temporary files and directories that do not outlive their process for long.

A process that is killed cannot tidy up.  So each temporary is locked (``flock``) while its process lives, and whoever
works in the same place next removes those that nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SUFFIX = ".part"


@contextmanager
def temporary_file(target: Path) -> Iterator[Path]:
    """Make a file beside a target, under a hidden name of its own.

    Parameters
    ----------
    target : Path
        The file that the temporary is to become.  What is left of earlier ones for it is removed.

    Yields
    ------
    Path
        Empty file.  It is removed at the end, unless it has been renamed.

    Raises
    ------
    OSError
        If the directory cannot be written.
    """
    beginning = f".{target.name}."
    remove_abandoned(target.parent, beginning)
    try:
        name, handle = _locked_new(lambda: tempfile.mkstemp(SUFFIX, beginning, target.parent)[::-1])
    except OSError as error:
        # The user knows the target, and not the temporary.
        error.filename = str(target)
        raise
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def temporary_directory(name: str, parent: Path | None = None) -> Iterator[Path]:
    """Make a directory, and remove it with all that it holds at the end.

    Parameters
    ----------
    name : str
        Beginning of its name.  What is left of earlier directories with this beginning is removed.
    parent : Path, optional
        By default the system's directory for temporary files.

    Raises
    ------
    OSError
        If the parent cannot be written.
    """
    place = Path(tempfile.gettempdir()) if parent is None else parent

    def make() -> tuple[str, int]:
        while True:
            made = tempfile.mkdtemp(SUFFIX, f"{name}.", place)
            # Until it is open and locked, another process may take it for abandoned and remove it.
            with suppress(FileNotFoundError):
                return made, os.open(made, os.O_RDONLY | os.O_DIRECTORY)

    remove_abandoned(place, f"{name}.")
    made, handle = _locked_new(make)
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(handle)


def remove_abandoned(directory: Path, beginning: str = ".") -> None:
    """Remove the temporaries in a directory whose processes have ended.

    Parameters
    ----------
    directory : Path
    beginning : str
        Only names that begin like this.  Hidden ones by default: those beside a target.
    """
    with suppress(OSError):
        for entry in list(os.scandir(directory)):
            # A symbolic link is never ours.
            if entry.name.startswith(beginning) and entry.name.endswith(SUFFIX) and not entry.is_symlink():
                _remove_if_abandoned(entry.path)


def _remove_if_abandoned(path: str) -> None:
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(handle)
            if found.st_uid != os.geteuid():
                return
            if stat.S_ISDIR(found.st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)
        finally:
            os.close(handle)


def _locked_new(make: Callable[[], tuple[str, int]]) -> tuple[str, int]:
    """Make a temporary and lock it; again if another process has taken it for abandoned in between."""
    while True:
        name, handle = make()
        # Where the file system has no locks, nobody can take one and remove it either.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.path.exists(name):
            return name, handle
        os.close(handle)

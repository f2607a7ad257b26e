"""Files that appear whole or not at all, and the identity of their content."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from designer.errors import OutputConflictError
from designer.temporary import remove_abandoned, temporary_file

LOCK_FILE = ".proscenium.lock"


def replace_file(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write a temporary file next to the target, then rename it, so that readers never see a part of a file.

    Parameters
    ----------
    path : Path
        Target.  Its directory is created if it does not exist.
    fill : callable
        Called with a binary file, to which it writes the content.

    Raises
    ------
    OSError
        If the directory or the file cannot be written.  The target does not change then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    try:
        with temporary_file(path) as temporary:
            with temporary.open("wb") as file:
                fill(file)
            temporary.chmod(0o644)
            temporary.replace(path)
    except OSError as error:
        # A full disk is found while writing, where the system does not name the file.
        if error.filename is None:
            error.filename = str(path)
        raise


def content_digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files below a folder.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        Hexadecimal.  Empty if there is nothing at the path.
    """
    if not path.exists():
        return ""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for member in sorted(path.rglob("*")):
        if member.is_file():
            digest.update(
                f"{member.relative_to(path).as_posix()}\0{content_digest(member)}\n".encode(errors="surrogateescape")
            )
    return digest.hexdigest()


def change_signature(path: Path) -> tuple[tuple[str, int, int, int, int], ...]:
    """Identify the state of a file, or of all files below a folder, without reading them.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple
        For each file its name, times of modification and of change in ns, size in bytes, and inode.  The time of
        change moves also when a copy keeps the time of modification.

    Raises
    ------
    OSError
        If there is nothing at the path.
    """
    members = sorted(path.rglob("*")) if path.is_dir() else [path]
    states = [(str(member), member.stat()) for member in members]
    return tuple((name, s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino) for name, s in states)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold an output directory against other processes of Proscenium.

    The lock is advisory (``flock``).  The system releases it when the process ends, however it ends.

    Parameters
    ----------
    directory : Path
        It is created if it does not exist.

    Raises
    ------
    OutputConflictError
        If another process holds it.  The message names that process.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / LOCK_FILE).open("a+", encoding="utf-8", errors="backslashreplace") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read(200).strip() or "another process"
            raise OutputConflictError(
                f"'{directory}': {holder} writes there now: wait until it ends, or give another --out"
            ) from error
        file.truncate(0)
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
        file.write(f"process {os.getpid()} ({command!a})")
        file.flush()
        remove_abandoned(directory)
        yield

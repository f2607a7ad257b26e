"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


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
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

"""Write generated files, and never overwrite a file that the generator did not write."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import BinaryIO

from designer.codegen.environment import BANNER_MARK
from designer.codegen.generate import GeneratedSources
from designer.errors import OutputConflictError
from designer.files import replace_file


def write(sources: GeneratedSources, directory: Path) -> tuple[Path, ...]:
    """Write every file in one step.  A file that is up to date keeps its modification time.

    Parameters
    ----------
    sources : GeneratedSources
    directory : Path
        Created if it does not exist.

    Returns
    -------
    tuple of Path
        Every file of `sources`, in order of name.

    Raises
    ------
    OutputConflictError
        If the generator did not write an existing file of the same name.  Nothing is written then.
    """
    targets = {directory / name: text for name, text in sorted(sources.files.items())}
    for target in targets:
        _refuse_foreign(target)
    for target, text in targets.items():
        data = text.encode("utf-8")
        if not (target.is_file() and target.read_bytes() == data):
            replace_file(target, partial(_fill, data))
    return tuple(targets)


def _refuse_foreign(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if target.is_file() and not target.is_symlink():
        with target.open("rb") as file:
            if file.read(len(BANNER_MARK)) == BANNER_MARK.encode():
                return
    raise OutputConflictError(
        f"'{target}' was not written by the generator (its first line lacks '{BANNER_MARK}'): "
        "it is left as it is. Move it away, or generate into another directory"
    )


def _fill(data: bytes, file: BinaryIO) -> None:
    file.write(data)

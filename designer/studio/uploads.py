"""Files that a page sends: music and measured heads, limited in size and read before they are kept."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from designer.acoustics.hrtf import load_head
from designer.errors import LayoutError
from designer.studio.folder import Folder
from designer.studio.music import read_music

MOST_BYTES = 64 << 20
MOST_KEPT_BYTES = 1 << 30
_AUDIO = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")
_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_RATE_HZ = 48000


async def keep_upload(folder: Folder, name: str, body: AsyncIterator[bytes]) -> str:
    """Take in a file: music goes to the studio's own directory, a SOFA file into the folder.

    Parameters
    ----------
    folder : Folder
    name : str
        Name that the file has on the user's side.
    body : async iterator of bytes

    Returns
    -------
    str
        Its name here.

    Raises
    ------
    LayoutError
        If it is too large, of another kind, cannot be read, or would overwrite a file of the folder.
    """
    plain = _NAME.sub("_", Path(name).name).strip("._")[-60:]
    suffix = Path(plain).suffix.lower()
    if suffix == ".sofa":
        target, check = folder.place(plain, ".sofa"), _check_head
        if target.exists():
            raise LayoutError(f"'{plain}': the folder has a file of this name: give it another one")
    elif suffix in _AUDIO:
        target, check = folder.state / "uploads" / plain, _check_audio
    else:
        raise LayoutError(f"file '{plain}': allowed are {', '.join(_AUDIO)} and .sofa")
    kept = sum(file.stat().st_size for file in target.parent.glob("*") if file.is_file() and suffix != ".sofa")
    if kept > MOST_KEPT_BYTES:
        raise LayoutError(f"the music here has {kept >> 20} MiB: remove files from '{target.parent.name}' first")
    await _receive(plain, body, target, check)
    return plain


async def _receive(name: str, body: AsyncIterator[bytes], target: Path, check: Callable[[Path], None]) -> None:
    """Write to a scratch directory, check, and only then move the file to its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".upload-") as scratch:
        path, size = Path(scratch) / name, 0
        with path.open("wb") as file:
            async for part in body:
                size += len(part)
                if size > MOST_BYTES:
                    raise LayoutError(f"file '{name}': allowed are up to {MOST_BYTES >> 20} MiB")
                file.write(part)
        try:
            await asyncio.get_running_loop().run_in_executor(None, check, path)
        except LayoutError as error:
            # The user knows the file by its name.
            raise LayoutError(str(error).replace(str(path), name)) from error
        path.replace(target)


def _check_audio(path: Path) -> None:
    read_music(path, _RATE_HZ)


def _check_head(path: Path) -> None:
    load_head(path)

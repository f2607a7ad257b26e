"""Measured files as the layout names them: read, checked, and told apart by their contents."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from designer.acoustics.measured.plausibility import check_set
from designer.acoustics.measured.response_set import ResponseSet
from designer.acoustics.measured.sofa_driver import driver_from_sofa
from designer.acoustics.measured.sofa_file import SofaFile
from designer.acoustics.measured.sofa_head import head_from_sofa
from designer.acoustics.measured.wav_folder import TABLE_NAME, driver_from_folder
from designer.errors import LayoutError
from designer.files import change_signature

# State of each file of a set: another value is another content.
Signature = tuple[tuple[str, int, int, int, int], ...]


def signature(path: Path) -> Signature:
    """Tell the present contents of a file or folder from all earlier ones, without reading them.

    Raises
    ------
    LayoutError
        If there is no such file or folder.
    """
    try:
        return change_signature(path)
    except (OSError, ValueError) as error:
        raise LayoutError(
            f"'{path}': no such file or folder, or it cannot be read: paths in a layout are relative to its own file"
        ) from error


def read_driver(path: Path, speed_of_sound_m_per_s: float, source: int | None = None) -> ResponseSet:
    """Read a driver's responses from a SOFA file or a folder of WAVs.

    Parameters
    ----------
    path : Path
        ``.sofa`` file, or a folder with ``angles.csv`` and WAVs.
    speed_of_sound_m_per_s : float
    source : int, optional
        Which of several sources of a SOFA file, from 0.

    Returns
    -------
    ResponseSet
        One channel.

    Raises
    ------
    LayoutError
        If it is missing, damaged, implausible, or not understood.  The message has the reason and a remedy.
    """
    return _read_driver(path, speed_of_sound_m_per_s, source, signature(path))


# A set may have 512 MiB.  What is made of it is kept elsewhere.
@lru_cache(maxsize=2)
def _read_driver(path: Path, speed_of_sound_m_per_s: float, source: int | None, changed: Signature) -> ResponseSet:
    if path.is_dir():
        if source is not None:
            raise LayoutError(f"'{path}': measured.source = {source}: a folder has one source: leave the key out")
        found = driver_from_folder(path)
    elif path.suffix.lower() == ".sofa":
        with SofaFile(path) as file:
            found = driver_from_sofa(file, speed_of_sound_m_per_s, source)
    else:
        raise LayoutError(f"'{path}': allowed is a .sofa file or a folder with {TABLE_NAME}: convert it")
    check_set(found, str(path))
    return found


def read_head(path: Path) -> ResponseSet:
    """Read a head's responses (HRTF) from a SOFA file, left ear first.

    Raises
    ------
    LayoutError
        If it is missing, damaged, implausible, or not understood.
    """
    signature(path)
    if path.is_dir() or path.suffix.lower() != ".sofa":
        raise LayoutError(f"'{path}': allowed for a head is a .sofa file: convert it")
    with SofaFile(path) as file:
        found = head_from_sofa(file)
    check_set(found, str(path))
    return found

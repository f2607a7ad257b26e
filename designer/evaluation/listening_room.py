"""Read the room of a rendering: its size and reverberation time, with cabinet and head placed in it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from designer.acoustics.room import Room
from designer.errors import LayoutError
from designer.evaluation.room import living_room
from designer.layout.model import Layout

_TEXT = re.compile(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(?:@(\d+(?:\.\d+)?))?")
_LEAST_M, _MOST_M = 2.0, 20.0
_LEAST_S, _MOST_S = 0.1, 2.0
_DEFAULT_S = 0.33
# Reverberation of rooms with the walls of the layout's own.
_FURNISHED_S = {"dry": 0.15, "live": 0.5}
ROOM_NAMES = ("dry", "living", "live")
# Part of the spare length that is behind the listener, as in the default room of a layout.  Ears are at 1.2 m, 10 cm
# off the middle.
_BEHIND_PART = 2.0 / 3.3
_LEAST_BEHIND_M = 0.5
_ASIDE_M, _EAR_HEIGHT_M = 0.1, 1.2


def named_room(name: str, layout: Layout) -> Room:
    """Room of the evaluation: the layout's own, or the same with other walls.

    Parameters
    ----------
    name : str
        ``living`` is the layout's own, ``dry`` decays within 0.15 s, ``live`` within 0.5 s.
    layout : Layout

    Raises
    ------
    LayoutError
        If there is no such room.
    """
    room = living_room(layout)
    if name == "living":
        return room
    if name not in _FURNISHED_S:
        raise LayoutError(f"room '{name}': allowed are {', '.join(ROOM_NAMES)}")
    return replace(room, absorption=_eyring_absorption(room.volume_m3, room.surface_m2, _FURNISHED_S[name]))


def _eyring_absorption(volume_m3: float, surface_m2: float, reverberation_time_s: float) -> float:
    """Absorption of walls that decay by 60 dB in a time, after Eyring."""
    return 1 - float(np.exp(-0.161 * volume_m3 / (surface_m2 * reverberation_time_s)))


def parse_room(text: str, layout: Layout) -> Room:
    """Read ``living``, ``LENGTHxWIDTHxHEIGHT`` in metres, or the same with ``@SECONDS`` of reverberation.

    Parameters
    ----------
    text : str
        Such as ``5.5x4.2x2.6@0.4``; length is along the line from listener to cabinet.
    layout : Layout
        Gives the distance between listener and cabinet.

    Returns
    -------
    Room
        Walls of one absorption, from Eyring's formula.

    Raises
    ------
    LayoutError
        If the text cannot be read, a value is out of range, or listener and cabinet do not fit.
    """
    if text == "living":
        return living_room(layout)
    found = _TEXT.fullmatch(text)
    if found is None:
        raise LayoutError(f"--room {text}: allowed are 'living' and LENGTHxWIDTHxHEIGHT[@SECONDS], as 5.5x4.2x2.6@0.4")
    length, width, height = (float(value) for value in found.groups()[:3])
    seconds = float(found[4] or _DEFAULT_S)
    for name, value in (("length", length), ("width", width), ("height", height)):
        if not _LEAST_M <= value <= _MOST_M:
            raise LayoutError(f"--room {text}: {name} {value:g} m: allowed is {_LEAST_M:g} to {_MOST_M:g} m")
    if not _LEAST_S <= seconds <= _MOST_S:
        raise LayoutError(f"--room {text}: {seconds:g} s: allowed is {_LEAST_S:g} to {_MOST_S:g} s")
    spare = length - layout.listener.distance_m
    needed = 2 * _LEAST_BEHIND_M + layout.listener.distance_m
    if spare < 2 * _LEAST_BEHIND_M:
        raise LayoutError(
            f"--room {text}: too short, as the listener sits {layout.listener.distance_m:g} m away: "
            f"allowed is a length from {needed:g} m"
        )
    behind = max(_LEAST_BEHIND_M, min(spare * _BEHIND_PART, spare - _LEAST_BEHIND_M))
    y = width / 2 - _ASIDE_M
    size = (length, width, height)
    volume, surface = float(np.prod(size)), 2 * (length * width + width * height + height * length)
    absorption = _eyring_absorption(volume, surface, seconds)
    source = (behind + layout.listener.distance_m, y, _EAR_HEIGHT_M)
    return Room(size, source, (behind, y, _EAR_HEIGHT_M), absorption)

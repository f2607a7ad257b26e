"""The whole listening test of one design: rooms, heads, places and music, beside plain mixing and a real pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.room import Room
from designer.dsp.limiter import limiter_settings
from designer.evaluation.listener.heads import DUMMY_HEAD, KEMAR, SMALL_SPHERE, SPHERE, ListenerHead
from designer.evaluation.listener.judge import SIDES_DEG, HeardSystem, References, judge
from designer.evaluation.listener.loudspeakers import Cabinet
from designer.evaluation.listener.playback import Playback, play
from designer.evaluation.listener.programs import PANNED_DEG
from designer.evaluation.listener.systems import Heard, System, designed, plain_mixing, real_pair
from designer.evaluation.listener.zone import ListeningZone, heard_in_zone, listening_zone
from designer.evaluation.listening_room import ROOM_NAMES, named_room
from designer.evaluation.records import Record
from designer.evaluation.room import RoomFigures, RoomPlant, evaluate_room
from designer.layout.model import Layout


@dataclass(frozen=True, kw_only=True)
class HeardIn(Record):
    """What one head hears in one room.

    Attributes
    ----------
    room, head : str
    design, plain, pair : HeardSystem
        All places between left and right in the living room, else left, centre and right.
    """

    room: str
    head: str
    design: HeardSystem
    plain: HeardSystem
    pair: HeardSystem


@dataclass(frozen=True, kw_only=True)
class LevelsIn(Record):
    """Direct and reverberant sound in one room, the layout's own head, by the energy of images.

    Attributes
    ----------
    room : str
    design, plain : RoomFigures
    """

    room: str
    design: RoomFigures
    plain: RoomFigures


@dataclass(frozen=True, kw_only=True)
class Zones(Record):
    """Listening zones in the living room.

    Attributes
    ----------
    head : str
    design, plain, pair : ListeningZone
    """

    head: str
    design: ListeningZone
    plain: ListeningZone
    pair: ListeningZone


@dataclass(frozen=True, kw_only=True)
class Loudness(Record):
    """Music on the drivers of the layout, in the living room.

    Attributes
    ----------
    design, plain : Playback
    """

    design: Playback
    plain: Playback


@dataclass(frozen=True, kw_only=True)
class ListeningTest(Record):
    """Figures of one design by the listener model.

    Attributes
    ----------
    levels : tuple of LevelsIn
    heard : tuple of HeardIn
    zones : Zones
    loudness : Loudness or None
        None without music.
    """

    levels: tuple[LevelsIn, ...]
    heard: tuple[HeardIn, ...]
    zones: Zones
    loudness: Loudness | None = None

    def heard_in(self, room: str, head: str) -> HeardIn:
        """Find what a head hears in a room.

        Raises
        ------
        KeyError
            If it was not listened to.
        """
        for found in self.heard:
            if (found.room, found.head) == (room, head):
                return found
        raise KeyError(f"{room}, {head}: listened to were {', '.join(f'{h.room}, {h.head}' for h in self.heard)}")


def unseen_head() -> ListenerHead:
    """KEMAR where it is installed, else a small sphere with its ears farther back."""
    return DUMMY_HEAD if KEMAR.is_file() else SMALL_SPHERE


def conditions(more_heads: tuple[ListenerHead, ...] = ()) -> tuple[tuple[str, ListenerHead], ...]:
    """Rooms and heads of the test: all heads in the living room, one in the others."""
    heads = dict.fromkeys((SPHERE, unseen_head(), SMALL_SPHERE, *more_heads))
    others = [(room, unseen_head()) for room in ROOM_NAMES if room != "living"]
    return (*(("living", head) for head in heads), *others)


def listening_test(
    layout: Layout,
    impulse_responses: NDArray[np.float64],
    modelling_delay_samples: int,
    music: NDArray[np.float64] | None = None,
    more_heads: tuple[ListenerHead, ...] = (),
) -> ListeningTest:
    """Listen to a design.

    Parameters
    ----------
    layout : Layout
    impulse_responses : (D, 3, N) float64
        At the layout's sample rate, such as those of the quantised tables.
    modelling_delay_samples : int
    music : (n, 2) float64, optional
        At the layout's sample rate, full scale 1.
    more_heads : tuple of ListenerHead, optional
        That listen in the living room too.

    Returns
    -------
    ListeningTest
    """
    systems = (designed(layout, impulse_responses, modelling_delay_samples), plain_mixing(layout))
    return ListeningTest(
        levels=tuple(_levels(layout, name, systems) for name in ROOM_NAMES),
        heard=tuple(_heard(layout, name, head, systems) for name, head in conditions(more_heads)),
        zones=_zones(layout, systems),
        loudness=None if music is None else _loudness(layout, systems, music),
    )


def _levels(layout: Layout, room_name: str, systems: tuple[System, System]) -> LevelsIn:
    plant = RoomPlant(layout, named_room(room_name, layout))
    design, plain = (evaluate_room(layout, system.filters[0], plant) for system in systems)
    return LevelsIn(room=room_name, design=design, plain=plain)


def _heard(layout: Layout, room_name: str, head: ListenerHead, systems: tuple[System, System]) -> HeardIn:
    room, distance, speed = named_room(room_name, layout), layout.listener.distance_m, layout.speed_of_sound_m_per_s
    panned = PANNED_DEG if room_name == "living" else SIDES_DEG
    references, pair = _pair(distance, speed, room, head, panned)
    heard = Heard.of((Cabinet(layout),), room, head)
    design, plain = (judge(system, heard.channels(system), references, head, panned) for system in systems)
    return HeardIn(room=room_name, head=head.name, design=design, plain=plain, pair=pair)


@lru_cache(maxsize=32)
def _pair(
    distance_m: float, speed_of_sound_m_per_s: float, room: Room, head: ListenerHead, panned_deg: tuple[float, ...]
) -> tuple[References, HeardSystem]:
    references = References.of(distance_m, speed_of_sound_m_per_s, room, head)
    pair = real_pair(distance_m, speed_of_sound_m_per_s)
    return references, judge(pair, references.pair, references, head, panned_deg)


def _zones(layout: Layout, systems: tuple[System, System]) -> Zones:
    head, room = unseen_head(), named_room("living", layout)
    distance, speed = layout.listener.distance_m, layout.speed_of_sound_m_per_s
    heard = heard_in_zone((Cabinet(layout),), room, head)
    design, plain = (listening_zone(system, heard, distance) for system in systems)
    return Zones(head=head.name, design=design, plain=plain, pair=_pair_zone(distance, speed, room, head))


@lru_cache(maxsize=8)
def _pair_zone(distance_m: float, speed_of_sound_m_per_s: float, room: Room, head: ListenerHead) -> ListeningZone:
    pair = real_pair(distance_m, speed_of_sound_m_per_s)
    return listening_zone(pair, heard_in_zone(pair.loudspeakers, room, head), distance_m)


def _loudness(layout: Layout, systems: tuple[System, System], music: NDArray[np.float64]) -> Loudness:
    heard = Heard.of((Cabinet(layout),), named_room("living", layout), SPHERE).responses[0]
    settings, distance = limiter_settings(layout), layout.listener.distance_m
    design, plain = (play(system, settings, music, heard, distance) for system in systems)
    return Loudness(design=design, plain=plain)

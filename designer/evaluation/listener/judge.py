"""What a listener in the nominal place hears of a system: directions, width, distance and colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from designer.acoustics.room import Room
from designer.evaluation.listener.channels import ChannelResponses
from designer.evaluation.listener.direction import HeardImage, image
from designer.evaluation.listener.distance import bass_balance_db, coloration_db, distance_cues
from designer.evaluation.listener.heads import ListenerHead
from designer.evaluation.listener.programs import BASE_DEG, PANNED_DEG
from designer.evaluation.listener.signals import SIGNAL_NAMES
from designer.evaluation.listener.systems import Heard, System, real_centre, real_pair
from designer.evaluation.records import Curve, Record

# Left, centre and right.
SIDES_DEG = (-BASE_DEG, 0.0, BASE_DEG)


@dataclass(frozen=True, kw_only=True)
class HeardSignal(Record):
    """One test signal at places from left to right.

    Attributes
    ----------
    signal : str
    panned_deg : tuple of float
        Where the law of tangents puts it.
    azimuth_deg : tuple of float
        Where it is heard.
    width_deg : tuple of float
        Apparent width, see `designer.evaluation.listener.direction.HeardImage`.
    stable_part : tuple of float
        Share of time in which the image is stable.
    """

    signal: str
    panned_deg: Curve
    azimuth_deg: Curve
    width_deg: Curve
    stable_part: Curve


@dataclass(frozen=True, kw_only=True)
class HeardChannel(Record):
    """One channel: cues to distance, and colour.

    Attributes
    ----------
    direct_to_reverberant_db, clarity_c50_db : float
        Octaves 250 Hz … 4 kHz, at the own ear of a side, at both ears for the centre.
    coherence_early, coherence_late : float
        Interaural, before and after 80 ms, 0 … 1.
    coloration_db : float
        Spread of the level over the bands of the ear, against a real loudspeaker at the same azimuth.
    bass_balance_db : float
        60 … 200 Hz over 200 Hz … 5 kHz.
    """

    direct_to_reverberant_db: float
    clarity_c50_db: float
    coherence_early: float
    coherence_late: float
    coloration_db: float
    bass_balance_db: float


@dataclass(frozen=True, kw_only=True)
class HeardSystem(Record):
    """What one head hears of one system in one room.

    Attributes
    ----------
    signals : tuple of HeardSignal
    left, centre : HeardChannel
    """

    signals: tuple[HeardSignal, ...]
    left: HeardChannel
    centre: HeardChannel

    def mean_of(self, azimuth_deg: float, figure: str) -> float:
        """Mean over signals of a figure of `HeardSignal` where one is panned to."""
        return float(np.mean([getattr(s, figure)[s.panned_deg.index(azimuth_deg)] for s in self.signals]))

    @property
    def panning_error_deg(self) -> float:
        """Root mean square over places and signals of the difference from the law of tangents."""
        errors = [np.subtract(s.azimuth_deg, s.panned_deg) for s in self.signals]
        return float(np.sqrt(np.mean(np.square(errors))))


@dataclass(frozen=True, eq=False)
class References:
    """Real loudspeakers in a room, which systems are compared with.

    Attributes
    ----------
    pair, centre : ChannelResponses
        Of `real_pair` and `real_centre`.
    """

    pair: ChannelResponses
    centre: ChannelResponses

    @classmethod
    def of(cls, distance_m: float, speed_of_sound_m_per_s: float, room: Room | None, head: ListenerHead) -> References:
        """Compute them."""
        systems = (real_pair(distance_m, speed_of_sound_m_per_s), real_centre(distance_m, speed_of_sound_m_per_s))
        pair, centre = (Heard.of(system.loudspeakers, room, head).channels(system) for system in systems)
        return cls(pair, centre)


def judge(
    system: System,
    responses: ChannelResponses,
    references: References,
    head: ListenerHead,
    panned_deg: tuple[float, ...] = PANNED_DEG,
) -> HeardSystem:
    """Listen to a system.

    Parameters
    ----------
    system : System
    responses : ChannelResponses
        Of its three channels.
    references : References
        In the same room on the same head.
    head : ListenerHead
    panned_deg : tuple of float
        Places between −30 and 30.
    """
    signals = []
    for name in SIGNAL_NAMES:
        images = [image(responses.ears(system.program(name, azimuth)), head) for azimuth in panned_deg]
        signals.append(_heard_signal(name, panned_deg, images))
    return HeardSystem(
        signals=tuple(signals),
        left=_heard_channel(responses, 0, (0,), references.pair, 0),
        centre=_heard_channel(responses, 2, (0, 1), references.centre, 2),
    )


def _heard_signal(name: str, panned_deg: tuple[float, ...], images: list[HeardImage]) -> HeardSignal:
    return HeardSignal(
        signal=name,
        panned_deg=panned_deg,
        azimuth_deg=tuple(round(i.azimuth_deg, 1) for i in images),
        width_deg=tuple(round(i.width_deg, 1) for i in images),
        stable_part=tuple(round(i.stable_part, 3) for i in images),
    )


def _heard_channel(
    responses: ChannelResponses, channel: int, ears: tuple[int, ...], reference: ChannelResponses, its_channel: int
) -> HeardChannel:
    cues = distance_cues(responses, channel, ears)
    return HeardChannel(
        direct_to_reverberant_db=round(cues.direct_to_reverberant_db, 2),
        clarity_c50_db=round(cues.clarity_c50_db, 2),
        coherence_early=round(cues.coherence_early, 3),
        coherence_late=round(cues.coherence_late, 3),
        coloration_db=round(coloration_db(responses, channel, reference, its_channel), 2),
        bass_balance_db=round(bass_balance_db(responses, channel), 2),
    )

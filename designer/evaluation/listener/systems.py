"""What is compared: the design, plain mixing on the same drivers, and a real pair of loudspeakers in the same room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.room import Room
from designer.evaluation.listener.channels import ChannelResponses, channel_responses
from designer.evaluation.listener.heads import ListenerHead, Places
from designer.evaluation.listener.loudspeakers import Cabinet, Loudspeaker, Monitor
from designer.evaluation.listener.programs import BASE_DEG, stereo_program, upmixed_program
from designer.evaluation.listener.responses import RATE_HZ, BinauralResponses, room_responses
from designer.filters.stereo_downmix import downmix_bank
from designer.layout.model import Layout


@dataclass(frozen=True, eq=False)
class System:
    """Loudspeakers with filters ahead of them.

    Attributes
    ----------
    name : str
    loudspeakers : tuple of Loudspeaker
    filters : tuple of (D, 3, N) float64
        From left, right and centre to the drivers of each loudspeaker.
    rate_hz : int
        Sample rate of the filters.
    modelling_delay_samples : int
        Of the filters.
    upmixed : bool
        Whether an upmix makes three channels of a stereo program; if not, the centre stays silent.
    """

    name: str
    loudspeakers: tuple[Loudspeaker, ...]
    filters: tuple[NDArray[np.float64], ...]
    rate_hz: int
    modelling_delay_samples: int
    upmixed: bool

    def program(self, signal_name: str, azimuth_deg: float) -> NDArray[np.float64]:
        """Pan a test signal: what the three channels play, (3, M) float64 at 24 kHz."""
        if self.upmixed:
            return upmixed_program(signal_name, azimuth_deg, self.rate_hz)
        return np.pad(stereo_program(signal_name, azimuth_deg), ((0, 1), (0, 0)))


def designed(layout: Layout, impulse_responses: NDArray[np.float64], modelling_delay_samples: int) -> System:
    """Make the system of a design: upmix, then its filters.

    Parameters
    ----------
    layout : Layout
    impulse_responses : (D, 3, N) float64
        At the layout's sample rate.
    modelling_delay_samples : int
    """
    loudspeakers = (Cabinet(layout),)
    return System("design", loudspeakers, (impulse_responses,), layout.sample_rate_hz, modelling_delay_samples, True)


def plain_mixing(layout: Layout) -> System:
    """Make the system without a design, see `designer.filters.stereo_downmix`."""
    bank = downmix_bank(layout)
    filters, delay = bank.impulse_responses, bank.modelling_delay_samples
    return System("plain mixing", (Cabinet(layout),), (filters,), layout.sample_rate_hz, delay, False)


def real_pair(distance_m: float, speed_of_sound_m_per_s: float = 343.0) -> System:
    """Make a pair of real loudspeakers at ±30°; the centre goes to both."""
    pair = tuple(Monitor(side * BASE_DEG, distance_m, speed_of_sound_m_per_s) for side in (1, -1))
    half = np.sqrt(0.5)
    filters = (np.array([[[1.0], [0.0], [half]]]), np.array([[[0.0], [1.0], [half]]]))
    return System("real pair", pair, filters, RATE_HZ, 0, False)


def real_centre(distance_m: float, speed_of_sound_m_per_s: float = 343.0) -> System:
    """Make one real loudspeaker in the place of the cabinet: the reference of the centre's colour."""
    monitor = Monitor(0.0, distance_m, speed_of_sound_m_per_s)
    return System("real centre", (monitor,), (np.ones((1, 3, 1)),), RATE_HZ, 0, False)


@dataclass(frozen=True, eq=False)
class Heard:
    """Responses from the drivers of a system's loudspeakers to the ears, in H places.

    Attributes
    ----------
    head : ListenerHead
    responses : tuple of BinauralResponses
        One for each loudspeaker.
    """

    head: ListenerHead
    responses: tuple[BinauralResponses, ...]

    @classmethod
    def of(
        cls, loudspeakers: tuple[Loudspeaker, ...], room: Room | None, head: ListenerHead, places: Places | None = None
    ) -> Heard:
        """Compute them; by default in the nominal place."""
        zero = np.zeros(1)
        places = places or Places.of(head, zero, zero, zero)
        return cls(head, tuple(room_responses(loudspeaker, room, head, places) for loudspeaker in loudspeakers))

    def channels(self, system: System, place: int = 0) -> ChannelResponses:
        """Put the filters of a system ahead: responses from its three channels.

        Parameters
        ----------
        system : System
            With the same loudspeakers.
        place : int
            Which of the places.
        """
        parts = [
            channel_responses(responses, place, filters, system.rate_hz, system.modelling_delay_samples)
            for responses, filters in zip(self.responses, system.filters, strict=True)
        ]
        length = max(part.direct.shape[2] for part in parts)
        sums = [
            np.sum([np.pad(part, ((0, 0), (0, 0), (0, length - part.shape[2]))) for part in same], axis=0)
            for same in ([part.direct for part in parts], [part.reflected for part in parts])
        ]
        return ChannelResponses(sums[0], sums[1], parts[0].arrival_samples)

"""What a listener in front of the board hears: impulse responses from driver feeds, or from stereo, to two ears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.acoustics.reflections import band_limit, reflected_responses
from designer.acoustics.room import Room
from designer.filters.stereo_downmix import downmix_bank
from designer.layout.model import Layout

_TAPS = 4096
# Room ahead of the first arrival, for what the band limits spread to negative times.
_LEAD_SAMPLES = 256


@dataclass(frozen=True, eq=False)
class Ears:
    """Filters to the two ears.

    Attributes
    ----------
    responses : (2, I, N) float64
        Full scale at the input is the level that an ideal loudspeaker in the cabinet's place would give.
    delay_samples : int
        TimeResponse of that loudspeaker's sound.
    """

    responses: NDArray[np.float64]
    delay_samples: int


def ears_of_drivers(layout: Layout, gain_db: float, modelling_delay_samples: int, room: Room | None = None) -> Ears:
    """From driver feeds to the ears of the nominal head.

    Parameters
    ----------
    layout : Layout
        ``listener.hrtf`` chooses the head.
    gain_db : float
        Gain that the design applied to all filters; it is taken back.
    modelling_delay_samples : int
        Of the design's filters.
    room : Room, optional
        What its walls send back is added to the direct sound; without it there are none.
    """
    grid = np.fft.rfftfreq(_TAPS, 1.0 / layout.sample_rate_hz)
    ears = ear_plant(layout, np.maximum(grid, 1.0), HeadPoses.nominal()).transfer
    distance = layout.listener.distance_m
    travel = np.exp(2j * np.pi * grid * (distance / layout.speed_of_sound_m_per_s)) * distance
    lead = np.exp(-2j * np.pi * grid * _LEAD_SAMPLES / layout.sample_rate_hz)
    spectra = ears * (travel * lead * band_limit(grid) * 10 ** (-gain_db / 20))[:, None, None]
    responses = np.fft.irfft(spectra, _TAPS, axis=0).transpose(1, 2, 0)
    if room is not None:
        reflected = reflected_responses(layout, room, _LEAD_SAMPLES) * 10 ** (-gain_db / 20)
        whole = np.zeros((*responses.shape[:2], max(_TAPS, reflected.shape[2])))
        whole[:, :, :_TAPS] = responses
        whole[:, :, : reflected.shape[2]] += reflected
        responses = whole
    return Ears(np.ascontiguousarray(responses), _LEAD_SAMPLES + modelling_delay_samples)


def ears_of_downmix(layout: Layout, room: Room | None = None) -> Ears:
    """From stereo to the same ears in the same room, the loudspeaker being fed by plain mixing: 'before'."""
    plain = downmix_bank(layout)
    ears = ears_of_drivers(layout, 0.0, plain.modelling_delay_samples, room)
    length = ears.responses.shape[2] + plain.impulse_responses.shape[2] - 1
    paths = np.fft.rfft(plain.impulse_responses[:, :2], length, axis=2)
    heard = np.einsum("edf,dif->eif", np.fft.rfft(ears.responses, length, axis=2), paths)
    return Ears(np.fft.irfft(heard, length, axis=2), ears.delay_samples)

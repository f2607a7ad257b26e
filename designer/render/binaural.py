"""Binaural impulse responses, from driver signals or from stereo to a listener's two ears."""

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
# Samples ahead of the first arrival, for the pre-ringing of the band limit.
_LEAD_SAMPLES = 256


@dataclass(frozen=True, eq=False)
class Ears:
    """Filters to the two ears.

    Attributes
    ----------
    responses : (2, I, N) float64
        Ear, input, tap.  1 is the level of an ideal loudspeaker in the cabinet's place.
    delay_samples : int
        Arrival time of that loudspeaker's sound in the responses.
    """

    responses: NDArray[np.float64]
    delay_samples: int


def ears_of_drivers(
    layout: Layout,
    gain_db: float,
    modelling_delay_samples: int,
    room: Room | None = None,
    head: HeadPoses | None = None,
) -> Ears:
    """Impulse responses from driver signals to the ears of one head.

    Parameters
    ----------
    layout : Layout
        ``listener.hrtf`` chooses the head.
    gain_db : float
        Gain that the design applied to all filters.  The responses compensate it.
    modelling_delay_samples : int
        Modelling delay of the design's filters.
    room : Room, optional
        Its reflections are added to the direct sound.  Without it the field is free.
    head : HeadPoses, optional
        One pose; by default the nominal one.  The reflections are always those of the nominal head.

    Returns
    -------
    Ears
        With one input for each driver.
    """
    grid = np.fft.rfftfreq(_TAPS, 1.0 / layout.sample_rate_hz)
    ears = ear_plant(layout, np.maximum(grid, 1.0), head or HeadPoses.nominal()).transfer
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


def ears_with_and_without(
    layout: Layout,
    gain_db: float,
    modelling_delay_samples: int,
    room: Room | None = None,
    head: HeadPoses | None = None,
) -> tuple[Ears, Ears]:
    """Return `ears_of_drivers` and `ears_of_downmix` of one layout, in half the time of both."""
    plain = ears_of_drivers(layout, 0.0, 0, room, head)
    with_design = Ears(plain.responses * 10 ** (-gain_db / 20), plain.delay_samples + modelling_delay_samples)
    return with_design, _by_way_of_downmix(layout, plain)


def ears_of_downmix(layout: Layout, room: Room | None = None, head: HeadPoses | None = None) -> Ears:
    """Impulse responses from stereo to the same ears in the same room, by way of the stereo downmix.

    Parameters
    ----------
    layout : Layout
    room : Room, optional
        As `ears_of_drivers`.
    head : HeadPoses, optional
        As `ears_of_drivers`.

    Returns
    -------
    Ears
        With two inputs.
    """
    return _by_way_of_downmix(layout, ears_of_drivers(layout, 0.0, 0, room, head))


def _by_way_of_downmix(layout: Layout, ears: Ears) -> Ears:
    downmix = downmix_bank(layout)
    length = ears.responses.shape[2] + downmix.impulse_responses.shape[2] - 1
    paths = np.fft.rfft(downmix.impulse_responses[:, :2], length, axis=2)
    heard = np.einsum("edf,dif->eif", np.fft.rfft(ears.responses, length, axis=2), paths)
    return Ears(np.fft.irfft(heard, length, axis=2), ears.delay_samples + downmix.modelling_delay_samples)

"""How far away a sound seems, and how it is coloured: figures of the responses from one channel to both ears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.listener.channels import ChannelResponses
from designer.evaluation.listener.periphery import band_centres_hz, erb_hz
from designer.evaluation.listener.responses import RATE_HZ

# Octaves 250 Hz … 4 kHz, as of ISO 3382-1, all of one weight.
_BAND_HZ = (250.0 / 2**0.5, 4000.0 * 2**0.5)
_EARLY_S = 0.050
# Octaves and limit of early sound of the interaural coherence (Hidaka, Beranek & Okano, J. Acoust. Soc. Am. 98 (1995),
# 988: IACC_E3 and IACC_L3).
_COHERENCE_OCTAVES_HZ = (500.0, 1000.0, 2000.0)
_COHERENCE_EARLY_S = 0.080
_LONGEST_LAG_S = 0.001
_BASS_HZ, _MIDDLE_HZ = (60.0, 200.0), (200.0, 5000.0)


@dataclass(frozen=True)
class DistanceCues:
    """Cues to distance of one channel.

    Attributes
    ----------
    direct_to_reverberant_db : float
        Octaves 250 Hz … 4 kHz.
    clarity_c50_db : float
        First 50 ms over the rest (ISO 3382-1), same octaves.
    coherence_early, coherence_late : float
        Largest interaural cross-correlation before and after 80 ms, mean of three octaves, 0 … 1.
    """

    direct_to_reverberant_db: float
    clarity_c50_db: float
    coherence_early: float
    coherence_late: float


def distance_cues(responses: ChannelResponses, channel: int, ears: tuple[int, ...]) -> DistanceCues:
    """Compute the cues to distance of a channel.

    Parameters
    ----------
    responses : ChannelResponses
    channel : int
    ears : tuple of int
        Ears at which levels are measured: the own ear of a side channel, both for the centre.

    Returns
    -------
    DistanceCues
        Levels are 0 … 99 dB in free space.
    """
    direct, reflected = (part[list(ears), channel] for part in (responses.direct, responses.reflected))
    whole = direct + reflected
    split = responses.arrival_samples + round(_EARLY_S * RATE_HZ)
    early, late = np.zeros_like(whole), np.zeros_like(whole)
    early[:, :split], late[:, split:] = whole[:, :split], whole[:, split:]
    heard = responses.whole[:, channel]
    split = responses.arrival_samples + round(_COHERENCE_EARLY_S * RATE_HZ)
    return DistanceCues(
        _ratio_db(_octave_energy(direct), _octave_energy(reflected)),
        _ratio_db(_octave_energy(early), _octave_energy(late)),
        _coherence(heard[:, :split]),
        _coherence(heard[:, split:]),
    )


def coloration_db(
    responses: ChannelResponses, channel: int, reference: ChannelResponses, reference_channel: int = 0
) -> float:
    """Spread of the level over the bands of the ear, both ears together, against a reference in the same room.

    Parameters
    ----------
    responses, reference : ChannelResponses
    channel, reference_channel : int

    Returns
    -------
    float
        Standard deviation over 28 bands, 200 Hz … 8 kHz, dB.  Listeners notice about 1 dB (Toole & Olive, J. Audio Eng.
        Soc. 36 (1988), 122).
    """
    levels = [
        10 * np.log10(_band_energies(found.whole[:, which]))
        for found, which in ((responses, channel), (reference, reference_channel))
    ]
    return float(np.std(levels[0] - levels[1]))


def bass_balance_db(responses: ChannelResponses, channel: int) -> float:
    """Level of 60 … 200 Hz over that of 200 Hz … 5 kHz at both ears, equal weight of octaves, dB."""
    heard = responses.whole[:, channel]
    return _ratio_db(_octave_energy(heard, _BASS_HZ), _octave_energy(heard, _MIDDLE_HZ))


def _octave_energy(responses: NDArray[np.float64], band_hz: tuple[float, float] = _BAND_HZ) -> float:
    """Mean energy of responses (C, N) in a band, equal weight of octaves."""
    spectrum = np.abs(np.fft.rfft(responses, axis=1)) ** 2
    frequencies = np.fft.rfftfreq(responses.shape[1], 1 / RATE_HZ)
    inside = (frequencies >= band_hz[0]) & (frequencies < band_hz[1])
    weight = 1 / frequencies[inside]
    return float(np.sum(spectrum[:, inside] @ weight) / weight.sum())


def _ratio_db(over: float, under: float) -> float:
    return float(np.clip(10 * np.log10(max(over, 1e-300) / max(under, 1e-300)), -99.0, 99.0))


def _band_energies(heard: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy of both ears (2, N) in each band of the ear: (B,)."""
    spectrum = np.sum(np.abs(np.fft.rfft(heard, axis=1)) ** 2, axis=0)
    frequencies = np.fft.rfftfreq(heard.shape[1], 1 / RATE_HZ)
    centres = band_centres_hz()[:, None]
    weights = (1 + ((frequencies - centres) / (1.019 * erb_hz(centres))) ** 2) ** -4.0
    return np.asarray(weights @ spectrum)


def _coherence(heard: NDArray[np.float64]) -> float:
    """Largest normalised cross-correlation of the ears (2, N) over ±1 ms, mean of three octaves."""
    length = 2 * heard.shape[1]
    left, right = np.fft.rfft(heard, length, axis=1)
    frequencies = np.fft.rfftfreq(length, 1 / RATE_HZ)
    lags = round(_LONGEST_LAG_S * RATE_HZ)
    found = []
    for centre in _COHERENCE_OCTAVES_HZ:
        inside = (frequencies >= centre / 2**0.5) & (frequencies < centre * 2**0.5)
        crossed = np.fft.irfft(left * right.conj() * inside, length)
        energies = [float(np.fft.irfft(np.abs(ear) ** 2 * inside, length)[0]) for ear in (left, right)]
        largest = max(float(crossed[: lags + 1].max()), float(crossed[-lags:].max()))
        found.append(largest / np.sqrt(max(energies[0] * energies[1], 1e-300)))
    return float(np.clip(np.mean(found), 0.0, 1.0))

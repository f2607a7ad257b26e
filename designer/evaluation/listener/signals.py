"""Test signals for the listener model: like a voice, like castanets, and pink noise; the same at every call."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.listener.responses import RATE_HZ
from designer.numerics.filtering import short_filter

_SEED = 20261129
# Formants of three vowels: frequencies and bandwidths (Peterson & Barney, J. Acoust. Soc. Am. 24 (1952), 175).
_VOWELS_HZ = ((730.0, 1090.0, 2440.0, 3500.0), (270.0, 2290.0, 3010.0, 3700.0), (570.0, 840.0, 2410.0, 3400.0))
_FORMANT_WIDTHS_HZ = (80.0, 90.0, 120.0, 175.0)
_SYLLABLE_S, _PAUSE_S = 0.16, 0.07
_PITCH_HZ = 118.0
# Castanets: bursts of noise about two resonances, which decay within some milliseconds.
_CLACKS_S, _DECAY_S, _RESONANCES_HZ = (0.0, 0.17, 0.28, 0.45), 0.006, (1300.0, 2600.0)
_NOISE_S, _RAMP_S = 0.5, 0.01
SIGNAL_NAMES = ("voice", "castanets", "pink noise")
# A little of each, for figures over many places.
MEDLEY = "medley"
_MEDLEY_S = (0.08, 0.16, 0.10)


@lru_cache(maxsize=8)
def signal(name: str) -> NDArray[np.float64]:
    """Make a test signal.

    Parameters
    ----------
    name : str
        One of `SIGNAL_NAMES`, or `MEDLEY`.

    Returns
    -------
    (N,) float64
        Mono at 24 kHz, about half a second to a second, largest magnitude 0.25.

    Raises
    ------
    ValueError
        If there is no such signal.
    """
    makers = {"voice": _voice, "castanets": _castanets, "pink noise": _pink_noise, MEDLEY: _medley}
    if name not in makers:
        raise ValueError(f"signal '{name}': allowed are {', '.join(makers)}")
    made = np.asarray(makers[name]())
    made = np.asarray(0.25 * made / np.abs(made).max())
    made.setflags(write=False)
    return made


def _voice() -> NDArray[np.float64]:
    """Three syllables: a hiss, then a vowel whose pitch falls."""
    random = np.random.default_rng(_SEED)
    pieces = []
    count = int(_SYLLABLE_S * RATE_HZ)
    for number, formants in enumerate(_VOWELS_HZ):
        pitch = _PITCH_HZ * (1.1 - 0.08 * number) * np.linspace(1.05, 0.92, count)
        cycles = np.cumsum(pitch) / RATE_HZ
        # Rosenberg's glottal pulse falls off by 12 dB per octave; radiation brings 6 back.
        pulses = np.diff(np.floor(cycles), prepend=0.0)
        vowel = short_filter([1.0], [1.0, -0.95], pulses)
        for frequency, width in zip(formants, _FORMANT_WIDTHS_HZ, strict=True):
            radius = np.exp(-np.pi * width / RATE_HZ)
            turn = 2 * np.pi * frequency / RATE_HZ
            poles = [1.0, -2 * radius * np.cos(turn), radius**2]
            vowel = short_filter([sum(poles)], poles, vowel)
        vowel *= np.interp(np.arange(count) / count, [0, 0.1, 0.7, 1], [0, 1, 1, 0]) / np.abs(vowel).max()
        hiss_count = count // 3
        hiss = short_filter([1.0, -0.9], [1.0], random.normal(size=hiss_count)) * np.hanning(hiss_count)
        syllable = np.zeros(count + hiss_count // 2)
        syllable[:hiss_count] += 0.15 * hiss / np.abs(hiss).max()
        syllable[hiss_count // 2 :] += vowel
        pieces += [syllable, np.zeros(int(_PAUSE_S * RATE_HZ))]
    return np.concatenate(pieces)


def _castanets() -> NDArray[np.float64]:
    random = np.random.default_rng(_SEED + 1)
    count = int(0.08 * RATE_HZ)
    out = np.zeros(int(_CLACKS_S[-1] * RATE_HZ) + 2 * count)
    time = np.arange(count) / RATE_HZ
    for start_s in _CLACKS_S:
        clack = random.normal(size=count) * np.exp(-time / _DECAY_S)
        for frequency in _RESONANCES_HZ:
            clack += 1.5 * np.sin(2 * np.pi * frequency * time) * np.exp(-time / (1.5 * _DECAY_S))
        first = int(start_s * RATE_HZ)
        out[first : first + count] += clack * np.minimum(time / 0.0003, 1.0)
    return out


def _pink_noise() -> NDArray[np.float64]:
    count = int(_NOISE_S * RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(_SEED + 2).normal(size=count))
    frequencies = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum *= (frequencies > 60) / np.sqrt(np.maximum(frequencies, 60.0))
    ramp = np.minimum(np.minimum(np.arange(count), np.arange(count)[::-1]) / (_RAMP_S * RATE_HZ), 1.0)
    return np.asarray(np.fft.irfft(spectrum, count) * ramp)


def _medley() -> NDArray[np.float64]:
    """One clack, one syllable and a burst of noise, of equal energy."""
    pieces = []
    for make, seconds in zip((_castanets, _voice, _pink_noise), _MEDLEY_S, strict=True):
        piece = np.asarray(make()[: int(seconds * RATE_HZ)])
        piece = piece * np.minimum(np.arange(piece.size)[::-1] / (_RAMP_S * RATE_HZ), 1.0)
        pieces += [piece / np.sqrt(np.sum(piece**2)), np.zeros(int(_PAUSE_S * RATE_HZ))]
    return np.concatenate(pieces[:-1])

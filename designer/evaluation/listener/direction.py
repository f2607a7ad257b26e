"""Where a listener hears a sound: interaural cues against those of free field on the same head.

Each band compares its cues with those of every azimuth in front.  Bands and times add up their logarithms of
likelihood: phase differences of the fine structure below 1.4 kHz, and level differences everywhere.  The azimuth
that is heard is the mean of what is likely.  So cues that contradict each other are traded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.listener.cues import Cues, interaural_cues
from designer.evaluation.listener.heads import ListenerHead
from designer.evaluation.listener.periphery import ENVELOPE_RATE_HZ, band_centres_hz, complex_envelopes
from designer.evaluation.listener.responses import RATE_HZ

_STEP_DEG = 2.5
_AZIMUTHS_DEG = np.arange(-90.0, 90.0 + _STEP_DEG / 2, _STEP_DEG)
_TAPS = 512
# The ear follows the fine structure below (Macpherson & Middlebrooks, J. Acoust. Soc. Am. 111 (2002), 2219).
_FINE_STRUCTURE_BELOW_HZ = 1400.0
# Spread of the cues of one source over times, heads and bands: time differences, phases and level differences.
_SPREAD_S, _SPREAD_RAD = 60e-6, 0.3
_SPREAD_DB = 3.0
# Weight of level differences below and above that frequency, against that of phases.
_LEVEL_WEIGHT_LOW, _LEVEL_WEIGHT_HIGH = 0.4, 0.7
# A cue that fits nowhere counts no more than one that is off by three spreads.
_LEAST_LOG_LIKELIHOOD = -4.5
# A level difference beyond so many spreads still pulls to its side, but no more strongly the larger it is.
_KNEE = 1.5
# Bins in which cues are counted.
_PHASE_BINS, _LEVEL_BINS, _LARGEST_LEVEL_DB = 72, 121, 30.0
# Cues keep their value for a moment.  Images move no faster than the binaural system follows, a window (Grantham &
# Wightman, J. Acoust. Soc. Am. 63 (1978), 511).
_MOMENT_S, _MOMENTS_PER_WINDOW = 0.005, 20
_STABLE_WITHIN_DEG = 10.0
# Observations that all bands together count for: their cues depend on each other.
_OBSERVATIONS = 6.0


@dataclass(frozen=True)
class HeardImage:
    """What a listener hears of one sound.

    Attributes
    ----------
    azimuth_deg : float
        Where it is heard, positive on the left, −90 … 90.
    width_deg : float
        Range of azimuths that holds the middle 68 % of all cues, those of reflections included.
    stable_part : float
        Share of time in which the azimuth is within 10° of where it is heard, 0 … 1.
    """

    azimuth_deg: float
    width_deg: float
    stable_part: float


@dataclass(frozen=True, eq=False)
class FreeField:
    """Cues of a head for sound from A azimuths in free field, and how well others fit them.

    Attributes
    ----------
    phase_rad, level_db : (B, A) float64
        As `Cues` has them.
    phase_fit : (B', 72, A) float64
        Logarithm of the likelihood of each azimuth for each bin of phase, in the bands of fine structure.
    level_fit : (B, 121, A) float64
        The same for each bin of level.
    """

    phase_rad: NDArray[np.float64]
    level_db: NDArray[np.float64]
    phase_fit: NDArray[np.float64]
    level_fit: NDArray[np.float64]


@lru_cache(maxsize=8)
def free_field(head: ListenerHead) -> FreeField:
    """Compute the cues of a head for sound from −90° to 90°, in steps of 2.5°."""
    turned = np.deg2rad(_AZIMUTHS_DEG)
    directions = np.stack([np.cos(turned), np.sin(turned), np.zeros_like(turned)], axis=1)
    grid = np.fft.rfftfreq(_TAPS, 1 / RATE_HZ)
    lead = np.exp(-2j * np.pi * grid * _TAPS / 4 / RATE_HZ)
    spectra = head.pressure(np.maximum(grid, 1.0), directions) * lead[:, None, None]
    phases, levels = [], []
    for response in np.fft.irfft(spectra, _TAPS, axis=0).transpose(1, 2, 0):
        envelopes = complex_envelopes(response)
        powers = np.sum(np.abs(envelopes) ** 2, axis=2)
        phases.append(np.angle(np.sum(envelopes[:, 0] * envelopes[:, 1].conj(), axis=1)))
        levels.append(10 * np.log10(powers[:, 0] / powers[:, 1]))
    phase, level, centres = np.array(phases).T, np.array(levels).T, band_centres_hz()
    fine = int(np.searchsorted(centres, _FINE_STRUCTURE_BELOW_HZ))
    turn = (np.arange(_PHASE_BINS) + 0.5)[:, None] * (2 * np.pi / _PHASE_BINS) - np.pi - phase[:fine, None]
    sharpness = 1 / ((2 * np.pi * centres[:fine] * _SPREAD_S) ** 2 + _SPREAD_RAD**2)
    off = np.linspace(-_LARGEST_LEVEL_DB, _LARGEST_LEVEL_DB, _LEVEL_BINS)[:, None] - level[:, None]
    weight = np.where(np.arange(centres.size) < fine, _LEVEL_WEIGHT_LOW, _LEVEL_WEIGHT_HIGH)
    return FreeField(
        phase,
        level,
        np.maximum((np.cos(turn) - 1) * sharpness[:, None, None], _LEAST_LOG_LIKELIHOOD),
        _robust(off / _SPREAD_DB) * weight[:, None, None],
    )


def _robust(off: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of a likelihood that is normal near 0 and exponential beyond (Huber 1964)."""
    away = np.abs(off)
    return np.where(away < _KNEE, -0.5 * away**2, -_KNEE * (away - _KNEE / 2))


def image(ears: NDArray[np.float64], head: ListenerHead) -> HeardImage:
    """Find where a listener hears a sound.

    Parameters
    ----------
    ears : (2, N) float64
        Left and right ear at 24 kHz, not silent.
    head : ListenerHead
        Whose ears these are.

    Returns
    -------
    HeardImage

    Raises
    ------
    ValueError
        If the ears hear nothing.
    """
    _refuse_silence(ears)
    cues = interaural_cues(complex_envelopes(ears))
    fit, weight = _fit(cues, cues.selected, free_field(head)), _by_moment(cues.selected).sum(axis=(0, 2))
    heard = float(_likely(fit.sum(axis=0), weight.sum()) @ _AZIMUTHS_DEG)
    windows = np.arange(0, len(fit), _MOMENTS_PER_WINDOW)
    share = np.add.reduceat(weight, windows)
    places = _likely(np.add.reduceat(fit, windows, axis=0), share) @ _AZIMUTHS_DEG
    steady = np.abs(places - heard) <= _STABLE_WITHIN_DEG
    return HeardImage(heard, _width_deg(cues, head), float(share[steady].sum() / share.sum()))


def azimuth_deg(ears: NDArray[np.float64], head: ListenerHead) -> float:
    """Find only the azimuth of `image`, in a third of the time.

    Parameters
    ----------
    ears : (2, N) float64
        Left and right ear at 24 kHz, not silent.
    head : ListenerHead

    Returns
    -------
    float
        Degrees, positive on the left.

    Raises
    ------
    ValueError
        If the ears hear nothing.
    """
    _refuse_silence(ears)
    cues = interaural_cues(complex_envelopes(ears))
    fit = _fit(cues, cues.selected, free_field(head), _at_once)
    return float(_likely(fit[0], cues.selected.sum()) @ _AZIMUTHS_DEG)


def _refuse_silence(ears: NDArray[np.float64]) -> None:
    if not np.any(ears):
        raise ValueError("image: both ears are silent: play a signal")


def _by_moment(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut (B, M) into moments of 5 ms, the last filled up with zeros: (B, W, 20)."""
    size = round(_MOMENT_S * ENVELOPE_RATE_HZ)
    missing = -values.shape[1] % size
    return np.pad(values, ((0, 0), (0, missing))).reshape(len(values), -1, size)


def _at_once(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take (B, M) as one moment: (B, 1, M)."""
    return values[:, None]


def _fit(
    cues: Cues,
    weight: NDArray[np.float64],
    reference: FreeField,
    cut: Callable[[NDArray[np.float64]], NDArray[np.float64]] = _by_moment,
) -> NDArray[np.float64]:
    """Sum of the logarithms of likelihood of all bands, by moment and azimuth: (W, A).  ``cut`` makes the moments."""
    bands = np.arange(len(weight))[:, None, None]
    weights = cut(weight)
    moments = np.arange(weights.shape[1])[None, :, None]
    phase = cut((cues.phase_rad + np.pi) * (_PHASE_BINS / (2 * np.pi))).astype(np.int64) % _PHASE_BINS
    scale = (_LEVEL_BINS - 1) / (2 * _LARGEST_LEVEL_DB)
    level = np.clip(np.rint(cut((cues.level_db + _LARGEST_LEVEL_DB) * scale)), 0, _LEVEL_BINS - 1)
    total = np.zeros((weights.shape[1], _AZIMUTHS_DEG.size))
    for found, table in ((phase, reference.phase_fit), (level.astype(np.int64), reference.level_fit)):
        counted, bins = len(table), table.shape[1]
        place = (bands[:counted] * weights.shape[1] + moments) * bins + found[:counted]
        size = counted * weights.shape[1] * bins
        counts = np.bincount(place.ravel(), weights[:counted].ravel(), size).reshape(counted, -1, bins)
        total += np.einsum("bwp,bpa->wa", counts, table, optimize=True)
    return total


def _likely(fit: NDArray[np.float64], weight: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Probability of each azimuth (…, A) from sums of logarithms of likelihood (…, A) and their weights (…)."""
    mean = fit / np.maximum(np.asarray(weight), 1e-300)[..., None]
    likely = np.exp(_OBSERVATIONS * (mean - mean.max(axis=-1, keepdims=True)))
    return np.asarray(likely / likely.sum(axis=-1, keepdims=True))


def _width_deg(cues: Cues, head: ListenerHead) -> float:
    """Range of azimuths that holds the middle 68 % of the cues of all moments."""
    loudness = _by_moment(cues.heard).sum(axis=(0, 2))
    likely = _likely(_fit(cues, cues.heard, free_field(head)), loudness)
    spread = np.cumsum(loudness @ likely) / loudness.sum()
    low, high = np.interp([0.16, 0.84], spread, _AZIMUTHS_DEG)
    return float(high - low)

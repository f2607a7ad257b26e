"""How loud a cabinet plays music: where its limiters hardly work, and at full volume."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

import numpy as np
from numpy.typing import NDArray

from designer.dsp.limiter import HOP_SAMPLES, Limiter, LimiterSettings
from designer.dsp.overlap_save import OverlapSave
from designer.dsp.upmix import Upmix
from designer.evaluation.listener.loudness import programme_loudness
from designer.evaluation.listener.responses import RATE_HZ, BinauralResponses
from designer.evaluation.listener.systems import System
from designer.evaluation.records import Record
from designer.numerics.fast_length import fast_length
from designer.numerics.filtering import resampled

# Equal activity of limiters: a reduction of 1 dB is not exceeded in 99 % of the time.
_REDUCTION_DB, _TIME_PERCENT = 1.0, 99.0
_LEAST_DB, _MOST_DB, _HALVINGS = -30.0, 50.0, 11
_PROBE = 1e-3
_BASS_HZ, _MIDDLE_HZ = (60.0, 200.0), (200.0, 5000.0)
# Time weighting "fast" of sound level meters (IEC 61672-1).
_FAST_S = 0.125
# Full scale of one driver is taken as 1 Pa at 1 m.
_PASCAL_DB = 94.0


@dataclass(frozen=True, kw_only=True)
class Playback(Record):
    """How loud a system plays music.

    Attributes
    ----------
    active_gain_db : float
        Volume at which the limiters take 1 dB or less in 99 % of the time.
    active_loudness_db : float
        Programme loudness at the ears with that volume (BS.1770), on a scale that all systems of a layout share.
    loudness_db : float
        The same at volume 0 dB.
    greatest_level_db : float
        Largest level at the ears, time weighting fast, with that volume.  One driver at full scale is taken as 94 dB at
        1 m.
    crest_db : float
        Peak over root mean square of the loudest driver signal, ahead of the limiter.
    limited_percent : float
        Share of time in which the limiters take more than 1 dB at volume 0 dB, 0 … 100 %.
    largest_reduction_db : float
        Largest reduction at volume 0 dB.
    bass_balance_db : float
        60 … 200 Hz over 200 Hz … 5 kHz at the ears.
    """

    active_gain_db: float
    active_loudness_db: float
    loudness_db: float
    greatest_level_db: float
    crest_db: float
    limited_percent: float
    largest_reduction_db: float
    bass_balance_db: float


def play(
    system: System,
    settings: LimiterSettings,
    music: NDArray[np.float64],
    responses: BinauralResponses,
    distance_m: float,
) -> Playback:
    """Play music on a cabinet.

    Parameters
    ----------
    system : System
        Of one loudspeaker.
    settings : LimiterSettings
        Of its drivers.
    music : (n, 2) float64
        At the system's sample rate, full scale 1.
    responses : BinauralResponses
        From its drivers to the ears in the nominal place.
    distance_m : float
        Of the cabinet.
    """
    padded = np.pad(music, ((0, 0), (0, 1)))
    buses = Upmix().process(music) if system.upmixed else padded
    signals = OverlapSave(system.filters[0]).process(buses)
    gain_db = _active_gain_db(signals, settings)
    ears = [_at_the_ears(_limited(g, signals, settings), system, responses) for g in (gain_db, 0.0)]
    reductions = limiter_reduction_db(signals, settings)
    levels = np.sqrt(np.mean(signals**2, axis=0))
    loudest = int(np.argmax(np.abs(signals).max(axis=0)))
    power = _fast_power(ears[0])
    return Playback(
        active_gain_db=round(gain_db, 2),
        active_loudness_db=round(programme_loudness(ears[0], RATE_HZ), 2),
        loudness_db=round(programme_loudness(ears[1], RATE_HZ), 2),
        greatest_level_db=round(_PASCAL_DB + 10 * float(np.log10(power.max() / distance_m**2)), 2),
        crest_db=round(20 * float(np.log10(np.abs(signals[:, loudest]).max() / levels[loudest])), 2),
        limited_percent=round(100 * float(np.mean(reductions > _REDUCTION_DB)), 2),
        largest_reduction_db=round(float(reductions.max()), 2),
        bass_balance_db=round(_balance_db(ears[1]), 2),
    )


def limiter_reduction_db(signals: NDArray[np.float64], settings: LimiterSettings) -> NDArray[np.float64]:
    """Reduction by the limiters over time.

    Parameters
    ----------
    signals : (n, D) float64
        Driver signals.
    settings : LimiterSettings

    Returns
    -------
    (H,) float64
        dB, not negative, every 16 samples; that of the driver which is turned down most.
    """
    groups = [list(range(signals.shape[1]))] if settings.linked else [[d] for d in range(signals.shape[1])]
    # A quiet constant beside the signals shows the gain that they get.
    probe = np.full((signals.shape[0], 1), _PROBE)
    gains = []
    for group in groups:
        limits = (*(settings.limits[d] for d in group), 1.0)
        limiter = Limiter(replace(settings, limits=limits, linked=True))
        out = limiter.process(np.concatenate([signals[:, group], probe], axis=1))
        gains.append(out[settings.delay_samples :: HOP_SAMPLES, -1] / _PROBE)
    return np.asarray(20 * np.log10(1 / np.clip(np.min(gains, axis=0), 1e-6, 1.0)))


def _limited(gain_db: float, signals: NDArray[np.float64], settings: LimiterSettings) -> NDArray[np.float64]:
    return Limiter(settings).process(signals * 10 ** (gain_db / 20))


def _active_gain_db(signals: NDArray[np.float64], settings: LimiterSettings) -> float:
    """Find by bisection the gain at which the limiters are as active as all systems are compared at."""
    low, high = _LEAST_DB, _MOST_DB
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reduction = limiter_reduction_db(signals * 10 ** (middle / 20), settings)
        if np.percentile(reduction, _TIME_PERCENT) > _REDUCTION_DB:
            high = middle
        else:
            low = middle
    return low


def _at_the_ears(signals: NDArray[np.float64], system: System, responses: BinauralResponses) -> NDArray[np.float64]:
    """Driver signals (n, D) at the system's rate to both ears: (2, N) at 24 kHz."""
    common = gcd(RATE_HZ, system.rate_hz)
    slow = resampled(signals, RATE_HZ // common, system.rate_hz // common).T
    paths = responses.at(0)
    length = fast_length(slow.shape[1] + paths.shape[2] - 1)
    spectra = np.fft.rfft(slow, length, axis=1)
    return np.array([np.fft.irfft((np.fft.rfft(path, length, axis=1) * spectra).sum(axis=0), length) for path in paths])


def _fast_power(ears: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power of both ears (2, N) over each 125 ms: (T,) float64."""
    size = round(_FAST_S * RATE_HZ)
    whole = ears[:, : ears.shape[1] // size * size].reshape(2, -1, size)
    return np.asarray(np.mean(whole**2, axis=(0, 2)))


def _balance_db(ears: NDArray[np.float64]) -> float:
    spectrum = np.sum(np.abs(np.fft.rfft(ears, axis=1)) ** 2, axis=0)
    frequencies = np.fft.rfftfreq(ears.shape[1], 1 / RATE_HZ)
    bass, middle = (
        float(spectrum[(frequencies >= low) & (frequencies < high)].sum()) for low, high in (_BASS_HZ, _MIDDLE_HZ)
    )
    return 10 * float(np.log10(bass / middle))

"""Figures of the upmix for one source, for mixtures, and for extreme signals.

Signals are synthetic and seeded, so no recordings are needed.  ``python -m benchmarks.upmix`` prints figures of real
recordings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.dsp.upmix import GAIN_SLEW_PER_HOP, Upmix
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.evaluation.plant import decibels
from designer.evaluation.records import Record

_SEED = 2021
_LEVEL = 0.25
_SECONDS, _MIXTURE_S = 0.25, 1.5
# Time that a source is given to settle.
_SETTLED_S = 0.1
_LEVEL_DIFFERENCES_DB = (1.0, 3.0, 10.0, 40.0)
# Parts of a mixture come and go, as notes and syllables do.
_SYLLABLES_PER_S = (4.0, 5.0, 7.0)


@dataclass(frozen=True, kw_only=True)
class UpmixFigures(Record):
    """Figures of the upmix, which are the same for every layout.

    Attributes
    ----------
    own_delay_ms : float
    off_centre_depth_db : float
        Attenuation of a single source off the centre, in the centre output, 100 ms after its start.  It is the least
        over level differences of 1 to 40 dB and over one side alone.
    centre_alone_error_db : float
        Error of the centre output for a single source in the centre.
    noise_mixture_gain_db : float
        Improvement of the centre's signal-to-distortion ratio over (L + R)/2 for three white noises that come and go.
        They share all of their spectrum, as no recordings do.
    centre_side_correlation : float
        In the same mixture.
    parts_error_db : float
        Of L' + C = L and R' + C = R, relative to full scale.
    gain_slew_per_hop : float
        Bound on the change of a gain in 64 samples.
    greatest_output_db : float
        Largest over silence, DC, full-scale square waves and inverted stereo.
    """

    own_delay_ms: float
    off_centre_depth_db: float
    centre_alone_error_db: float
    noise_mixture_gain_db: float
    centre_side_correlation: float
    parts_error_db: float
    gain_slew_per_hop: float
    greatest_output_db: float


def evaluate_upmix(sample_rate_hz: int) -> UpmixFigures:
    """Compute the figures of the float upmix.

    Parameters
    ----------
    sample_rate_hz : int

    Returns
    -------
    UpmixFigures
    """
    count = round((_SECONDS + _SETTLED_S) * sample_rate_hz)
    late = slice(round(_SETTLED_S * sample_rate_hz), None)
    generator = np.random.default_rng(_SEED)
    source = _LEVEL * generator.uniform(-1.0, 1.0, count)
    weaker = [10 ** (-difference / 20) for difference in _LEVEL_DIFFERENCES_DB] + [0.0]
    depths = []
    for level in weaker:
        stereo = source[:, None] * np.array([1.0, level])
        depths.append(_ratio_db(_delayed(stereo).mean(axis=1)[late], _centre(stereo)[late]))
    alone = np.repeat(source[:, None], 2, axis=1)
    longer = round(_MIXTURE_S * sample_rate_hz)
    left, right, middle = (
        _LEVEL * generator.uniform(-1.0, 1.0, longer) * _syllables(longer, rate, sample_rate_hz)
        for rate in _SYLLABLES_PER_S
    )
    mixture = np.stack([left + middle, right + middle], axis=1)
    buses, heard = Upmix().process(mixture), _delayed(mixture)
    wanted = _delayed(middle[:, None])[:, 0]
    parts = np.abs(buses[:, :2] + buses[:, 2:] - heard).max()
    passive = heard.mean(axis=1)
    gain = _distortion_db(wanted[late], buses[late, 2]) - _distortion_db(wanted[late], passive[late])
    correlation = np.corrcoef(buses[late, 2], (heard[:, 0] - heard[:, 1])[late])[0, 1]
    error = _centre(alone) - _delayed(alone)[:, 0]
    return UpmixFigures(
        own_delay_ms=round(1000.0 * DELAY_SAMPLES / sample_rate_hz, 3),
        off_centre_depth_db=round(min(depths), 3),
        centre_alone_error_db=round(-_ratio_db(_delayed(alone)[late, 0], error[late]), 3),
        noise_mixture_gain_db=round(gain, 3),
        centre_side_correlation=round(float(abs(correlation)), 3),
        parts_error_db=round(float(decibels(np.array(parts**2))), 3),
        gain_slew_per_hop=round(float(GAIN_SLEW_PER_HOP), 3),
        greatest_output_db=round(_greatest_db(count), 3),
    )


def _centre(stereo: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(Upmix().process(stereo)[:, 2])


def _delayed(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.zeros((DELAY_SAMPLES, samples.shape[1])), samples])[: len(samples)]


def _ratio_db(over: NDArray[np.float64], under: NDArray[np.float64]) -> float:
    return float(decibels(np.array(np.sum(over**2) / max(float(np.sum(under**2)), 1e-20))))


def _distortion_db(wanted: NDArray[np.float64], got: NDArray[np.float64]) -> float:
    """Scale-invariant signal-to-distortion ratio (Le Roux et al., ICASSP 2019)."""
    scale = float(wanted @ got / (wanted @ wanted))
    return _ratio_db(scale * wanted, got - scale * wanted)


def _syllables(count: int, rate: float, sample_rate_hz: int) -> NDArray[np.float64]:
    return np.asarray(np.sin(np.pi * rate * np.arange(count) / sample_rate_hz) ** 2)


def _greatest_db(count: int) -> float:
    part = count // 4
    square = np.where(np.arange(part) // 50 % 2, 1.0, -1.0)
    stereo = np.zeros((4 * part, 2))
    stereo[part : 2 * part] = 1.0
    stereo[2 * part : 3 * part] = square[:, None]
    stereo[3 * part :] = square[:, None] * np.array([1.0, -1.0])
    return float(decibels(np.array(np.abs(Upmix().process(stereo)).max() ** 2)))

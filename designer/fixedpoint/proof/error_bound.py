"""Bound of the difference between the fixed-point pipeline and float64, sample by sample.

There are three sources, each with a rigorous bound.  Their sum holds for every sample of every signal.

1. Coefficients: the quantised ĥ differs from h by known amounts, so |Δy| ≤ |h − ĥ| ∗ |x|.
2. Rounding: half an LSB at each driver ahead of its limiter, and half an LSB more where the limiter reduces the gain.
   Further what the buses drop (`bus_error`), filtered, and what equalisers round (`equaliser_error`), filtered by the
   paths behind them.  Where products are floored, one unit of the product for each of them.
3. Upmix: with ΔC = −ΔL' = −ΔR', |Δy| ≤ |h_C − h_L − h_R| ∗ |ΔC|.  The float64 side takes the gains of the bit-exact
   model as given (docs/arithmetic.md, "Upmix"), so that ΔC is rounding only.
"""

from __future__ import annotations

import numpy as np

from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.dequantised import component_responses, dequantised_impulse_responses, path_responses
from designer.fixedpoint.model.limiter import sample_gains
from designer.fixedpoint.model.upmix import UpmixModel
from designer.fixedpoint.proof.upmix_error_bound import centre_error_bound
from designer.fixedpoint.proof.worst_case import equaliser_slack

# The error of fftconvolve is a few ulp of its largest result; the bound is widened by this share.
_FFT_MARGIN = 1e-12


def filter_error_bound(impulse_responses: np.ndarray, bank: FixedPointBank, buses: np.ndarray) -> np.ndarray:
    """Bound |fixed − float| for samples that enter at the FIR matrix.

    Parameters
    ----------
    impulse_responses : (D, I, N) float64
        The float design.
    bank : FixedPointBank
        Its quantised form.
    buses : (n, I) float64
        Filter inputs, within ±1.

    Returns
    -------
    (n, D) float64
        Full scale 1.
    """
    error = np.abs(_padded_difference(impulse_responses, dequantised_impulse_responses(bank)))
    bound = _convolve_matrix(error, np.abs(buses))
    return np.asarray(bound + rounding_bound(bank))


def rounding_bound(bank: FixedPointBank) -> np.ndarray:
    """Bound the error of each driver from all roundings: halved buses, equalisers, floors of products, the output.

    Returns
    -------
    (D,) float64
        Full scale 1.
    """
    lsb = bank.number_format.sample.lsb
    bound = np.full(len(bank.driver_names), lsb / 2)
    # The floor of a product drops less than one unit of its scale.
    unit = 2.0**-bank.number_format.sum_fraction_bits if bank.number_format.floors_products else 0.0
    dropped = (np.abs(component_responses(bank)).sum(axis=2) * bus_error(bank)).sum(axis=1)
    if bank.is_equalised:
        dropped += (np.abs(path_responses(bank)).sum(axis=2) * equaliser_error(bank)).sum(axis=1)
    for k, row in enumerate(bank.paths):
        size = sum(unit * path.taps * 2.0**-path.exponent for path in row) + float(dropped[k])
        for driver in bank.structure.drivers_of(k):
            bound[driver] += size
    return bound


def bus_error(bank: FixedPointBank) -> np.ndarray:
    """Bound what each bus loses to its halving and its headroom.

    Returns
    -------
    (3,) float64
        Full scale 1.
    """
    lsb, headroom = bank.number_format.sample.lsb, bank.number_format.headroom_bits
    if not bank.structure.shuffled:
        return np.full(3, lsb * ((1 << headroom) - 1))
    if not headroom:
        return np.array([lsb / 2, lsb / 2, 0.0])
    # L and R each drop up to 2**(headroom + 1) - 1 steps of half an LSB; mid the sum of both, side their difference.
    halves = lsb / 2 * ((2 << headroom) - 1)
    return np.array([2 * halves, halves, lsb * ((1 << headroom) - 1)])


def equaliser_error(bank: FixedPointBank) -> np.ndarray:
    """Bound the error of what the paths read from each equaliser's rounding and the floors of its products.

    Returns
    -------
    (3,) float64
        Full scale 1; 0 where there is no equaliser.
    """
    step = bank.number_format.sample.lsb * (1 << bank.number_format.headroom_bits)
    return np.array([step * float(bound) for bound in equaliser_slack(bank)])


def program_error_bound(impulse_responses: np.ndarray, bank: FixedPointBank, stereo: np.ndarray) -> np.ndarray:
    """Bound |fixed − float| for stereo that passes the upmix, where both use the same gains in it.

    Parameters
    ----------
    impulse_responses : (D, 3, N) float64
        The float design.
    bank : FixedPointBank
        Its quantised form.
    stereo : (n, 2) integers
        Raw samples L, R.

    Returns
    -------
    (n, D) float64
        Full scale 1.
    """
    word = bank.number_format.sample
    stereo = np.asarray(stereo, dtype=np.int64)
    model = UpmixModel(bank.number_format)
    buses = model.process(stereo)
    centre_error = centre_error_bound(bank.number_format, model.decisions, stereo.shape[0])
    residual = np.abs(impulse_responses[:, 2] - impulse_responses[:, 0] - impulse_responses[:, 1])
    spread = _convolve_matrix(residual[:, None, :], centre_error[:, None])
    bound = filter_error_bound(impulse_responses, bank, word.to_float(buses))
    return np.asarray(bound + spread)


def limited_error_bound(bound: np.ndarray, bank: FixedPointBank, decisions: list[np.ndarray]) -> np.ndarray:
    """Turn a bound ahead of the limiters into one behind them, where float64 takes the model's gains.

    Parameters
    ----------
    bound : (n, D) float64
        `filter_error_bound` or `program_error_bound`.
    bank : FixedPointBank
    decisions : list of (G,) integers
        `LimiterModel.decisions` since a reset.

    Returns
    -------
    (n, D) float64
        Full scale 1.
    """
    gains = sample_gains(decisions, bound.shape[0])
    late = np.zeros_like(bound)
    delay = bank.limiter.delay_samples
    late[delay:] = bound[: max(bound.shape[0] - delay, 0)]
    return np.asarray(late * gains + np.where(gains < 1.0, bank.number_format.sample.lsb / 2, 0.0))


def _padded_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    length = max(a.shape[2], b.shape[2])
    difference = np.zeros((*a.shape[:2], length))
    difference[..., : a.shape[2]] += a
    difference[..., : b.shape[2]] -= b
    return difference


def _convolve_matrix(responses: np.ndarray, signals: np.ndarray) -> np.ndarray:
    """Convolve (D, I, N) with (n, I), sum over I, keep the first n samples: (n, D)."""
    # Here, because no design needs it, and loading it costs more than a design.
    from scipy.signal import fftconvolve

    count = signals.shape[0]
    result = np.zeros((count, responses.shape[0]))
    for d, row in enumerate(responses):
        for i, response in enumerate(row):
            result[:, d] += fftconvolve(signals[:, i], response)[:count]
    return np.maximum(result, 0.0) + _FFT_MARGIN

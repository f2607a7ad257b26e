"""Bound of the difference between the fixed-point arithmetic and float64, sample by sample.

Three sources, each with its own rigorous bound; their sum holds for every sample of every signal.

1. Coefficients: ĥ differs from h by known amounts, so |Δy| ≤ |h − ĥ| ∗ |x|.
2. Rounding: half an LSB at each driver's output, and in q31 one unit of 2**-(31 + e) for each path's floor.
3. Upmix: with ΔC = −ΔL' = −ΔR', |Δy| ≤ |h_C − h_L − h_R| ∗ |ΔC|.  The float side takes the twin's decisions on the
   gains as given (DESIGN.md, "Upmix"), so that ΔC is rounding only.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve

from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.qformat import SAMPLE_FORMATS
from designer.fixedpoint.quantise import effective_impulse_responses
from designer.fixedpoint.upmix_bound import centre_error_bound
from designer.fixedpoint.upmix_twin import UpmixTwin

# fftconvolve of non-negative signals errs by a few ulp of its largest result; the bound is widened by this part.
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
    error = np.abs(_padded_difference(impulse_responses, effective_impulse_responses(bank)))
    bound = _convolve_matrix(error, np.abs(buses))
    lsb = SAMPLE_FORMATS[bank.arithmetic].lsb
    for d, row in enumerate(bank.paths):
        bound[:, d] += lsb / 2
        if bank.arithmetic == "q31":
            bound[:, d] += sum(lsb * 2.0**-path.exponent for path in row if path.taps)
    return bound


def program_error_bound(impulse_responses: np.ndarray, bank: FixedPointBank, stereo: np.ndarray) -> np.ndarray:
    """Bound |fixed − float| for stereo that passes the upmix, where both take the same decisions on its gains.

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
    word = SAMPLE_FORMATS[bank.arithmetic]
    stereo = np.asarray(stereo, dtype=np.int64)
    twin = UpmixTwin(bank.arithmetic)
    buses = twin.process(stereo)
    centre_error = centre_error_bound(bank.arithmetic, twin.decisions, stereo.shape[0])
    residual = np.abs(impulse_responses[:, 2] - impulse_responses[:, 0] - impulse_responses[:, 1])
    spread = _convolve_matrix(residual[:, None, :], centre_error[:, None])
    bound = filter_error_bound(impulse_responses, bank, word.to_float(buses))
    return np.asarray(bound + spread)


def _padded_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    length = max(a.shape[2], b.shape[2])
    difference = np.zeros((*a.shape[:2], length))
    difference[..., : a.shape[2]] += a
    difference[..., : b.shape[2]] -= b
    return difference


def _convolve_matrix(responses: np.ndarray, signals: np.ndarray) -> np.ndarray:
    """Convolve (D, I, N) with (n, I), sum over I, keep the first n samples: (n, D)."""
    count = signals.shape[0]
    result = np.zeros((count, responses.shape[0]))
    for d, row in enumerate(responses):
        for i, response in enumerate(row):
            result[:, d] += fftconvolve(signals[:, i], response)[:count]
    return np.maximum(result, 0.0) + _FFT_MARGIN

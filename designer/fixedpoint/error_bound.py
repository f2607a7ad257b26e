"""Bound of the difference between the fixed-point arithmetic and float64, sample by sample.

Three sources, each with its own rigorous bound; their sum holds for every sample of every signal.

1. Coefficients: ĥ differs from h by known amounts, so |Δy| ≤ |h − ĥ| ∗ |x|.
2. Rounding: half an LSB at each driver's output, and in q31 one unit of 2**-(31 + e) for each path's floor.
3. Upmix gain: with ΔC = −ΔL' = −ΔR', |Δy| ≤ |h_C − h_L − h_R| ∗ |ΔC|, and |ΔC| ≤ δ·|M|/2 + ½ LSB, where δ bounds the
   gain's difference.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve

from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.qformat import SAMPLE_FORMATS
from designer.fixedpoint.quantise import effective_impulse_responses
from designer.fixedpoint.upmix_twin import DETECTOR_SHIFT, GAIN_ONE, GAIN_SLEW, HOP_SAMPLES, UpmixTwin

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
    """Bound |fixed − float| for stereo that passes the upmix.

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
    mid: np.ndarray = np.abs(word.to_float(stereo.sum(axis=1)))
    gain_error = _gain_error_bound(twin.trace, np.abs(stereo).sum(axis=1), DETECTOR_SHIFT[bank.arithmetic])
    centre_error = gain_error * mid / 2 + word.lsb / 2
    residual = np.abs(impulse_responses[:, 2] - impulse_responses[:, 0] - impulse_responses[:, 1])
    spread = _convolve_matrix(residual[:, None, :], centre_error[:, None])
    bound = filter_error_bound(impulse_responses, bank, word.to_float(buses))
    return np.asarray(bound + spread)


def _gain_error_bound(trace: list[tuple[int, int]], magnitude: np.ndarray, detector_shift: int) -> np.ndarray:
    """Bound the difference between the integer and the float upmix gain, by interval arithmetic hop by hop.

    A target differs by at most one Q0.15 unit for the floor of the square root and √ε for the powers: their floors
    (two units an update, forgotten at 1/16) leave each within 32 units, which moves √(P_S/P_M) by at most √(32/P_M)
    for each of the two.  A detector that drops bits adds at most one unit rms to M and to S: √64/√P_M each.  The
    slewed step is monotone in gain and target, so it maps the ends of an interval to the ends of an interval.  The
    interpolation's floor adds one unit more.

    Returns
    -------
    (n,) float64
    """
    units = 2.0 * np.sqrt(32.0) + (2.0 * np.sqrt(64.0) if detector_shift else 0.0)
    heard = np.cumsum(magnitude)
    gain = low = high = 0.0
    errors = [0.0, 0.0]
    for hop, (power_mid, target_raw) in enumerate(trace):
        target = target_raw / GAIN_ONE
        silent = heard[(hop + 1) * HOP_SAMPLES - 1] == 0
        spread = 0.0 if silent else 1 / GAIN_ONE + units / np.sqrt(max(power_mid, 1))
        gain = _slew(gain, target)
        low = _slew(low, max(target - spread, 0.0))
        high = _slew(high, min(target + spread, 1.0))
        errors.append(max(gain - low, high - gain))
    # Within a hop the gain runs from the last but one value to the last.
    per_hop = np.maximum(errors[:-1], errors[1:]) + 1 / GAIN_ONE
    return np.repeat(per_hop, HOP_SAMPLES)[: magnitude.size]


def _slew(gain: float, target: float) -> float:
    step = GAIN_SLEW / GAIN_ONE
    return gain + min(max(target - gain, -step), step)


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

"""Quantise a float filter bank into integer taps, one exponent and one delay for each path."""

from __future__ import annotations

import numpy as np

from designer.filters.bank import FilterBank
from designer.fixedpoint.bank import MAX_EXPONENT, TAP_TYPES, Arithmetic, FixedPointBank, FixedPointPath
from designer.fixedpoint.proof import require_proof
from designer.fixedpoint.qformat import SAMPLE_FORMATS


def quantise_bank(bank: FilterBank, arithmetic: Arithmetic) -> FixedPointBank:
    """Quantise every path and prove that nothing overflows.

    Parameters
    ----------
    bank : FilterBank
        Impulse responses (D, I, N), scaled so that every driver's sum of Σ|h| over its inputs is below 1.
    arithmetic : 'q15' or 'q31'

    Returns
    -------
    FixedPointBank

    Raises
    ------
    InfeasibleDesignError
        If the proof fails for a driver, with the gain change that would make it fit.
    """
    paths = tuple(tuple(quantise_path(response, arithmetic) for response in row) for row in bank.impulse_responses)
    fixed = FixedPointBank(arithmetic, bank.sample_rate_hz, bank.driver_names, bank.input_names, paths)
    require_proof(fixed)
    return fixed


def quantise_path(response: np.ndarray, arithmetic: Arithmetic) -> FixedPointPath:
    """Round one impulse response to nearest at the largest exponent that its accumulator admits.

    Parameters
    ----------
    response : (N,) float64
        Impulse response, full scale 1.
    arithmetic : 'q15' or 'q31'

    Returns
    -------
    FixedPointPath
        Without leading and trailing zero taps; the leading ones become the delay.
    """
    word = SAMPLE_FORMATS[arithmetic]
    exponent = _exponent(response, arithmetic)
    raw = word.quantise(np.ldexp(response, exponent))
    # -32768 is never stored: four such factors overflow the dual 16-bit multiply-accumulate (Arm ARM, SMLALD).
    raw = np.maximum(raw, -word.largest)
    used = np.flatnonzero(raw)
    if used.size == 0:
        return FixedPointPath(np.zeros(0, dtype=TAP_TYPES[arithmetic]))
    first, last = int(used[0]), int(used[-1])
    return FixedPointPath(raw[first : last + 1].astype(TAP_TYPES[arithmetic]), delay=first, exponent=exponent)


def _exponent(response: np.ndarray, arithmetic: Arithmetic) -> int:
    """Largest left shift, 0 to 15: q15 is limited by its largest tap, q31 by Σ|h| < 1 (2.62 accumulator)."""
    word = SAMPLE_FORMATS[arithmetic]
    magnitude = np.abs(response)
    if arithmetic == "q15":
        size, limit = float(magnitude.max(initial=0.0)), word.largest * word.lsb
    else:
        # Rounding may add half an LSB at every tap.
        size, limit = float(magnitude.sum()), 1.0 - response.size * word.lsb
    if size == 0.0:
        return 0
    return int(np.clip(np.floor(np.log2(limit / size)), 0, MAX_EXPONENT))


def effective_impulse_responses(bank: FixedPointBank) -> np.ndarray:
    """What each path really does, delays and exponents included: (D, I, N) float64, N the longest path.

    Exact: an integer of at most 31 bits times a power of two is a float64.
    """
    fraction = SAMPLE_FORMATS[bank.arithmetic].fraction_bits
    length = max((path.delay + path.taps for row in bank.paths for path in row), default=0)
    responses = np.zeros((len(bank.driver_names), len(bank.input_names), max(length, 1)))
    for d, row in enumerate(bank.paths):
        for i, path in enumerate(row):
            taps = np.ldexp(path.coefficients.astype(np.float64), -(fraction + path.exponent))
            responses[d, i, path.delay : path.delay + path.taps] = taps
    return responses

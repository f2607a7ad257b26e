"""Quantise a float filter bank into integer taps, one exponent and one delay for each path."""

from __future__ import annotations

import math

import numpy as np

from designer.errors import InfeasibleDesignError
from designer.filters.bank import FilterBank
from designer.fixedpoint.bank import MAX_EXPONENT, TAP_TYPES, Arithmetic, FixedPointBank, FixedPointPath
from designer.fixedpoint.proof import require_proof
from designer.fixedpoint.qformat import SAMPLE_FORMATS


def quantise_bank(bank: FilterBank, arithmetic: Arithmetic) -> FixedPointBank:
    """Quantise every path and prove that nothing overflows.

    Parameters
    ----------
    bank : FilterBank
        Impulse responses (D, I, N), full scale 1.
    arithmetic : 'q15' or 'q31'

    Returns
    -------
    FixedPointBank

    Raises
    ------
    InfeasibleDesignError
        If a path does not fit its word, or the proof fails, with the gain change that would make it fit.
    """
    _require_range(bank, arithmetic)
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


def _size_and_limit(response: np.ndarray, arithmetic: Arithmetic) -> tuple[float, float]:
    """Return what limits a path and how far: its largest tap in q15, Σ|h| < 1 in q31 (2.62 accumulator)."""
    word = SAMPLE_FORMATS[arithmetic]
    magnitude = np.abs(response)
    if arithmetic == "q15":
        return float(magnitude.max(initial=0.0)), word.largest * word.lsb
    # Rounding may add half an LSB at every tap.
    return float(magnitude.sum()), 1.0 - response.size * word.lsb


def _require_range(bank: FilterBank, arithmetic: Arithmetic) -> None:
    faults = []
    for driver, row in zip(bank.driver_names, bank.impulse_responses, strict=True):
        for source, response in zip(bank.input_names, row, strict=True):
            size, limit = _size_and_limit(response, arithmetic)
            if size > limit:
                what = "largest tap" if arithmetic == "q15" else "Σ|h|"
                excess_db = math.ceil(200 * math.log10(size / limit)) / 10
                faults.append(
                    f"driver '{driver}' ← input '{source}': {what} = {size:.3f}, limit 1 in {arithmetic}; lower "
                    f"output.peak_gain_db by {max(excess_db, 0.1):.1f} dB"
                )
    if faults:
        raise InfeasibleDesignError("\n".join(faults))


def _exponent(response: np.ndarray, arithmetic: Arithmetic) -> int:
    """Largest left shift, 0 to 15, that the path's limit admits."""
    size, limit = _size_and_limit(response, arithmetic)
    if size == 0.0:
        return 0
    return int(np.clip(np.floor(np.log2(limit / size)), 0, MAX_EXPONENT))


def effective_impulse_responses(bank: FixedPointBank, at_least: int = 1) -> np.ndarray:
    """Return what each path really does, delays and exponents included.

    Exact: an integer of at most 32 bits times a power of two is a float64.

    Parameters
    ----------
    bank : FixedPointBank
    at_least : int
        Least length of the result.

    Returns
    -------
    (D, I, N) float64
        N is that of the longest path, or `at_least`.
    """
    fraction = SAMPLE_FORMATS[bank.arithmetic].fraction_bits
    length = max((path.delay + path.taps for row in bank.paths for path in row), default=0)
    responses = np.zeros((len(bank.driver_names), len(bank.input_names), max(length, at_least)))
    for d, row in enumerate(bank.paths):
        for i, path in enumerate(row):
            taps = np.ldexp(path.coefficients.astype(np.float64), -(fraction + path.exponent))
            responses[d, i, path.delay : path.delay + path.taps] = taps
    return responses

"""Quantise a float filter bank into integer taps, one exponent and one delay for each path.

16-bit taps are not rounded one by one: their error is moved out of the band that a path serves (see `weights` and
`nearest_plane`).  32-bit taps are rounded, 90 dB below what a 16-bit program can hold.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve

from designer.errors import InfeasibleDesignError
from designer.filters.bank import FilterBank
from designer.fixedpoint.bank import MAX_EXPONENT, TAP_TYPES, Arithmetic, FixedPointBank, FixedPointPath
from designer.fixedpoint.nearest_plane import nearest_plane, weight_factor, weighted_error
from designer.fixedpoint.proof import require_proof
from designer.fixedpoint.qformat import SAMPLE_FORMATS
from designer.fixedpoint.weights import ErrorWeights

# Up to this length a lattice can be reduced in a fraction of a second.
_LATTICE_TAPS = 64
# White noise at -6 dBFS keeps 70 dB in q15 (README); the margin is for the noise being finite.  Where the weights
# would go below, their decibels are reduced; without any, taps are rounded.
_LEAST_NOISE_SNR_DB = 70.2
_DEPTHS = (1.0, 0.9, 0.8, 0.6, 0.4, 0.2, 0.0)


def quantise_bank(bank: FilterBank, arithmetic: Arithmetic, weights: ErrorWeights | None = None) -> FixedPointBank:
    """Quantise every path and prove that nothing overflows.

    Parameters
    ----------
    bank : FilterBank
        Impulse responses (D, I, N), full scale 1.
    arithmetic : 'q15' or 'q31'
    weights : ErrorWeights, optional
        (D, I, F): where the error of each path matters; without them taps are rounded.

    Returns
    -------
    FixedPointBank

    Raises
    ------
    InfeasibleDesignError
        If a path does not fit its word, or the proof fails, with the gain change that would make it fit.
    """
    _require_range(bank, arithmetic)
    if weights is None or TAP_TYPES[arithmetic] is not np.int16:
        depths: tuple[float, ...] = (0.0,)
    else:
        depths = _DEPTHS
    for depth in depths:
        fixed = _quantise_matrix(bank, arithmetic, weights.power**depth if weights is not None and depth else None)
        if not depth or white_noise_snr_db(bank, fixed) >= _LEAST_NOISE_SNR_DB:
            break
    require_proof(fixed)
    return fixed


def _quantise_matrix(bank: FilterBank, arithmetic: Arithmetic, power: NDArray[np.float64] | None) -> FixedPointBank:
    """Quantise every path; equal responses under equal weights get equal taps, and a weight is factored once."""
    taps = bank.impulse_responses.shape[2]
    factors: dict[bytes, NDArray[np.float64]] = {}
    done: dict[tuple[bytes, bytes], FixedPointPath] = {}
    rows = []
    for d, responses in enumerate(bank.impulse_responses):
        row = []
        for i, response in enumerate(responses):
            weight = b"" if power is None else power[d, i].tobytes()
            if power is not None and weight not in factors:
                factors[weight] = weight_factor(power[d, i], taps)
            key = (response.tobytes(), weight)
            if key not in done:
                done[key] = quantise_path(response, arithmetic, factors.get(weight))
            row.append(done[key])
        rows.append(tuple(row))
    return FixedPointBank(arithmetic, bank.sample_rate_hz, bank.driver_names, bank.input_names, tuple(rows))


def white_noise_snr_db(bank: FilterBank, fixed: FixedPointBank) -> float:
    """Signal-to-noise ratio that independent white noise at -6 dBFS peak is expected to show, all drivers together.

    Parameters
    ----------
    bank : FilterBank
        Float design.
    fixed : FixedPointBank
        Its quantised form.

    Returns
    -------
    float
        dB; errors of the coefficients and of the output's rounding.
    """
    wanted = bank.impulse_responses
    error = effective_impulse_responses(fixed, wanted.shape[2]) - wanted
    # Uniform within ±1/2: variance 1/12.  A rounding error is uniform within ±1/2 LSB.
    rounding = len(fixed.driver_names) * SAMPLE_FORMATS[fixed.arithmetic].lsb ** 2 / 12
    return float(10 * np.log10(np.sum(wanted**2) / 12 / (np.sum(error**2) / 12 + rounding)))


def quantise_path(
    response: np.ndarray, arithmetic: Arithmetic, factor: NDArray[np.float64] | None = None
) -> FixedPointPath:
    """Quantise one impulse response at the largest exponent that its accumulator admits.

    Parameters
    ----------
    response : (N,) float64
        Impulse response, full scale 1.
    arithmetic : 'q15' or 'q31'
    factor : (N, N) float64, optional
        From `weight_factor`: the norm in which the error is made small.  Without it, and always in q31, taps are
        rounded to nearest.

    Returns
    -------
    FixedPointPath
        Without leading and trailing zero taps; the leading ones become the delay.  In the given norm its error is
        never larger than that of rounding, and it has no more taps.
    """
    word = SAMPLE_FORMATS[arithmetic]
    exponent = _exponent(response, arithmetic)
    # -32768 is never stored: four such factors overflow the dual 16-bit multiply-accumulate (Arm ARM, SMLALD).
    raw = np.maximum(word.quantise(np.ldexp(response, exponent)), -word.largest)
    if factor is not None and TAP_TYPES[arithmetic] is np.int16 and raw.any():
        raw = _shaped(np.ldexp(response, exponent + word.fraction_bits), raw, factor, word.largest)
    used = np.flatnonzero(raw)
    if used.size == 0:
        return FixedPointPath(np.zeros(0, dtype=TAP_TYPES[arithmetic]))
    first, last = int(used[0]), int(used[-1])
    return FixedPointPath(raw[first : last + 1].astype(TAP_TYPES[arithmetic]), delay=first, exponent=exponent)


def _shaped(
    target: NDArray[np.float64], rounded: NDArray[np.int64], factor: NDArray[np.float64], limit: int
) -> NDArray[np.int64]:
    """Integer taps near the target in the norm of the factor, within the span of the rounded ones."""
    used = np.flatnonzero(rounded)
    span = slice(int(used[0]), int(used[-1]) + 1)
    size = span.stop - span.start
    # What the taps outside of the span leave undone is made up for within it as well as it can be.  The leading block
    # of a Toeplitz matrix's factor is the factor of its leading block, and all blocks of one size are equal.
    block = factor[:size, :size]
    outside = -target
    outside[span] = 0.0
    wanted = target[span] - cho_solve((block, False), factor[:, span].T @ (factor @ outside))
    points = nearest_plane(block, wanted, limit)[:1]
    if size <= _LATTICE_TAPS:
        # Imported only where a filter is short: most designs never need the library.
        from designer.fixedpoint.lattice import near_points, reduced_basis

        points = np.concatenate([points, near_points(block, reduced_basis(block), wanted)])
    best, least = rounded, weighted_error(factor, rounded - target)
    for point in points[np.abs(points).max(axis=1) <= limit]:
        candidate = np.zeros_like(rounded)
        candidate[span] = point.astype(np.int64)
        error = weighted_error(factor, candidate - target)
        if error < least:
            best, least = candidate, error
    return best


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

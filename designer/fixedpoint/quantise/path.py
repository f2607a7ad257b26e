"""Quantise one impulse response: integer taps, an exponent and a delay.

Taps of 16 bits are not rounded one by one.  Their error is moved out of the band that a path serves (see
`error_weights` and `nearest_plane`).  Taps of 32 bits are rounded: their error lies 90 dB below that of 16-bit samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.filters.structure import Structure
from designer.fixedpoint.bank import FixedPointPath
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.quantise.nearest_plane import nearest_plane, weighted_error
from designer.numerics.triangular import solve_lower, solve_upper

# Up to this length a lattice can be reduced in a fraction of a second.
_LATTICE_TAPS = 64
# Margin for shaping: a shaped tap may be larger than the real one by this many LSB on average.
SHAPING_LSB = 2
# A quieter path gets the largest exponent in any case.
_LEAST_SUM = 2.0**-64


def quantise_path(
    response: np.ndarray,
    number_format: NumberFormat,
    factor: NDArray[np.float64] | None = None,
    exponent: int | None = None,
) -> FixedPointPath:
    """Quantise one impulse response at the largest exponent that its accumulator admits.

    Parameters
    ----------
    response : (N,) float64
        Impulse response, full scale 1.
    number_format : NumberFormat
    factor : (N, N) float64, optional
        From `weight_factor`: the norm in which the error is minimised.  Without it, and always for taps of 32 bits,
        taps are rounded to nearest.
    exponent : int, optional
        Shared with other paths.  Without it the largest that this path admits.

    Returns
    -------
    FixedPointPath
        Without leading and trailing zero taps; leading ones become the delay.  In the given norm its error is never
        larger than that of rounding, and it has no more taps than with rounding.
    """
    word = number_format.coefficient
    exponent = largest_exponent(response, number_format) if exponent is None else exponent
    # -32768 is never stored: four such factors overflow the dual 16-bit multiply-accumulate (Arm ARM, SMLALD).
    raw = np.maximum(word.quantise(np.ldexp(response, exponent)), -word.largest)
    if factor is not None and number_format.shapes_taps and raw.any():
        raw = _shaped(np.ldexp(response, exponent + word.fraction_bits), raw, factor, word.largest)
    used = np.flatnonzero(raw)
    if used.size == 0:
        return FixedPointPath(np.zeros(0, dtype=number_format.tap_dtype))
    first, last = int(used[0]), int(used[-1])
    return FixedPointPath(raw[first : last + 1].astype(number_format.tap_dtype), delay=first, exponent=exponent)


def _shaped(
    target: NDArray[np.float64], rounded: NDArray[np.int64], factor: NDArray[np.float64], limit: int
) -> NDArray[np.int64]:
    """Integer taps near the target in the norm of the factor, within the span of the rounded ones."""
    used = np.flatnonzero(rounded)
    span = slice(int(used[0]), int(used[-1]) + 1)
    size = span.stop - span.start
    # Taps inside the span compensate for the error of the taps outside it as far as possible.  All diagonal blocks of
    # one size of a Toeplitz matrix are equal.  The leading block of its factor is the factor of its leading block.
    block = factor[:size, :size]
    outside = -target
    outside[span] = 0.0
    wanted = target[span] - solve_upper(block, solve_lower(block.T, factor[:, span].T @ (factor @ outside)))
    points = nearest_plane(block, wanted, limit)[:1]
    if size <= _LATTICE_TAPS:
        # Imported only where a filter is short: most designs never need the library.
        from designer.fixedpoint.quantise.lattice import near_points, reduced_basis

        points = np.concatenate([points, near_points(block, reduced_basis(block), wanted)])
    best, least = rounded, weighted_error(factor, rounded - target)
    for point in points[np.abs(points).max(axis=1) <= limit]:
        candidate = np.zeros_like(rounded)
        candidate[span] = point.astype(np.int64)
        error = weighted_error(factor, candidate - target)
        if error < least:
            best, least = candidate, error
    return best


def size_and_limit(response: np.ndarray, number_format: NumberFormat) -> tuple[float, float]:
    """Return the size of a path at exponent 0, its largest tap or its sum's Σ|h|, and the limit of that size."""
    magnitude = np.abs(response)
    if number_format.shares_exponent:
        # Rounding may add half an LSB at every tap.
        return float(magnitude.sum()), 1.0 - response.size * number_format.coefficient.lsb
    word = number_format.coefficient
    return float(magnitude.max(initial=0.0)), word.largest * word.lsb


def group_exponents(structure: Structure, components: np.ndarray, number_format: NumberFormat) -> list[int]:
    """Find one exponent for the paths of each group: the largest at which Σ|c| of each of its sums keeps the limit."""
    found = []
    least, most = number_format.exponents
    for g in range(len(structure.groups)):
        sums = components[list(structure.sums_of(g))].reshape(len(structure.sums_of(g)), -1)
        size, limit = max(size_and_limit(row, number_format) for row in sums)
        found.append(most if size == 0 else int(np.clip(np.floor(np.log2(limit / size)), least, most)))
    return found


def largest_exponent(response: np.ndarray, number_format: NumberFormat) -> int:
    """Largest left shift that the path's limit admits, within the exponents of the number format."""
    size, limit = size_and_limit(response, number_format)
    if size == 0.0:
        return 0
    if not number_format.shares_exponent and limit < size <= 1.0:
        return 0  # a tap that rounds to 1 is stored one step lower: that costs less than one bit of all other taps
    exponent = int(np.floor(np.log2(limit / size)))
    if number_format.run_limit is not None:
        # One run holds the whole path: Σ|c| within the 32-bit accumulator, with room for what shaping adds to each tap.
        room = (number_format.run_limit - SHAPING_LSB * response.size) * number_format.coefficient.lsb
        exponent = min(exponent, int(np.floor(np.log2(room / max(float(np.abs(response).sum()), _LEAST_SUM)))))
    return int(np.clip(exponent, *number_format.exponents))

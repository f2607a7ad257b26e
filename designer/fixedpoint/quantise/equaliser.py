"""Quantise the equalisers of buses: their scale, their taps, and the inverse gain of the paths behind them.

The output of an equaliser must stay in the range of its bus.  Σ|h| ≤ 1 ensures that, so the quantiser scales the
equaliser to it and gives the inverse gain to the paths behind.  Where taps have 16 bits the scale is slightly lower.
The single tap of a reference path is then an integer, and the path stays a pure delay.

An error of the equaliser is filtered by all paths behind it, and an error of a path by the equaliser.  The weight of
each is that of the filters (see `error_weights`), multiplied by the power response of the other stage.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from designer.filters.two_stage import TwoStageFilters
from designer.fixedpoint.bank import FixedPointPath
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.quantise.nearest_plane import weight_factor
from designer.fixedpoint.quantise.path import SHAPING_LSB, largest_exponent, quantise_path

# If Σ|h| is too large after shaping, the scale is multiplied by this and the taps are quantised again.
_SHRINK = 1 - 2.0**-9
# Least weight over the largest: keeps the nearest plane within the range of float64.
_LEAST_POWER = 1e-6


def keeps_range(path: FixedPointPath, number_format: NumberFormat) -> bool:
    """Whether an equaliser's output fits its bus for every input; the board makes the same test.

    Each tap meets that end of the range, −X or X − 1, at which its product is largest, or smallest
    (``firmware/core/tables/table_validation.c``).
    """
    taps = path.coefficients.astype(np.int64)
    if number_format.exceeds_sum_limit(int(np.abs(taps).sum())):
        return False
    reach = 1 << number_format.bus.fraction_bits
    ends = np.stack([taps * -reach, taps * (reach - 1)]) >> number_format.product_shift
    shift = number_format.equaliser_shift + path.exponent
    least, most = (int(end.sum()) + ((1 << shift) >> 1) >> shift for end in (ends.min(axis=0), ends.max(axis=0)))
    return -reach <= least and most < reach


def quantise_equalisers(
    two_stage: TwoStageFilters, number_format: NumberFormat, power: NDArray[np.float64] | None
) -> tuple[tuple[FixedPointPath | None, ...], NDArray[np.float64], NDArray[np.float64] | None]:
    """Scale and quantise each equaliser, and prepare the paths behind it.

    Parameters
    ----------
    two_stage : TwoStageFilters
    number_format : NumberFormat
    power : (K, B, F) float64, optional
        How much the error of both stages together matters at each frequency.

    Returns
    -------
    equalisers : tuple of B FixedPointPath or None
    components : (K, B, N) float64
        Of the paths, with the inverse gain of the equalisers.
    power : (K, B, F) float64, or None
        How much the error of each path matters at each frequency.
    """
    components = two_stage.components.copy()
    equalisers: list[FixedPointPath | None] = []
    behind = None if power is None else power.copy()
    drivers = np.array([len(two_stage.structure.drivers_of(k)) for k in range(len(components))])
    for b, (response, reference) in enumerate(zip(two_stage.equalisers, two_stage.references, strict=True)):
        if response is None:
            equalisers.append(None)
            continue
        factor = None
        if power is not None:
            size = 2 * (power.shape[2] - 1)
            heard = np.abs(np.fft.rfft(components[:, b], size)) ** 2 * power[:, b] * drivers[:, None]
            factor = weight_factor(_normalised(heard.sum(axis=0)), response.size)
        single = None if reference is None else float(np.abs(components[reference, b]).max())
        path, gain = quantise_equaliser(response, number_format, factor, single)
        equalisers.append(path)
        components[:, b] /= gain
        if power is not None and behind is not None:
            through = _normalised(np.abs(np.fft.rfft(response, size)) ** 2)
            behind[:, b] = np.array([_normalised(row * through) for row in power[:, b]])
    return tuple(equalisers), components, behind


def quantise_equaliser(
    response: NDArray[np.float64],
    number_format: NumberFormat,
    factor: NDArray[np.float64] | None = None,
    reference: float | None = None,
) -> tuple[FixedPointPath, float]:
    """Quantise one equaliser at the largest scale that keeps its bus in range.

    Parameters
    ----------
    response : (M,) float64
        Not all zero.
    number_format : NumberFormat
    factor : (M, M) float64, optional
        As for `quantise_path`.
    reference : float, optional
        Magnitude of the reference path's tap, which 16 bits are to hold exactly.

    Returns
    -------
    path : FixedPointPath
    gain : float
        The response of the path is close to ``response`` times this.
    """
    total = float(np.abs(response).sum())
    exponent = _exponent(response / total, number_format)
    one = 2.0 ** (number_format.coefficient.fraction_bits + exponent)
    # What rounding or shaping may add to Σ|c|, and the half unit of the output's rounding (`keeps_range`).
    room = response.size * (SHAPING_LSB if factor is not None else 0.5) + one / 2**number_format.bus.fraction_bits
    gain = (1 - (room + 1) / one) / total
    if number_format.run_limit is not None:
        word = number_format.coefficient
        gain = min(gain, math.ldexp(word.largest * word.lsb, -exponent) / float(np.abs(response).max()))
    while True:
        exact = _with_exact_reference(gain, reference, number_format)
        path = quantise_path(response * exact, number_format, factor, exponent)
        if keeps_range(path, number_format):
            return path, exact
        gain *= _SHRINK


def _exponent(response: NDArray[np.float64], number_format: NumberFormat) -> int:
    """Largest exponent for an equaliser whose Σ|h| is 1."""
    least, most = number_format.equaliser_exponents
    found = 0 if number_format.shares_exponent else largest_exponent(response, number_format)
    return min(max(found, least), most)


def _with_exact_reference(gain: float, reference: float | None, number_format: NumberFormat) -> float:
    """Lower a gain by less than a part in 2**14, so that the reference's tap, divided by it, is an integer."""
    if reference is None or not number_format.shapes_taps:
        return gain
    behind = reference / gain
    scale = 2.0 ** (number_format.coefficient.fraction_bits + largest_exponent(np.array([behind]), number_format))
    return reference * scale / math.ceil(behind * scale)


def _normalised(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(power / power.max(), _LEAST_POWER))

"""Inputs within full scale that drive an accumulator or a driver to its extreme."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from designer.fixedpoint.bank import FixedPointBank

# A driver's output is linear in the inputs with even L + R, and in those with odd L + R.  So it is largest in a corner
# of the square of inputs, or one step away from a corner.
_STEPS = 2


def equaliser_bits(bank: FixedPointBank) -> int:
    """T: fraction bits by which the scale of `driver_taps` exceeds that of the group's sums; 0 without equalisers."""
    return max((_bits(bank, b) for b in range(len(bank.equalisers))), default=0)


def driver_taps(bank: FixedPointBank, driver: int) -> np.ndarray:
    """Integer taps from each bus to a driver, through both stages, on the scale of its group's sums times 2**T.

    Returns
    -------
    (3, N) object
        Python integers.
    """
    behind, scale = driver_path_taps(bank, driver), equaliser_bits(bank)
    taps = np.zeros((len(bank.bus_names), bank.history_samples + 1), dtype=object)
    for b, row in enumerate(behind):
        both = np.convolve(_equaliser_taps(bank, b), np.trim_zeros(row, "b")) if row.any() else row[:1]
        taps[b, : both.size] = both * (1 << (scale - _bits(bank, b)))
    return taps


def driver_path_taps(bank: FixedPointBank, driver: int) -> np.ndarray:
    """Integer taps from each bus, behind its equaliser, to a driver, on the scale of its group's sums.

    Returns
    -------
    (3, N) object
        Python integers: q31 at the largest shift needs more than 64 bits.
    """
    structure = bank.structure
    g = structure.group_of(driver)
    length = max(path.look_back_samples for row in bank.paths for path in row) + 1
    taps = np.zeros((len(bank.bus_names), length), dtype=object)
    for k in structure.sums_of(g):
        sign = structure.sign_of(k, driver)
        for b, path in enumerate(bank.paths[k]):
            shifted = [sign * int(c) << (bank.group_exponent(g) - path.exponent) for c in path.coefficients]
            taps[b, path.delay : path.delay + path.taps] += np.array(shifted, dtype=object)
    return taps


def equaliser_slack(bank: FixedPointBank) -> tuple[Fraction, ...]:
    """Largest difference between each equaliser's output and the exact sum of its products, in units of its bus.

    Half a unit for the rounding, and less than one unit of the accumulator for each floored product; 0 without an
    equaliser.
    """
    found = []
    for b, equaliser in enumerate(bank.equalisers):
        if equaliser is None:
            found.append(Fraction(0))
            continue
        shift = bank.equaliser_shift(b)
        floors = equaliser.taps if bank.number_format.floors_products else 0
        found.append(Fraction(1 if shift else 0, 2) + Fraction(floors, 1 << shift))
    return tuple(found)


def _equaliser_taps(bank: FixedPointBank, bus: int) -> np.ndarray:
    equaliser = bank.equalisers[bus]
    if equaliser is None:
        return np.array([1], dtype=object)
    return np.array([0] * equaliser.delay + [int(c) for c in equaliser.coefficients], dtype=object)


def _bits(bank: FixedPointBank, bus: int) -> int:
    """Fraction bits of an equaliser's taps, by which its products exceed the scale of its bus; 0 without one."""
    equaliser = bank.equalisers[bus]
    return 0 if equaliser is None else bank.number_format.coefficient.fraction_bits + equaliser.exponent


def largest_sum(bank: FixedPointBank, taps: np.ndarray) -> tuple[int, np.ndarray]:
    """Largest Σ c·x that inputs within full scale can reach, and the inputs that reach it.

    Parameters
    ----------
    bank : FixedPointBank
    taps : (3, N) object
        Integer taps from each bus.

    Returns
    -------
    total : int
    samples : (N, 3) int64
        Filter inputs L', R', C; with the last of them the sum is reached.
    """
    word = bank.number_format.sample
    ends = [word.smallest + n for n in range(_STEPS)] + [word.largest - n for n in range(_STEPS)]
    choices = np.array([(left, right, centre) for left in ends for right in ends for centre in ends])
    on_buses = to_buses(bank, choices).astype(object)
    reached = on_buses @ taps
    best = reached.argmax(axis=0)
    return int(reached[best, np.arange(taps.shape[1])].sum()), choices[best][::-1].astype(np.int64)


def driver_input(bank: FixedPointBank, driver: int) -> np.ndarray:
    """Return filter inputs after whose last sample the driver has its largest value: (n, 3) int64."""
    return largest_sum(bank, driver_taps(bank, driver))[1]


def path_taps(bank: FixedPointBank, sum_index: int, bus: int) -> np.ndarray:
    """Integer taps from a bus, ahead of its equaliser, to one path's accumulator: (N,) object.

    Behind an equaliser they are at its products' scale.
    """
    path = bank.paths[sum_index][bus]
    behind = np.array([0] * path.delay + [int(c) for c in path.coefficients], dtype=object)
    return np.convolve(_equaliser_taps(bank, bus), behind)


def path_input(bank: FixedPointBank, sum_index: int, bus: int) -> np.ndarray:
    """Return filter inputs after whose last sample one path's accumulator has its largest value: (n, 3) int64.

    Behind an equaliser its rounding may change that value.
    """
    return _bus_input(bank, bus, path_taps(bank, sum_index, bus))


def equaliser_input(bank: FixedPointBank, bus: int) -> np.ndarray:
    """Return filter inputs after whose last sample a bus's equaliser has its largest value: (n, 3) int64."""
    return _bus_input(bank, bus, _equaliser_taps(bank, bus))


def _bus_input(bank: FixedPointBank, bus: int, on_bus: np.ndarray) -> np.ndarray:
    taps = np.zeros((len(bank.bus_names), on_bus.size), dtype=object)
    taps[bus] = on_bus
    return largest_sum(bank, taps)[1]


def to_buses(bank: FixedPointBank, samples: np.ndarray) -> np.ndarray:
    """Turn inputs L', R', C into buses (n, 3) int64; halving and headroom round down."""
    headroom = bank.number_format.headroom_bits
    samples = samples.astype(np.int64)
    if not bank.structure.shuffled:
        return np.asarray(samples >> headroom)
    left, right, centre = samples.T
    if headroom:
        # Two shifts are quicker than a sum of 33 bits, and drop no more than the 27th bit.
        left, right = left >> (headroom + 1), right >> (headroom + 1)
        return np.stack([left + right, left - right, centre >> headroom]).T
    return np.stack([(left + right) >> 1, (left - right) >> 1, centre]).T

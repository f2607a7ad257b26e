"""Inputs within full scale that drive an accumulator or a driver as far as any input can."""

from __future__ import annotations

import numpy as np

from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.qformat import BUS_HEADROOM_BITS, SAMPLE_FORMATS

# Linear on each of the two classes of L + R even and odd, a driver is largest in a corner of the square of inputs or
# one step beside it.
_STEPS = 2


def driver_taps(bank: FixedPointBank, driver: int) -> np.ndarray:
    """Integer taps from each bus to a driver, on the scale of its group's sums.

    Returns
    -------
    (3, N) object
        Python integers: q31 at the largest shift needs more than 64 bits.
    """
    structure = bank.structure
    g = next(g for g, group in enumerate(structure.groups) if driver in (group.plus, group.minus))
    taps = np.zeros((len(bank.bus_names), bank.history_samples + 1), dtype=object)
    for k in structure.sums_of(g):
        sign = structure.sums[k][1] if driver == structure.groups[g].minus else 1
        for b, path in enumerate(bank.paths[k]):
            shifted = [sign * int(c) << (bank.group_exponent(g) - path.exponent) for c in path.coefficients]
            taps[b, path.delay : path.delay + path.taps] += np.array(shifted, dtype=object)
    return taps


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
    word = SAMPLE_FORMATS[bank.arithmetic]
    ends = [word.smallest + n for n in range(_STEPS)] + [word.largest - n for n in range(_STEPS)]
    choices = np.array([(left, right, centre) for left in ends for right in ends for centre in ends])
    on_buses = to_buses(bank, choices).astype(object)
    reached = on_buses @ taps
    best = reached.argmax(axis=0)
    return int(reached[best, np.arange(taps.shape[1])].sum()), choices[best][::-1].astype(np.int64)


def driver_input(bank: FixedPointBank, driver: int) -> np.ndarray:
    """Return filter inputs after whose last sample the driver has its largest value: (n, 3) int64."""
    return largest_sum(bank, driver_taps(bank, driver))[1]


def path_input(bank: FixedPointBank, sum_index: int, bus: int) -> np.ndarray:
    """Return filter inputs after whose last sample one path's accumulator has its largest value: (n, 3) int64."""
    path = bank.paths[sum_index][bus]
    taps = np.zeros((len(bank.bus_names), path.delay + path.taps), dtype=object)
    taps[bus, path.delay :] = [int(c) for c in path.coefficients]
    return largest_sum(bank, taps)[1]


def to_buses(bank: FixedPointBank, samples: np.ndarray) -> np.ndarray:
    """Turn inputs L', R', C into what the FIRs see: (n, 3) int64; halves and headroom are floored."""
    headroom = BUS_HEADROOM_BITS[bank.arithmetic]
    samples = samples.astype(np.int64)
    if not bank.structure.shuffled:
        return np.asarray(samples >> headroom)
    left, right, centre = samples.T
    if headroom:
        # One shift for each is quicker than a sum of 33 bits, and what it drops lies 27 bits down.
        left, right = left >> (headroom + 1), right >> (headroom + 1)
        return np.stack([left + right, left - right, centre >> headroom], axis=1)
    return np.stack([(left + right) >> 1, (left - right) >> 1, centre], axis=1)

"""The fast FIR that filters in q31 on cores without Helium, and the largest values in it.

The firmware (``firmware/core/dsp/fast_fir.h``) splits samples and taps twice into three, so that nine subfilters make
four outputs with nine products instead of sixteen.  It adds integers in another order and rounds nothing.  Its output
is therefore that of the direct FIR, and the bit-exact model needs no copy of it.  The overflow proof needs one, because
differences of samples and sums of taps are larger than samples and taps.

Sources: Winograd, Arithmetic Complexity of Computations, 1980; Mou & Duhamel, IEEE Trans. Signal Process. 39, 1991,
1322.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from designer.fixedpoint.bank import FixedPointPath

RATE = 4
# The nine subfilters, named as in the firmware, one letter for each of the two splits.
# A: odd sample less the even one before; B: even sample; C: even sample less the odd one before.
SUBFILTERS = tuple(first + second for first in "ABC" for second in "ABC")


def split_taps(path: FixedPointPath) -> np.ndarray:
    """Make the taps of each subfilter.

    Returns
    -------
    (9, M) int64
        In natural order, delays included; M is a quarter of delay and taps, rounded up.
    """
    taps = np.zeros(-(-(path.delay + path.taps) // RATE) * RATE, dtype=np.int64)
    taps[path.delay : path.delay + path.taps] = path.coefficients
    halves = (taps[0::2], taps[0::2] + taps[1::2], taps[1::2])
    return np.stack([taps for half in halves for taps in (half[0::2], half[0::2] + half[1::2], half[1::2])])


def split_samples(samples: np.ndarray) -> np.ndarray:
    """Split the samples of a bus; zeros come before the first.

    Parameters
    ----------
    samples : (n,) integers
        n a multiple of 4.

    Returns
    -------
    (9, n / 4) int64
    """
    x = np.asarray(samples, dtype=np.int64)
    return np.stack([samples for half in _split_once(x) for samples in _split_once(half)])


def _split_once(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    even, odd = x[0::2], x[1::2]
    return odd - even, even, even - np.concatenate([[0], odd[:-1]])


def join_outputs(outputs: np.ndarray) -> np.ndarray:
    """Join the outputs of the subfilters: (9, m) → (4 m,) integers."""
    thirds = [_join_twice(*outputs[3 * k : 3 * k + 3]) for k in range(3)]
    return _join_twice(*thirds)


def _join_twice(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    return np.stack([b - c, a + b], axis=1).ravel()


def subfilter_bounds(
    where: str, least: int, most: int, path: FixedPointPath
) -> Iterator[tuple[str, str, int, int, int]]:
    """Bound the intermediates of one path's subfilters, for a bus that holds values from `least` to `most`.

    Yields
    ------
    tuple
        Stage, place, least, most and limit, as `Bound` takes them: samples, taps and accumulators, each for the
        largest of the nine subfilters.
    """
    samples, sums = _sample_reach(least, most), _accumulator_reach(least, most, path)
    largest = int(np.abs(split_taps(path)).max())
    yield "part samples", where, -max(samples), max(samples), 1 << 31
    yield "part taps", where, -largest, largest, 1 << 31
    yield "part accumulators", where, -max(sums), max(sums), 1 << 63


def subfilter_sum_bound(
    where: str, start: int, paths: Iterable[tuple[int, int, FixedPointPath]]
) -> tuple[str, str, int, int, int]:
    """Bound the nine accumulators of one sum, which all its paths share.

    Parameters
    ----------
    where : str
    start : int
        Initial value of the accumulator of subfilter BB: half a unit of the result, or 0.
    paths : iterable of (int, int, FixedPointPath)
        Least and largest value of its bus, and the path.

    Returns
    -------
    tuple
        As `subfilter_bounds` yields, for the largest of the nine.
    """
    reached = [0] * len(SUBFILTERS)
    for least, most, path in paths:
        reached = [a + b for a, b in zip(reached, _accumulator_reach(least, most, path), strict=True)]
    begun = [reach + (start if name == "BB" else 0) for name, reach in zip(SUBFILTERS, reached, strict=True)]
    return "part sums", where, -max(reached), max(begun), 1 << 63


def _sample_reach(least: int, most: int) -> list[int]:
    # A difference has twice the range and is centred; B keeps the range.
    reach = {"A": most - least, "B": max(most, -least), "C": most - least}
    return [(2 if "B" not in name else 1) * reach[name[0] if name[0] != "B" else name[1]] for name in SUBFILTERS]


def _accumulator_reach(least: int, most: int, path: FixedPointPath) -> list[int]:
    samples = _sample_reach(least, most)
    return [int(np.abs(taps).sum()) * sample for taps, sample in zip(split_taps(path), samples, strict=True)]

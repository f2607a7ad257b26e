"""The parts by which q31's FIRs are computed on cores without Helium, and what they can reach.

``firmware/core/dsp/fast_fir.h`` splits samples and taps twice into three parts each, so that four outputs need nine
products in the place of sixteen.  It adds integers in another order and rounds nothing: the twin knows nothing of it.
Only the proof does, for differences of samples and sums of taps are larger than either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from designer.fixedpoint.bank import FixedPointPath

RATE = 4
# First and second letter of a part, as in the firmware: differences of what lies at odd and even places (A), what lies
# at even places (B), differences of what lies at even and the odd place ahead (C).
NAMES = tuple(first + second for first in "ABC" for second in "ABC")


def split_taps(path: FixedPointPath) -> np.ndarray:
    """Sum the taps of each part.

    Returns
    -------
    (9, M) int64
        In natural order, delays included; M is a quarter of delay and taps, rounded up.
    """
    taps = np.zeros(-(-(path.delay + path.taps) // RATE) * RATE, dtype=np.int64)
    taps[path.delay : path.delay + path.taps] = path.coefficients
    halves = (taps[0::2], taps[0::2] + taps[1::2], taps[1::2])
    return np.stack([part for half in halves for part in (half[0::2], half[0::2] + half[1::2], half[1::2])])


def split_samples(samples: np.ndarray) -> np.ndarray:
    """Split a bus, with silence ahead of it.

    Parameters
    ----------
    samples : (n,) integers
        n a multiple of 4.

    Returns
    -------
    (9, n / 4) int64
    """
    x = np.asarray(samples, dtype=np.int64)
    return np.stack([part for half in _split_once(x) for part in _split_once(half)])


def _split_once(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    even, odd = x[0::2], x[1::2]
    return odd - even, even, even - np.concatenate([[0], odd[:-1]])


def join_outputs(parts: np.ndarray) -> np.ndarray:
    """Put the outputs of the parts together: (9, m) → (4 m,) integers."""
    thirds = [_join_twice(*parts[3 * k : 3 * k + 3]) for k in range(3)]
    return _join_twice(*thirds)


def _join_twice(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    return np.stack([b - c, a + b], axis=1).ravel()


def part_bounds(where: str, least: int, most: int, path: FixedPointPath) -> Iterator[tuple[str, str, int, int, int]]:
    """Bound what the parts of one path hold, over a bus from `least` to `most`.

    Yields
    ------
    tuple
        Stage, place, least, most and limit, as `Bound` takes them: samples, taps and accumulators of the parts, each
        for the largest of the nine.
    """
    samples, sums = _sample_reach(least, most), _accumulator_reach(least, most, path)
    largest = int(np.abs(split_taps(path)).max())
    yield "part samples", where, -max(samples), max(samples), 1 << 31
    yield "part taps", where, -largest, largest, 1 << 31
    yield "part accumulators", where, -max(sums), max(sums), 1 << 63


def part_sum_bound(
    where: str, start: int, paths: Iterable[tuple[int, int, FixedPointPath]]
) -> tuple[str, str, int, int, int]:
    """Bound what the accumulators of one sum hold: all its paths are added up in the same nine.

    Parameters
    ----------
    where : str
    start : int
        What the part that adds to each output begins with: half a unit of the result, or 0.
    paths : iterable of (int, int, FixedPointPath)
        Least and largest value of its bus, and the path.

    Returns
    -------
    tuple
        As of `part_bounds`, for the largest of the nine.
    """
    reached = [0] * len(NAMES)
    for least, most, path in paths:
        reached = [a + b for a, b in zip(reached, _accumulator_reach(least, most, path), strict=True)]
    begun = [reach + (start if name == "BB" else 0) for name, reach in zip(NAMES, reached, strict=True)]
    return "part sums", where, -max(reached), max(begun), 1 << 63


def _sample_reach(least: int, most: int) -> list[int]:
    # A difference doubles the range and centres it; B keeps it.
    reach = {"A": most - least, "B": max(most, -least), "C": most - least}
    return [(2 if "B" not in name else 1) * reach[name[0] if name[0] != "B" else name[1]] for name in NAMES]


def _accumulator_reach(least: int, most: int, path: FixedPointPath) -> list[int]:
    samples = _sample_reach(least, most)
    return [int(np.abs(part).sum()) * sample for part, sample in zip(split_taps(path), samples, strict=True)]

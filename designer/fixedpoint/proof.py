"""The proof that no accumulator and no sum overflows, whatever the input.

Every intermediate has a `Bound`: the least and the largest value that inputs within full scale can give it, and the
range in which it is exact.  For a path both are Σ over its taps of the sign-matched full scale, and are reached; a
driver's come from the sign-matched inputs of all its paths at once.  The bounds are Python integers, so the proof
itself can neither overflow nor round.  Stages beside the FIRs give their own bounds by the same object.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from designer.errors import InfeasibleDesignError
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.bound import Bound
from designer.fixedpoint.limiter_proof import limiter_bounds, volume_bounds
from designer.fixedpoint.parts import part_bounds, part_sum_bound
from designer.fixedpoint.qformat import BUS_FORMATS, COEFFICIENT_FORMATS, SAMPLE_FORMATS
from designer.fixedpoint.segments import segments
from designer.fixedpoint.upmix_proof import prove_upmix
from designer.fixedpoint.worst_case import driver_taps, largest_sum, to_buses

_WORD_32 = 1 << 31
_WORD_64 = 1 << 63


@dataclass(frozen=True)
class DriverBound:
    """Worst case of one driver, ahead of its limiter.

    Attributes
    ----------
    driver : str
    sum : Bound
        Of its 64-bit sum over all paths, rounding offset included.
    least, most : int
        Feed, raw.
    limit : int
        Largest magnitude behind the limiter, raw.
    gain : float
        Σ over inputs of Σ|h|: the feed's bound for inputs within ±1.
    """

    driver: str
    sum: Bound
    least: int
    most: int
    limit: int
    gain: float

    @property
    def holds(self) -> bool:
        """Whether the sum is exact; the limiter then acts on the true value."""
        return self.sum.holds

    @property
    def is_limited(self) -> bool:
        """Whether some input within full scale makes the limiter work."""
        return self.most > self.limit or self.least < -self.limit - 1

    @property
    def most_reduction_db(self) -> float:
        """By how much the limiter turns the loudest input down; 0 or less."""
        return min(20 * math.log10(self.limit / (max(self.most, -self.least - 1) + 1)), 0.0) if self.is_limited else 0.0


@dataclass(frozen=True)
class OverflowProof:
    """Every bound of a bank; the report prints it and the tests attack it.

    Attributes
    ----------
    arithmetic : str
    bounds : tuple of Bound
        Of upmix, volume, buses, accumulators, segments, feeds and limiters.
    drivers : tuple of DriverBound
    """

    arithmetic: str
    bounds: tuple[Bound, ...]
    drivers: tuple[DriverBound, ...]

    @property
    def holds(self) -> bool:
        """Whether every accumulator and every sum is proved."""
        return all(bound.holds for bound in self.bounds) and all(driver.holds for driver in self.drivers)

    def of(self, stage: str) -> tuple[Bound, ...]:
        """Bounds of one stage."""
        return tuple(bound for bound in self.bounds if bound.stage == stage)


def prove(bank: FixedPointBank) -> OverflowProof:
    """Bound every intermediate from the program's input to the drivers."""
    buses = list(_bus_bounds(bank))
    bounds = [*_upmix_bounds(), *volume_bounds(SAMPLE_FORMATS[bank.arithmetic]), *buses]
    for name, row in zip(bank.sum_names, bank.paths, strict=True):
        for bus, path in zip(buses, row, strict=True):
            bounds += _path_bounds(bank, f"driver '{name}' ← input '{bus.where}'", bus, path)
    if bank.arithmetic == "q31":
        bounds += _part_sum_bounds(bank, buses)
    drivers = tuple(_driver_bound(bank, d) for d in range(len(bank.driver_names)))
    bounds += [_feed_bound(bank, driver) for driver in drivers]
    bounds += limiter_bounds(bank.limiter, bank.driver_names)
    return OverflowProof(bank.arithmetic, tuple(bounds), drivers)


def require_proof(bank: FixedPointBank) -> OverflowProof:
    """Prove, or refuse with the place, the bound and the gain change that would make it fit.

    Raises
    ------
    InfeasibleDesignError
        If a bound does not hold.
    """
    proof = prove(bank)
    faults = [_fault(bound) for bound in (*proof.bounds, *(driver.sum for driver in proof.drivers)) if not bound.holds]
    if faults:
        raise InfeasibleDesignError("\n".join(faults))
    return proof


def _fault(bound: Bound) -> str:
    reached = max(bound.most, -bound.least)
    # Rounded up to a tenth: the gain change that is named is enough.
    excess_db = max(math.ceil(200 * math.log10(reached / (bound.limit - 1))) / 10, 0.1)
    return (
        f"{bound.where}: {bound.stage} reaches {reached:.4g}, limit {bound.limit:.4g}; lower output.peak_gain_db by "
        f"{excess_db:.1f} dB"
    )


def _upmix_bounds() -> Iterator[Bound]:
    for found in prove_upmix():
        yield Bound("upmix", found.name, -found.magnitude, found.magnitude, 1 << (found.bits - 1))


def _feed_bound(bank: FixedPointBank, driver: DriverBound) -> Bound:
    # firmware/core/fir.h, ps_wide_t; fir.c has it in two words, the upper of which is the sum's, shifted.
    limit = _WORD_32 if bank.arithmetic == "q15" else _WORD_64
    return Bound("feed", f"driver '{driver.driver}'", driver.least, driver.most, limit)


def _bus_bounds(bank: FixedPointBank) -> Iterator[Bound]:
    # Every bus is monotone in each input: its extremes lie at the corners.
    word = SAMPLE_FORMATS[bank.arithmetic]
    ends = (word.smallest, word.largest)
    corners = to_buses(bank, np.array([(left, right, centre) for left in ends for right in ends for centre in ends]))
    limit = BUS_FORMATS[bank.arithmetic].largest + 1
    for name, bus in zip(bank.bus_names, corners.T, strict=True):
        yield Bound("bus", name, int(bus.min()), int(bus.max()), limit)


def _extremes(bank: FixedPointBank, bus: Bound, coefficients: np.ndarray) -> tuple[int, int]:
    """Least and largest value of Σ c·x over what a bus can hold, with what the arithmetic drops of each product."""
    drop = 16 if bank.arithmetic == "q31x15" else 0
    ends = [[int(c) * x >> drop for x in (bus.least, bus.most)] for c in coefficients]
    return sum(min(pair) for pair in ends), sum(max(pair) for pair in ends)


def _path_bounds(bank: FixedPointBank, where: str, bus: Bound, path: FixedPointPath) -> Iterator[Bound]:
    if path.taps == 0:
        return
    yield Bound("accumulator", where, *_extremes(bank, bus, path.coefficients), _WORD_64)
    if bank.arithmetic == "q31":
        yield from (Bound(*found) for found in part_bounds(where, bus.least, bus.most, path))
    if bank.arithmetic != "q31x15":
        return
    for segment in segments(path.coefficients, bank.arithmetic):
        stop = segment.first + segment.taps
        part = path.coefficients[segment.first : stop]
        yield Bound("segment", f"{where}, taps {segment.first} to {stop - 1}", *_extremes(bank, bus, part), _WORD_32)


def _part_sum_bounds(bank: FixedPointBank, buses: list[Bound]) -> Iterator[Bound]:
    for k, (g, sign) in enumerate(bank.structure.sums):
        # The difference of a pair starts from 0: the common sum has the rounding of both drivers.
        start = 0 if sign < 0 else (1 << bank.group_shift(g)) >> 1
        paths = [(bus.least, bus.most, path) for bus, path in zip(buses, bank.paths[k], strict=True) if path.taps]
        yield Bound(*part_sum_bound(f"driver '{bank.sum_names[k]}'", start, paths))


def _driver_bound(bank: FixedPointBank, driver: int) -> DriverBound:
    structure = bank.structure
    g = next(g for g, group in enumerate(structure.groups) if driver in (group.plus, group.minus))
    exponent, shift = bank.group_exponent(g), bank.group_shift(g)
    taps = driver_taps(bank, driver)
    most, least = largest_sum(bank, taps)[0], -largest_sum(bank, -taps)[0]
    # What q31x15 drops of each product: 16 bits, and less than one unit for each floor.
    dropped = 16 if bank.arithmetic == "q31x15" else 0
    below, above = _floor_slack(bank, driver, g, exponent)
    half = (1 << shift) >> 1
    most, least = (most >> dropped) + above + half, (least >> dropped) - below + half
    name = bank.driver_names[driver]
    total = Bound("sum", f"driver '{name}'", least, most, _WORD_64)
    fraction = COEFFICIENT_FORMATS[bank.arithmetic].fraction_bits
    gain = math.ldexp(float(_absolute_sum(bank, taps)), -(fraction + exponent))
    return DriverBound(name, total, least >> shift, most >> shift, bank.limiter.limits[driver], gain)


def _floor_slack(bank: FixedPointBank, driver: int, group: int, exponent: int) -> tuple[int, int]:
    """How far the floors of products can move a driver's sum down and up."""
    if bank.arithmetic != "q31x15":
        return 0, 0
    below = above = 0
    for k in bank.structure.sums_of(group):
        negative = bank.structure.sums[k][1] < 0 and driver == bank.structure.groups[group].minus
        for path in bank.paths[k]:
            slack = path.taps << (exponent - path.exponent)
            below, above = (below, above + slack) if negative else (below + slack, above)
    return below, above


def _absolute_sum(bank: FixedPointBank, taps: np.ndarray) -> int:
    """Σ|h| over the inputs, on the scale of the taps."""
    if not bank.structure.shuffled:
        return int(np.abs(taps).sum())
    # |mid + side| / 2 + |mid − side| / 2 is the larger of the two magnitudes.
    return int(np.maximum(np.abs(taps[0]), np.abs(taps[1])).sum() + np.abs(taps[2]).sum())

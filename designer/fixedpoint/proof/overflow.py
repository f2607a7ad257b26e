"""The proof that no accumulator and no sum overflows, whatever the input.

Every intermediate has a `Bound`: its least and its largest value over all inputs within full scale, and the range in
which it is exact.  For a path both are the sum over its taps of full scale with matching sign; some input reaches them.
Those of a driver come from inputs that match the signs of all its paths at once.  The bounds are Python integers, so
the proof itself can neither overflow nor round.  Upmix, volume and limiters state their bounds in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from designer.errors import InfeasibleDesignError
from designer.fixedpoint.accumulator_runs import accumulator_runs
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.fast_fir import subfilter_bounds, subfilter_sum_bound
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.proof.bound import Bound
from designer.fixedpoint.proof.limiter import limiter_bounds, volume_bounds
from designer.fixedpoint.proof.upmix import prove_upmix
from designer.fixedpoint.proof.worst_case import (
    driver_path_taps,
    driver_taps,
    equaliser_bits,
    equaliser_slack,
    largest_sum,
    path_taps,
    to_buses,
)

_WORD_32 = 1 << 31
_WORD_64 = 1 << 63


@dataclass(frozen=True)
class DriverBound:
    """Worst case of one driver, ahead of its limiter.

    Attributes
    ----------
    driver : str
    sum : Bound
        Of the 64-bit sum over all its paths, rounding offset included.
    least, most : int
        Driver signal, raw.
    limit : int
        Largest magnitude behind the limiter, raw.
    gain : float
        Σ over inputs of Σ|h|: bound of the driver signal for inputs within ±1.
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
        """Whether some input within full scale exceeds the limit."""
        return self.most > self.limit or self.least < -self.limit - 1

    @property
    def most_reduction_db(self) -> float:
        """Gain of the limiter at the loudest input, in dB; 0 or less."""
        return min(20 * math.log10(self.limit / (max(self.most, -self.least - 1) + 1)), 0.0) if self.is_limited else 0.0


@dataclass(frozen=True)
class OverflowProof:
    """Every bound of a bank; the report prints it and the tests attack it.

    Attributes
    ----------
    number_format : NumberFormat
    bounds : tuple of Bound
        Of upmix, volume, buses, accumulators, accumulator runs, driver signals and limiters.
    drivers : tuple of DriverBound
    """

    number_format: NumberFormat
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
    bounds = [*_upmix_bounds(), *volume_bounds(bank.number_format.sample), *buses]
    read = []
    for b, (bus, equaliser) in enumerate(zip(buses, bank.equalisers, strict=True)):
        if equaliser is None:
            read.append(bus)
            continue
        bounds += _fir_bounds(bank, f"equaliser of bus '{bus.where}'", bus, equaliser)
        if bank.number_format.shares_exponent:
            start = (1 << bank.equaliser_shift(b)) >> 1
            where = f"equaliser of bus '{bus.where}'"
            bounds.append(Bound(*subfilter_sum_bound(where, start, [(bus.least, bus.most, equaliser)])))
        read.append(_equalised_bound(bank, b, bus, equaliser))
        bounds.append(read[-1])
    for k, (name, row) in enumerate(zip(bank.sum_names, bank.paths, strict=True)):
        for b, (bus, path) in enumerate(zip(read, row, strict=True)):
            bounds += _path_bounds(bank, f"driver '{name}' ← input '{bus.where}'", (k, b), (buses[b], bus), path)
    if bank.number_format.shares_exponent:
        bounds += _fast_fir_sum_bounds(bank, read)
    drivers = tuple(_driver_bound(bank, d) for d in range(len(bank.driver_names)))
    bounds += [_driver_signal_bound(bank, driver) for driver in drivers]
    bounds += limiter_bounds(bank.limiter, bank.driver_names)
    return OverflowProof(bank.number_format, tuple(bounds), drivers)


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
    if bound.stage == "equalised":
        return f"equaliser of bus '{bound.where}' reaches {reached:.4g}, limit {bound.limit:.4g}: its Σ|h| is above 1"
    return (
        f"{bound.where}: {bound.stage} reaches {reached:.4g}, limit {bound.limit:.4g}; lower output.peak_gain_db by "
        f"{excess_db:.1f} dB"
    )


def _upmix_bounds() -> Iterator[Bound]:
    for found in prove_upmix():
        yield Bound("upmix", found.name, -found.magnitude, found.magnitude, 1 << (found.bits - 1))


def _driver_signal_bound(bank: FixedPointBank, driver: DriverBound) -> Bound:
    # firmware/core/dsp/fir.h, ps_wide_t; fir.c has it in two words, the upper of which is the sum's, shifted.
    limit = 1 << (bank.number_format.driver_signal_bits - 1)
    return Bound("feed", f"driver '{driver.driver}'", driver.least, driver.most, limit)


def _bus_bounds(bank: FixedPointBank) -> Iterator[Bound]:
    # Every bus is monotone in each input: its extremes lie at the corners.
    word = bank.number_format.sample
    ends = (word.smallest, word.largest)
    corners = to_buses(bank, np.array([(left, right, centre) for left in ends for right in ends for centre in ends]))
    limit = bank.number_format.bus.largest + 1
    for name, bus in zip(bank.bus_names, corners.T, strict=True):
        yield Bound("bus", name, int(bus.min()), int(bus.max()), limit)


def _extremes(bank: FixedPointBank, bus: Bound, coefficients: np.ndarray) -> tuple[int, int]:
    """Least and largest value of Σ c·x over all values of a bus, as the kernel rounds the products."""
    drop = bank.number_format.product_shift
    ends = [[int(c) * x >> drop for x in (bus.least, bus.most)] for c in coefficients]
    return sum(min(pair) for pair in ends), sum(max(pair) for pair in ends)


def _fir_bounds(bank: FixedPointBank, where: str, bus: Bound, path: FixedPointPath) -> Iterator[Bound]:
    """Bound a FIR over all values of what it reads, at every time independently."""
    if path.taps == 0:
        return
    yield Bound("accumulator", where, *_extremes(bank, bus, path.coefficients), _WORD_64)
    if bank.number_format.shares_exponent:
        yield from (Bound(*found) for found in subfilter_bounds(where, bus.least, bus.most, path))
    if bank.number_format.run_limit is None:
        return
    for run in accumulator_runs(path.coefficients, bank.number_format):
        stop = run.first + run.taps
        taps = path.coefficients[run.first : stop]
        yield Bound("segment", f"{where}, taps {run.first} to {stop - 1}", *_extremes(bank, bus, taps), _WORD_32)


def _path_bounds(
    bank: FixedPointBank, where: str, place: tuple[int, int], buses: tuple[Bound, Bound], path: FixedPointPath
) -> Iterator[Bound]:
    """Bound a path by what it reads; behind an equaliser, bound its accumulator through both stages."""
    raw, read = buses
    for bound in _fir_bounds(bank, where, read, path):
        if bound.stage == "accumulator" and bank.equalisers[place[1]] is not None:
            least, most = _cascade_extremes(bank, place, raw, path)
            yield replace(bound, least=max(bound.least, least), most=min(bound.most, most))
        else:
            yield bound


def _cascade_extremes(
    bank: FixedPointBank, place: tuple[int, int], raw: Bound, path: FixedPointPath
) -> tuple[int, int]:
    """Least and largest accumulator over all values of the bus, rounding in the equaliser included."""
    k, b = place
    ends = [sorted((c * raw.least, c * raw.most)) for c in path_taps(bank, k, b)]
    equaliser = bank.equalisers[b]
    scale = 1 << (bank.number_format.coefficient.fraction_bits + (equaliser.exponent if equaliser else 0))
    slack = equaliser_slack(bank)[b] * int(np.abs(path.coefficients.astype(np.int64)).sum())
    least = math.ceil(Fraction(sum(pair[0] for pair in ends), scale) - slack)
    most = math.floor(Fraction(sum(pair[1] for pair in ends), scale) + slack)
    # The floor of each product drops less than one unit.
    drop = bank.number_format.product_shift
    return (least >> drop) - (path.taps if drop else 0), most >> drop


def _equalised_bound(bank: FixedPointBank, index: int, bus: Bound, equaliser: FixedPointPath) -> Bound:
    """Bound what paths read behind an equaliser.

    It must stay in the range of the bus, which the kernels and all later bounds assume.
    """
    shift = bank.equaliser_shift(index)
    half = (1 << shift) >> 1
    least, most = ((end + half) >> shift for end in _extremes(bank, bus, equaliser.coefficients))
    return Bound("equalised", bus.where, least, most, 1 << bank.number_format.bus.fraction_bits)


def _fast_fir_sum_bounds(bank: FixedPointBank, buses: list[Bound]) -> Iterator[Bound]:
    for k, (g, sign) in enumerate(bank.structure.sums):
        # The difference of a pair starts from 0: the common sum has the rounding of both drivers.
        start = 0 if sign < 0 else (1 << bank.group_shift(g)) >> 1
        paths = [(bus.least, bus.most, path) for bus, path in zip(buses, bank.paths[k], strict=True) if path.taps]
        yield Bound(*subfilter_sum_bound(f"driver '{bank.sum_names[k]}'", start, paths))


def _driver_bound(bank: FixedPointBank, driver: int) -> DriverBound:
    structure = bank.structure
    g = structure.group_of(driver)
    exponent, shift = bank.group_exponent(g), bank.group_shift(g)
    taps = driver_taps(bank, driver)
    most, least = largest_sum(bank, taps)[0], -largest_sum(bank, -taps)[0]
    scale = equaliser_bits(bank)
    rounded = sum(
        slack * int(np.abs(row).sum())
        for slack, row in zip(equaliser_slack(bank), driver_path_taps(bank, driver), strict=True)
    )
    most, least = math.floor(Fraction(most, 1 << scale) + rounded), math.ceil(Fraction(least, 1 << scale) - rounded)
    # The kernel's shift of each product, and less than one unit for each floor.
    dropped = bank.number_format.product_shift
    below, above = _floor_slack(bank, driver, g, exponent)
    half = (1 << shift) >> 1
    most, least = (most >> dropped) + above + half, (least >> dropped) - below + half
    name = bank.driver_names[driver]
    total = Bound("sum", f"driver '{name}'", least, most, _WORD_64)
    fraction = bank.number_format.coefficient.fraction_bits
    gain = math.ldexp(float(_absolute_sum(bank, taps)), -(fraction + exponent + scale))
    return DriverBound(name, total, least >> shift, most >> shift, bank.limiter.limits[driver], gain)


def _floor_slack(bank: FixedPointBank, driver: int, group: int, exponent: int) -> tuple[int, int]:
    """Largest change of a driver's sum, down and up, by the floors of products."""
    if not bank.number_format.floors_products:
        return 0, 0
    below = above = 0
    for k in bank.structure.sums_of(group):
        negative = bank.structure.sign_of(k, driver) < 0
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

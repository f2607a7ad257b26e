"""The proof that no accumulator and no sum overflows, whatever the input.

With every input within full scale, |x| ≤ 2**B as a raw integer, an accumulator is bounded by Σ|c|·2**B and a sum of
paths by the sum of their bounds; both are reached by the sign-matched full-scale input.  The bounds here are Python
integers, so the proof itself cannot overflow or round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from designer.errors import InfeasibleDesignError
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.qformat import ACCUMULATOR_FORMATS, SAMPLE_FORMATS


@dataclass(frozen=True)
class PathBound:
    """Worst case of one path's accumulator.

    Attributes
    ----------
    driver, input : str
        Which path.
    coefficient_sum : int
        Σ|c|, raw.
    accumulator : int
        Largest magnitude of the accumulator, raw.
    accumulator_limit : int
        Magnitude at which it would no longer be exact.
    """

    driver: str
    input: str
    coefficient_sum: int
    accumulator: int
    accumulator_limit: int

    @property
    def holds(self) -> bool:
        """Whether the accumulator stays exact."""
        return self.accumulator < self.accumulator_limit


@dataclass(frozen=True)
class DriverBound:
    """Worst case of one driver's sum over its paths.

    Attributes
    ----------
    driver : str
    sum_magnitude : int
        Largest magnitude of the 64-bit sum, rounding offset included, raw.
    output : int
        Largest magnitude of the output before saturation, raw.
    full_scale : int
        Largest raw output.
    gain : float
        Σ over inputs of Σ|h|: the output's bound for inputs within ±1.
    """

    driver: str
    sum_magnitude: int
    output: int
    full_scale: int
    gain: float

    @property
    def holds(self) -> bool:
        """Whether the sum is exact in 64 bits; the output's saturation then acts on the true value."""
        return self.sum_magnitude < 1 << 63

    @property
    def can_saturate(self) -> bool:
        """Whether some input within full scale drives the output beyond it."""
        return self.output > self.full_scale


@dataclass(frozen=True)
class OverflowProof:
    """Every bound of a bank; the report prints it and the tests attack it."""

    arithmetic: str
    paths: tuple[PathBound, ...]
    drivers: tuple[DriverBound, ...]

    @property
    def holds(self) -> bool:
        """Whether every accumulator and every sum is proved."""
        return all(path.holds for path in self.paths) and all(driver.holds for driver in self.drivers)


def prove(bank: FixedPointBank) -> OverflowProof:
    """Bound every intermediate of the FIR matrix."""
    paths, drivers = [], []
    for name, row in zip(bank.driver_names, bank.paths, strict=True):
        for source, path in zip(bank.input_names, row, strict=True):
            paths.append(_path_bound(bank.arithmetic, name, source, path))
        drivers.append(_driver_bound(bank.arithmetic, name, row))
    return OverflowProof(bank.arithmetic, tuple(paths), tuple(drivers))


def require_proof(bank: FixedPointBank) -> OverflowProof:
    """Prove, or refuse with the driver, the bound and the gain change that would make it fit.

    Raises
    ------
    InfeasibleDesignError
        If a bound does not hold.
    """
    proof = prove(bank)
    faults = [
        f"driver '{b.driver}' ← input '{b.input}': accumulator reaches {b.accumulator:.4g}, limit "
        f"{b.accumulator_limit:.4g}; lower output.peak_gain_db by "
        f"{_excess_db(b.accumulator, b.accumulator_limit - 1):.1f} dB"
        for b in proof.paths
        if not b.holds
    ]
    faults += [
        f"driver '{b.driver}': its sum reaches {b.sum_magnitude:.4g}, limit {1 << 63:.4g}; lower "
        f"output.peak_gain_db by {_excess_db(b.sum_magnitude, (1 << 63) - 1):.1f} dB"
        for b in proof.drivers
        if not b.holds
    ]
    if faults:
        raise InfeasibleDesignError("\n".join(faults))
    return proof


def _excess_db(value: int, limit: int) -> float:
    # Rounded up to a tenth: the gain change that is named is enough.
    return max(math.ceil(200 * math.log10(value / limit)) / 10, 0.1)


def _coefficient_sum(path: FixedPointPath) -> int:
    return int(np.abs(path.coefficients.astype(np.int64)).sum())


def _path_bound(arithmetic: str, driver: str, source: str, path: FixedPointPath) -> PathBound:
    word, accumulator = SAMPLE_FORMATS[arithmetic], ACCUMULATOR_FORMATS[arithmetic]
    total = _coefficient_sum(path)
    # arm_fir_q31 returns bits 31 to 62 of the 2.62 accumulator: its top integer bit is lost, so half the word is
    # the limit.
    limit = accumulator.largest + 1 if arithmetic == "q15" else (accumulator.largest + 1) // 2
    return PathBound(driver, source, total, total << word.fraction_bits, limit)


def _driver_bound(arithmetic: str, driver: str, row: tuple[FixedPointPath, ...]) -> DriverBound:
    word = SAMPLE_FORMATS[arithmetic]
    top = max((path.exponent for path in row), default=0)
    aligned = sum(_coefficient_sum(path) << (top - path.exponent) for path in row)
    gain = aligned / 2.0 ** (word.fraction_bits + top)
    if arithmetic == "q15":
        # Q1.15 x Q1.15 → Q2.30, summed at Q.(30 + E), rounded once to Q1.15.
        magnitude, shift = aligned << word.fraction_bits, 15 + top
    else:
        # Each path's >> 31 floors: its magnitude rises by less than one before the shift to the common exponent.
        magnitude = sum((_coefficient_sum(path) + 1) << (top - path.exponent) for path in row if path.taps)
        shift = top
    half = (1 << shift) >> 1
    return DriverBound(driver, magnitude + half, (magnitude + half) >> shift, word.largest, gain)

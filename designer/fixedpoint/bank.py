"""The quantised filter matrix as the firmware stores it: integer taps, delays and exponents of each path."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from designer.filters.structure import Structure, direct_structure
from designer.fixedpoint.limiter_settings import FixedLimiter
from designer.fixedpoint.number_format import (
    MAX_DELAY_SAMPLES,
    MAX_EXPONENT,
    MAX_TAPS,
    MIN_EXPONENT,
    NumberFormat,
)


@dataclass(frozen=True, eq=False)
class FixedPointPath:
    """One FIR of the matrix; its real impulse response is ``coefficients * 2**-(B + exponent)``, then delayed.

    `B` is the number of the coefficients' fraction bits: 15 for q15 and q31x15, 31 for q31.

    Attributes
    ----------
    coefficients : (N,) int16 or int32, read-only
        Taps in natural order, first tap first; N = 0 to 2048, and 0 means that the path contributes nothing.
    delay : int
        Samples ahead of the first tap, 0 to 4095.
    exponent : int
        Left shift of the coefficients beyond Q0.B, -3 to 15.  A quiet path uses all its bits because of it.  A loud
        path fits because of it: the paths of mid and side carry the sum of two filters.

    Raises
    ------
    ValueError
        If a field has the wrong type, shape or range, or a 16-bit coefficient is -32768.  Four of those overflow the
        dual 16-bit multiply-accumulate.
    """

    coefficients: np.ndarray
    delay: int = 0
    exponent: int = 0

    def __post_init__(self) -> None:
        taps = np.array(self.coefficients, copy=True)
        if taps.ndim != 1 or taps.dtype not in (np.int16, np.int32):
            raise ValueError(f"coefficients: {taps.dtype} of shape {taps.shape}, allowed int16 or int32 of shape (N,)")
        if taps.size > MAX_TAPS:
            raise ValueError(f"coefficients: {taps.size} taps, allowed 0 to {MAX_TAPS}")
        if taps.dtype == np.int16 and taps.size and taps.min() == np.iinfo(np.int16).min:
            raise ValueError("coefficients: -32768 in a q15 path, allowed -32767 to 32767")
        for name, value, least, most in (
            ("delay", self.delay, 0, MAX_DELAY_SAMPLES),
            ("exponent", self.exponent, MIN_EXPONENT, MAX_EXPONENT),
        ):
            if not least <= value <= most:
                raise ValueError(f"{name} = {value}: allowed {least} to {most}")
        taps.setflags(write=False)
        object.__setattr__(self, "coefficients", taps)
        object.__setattr__(self, "delay", int(self.delay))
        object.__setattr__(self, "exponent", int(self.exponent))

    @property
    def taps(self) -> int:
        """Number of coefficients N."""
        return int(self.coefficients.size)

    @property
    def look_back_samples(self) -> int:
        """Samples of the past that the path sees; 0 where it has no taps."""
        return self.delay + self.taps - 1 if self.taps else 0


@dataclass(frozen=True, eq=False)
class FixedPointBank:
    """The whole matrix: one path for every sum and bus of the filter graph, and equalisers ahead of it.

    Attributes
    ----------
    number_format : NumberFormat
        Formats of samples, coefficients and sums.
    sample_rate_hz : int
    driver_names : tuple of str, length D
        Channel order.
    input_names : tuple of str, length I
        ``('left', 'right', 'centre')``.
    paths : tuple of K tuples of FixedPointPath
        Indexed ``paths[sum][bus]``; with the direct structure these are driver and input.
    structure : Structure
        By default the direct one.
    limiter : FixedLimiter
        By default full scale for every driver.
    equalisers : tuple of B FixedPointPath or None
        One for each bus, ahead of all its paths.  None (the default) where the paths read the bus directly.

    Raises
    ------
    ValueError
        If the shape does not fit the names, or a path's type does not fit the number format.  If an equaliser has no
        taps, or an exponent out of range.  In q31 also if Σ|c| of a sum or an equaliser is 2**31 or more, or if the
        exponents within a group differ.
    """

    number_format: NumberFormat
    sample_rate_hz: int
    driver_names: tuple[str, ...]
    input_names: tuple[str, ...]
    paths: tuple[tuple[FixedPointPath, ...], ...]
    structure: Structure = field(default_factory=lambda: Structure(False, ()))
    limiter: FixedLimiter = field(default_factory=FixedLimiter)
    equalisers: tuple[FixedPointPath | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.driver_names or not self.input_names:
            raise ValueError("a bank needs at least one driver and one input")
        if not self.structure.groups:
            object.__setattr__(self, "structure", direct_structure(len(self.driver_names)))
        if self.structure.drivers != len(self.driver_names):
            raise ValueError(f"structure: its groups do not make {len(self.driver_names)} drivers")
        if not self.limiter.limits:
            largest = self.number_format.sample.largest
            object.__setattr__(self, "limiter", replace(self.limiter, limits=(largest,) * len(self.driver_names)))
        if len(self.limiter.limits) != len(self.driver_names):
            raise ValueError(f"limiter: {len(self.limiter.limits)} limits for {len(self.driver_names)} drivers")
        shape = [len(row) for row in self.paths]
        if shape != [len(self.bus_names)] * len(self.sum_names):
            raise ValueError(
                f"paths: rows of {shape}, expected {len(self.sum_names)} sums x {len(self.bus_names)} buses"
            )
        for name, row in zip(self.sum_names, self.paths, strict=True):
            for bus, path in zip(self.bus_names, row, strict=True):
                self._check_path(f"driver '{name}' <- input '{bus}'", path)
        self._check_equalisers()
        if self.number_format.shares_exponent:
            for g in range(len(self.structure.groups)):
                self._check_shared_exponent(g)

    @property
    def bus_names(self) -> tuple[str, ...]:
        """Signals that the FIRs read: the inputs, or mid and side instead of left and right."""
        return self.structure.buses if self.structure.shuffled else self.input_names

    @property
    def sum_names(self) -> tuple[str, ...]:
        """Names of the sums: the driver's, or 'left+right' and 'left-right' of a mirror pair."""
        return self.structure.sum_names(self.driver_names)

    @property
    def is_equalised(self) -> bool:
        """Whether any bus has an equaliser."""
        return any(equaliser is not None for equaliser in self.equalisers)

    @property
    def firs(self) -> tuple[FixedPointPath, ...]:
        """All paths that have taps, followed by the equalisers."""
        paths = [path for row in self.paths for path in row if path.taps]
        return (*paths, *(equaliser for equaliser in self.equalisers if equaliser is not None))

    @property
    def history_samples(self) -> int:
        """Samples of the past that the drivers depend on, through both stages."""
        return max(ahead + path for ahead, path in zip(self._equaliser_reach, self._path_reach, strict=True))

    @property
    def bus_history_samples(self) -> int:
        """Samples of the past that a bus must keep: for its equaliser, or for its paths where it has none."""
        reach = zip(self.equalisers, self._equaliser_reach, self._path_reach, strict=True)
        return max(path if equaliser is None else ahead for equaliser, ahead, path in reach)

    @property
    def equalised_history_samples(self) -> int:
        """Samples of the past that paths behind equalisers depend on; 0 without equalisers."""
        reach = zip(self.equalisers, self._path_reach, strict=True)
        return max((path for equaliser, path in reach if equaliser is not None), default=0)

    @property
    def _equaliser_reach(self) -> tuple[int, ...]:
        return tuple(0 if equaliser is None else equaliser.look_back_samples for equaliser in self.equalisers)

    @property
    def _path_reach(self) -> tuple[int, ...]:
        return tuple(max(path.look_back_samples for path in column) for column in zip(*self.paths, strict=True))

    def equaliser_shift(self, bus: int) -> int:
        """t: right shift from an equaliser's accumulator to the scale of its bus."""
        equaliser = self.equalisers[bus]
        if equaliser is None:
            raise ValueError(f"bus '{self.bus_names[bus]}' has no equaliser")
        return self.number_format.equaliser_shift + equaliser.exponent

    def group_exponent(self, group: int) -> int:
        """E: the exponent at which a group's sums are kept; never so low that its samples would need a left shift."""
        used = [path.exponent for k in self.structure.sums_of(group) for path in self.paths[k] if path.taps]
        return max([*used, -self.number_format.sum_shift])

    def group_shift(self, group: int) -> int:
        """Right shift from a group's sums to samples."""
        return self.number_format.sum_shift + self.group_exponent(group)

    def _check_path(self, where: str, path: FixedPointPath) -> None:
        expected = self.number_format.tap_dtype
        if path.coefficients.dtype != expected:
            raise ValueError(
                f"{where}: coefficients are {path.coefficients.dtype}, {self.number_format} needs {expected}"
            )

    def _check_equalisers(self) -> None:
        if not self.equalisers:
            object.__setattr__(self, "equalisers", (None,) * len(self.bus_names))
        if len(self.equalisers) != len(self.bus_names):
            raise ValueError(f"equalisers: {len(self.equalisers)} for {len(self.bus_names)} buses")
        least, most = self.number_format.equaliser_exponents
        for bus, equaliser in zip(self.bus_names, self.equalisers, strict=True):
            if equaliser is None:
                continue
            where = f"equaliser of bus '{bus}'"
            self._check_path(where, equaliser)
            if equaliser.taps == 0:
                raise ValueError(f"{where}: no taps, allowed is None or at least one")
            if not least <= equaliser.exponent <= most:
                raise ValueError(
                    f"{where}: exponent {equaliser.exponent}, allowed {least} to {most} in {self.number_format}"
                )
            magnitude = int(np.abs(equaliser.coefficients.astype(np.int64)).sum())
            self._check_magnitude(where, magnitude)

    def _check_magnitude(self, where: str, magnitude: int) -> None:
        if self.number_format.exceeds_sum_limit(magnitude):
            raise ValueError(
                f"{where}: sum of |coefficients| = {magnitude}, allowed below {self.number_format.sum_limit} in "
                f"{self.number_format}"
            )

    def _check_shared_exponent(self, group: int) -> None:
        most = self.number_format.exponents[1]
        for k in self.structure.sums_of(group):
            where, used = f"driver '{self.sum_names[k]}'", [path for path in self.paths[k] if path.taps]
            magnitude = sum(int(np.abs(path.coefficients.astype(np.int64)).sum()) for path in used)
            self._check_magnitude(where, magnitude)
            exponents = {path.exponent for path in used}
            if exponents - {min(self.group_exponent(group), most)}:
                raise ValueError(
                    f"{where}: exponents {sorted(exponents)}, allowed is one for a group, at most "
                    f"{most}, in {self.number_format}"
                )

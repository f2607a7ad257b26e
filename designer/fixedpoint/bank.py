"""The quantised filter matrix as the firmware stores it: integer taps, delays and exponents of each path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Arithmetic = Literal["q15", "q31"]

TAP_TYPES: dict[str, type[np.signedinteger]] = {"q15": np.int16, "q31": np.int32}
FRACTION_BITS: dict[str, int] = {"q15": 15, "q31": 31}
MAX_TAPS = 2048
MAX_DELAY_SAMPLES = 4095
MAX_EXPONENT = 15


@dataclass(frozen=True, eq=False)
class FixedPointPath:
    """One FIR of the matrix; its real impulse response is ``coefficients * 2**-(B + exponent)``, then delayed.

    `B` is the number of fraction bits: 15 for q15, 31 for q31.

    Attributes
    ----------
    coefficients : (N,) int16 or int32, read-only
        Taps in natural order, first tap first; N = 0 to 2048, and 0 means that the path contributes nothing.
    delay : int
        Samples ahead of the first tap, 0 to 4095.
    exponent : int
        Left shift that the coefficients carry beyond Q0.B, 0 to 15: a quiet path fills its bits by it.

    Raises
    ------
    ValueError
        If a field has the wrong type, shape or range, or a q15 coefficient is -32768 (the dual 16-bit
        multiply-accumulate overflows on four of them).
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
        for name, value, limit in (
            ("delay", self.delay, MAX_DELAY_SAMPLES),
            ("exponent", self.exponent, MAX_EXPONENT),
        ):
            if not 0 <= value <= limit:
                raise ValueError(f"{name} = {value}: allowed 0 to {limit}")
        taps.setflags(write=False)
        object.__setattr__(self, "coefficients", taps)
        object.__setattr__(self, "delay", int(self.delay))
        object.__setattr__(self, "exponent", int(self.exponent))

    @property
    def taps(self) -> int:
        """Number of coefficients N."""
        return int(self.coefficients.size)


@dataclass(frozen=True, eq=False)
class FixedPointBank:
    """The whole matrix: one path for every driver and input.

    Attributes
    ----------
    arithmetic : 'q15' or 'q31'
        Word length of samples and coefficients.
    sample_rate_hz : int
    driver_names : tuple of str, length D
        Channel order.
    input_names : tuple of str, length I
        ``('left', 'right', 'centre')``.
    paths : tuple of D tuples of I FixedPointPath
        Indexed ``paths[driver][input]``.

    Raises
    ------
    ValueError
        If the shape does not fit the names, a path's type does not fit the arithmetic, or (q31) the sum of
        the magnitudes of a path's coefficients reaches 2**31, where the 2.62 accumulator is no longer exact.
    """

    arithmetic: Arithmetic
    sample_rate_hz: int
    driver_names: tuple[str, ...]
    input_names: tuple[str, ...]
    paths: tuple[tuple[FixedPointPath, ...], ...]

    def __post_init__(self) -> None:
        if self.arithmetic not in TAP_TYPES:
            raise ValueError(f"arithmetic = {self.arithmetic!r}: allowed are {', '.join(TAP_TYPES)}")
        if not self.driver_names or not self.input_names:
            raise ValueError("a bank needs at least one driver and one input")
        shape = [len(row) for row in self.paths]
        if shape != [len(self.input_names)] * len(self.driver_names):
            raise ValueError(
                f"paths: rows of {shape}, expected {len(self.driver_names)} drivers x {len(self.input_names)} inputs"
            )
        for driver, row in zip(self.driver_names, self.paths, strict=True):
            for name, path in zip(self.input_names, row, strict=True):
                self._check_path(f"driver '{driver}' <- input '{name}'", path)

    def _check_path(self, where: str, path: FixedPointPath) -> None:
        expected = np.dtype(TAP_TYPES[self.arithmetic])
        if path.coefficients.dtype != expected:
            raise ValueError(f"{where}: coefficients are {path.coefficients.dtype}, {self.arithmetic} needs {expected}")
        magnitude = int(np.abs(path.coefficients.astype(np.int64)).sum())
        if self.arithmetic == "q31" and magnitude >= 2**31:
            raise ValueError(f"{where}: sum of |coefficients| = {magnitude}, allowed below 2**31 in q31")

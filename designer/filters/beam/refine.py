"""Bring the beam's filters to the front of lobe ripple against null depth.

Filters that come near to a response in the least-squares sense are near to its levels, too, but not at their best
there.  Here the taps themselves are the unknowns: third octave by third octave, the ripple of the lobe and what is
missing at the nulls are made small, levels only, while the axis stays as designed.  Sequential quadratic programs
(Nocedal & Wright, Numerical Optimization, ch. 18): levels as straight lines of the taps, the curvature of their
powers as the cost of a step (a majorant, since a logarithm lies below its tangent).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from designer.filters.beam.levels import LevelGoal, LevelModel
from designer.filters.beam.qp_step import best_step
from designer.filters.fitting.least_squares import normal_equations
from designer.numerics.triangular import solve_lower, solve_upper

# A round that gains less than this part of the cost is the last.
_LEAST_GAIN = 0.003
_SHORTER_STEPS = (1.0, 0.5, 0.25, 0.125)
# Cost of drive that no level notices, relative to the curvature's mean: steps stay finite.
_DAMPING = 1e-3


class Unknowns(Protocol):
    """What is refined: coefficients (K · G,) of which drives are linear functions."""

    def drive(self, values: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Drive (F, G) on all lines."""

    def pull_back(self, lines: NDArray[np.int64], slopes: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Slopes (L, M, G) on some lines, as slopes of the values: (M, K · G)."""

    def quadratic(self, metric: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Matrix of Σ eᴴ·metric·e over the lines, (F, G, G), as a form of the values."""


@dataclass(frozen=True, eq=False)
class TapUnknowns:
    """Taps of FIR filters, ordered by tap, then drive.

    Attributes
    ----------
    omega : (F,) float64
        Lines, radians per sample.
    phasors : (F, N) complex128
        e^{−jωn}.
    """

    omega: NDArray[np.float64]
    phasors: NDArray[np.complex128]

    @classmethod
    def of(cls, omega: NDArray[np.float64], taps: int) -> TapUnknowns:
        """Set up filters of ``taps`` taps."""
        return cls(omega, np.exp(-1j * omega[:, None] * np.arange(taps)))

    def drive(self, values: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Spectra (F, G)."""
        return np.asarray(self.phasors @ values.reshape(self.phasors.shape[1], -1))

    def pull_back(self, lines: NDArray[np.int64], slopes: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Slopes of the taps: (M, N · G)."""
        count, levels, drives = slopes.shape
        pulled = (self.phasors[lines].T @ slopes.reshape(count, -1)).real.reshape(-1, levels, drives)
        return np.asarray(pulled.transpose(1, 0, 2).reshape(levels, -1))

    def quadratic(self, metric: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Block Toeplitz matrix."""
        return normal_equations(self.omega, metric, self.phasors.shape[1])[0]


@dataclass(frozen=True, eq=False)
class LineUnknowns:
    """Drives that are free on every line, as no filter of finite length is: what could be had at best.

    Attributes
    ----------
    count, drives : int
        F and G; values are real parts, then imaginary ones.
    """

    count: int
    drives: int

    def drive(self, values: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Drive (F, G)."""
        real, imaginary = values.reshape(2, self.count, self.drives)
        return np.asarray(real + 1j * imaginary)

    def values(self, drive: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Values (2 · F · G,) of a drive (F, G)."""
        return np.stack([drive.real, drive.imag]).ravel()

    def pull_back(self, lines: NDArray[np.int64], slopes: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Slopes of the values: (M, 2 · F · G)."""
        pulled = np.zeros((slopes.shape[1], 2, self.count, self.drives))
        pulled[:, 0, lines] = slopes.real.transpose(1, 0, 2)
        pulled[:, 1, lines] = -slopes.imag.transpose(1, 0, 2)
        return pulled.reshape(slopes.shape[1], -1)

    def quadratic(self, metric: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Block diagonal matrix, real and imaginary parts apart."""
        form = np.zeros((2, self.count, self.drives) * 2)
        line = np.arange(self.count)
        form[0, line, :, 0, line] = form[1, line, :, 1, line] = metric.real
        form[0, line, :, 1, line] = -metric.imag
        form[1, line, :, 0, line] = metric.imag
        return form.reshape(2 * self.count * self.drives, -1)


@dataclass(frozen=True, eq=False)
class Refinement:
    """What is refined towards what.

    Attributes
    ----------
    unknowns : Unknowns
    levels : BandLevels
    goal : LevelGoal
    anchor : (F, G, G) complex128
        Cost of leaving the response that was designed.
    wanted : (F, G) complex128
        That response.
    """

    unknowns: Unknowns
    levels: LevelModel
    goal: LevelGoal
    anchor: NDArray[np.complex128]
    wanted: NDArray[np.complex128]

    def cost(self, values: NDArray[np.float64]) -> float:
        """Cost of levels and of what has left its place, decibels."""
        drive = self.unknowns.drive(values)
        off = drive - self.wanted
        left = np.sum((off.conj() * (self.anchor @ off[..., None])[..., 0]).real)
        return self.goal.cost(self.levels.of(drive)) + float(left) / 2

    def improve(self, values: NDArray[np.float64], rounds: int) -> NDArray[np.float64]:
        """Take steps until they gain nothing more.

        Parameters
        ----------
        values : (K · G,) float64
            Where to begin.
        rounds : int
            Most steps.

        Returns
        -------
        (K · G,) float64
            Of no greater cost.
        """
        held = self.unknowns.quadratic(self.anchor)
        least = self.cost(values)
        for _ in range(rounds):
            step = self._step(values, held)
            if step is None:
                break
            for share in _SHORTER_STEPS:
                reached = self.cost(values + share * step)
                if reached < least:
                    break
            else:
                break
            values, before, least = values + share * step, least, reached
            if before - least < _LEAST_GAIN * before:
                break
        return values

    def _step(self, values: NDArray[np.float64], held: NDArray[np.float64]) -> NDArray[np.float64] | None:
        drive = self.unknowns.drive(values)
        levels, slopes = self.levels.slopes(drive, self.goal)
        curvature = self.levels.curvature(drive, self.goal)
        curvature += _DAMPING * np.trace(curvature, axis1=1, axis2=2).real.mean() * np.eye(drive.shape[1])
        matrix = held + self.unknowns.quadratic(curvature)
        factor: NDArray[np.float64] = np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
        pulled = [self.unknowns.pull_back(lines, slope) for lines, slope in slopes]
        back = (self.anchor @ (drive - self.wanted)[..., None])[..., 0]
        home = self.unknowns.pull_back(np.arange(len(drive)), back.conj()[:, None])
        # In coordinates in which a step costs half its square: levels are rows, the way home is one more.
        white = solve_lower(factor, np.ascontiguousarray(np.concatenate([*pulled, home]).T)).T
        rows, way = white[:-1], white[-1]
        drift = -(rows @ way).reshape(levels.lobe.shape[0], -1)
        angles = levels.lobe.shape[1]
        there = type(levels)(
            levels.lobe + drift[:, :angles], levels.nulls + drift[:, angles:-1], levels.noise + drift[:, -1]
        )
        multipliers = best_step(there, rows @ rows.T, self.goal)
        if multipliers is None:
            return None
        return solve_upper(factor.T, rows.T @ multipliers - way)

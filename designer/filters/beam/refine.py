"""Refine the beam's filters towards the Pareto front of lobe ripple against null depth.

Filters of a least-squares fit have nearly, but not exactly, the best levels.  Here the taps themselves are the
unknowns.  The ripple of the lobe and the missing null depth in third octaves become small, while the response on axis
stays as designed.  The method is sequential quadratic programming (Nocedal & Wright, Numerical Optimization, ch. 18).
Levels are linear in the taps, and the curvature of their powers is the cost of a step.  That cost is an upper bound
(a majorant), because a logarithm lies below its tangent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from designer.filters.beam.levels import LevelGoal, LevelModel
from designer.filters.beam.quadratic_program import solve_quadratic_program
from designer.filters.fitting.least_squares import normal_equations
from designer.numerics.triangular import solve_lower, solve_upper

# The refinement ends after a step that lowers the cost by less than this part.
_LEAST_GAIN = 0.003
_SHORTER_STEPS = (1.0, 0.5, 0.25, 0.125)
# Cost of changes that affect no level, relative to the mean curvature.  It keeps steps finite.
_DAMPING = 1e-3


class Unknowns(Protocol):
    """Unknowns of a refinement: real values (K · G,) of which the drive is a linear function."""

    def drive(self, values: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Drive (F, G) on all lines."""

    def pull_back(self, lines: NDArray[np.int64], slopes: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Return derivatives by the values, (M, K · G), from derivatives (L, M, G) by the drive on L lines."""

    def quadratic(self, metric: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Matrix (K · G, K · G) of the form Σ eᴴ·metric·e over the lines, for a metric (F, G, G)."""


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
        """Return derivatives by the taps: (M, N · G)."""
        count, levels, drives = slopes.shape
        pulled = (self.phasors[lines].T @ slopes.reshape(count, -1)).real.reshape(-1, levels, drives)
        return np.asarray(pulled.transpose(1, 0, 2).reshape(levels, -1))

    def quadratic(self, metric: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Block Toeplitz matrix."""
        return normal_equations(self.omega, metric, self.phasors.shape[1])[0]


@dataclass(frozen=True, eq=False)
class LineUnknowns:
    """Drives that are free on each line, for a bound that filters of finite length cannot pass.

    The values are the real parts of all drives, then their imaginary parts.

    Attributes
    ----------
    count, drives : int
        Numbers of lines F and of drives G.
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
        """Return derivatives by the values: (M, 2 · F · G)."""
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
    """Problem of the refinement.

    Attributes
    ----------
    unknowns : Unknowns
    levels : LevelModel
    goal : LevelGoal
    anchor : (F, G, G) complex128
        Metric of the distance from the response as designed.
    wanted : (F, G) complex128
        Response as designed.
    """

    unknowns: Unknowns
    levels: LevelModel
    goal: LevelGoal
    anchor: NDArray[np.complex128]
    wanted: NDArray[np.complex128]

    def cost(self, values: NDArray[np.float64]) -> float:
        """Cost of the levels plus half the squared distance from the response as designed, dB."""
        drive = self.unknowns.drive(values)
        off = drive - self.wanted
        distance = np.sum((off.conj() * (self.anchor @ off[..., None])[..., 0]).real)
        return self.goal.cost(self.levels.of(drive)) + float(distance) / 2

    def improve(self, values: NDArray[np.float64], rounds: int) -> NDArray[np.float64]:
        """Take steps until they no longer lower the cost.

        Parameters
        ----------
        values : (K · G,) float64
            Start.
        rounds : int
            Largest number of steps.

        Returns
        -------
        (K · G,) float64
            Values whose cost is not above that of the start.
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
        # Whitened coordinates, in which a step costs half its square.  The last row leads back to the design.
        white = solve_lower(factor, np.ascontiguousarray(np.concatenate([*pulled, home]).T)).T
        rows, way = white[:-1], white[-1]
        drift = -(rows @ way).reshape(levels.lobe.shape[0], -1)
        angles = levels.lobe.shape[1]
        there = type(levels)(
            levels.lobe + drift[:, :angles], levels.nulls + drift[:, angles:-1], levels.noise + drift[:, -1]
        )
        multipliers = solve_quadratic_program(there, rows @ rows.T, self.goal)
        if multipliers is None:
            return None
        return solve_upper(factor.T, rows.T @ multipliers - way)

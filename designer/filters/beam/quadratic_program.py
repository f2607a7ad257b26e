"""One step of the refinement: a convex quadratic program in the levels of the beam.

Levels are linear in the change, and a change has a quadratic cost.  The least sum of ripple, missing null depth and
this cost is a convex quadratic program.  Its solution lies in the span of the levels' slopes.  So it has one unknown
for each level, and the number of taps does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import clarabel
import numpy as np
from numpy.typing import NDArray

from designer.filters.beam.levels import BeamLevels, LevelGoal
from designer.numerics.csc import CscMatrix

# Decibels: steps are repeated anyway.
_TOLERANCE = 1e-3
_RELATIVE_RIDGE = 1e-6
_NOISE_STEP_DB = 1.0


def solve_quadratic_program(
    levels: BeamLevels, coupling: NDArray[np.float64], goal: LevelGoal
) -> NDArray[np.float64] | None:
    """Find the step of least cost.

    Parameters
    ----------
    levels : BeamLevels
        Levels before the step.
    coupling : (M, M) float64
        Change of each level by each multiplier, M = B·(A + Q + 1).  The order is band, then lobe, nulls and noise.
        It is also the quadratic form of the multipliers' cost.
    goal : LevelGoal

    Returns
    -------
    (M,) float64 or None
        Multipliers of the slopes.  None if the solver did not converge.
    """
    bands, angles = levels.lobe.shape
    unknowns = _Unknowns(bands, angles, levels.nulls.shape[1], goal.null_costs.size)
    constraints = _Constraints(unknowns)
    _constrain_lobe(constraints, levels, goal)
    _constrain_nulls(constraints, levels, goal)
    constraints.keep_positive(unknowns.excess_ripple)
    for excess in unknowns.excess_nulls:
        constraints.keep_positive(excess)
    _constrain_noise(constraints, levels, goal)
    # With the changes of the levels as unknowns, the constraints are sparse.
    count = unknowns.changes
    ridge = _RELATIVE_RIDGE * np.trace(coupling) / count
    inverse = np.linalg.inv(coupling + ridge * np.eye(count))
    form = np.zeros((unknowns.size, unknowns.size))
    form[:count, :count] = np.triu((inverse + inverse.T) / 2)
    solution = _solve(form, _linear_cost(unknowns, goal), constraints)
    return None if solution is None else np.asarray(inverse @ solution[:count])


@dataclass(frozen=True)
class _Unknowns:
    """Places of the unknowns.

    First come the changes of the levels, band after band.  Then come, for each band: the highest and the lowest level
    of the lobe, and the ripple above its bound.  Last comes the excess of the worst null over each step, or its
    distance from the shape.
    """

    bands: int
    angles: int
    nulls: int
    steps: int

    @property
    def changes(self) -> int:
        """Number of changes of levels, M."""
        return self.bands * (self.angles + self.nulls + 1)

    @property
    def size(self) -> int:
        """Number of all unknowns, N."""
        return self.changes + (3 + self.steps) * self.bands

    @property
    def lobe(self) -> NDArray[np.int64]:
        """Changes in the lobe: (B · A,)."""
        return np.asarray((self._first[:, None] + np.arange(self.angles)).ravel())

    @property
    def null(self) -> NDArray[np.int64]:
        """Changes of the nulls: (B · Q,)."""
        return np.asarray((self._first[:, None] + self.angles + np.arange(self.nulls)).ravel())

    @property
    def noise(self) -> NDArray[np.int64]:
        """Changes of the noise: (B,)."""
        return np.asarray(self._first + self.angles + self.nulls)

    @property
    def upper_end(self) -> NDArray[np.int64]:
        """Largest level of the lobe: (B,)."""
        return self._of_bands(0)

    @property
    def lower_end(self) -> NDArray[np.int64]:
        """Smallest level of the lobe: (B,)."""
        return self._of_bands(1)

    @property
    def excess_ripple(self) -> NDArray[np.int64]:
        """Ripple above its bound: (B,)."""
        return self._of_bands(2)

    @property
    def excess_nulls(self) -> list[NDArray[np.int64]]:
        """Excess of the worst null over each step, or its distance from the shape: (B,) each."""
        return [self._of_bands(3 + step) for step in range(self.steps)]

    @property
    def _first(self) -> NDArray[np.int64]:
        return np.arange(self.bands) * (self.angles + self.nulls + 1)

    def _of_bands(self, kind: int) -> NDArray[np.int64]:
        return self.changes + kind * self.bands + np.arange(self.bands)


@dataclass
class _Constraints:
    """Constraints ``matrix`` · unknowns ≤ ``offset``: rows (…, N) and right-hand sides (…,), in order."""

    unknowns: _Unknowns
    rows: list[NDArray[np.float64]] = field(default_factory=list)
    right_sides: list[NDArray[np.float64]] = field(default_factory=list)

    def bound_levels(
        self,
        which: NDArray[np.int64],
        sign: float,
        limit: NDArray[np.float64],
        slack: NDArray[np.int64],
        slack_factor: float,
    ) -> None:
        """Add the constraints sign · change of each level + slack factor · slack ≤ limit."""
        row = np.zeros((which.size, self.unknowns.size))
        row[np.arange(which.size), which] = sign
        row[np.arange(which.size), slack] += slack_factor
        self.rows.append(row)
        self.right_sides.append(limit)

    def bound_sum(self, terms: list[tuple[NDArray[np.int64], float]], limit: float) -> None:
        """Add the constraint of each band that its weighted sum of unknowns is at most the limit."""
        bands = self.unknowns.bands
        row = np.zeros((bands, self.unknowns.size))
        for columns, weight in terms:
            row[np.arange(bands), columns] = weight
        self.rows.append(row)
        self.right_sides.append(np.full(bands, limit))

    def keep_positive(self, columns: NDArray[np.int64]) -> None:
        """Add the constraint that an unknown of each band is 0 or more."""
        self.bound_sum([(columns, -1.0)], 0.0)


def _linear_cost(unknowns: _Unknowns, goal: LevelGoal) -> NDArray[np.float64]:
    cost = np.zeros(unknowns.size)
    cost[unknowns.upper_end], cost[unknowns.lower_end] = goal.small_ripple_cost, -goal.small_ripple_cost
    cost[unknowns.excess_ripple] = goal.ripple_cost - goal.small_ripple_cost
    for columns, each in zip(unknowns.excess_nulls, goal.null_costs, strict=True):
        cost[columns] = each
    return cost


def _constrain_lobe(constraints: _Constraints, levels: BeamLevels, goal: LevelGoal) -> None:
    unknowns = constraints.unknowns
    upper, lower = unknowns.upper_end, unknowns.lower_end
    constraints.bound_levels(unknowns.lobe, 1.0, -levels.lobe.ravel(), np.repeat(upper, unknowns.angles), -1.0)
    constraints.bound_levels(unknowns.lobe, -1.0, levels.lobe.ravel(), np.repeat(lower, unknowns.angles), 1.0)
    constraints.bound_sum([(upper, 1.0), (lower, -1.0), (unknowns.excess_ripple, -1.0)], goal.ripple_db)


def _constrain_nulls(constraints: _Constraints, levels: BeamLevels, goal: LevelGoal) -> None:
    unknowns = constraints.unknowns
    for step, columns in enumerate(unknowns.excess_nulls):
        excess = np.repeat(columns, unknowns.nulls)
        if goal.shape_db is None:
            room = (goal.steps_db[step][:, None] - levels.nulls).ravel()
            constraints.bound_levels(unknowns.null, 1.0, room, excess, -1.0)
        else:
            room = (goal.shape_db - levels.nulls).ravel()
            constraints.bound_levels(unknowns.null, 1.0, room, excess, -1.0)
            constraints.bound_levels(unknowns.null, -1.0, -room, excess, -1.0)


def _constrain_noise(constraints: _Constraints, levels: BeamLevels, goal: LevelGoal) -> None:
    # Noise above its bound returns to it in several steps, so that the program always has a solution.
    limit = np.maximum(goal.noise_db, levels.noise - _NOISE_STEP_DB)
    # The slack has the factor 0: the bound of noise is strict.
    strict = np.arange(constraints.unknowns.bands)
    constraints.bound_levels(constraints.unknowns.noise, 1.0, limit - levels.noise, strict, 0.0)


def _solve(
    form: NDArray[np.float64], cost: NDArray[np.float64], constraints: _Constraints
) -> NDArray[np.float64] | None:
    """Minimise ½·xᵀ·form·x + cost·x under the constraints: (N,), or None without convergence."""
    matrix, offset = np.concatenate(constraints.rows), np.concatenate(constraints.right_sides)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = _TOLERANCE
    solution = clarabel.DefaultSolver(
        CscMatrix.of(form), cost, CscMatrix.of(matrix), offset, [clarabel.NonnegativeConeT(offset.size)], settings
    ).solve()
    return np.array(solution.x) if str(solution.status) in ("Solved", "AlmostSolved") else None

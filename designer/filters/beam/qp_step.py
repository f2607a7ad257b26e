"""One step of the refinement: a convex quadratic program in the levels of the beam.

Levels are linear in the change, and a change has a quadratic cost.  The least sum of ripple, missing null depth and
this cost is a convex quadratic program.  Its solution lies in the span of the levels' slopes.  So it has one unknown
for each level, and the number of taps does not matter.
"""

from __future__ import annotations

import clarabel
import numpy as np
from numpy.typing import NDArray

from designer.filters.beam.levels import BeamLevels, LevelGoal
from designer.numerics.csc import CscMatrix

# Decibels: steps are repeated anyway.
_TOLERANCE = 1e-3
_RELATIVE_RIDGE = 1e-6
_NOISE_STEP_DB = 1.0


def best_step(levels: BeamLevels, coupling: NDArray[np.float64], goal: LevelGoal) -> NDArray[np.float64] | None:
    """Solve the quadratic program.

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
    nulls = levels.nulls.shape[1]
    each = angles + nulls + 1
    count = bands * each
    band = np.arange(bands)
    # The unknowns are first the changes of the levels.  Then come, for each band: the highest and the lowest level of
    # the lobe, and the ripple above its bound.  Last comes the excess of the worst null over each step, or its distance
    # from the shape.
    stairs = goal.step_costs if goal.shape_db is None else np.array([goal.misshapen])
    upper, lower, beyond, *above = (count + part * bands + band for part in range(3 + stairs.size))
    size = count + (3 + stairs.size) * bands
    cost = np.zeros(size)
    cost[upper], cost[lower], cost[beyond] = goal.even, -goal.even, goal.uneven - goal.even
    cost[count + 3 * bands :] = np.repeat(stairs, bands)
    first = each * band[:, None]
    lobe, sides = (first + np.arange(angles)).ravel(), (first + angles + np.arange(nulls)).ravel()
    rows, right = [], []

    def bound_levels(
        which: NDArray[np.int64], sign: float, most: NDArray[np.float64], slack: NDArray[np.int64], by: float
    ) -> None:
        """Add the constraints sign · change of each level + by · slack ≤ most."""
        row = np.zeros((which.size, size))
        row[np.arange(which.size), which] = sign
        row[np.arange(which.size), slack] += by
        rows.append(row)
        right.append(most)

    def bound_unknowns(entries: list[tuple[NDArray[np.int64], float]], most: float) -> None:
        """Add the constraint that a weighted sum of unknowns of each band is at most ``most``."""
        row = np.zeros((bands, size))
        for columns, value in entries:
            row[band, columns] = value
        rows.append(row)
        right.append(np.full(bands, most))

    bound_levels(lobe, 1.0, -levels.lobe.ravel(), np.repeat(upper, angles), -1.0)
    bound_levels(lobe, -1.0, levels.lobe.ravel(), np.repeat(lower, angles), 1.0)
    bound_unknowns([(upper, 1.0), (lower, -1.0), (beyond, -1.0)], goal.ripple_db)
    for step, columns in enumerate(above):
        slack = np.repeat(columns, nulls)
        if goal.shape_db is None:
            bound_levels(sides, 1.0, (goal.steps_db[step][:, None] - levels.nulls).ravel(), slack, -1.0)
        else:
            off = (goal.shape_db - levels.nulls).ravel()
            bound_levels(sides, 1.0, off, slack, -1.0)
            bound_levels(sides, -1.0, -off, slack, -1.0)
    for columns in (beyond, *above):
        bound_unknowns([(columns, -1.0)], 0.0)
    # Noise above its bound returns to it in several steps, so that the program always has a solution.
    most_noise = np.maximum(goal.noise_db, levels.noise - _NOISE_STEP_DB)
    bound_levels(first[:, 0] + each - 1, 1.0, most_noise - levels.noise, band, 0.0)
    # With the changes of the levels as unknowns, the constraints are sparse.
    ridge = _RELATIVE_RIDGE * np.trace(coupling) / count
    inverse = np.linalg.inv(coupling + ridge * np.eye(count))
    form = np.zeros((size, size))
    form[:count, :count] = np.triu((inverse + inverse.T) / 2)
    matrix, offset = np.concatenate(rows), np.concatenate(right)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = _TOLERANCE
    solution = clarabel.DefaultSolver(
        CscMatrix.of(form), cost, CscMatrix.of(matrix), offset, [clarabel.NonnegativeConeT(offset.size)], settings
    ).solve()
    if str(solution.status) not in ("Solved", "AlmostSolved"):
        return None
    return np.asarray(inverse @ np.array(solution.x)[:count])

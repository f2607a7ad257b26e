"""What a layout's beam could do at best: the front of lobe ripple against null depth, by convex optimisation.

Per frequency and depth, the drive of least deviation from a lobe of level 1, under unit response on axis, a bound on
the level at each null and the floor of the white-noise gain: a second-order cone program (Lebret & Boyd, IEEE Trans.
Signal Process. 45 (1997), 526), solved by Clarabel's interior-point method.  Only levels are asked of the lobe, so its
phase is taken from the last solution and the program solved again, once from the design and once from the single
driver that is heard best on axis; what is reported can be had, and no better was found.
"""

from __future__ import annotations

from dataclasses import dataclass

import clarabel
import numpy as np
from numpy.typing import NDArray

from designer.filters.beam.design import Beam
from designer.numerics.csc import CscMatrix

DEPTHS_DB = (6.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0)
_PHASE_ROUNDS = 2
# A reading of the optimum, not the optimum itself: thousandths of the lobe's level are far below a decibel's tenth.
_TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class ParetoFront:
    """The front on a few lines.

    Attributes
    ----------
    ripple_db : (F, T) float64
        Largest less smallest level within the lobe, for each of ``depths_db``; not a number where no drive keeps
        both the depth and the floor.
    depths_db : tuple of T float
        Rising.
    """

    ripple_db: NDArray[np.float64]
    depths_db: tuple[float, ...] = DEPTHS_DB

    def deepest_db(self, ripple_db: float) -> NDArray[np.float64]:
        """Deepest null with no more than ``ripple_db``, interpolated between the depths: (F,), 0 if there is none."""
        depths = np.array(self.depths_db)
        found = np.zeros(len(self.ripple_db))
        for line, ripple in enumerate(self.ripple_db):
            kept = np.flatnonzero(np.nan_to_num(ripple, nan=np.inf) <= ripple_db)
            if not kept.size:
                continue
            last = int(kept.max())
            found[line] = depths[last]
            if last + 1 < depths.size and np.isfinite(ripple[last + 1]):
                share = (ripple_db - ripple[last]) / max(ripple[last + 1] - ripple[last], 1e-9)
                found[line] += share * (depths[last + 1] - depths[last])
        return found


def pareto_front(
    beam: Beam,
    lines: NDArray[np.int64],
    floor_db: float,
    depths_db: tuple[float, ...] = DEPTHS_DB,
    shape_db: NDArray[np.float64] | None = None,
) -> ParetoFront:
    """Compute the front.

    Parameters
    ----------
    beam : Beam
        Gives the responses and the first phases of the lobe.
    lines : (F,) int64
        Which of its lines.
    floor_db : float
        Floor of the white-noise gain; where not even plain mixing keeps it, that one's.
    depths_db : tuple of T float, optional
        Rising; depths of the deepest null.
    shape_db : (Q,) float64, optional
        How much louder than the deepest each null may be; by default all are as deep.

    Returns
    -------
    ParetoFront
    """
    ripple = np.full((lines.size, len(depths_db)), np.nan)
    shape = np.ones(beam.nulls.shape[1]) if shape_db is None else 10 ** (shape_db / 20)
    for row, line in enumerate(lines):
        axis, lobe, nulls = beam.axis[line], beam.lobe[line], beam.nulls[line]
        effort = max(10 ** (-floor_db / 10), 1.001 / float(np.sum(np.abs(axis) ** 2)))
        alone = np.eye(axis.size)[int(np.argmax(np.abs(axis)))] / axis
        for column, depth in enumerate(depths_db):
            for start in (beam.weights[line], alone):
                drive: NDArray[np.complex128] | None = start
                for _ in range(_PHASE_ROUNDS):
                    pressure = lobe @ drive
                    wanted = pressure / np.maximum(np.abs(pressure), 1e-12)
                    drive = _solve(axis, lobe, wanted, nulls, shape * 10 ** (-depth / 20), effort)
                    if drive is None:
                        break
                if drive is not None:
                    found = np.ptp(20 * np.log10(np.maximum(np.abs(lobe @ drive), 1e-6)))
                    ripple[row, column] = np.fmin(ripple[row, column], found)
    # A drive that keeps a greater depth keeps the smaller one too.
    return ParetoFront(np.fmin.accumulate(ripple[:, ::-1], axis=1)[:, ::-1], depths_db)


def _solve(
    axis: NDArray[np.complex128],
    lobe: NDArray[np.complex128],
    wanted: NDArray[np.complex128],
    nulls: NDArray[np.complex128],
    null_levels: NDArray[np.float64],
    effort: float,
) -> NDArray[np.complex128] | None:
    """Least largest |p − wanted| within the lobe; None where the constraints contradict each other."""
    drivers = axis.size
    unknowns = 2 * drivers + 1
    rows, right, cones = [_real(axis)], [np.array([1.0, 0.0])], [clarabel.ZeroConeT(2)]
    for response, value in zip(lobe, wanted, strict=True):
        # (δ, p − wanted) in the cone: |p − wanted| ≤ δ.
        rows += [_bound(unknowns), _real(response)]
        right += [np.zeros(1), np.array([value.real, value.imag])]
        cones.append(clarabel.SecondOrderConeT(3))
    for response, level in zip(nulls, null_levels, strict=True):
        rows += [np.zeros((1, unknowns)), _real(response)]
        right += [np.array([level]), np.zeros(2)]
        cones.append(clarabel.SecondOrderConeT(3))
    rows += [np.zeros((1, unknowns)), np.eye(2 * drivers, unknowns)]
    right += [np.array([np.sqrt(effort)]), np.zeros(2 * drivers)]
    cones.append(clarabel.SecondOrderConeT(2 * drivers + 1))
    objective = np.zeros(unknowns)
    objective[-1] = 1.0
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = _TOLERANCE
    # Clarabel wants b − A·x in the cone.
    matrix = np.concatenate(rows)
    matrix[2:] *= -1
    offset = np.concatenate(right)
    offset[2:] *= np.where(_is_wanted(lobe.shape[0], matrix.shape[0]), -1.0, 1.0)[2:]
    program = clarabel.DefaultSolver(
        CscMatrix.of(np.zeros((unknowns, unknowns))), objective, CscMatrix.of(matrix), offset, cones, settings
    )
    solution = program.solve()
    if str(solution.status) not in ("Solved", "AlmostSolved"):
        return None
    values = np.array(solution.x)
    return np.asarray(values[:drivers] + 1j * values[drivers : 2 * drivers])


def _real(response: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Rows for the real and imaginary part of responseᵀ·w over (Re w, Im w, δ)."""
    zero = np.zeros(1)
    return np.stack(
        [np.concatenate([response.real, -response.imag, zero]), np.concatenate([response.imag, response.real, zero])]
    )


def _bound(unknowns: int) -> NDArray[np.float64]:
    """Row that picks δ."""
    row = np.zeros((1, unknowns))
    row[0, -1] = 1.0
    return row


def _is_wanted(angles: int, rows: int) -> NDArray[np.bool_]:
    """Rows of b that hold the wanted pressure: it is taken from p, not added to it."""
    flags = np.zeros(rows, dtype=bool)
    flags[2 : 2 + 3 * angles] = True
    return flags

"""One point of the Pareto front as a second-order cone program, solved by Clarabel's interior-point method.

The drive deviates least from a lobe of given pressure.  The constraints are unit response on axis, a bound on the level
at each null, and the floor of the white-noise gain.  The method is that of Lebret & Boyd (IEEE Trans. Signal Process.
45 (1997), 526).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import clarabel
import numpy as np
from numpy.typing import NDArray

from designer.numerics.csc import CscMatrix

# Thousandths of the lobe's level are far below a tenth of a decibel.
_TOLERANCE = 1e-5


def flattest_lobe(
    axis: NDArray[np.complex128],
    lobe: NDArray[np.complex128],
    wanted: NDArray[np.complex128],
    nulls: NDArray[np.complex128],
    null_levels: NDArray[np.float64],
    effort: float,
) -> NDArray[np.complex128] | None:
    """Find the drive whose lobe comes nearest to a wanted pressure.

    Parameters
    ----------
    axis : (D,) complex128
        Response of each driver on axis; the drive has unit response there.
    lobe : (A, D) complex128
        Responses within the lobe.
    wanted : (A,) complex128
        Pressure within the lobe.
    nulls : (Q, D) complex128
        Responses at the nulls.
    null_levels : (Q,) float64
        Largest pressure at each null.
    effort : float
        Largest Σ|w|².

    Returns
    -------
    (D,) complex128 or None
        The drive whose largest |p − wanted| is least.  None if the constraints contradict each other.
    """
    drivers = axis.size
    unknowns = 2 * drivers + 1
    program = _ConeProgram(unknowns)
    program.add(clarabel.ZeroConeT(2), _real(axis), np.array([1.0, 0.0]))
    deviation, none = _deviation(unknowns), np.zeros((1, unknowns))
    for response, value in zip(lobe, wanted, strict=True):
        # (δ, p − wanted) in the cone: |p − wanted| ≤ δ.
        right = np.array([0.0, -value.real, -value.imag])
        program.add(clarabel.SecondOrderConeT(3), -np.concatenate([deviation, _real(response)]), right)
    for response, level in zip(nulls, null_levels, strict=True):
        right = np.array([level, 0.0, 0.0])
        program.add(clarabel.SecondOrderConeT(3), -np.concatenate([none, _real(response)]), right)
    right = np.concatenate([[np.sqrt(effort)], np.zeros(2 * drivers)])
    drive = np.eye(2 * drivers, unknowns)
    program.add(clarabel.SecondOrderConeT(2 * drivers + 1), -np.concatenate([none, drive]), right)
    values = program.minimise(deviation[0])
    return None if values is None else np.asarray(values[:drivers] + 1j * values[drivers : 2 * drivers])


@dataclass
class _ConeProgram:
    """A linear cost under constraints: b − A·x lies in a product of cones.

    Attributes
    ----------
    unknowns : int
        Number of unknowns, N.
    rows : list of (…, N) float64
        A, cone after cone.
    right_sides : list of (…,) float64
        b.
    cones : list of Clarabel's cones
    """

    unknowns: int
    rows: list[NDArray[np.float64]] = field(default_factory=list)
    right_sides: list[NDArray[np.float64]] = field(default_factory=list)
    cones: list[Any] = field(default_factory=list)

    def add(self, cone: Any, rows: NDArray[np.float64], right: NDArray[np.float64]) -> None:
        """Add the constraint that right − rows·x lies in a cone."""
        self.rows.append(rows)
        self.right_sides.append(right)
        self.cones.append(cone)

    def minimise(self, cost: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Find the unknowns of least cost·x: (N,), or None where the constraints contradict each other."""
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = _TOLERANCE
        solution = clarabel.DefaultSolver(
            CscMatrix.of(np.zeros((self.unknowns, self.unknowns))),
            cost,
            CscMatrix.of(np.concatenate(self.rows)),
            np.concatenate(self.right_sides),
            self.cones,
            settings,
        ).solve()
        return np.array(solution.x) if str(solution.status) in ("Solved", "AlmostSolved") else None


def _real(response: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Rows for the real and imaginary part of responseᵀ·w over (Re w, Im w, δ)."""
    zero = np.zeros(1)
    return np.stack(
        [np.concatenate([response.real, -response.imag, zero]), np.concatenate([response.imag, response.real, zero])]
    )


def _deviation(unknowns: int) -> NDArray[np.float64]:
    """Row that picks δ."""
    row = np.zeros((1, unknowns))
    row[0, -1] = 1.0
    return row

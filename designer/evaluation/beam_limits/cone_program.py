"""One point of the Pareto front as a second-order cone program, solved by Clarabel's interior-point method.

The drive deviates least from a lobe of given pressure.  The constraints are unit response on axis, a bound on the level
at each null, and the floor of the white-noise gain.  The method is that of Lebret & Boyd (IEEE Trans. Signal Process.
45 (1997), 526).
"""

from __future__ import annotations

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
    """Rows of b that hold the wanted pressure, negative because it is subtracted from p."""
    flags = np.zeros(rows, dtype=bool)
    flags[2 : 2 + 3 * angles] = True
    return flags

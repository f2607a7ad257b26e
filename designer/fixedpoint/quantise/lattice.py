"""Lattice reduction for short filters: a basis that makes the nearest-plane algorithm better.

The error of the nearest plane lies in a box whose sides are the Gram–Schmidt lengths of the basis.  LLL (Lenstra,
Lenstra & Lovász, Math. Ann. 261, 1982, 515) and BKZ (Schnorr & Euchner, Math. Program. 66, 1994, 181) make these
lengths more equal.  Brisebarre, Filip & Hanrot use them to quantise FIRs (IEEE Trans. Signal Process. 66, 2018, 2673).
"""

from __future__ import annotations

import numpy as np
from fpylll import BKZ, GSO, LLL, IntegerMatrix
from numpy.typing import NDArray

from designer.fixedpoint.quantise.nearest_plane import SURVIVORS, nearest_plane

# The integer basis keeps this many bits of the smallest Gram-Schmidt length.
_BITS = 40
_DELTA = 0.99
_ETA = 0.501


def reduced_basis(factor: NDArray[np.float64], block_size: int = 0) -> NDArray[np.float64]:
    """Reduce the lattice of all R·z, z integer.

    Parameters
    ----------
    factor : (N, N) float64
        R, upper triangular, no zero on its diagonal.
    block_size : int
        Of BKZ; below 3 for LLL alone.

    Returns
    -------
    (N, N) float64
        Integer, unimodular U; the reduced basis is the columns of R·U.
    """
    size = factor.shape[0]
    scaled = np.rint(np.ldexp(factor / np.abs(np.diag(factor)).min(), _BITS))
    basis = IntegerMatrix.from_matrix([[int(value) for value in column] for column in scaled.T])
    transform = IntegerMatrix.identity(size)
    lll = LLL.Reduction(GSO.Mat(basis, U=transform, float_type="ld"), delta=_DELTA, eta=_ETA)
    lll()
    if block_size >= 3:
        from fpylll.algorithms.bkz import BKZReduction

        BKZReduction(lll.M)(BKZ.Param(block_size, max_loops=8))
    rows = [[float(transform[i, j]) for j in range(size)] for i in range(size)]
    return np.array(rows).T


def near_points(
    factor: NDArray[np.float64],
    transform: NDArray[np.float64],
    target: NDArray[np.float64],
    survivors: int = SURVIVORS,
) -> NDArray[np.float64]:
    """Find integer vectors near a real one with a reduced basis.

    Parameters
    ----------
    factor : (N, N) float64
        R.
    transform : (N, N) float64
        U from `reduced_basis`.
    target : (N,) float64
    survivors : int
        See `nearest_plane`.

    Returns
    -------
    (m, N) float64
        Integers, the nearest in |R·| first.
    """
    triangular = np.asarray(np.linalg.qr(factor @ transform, mode="r"))
    wanted = np.asarray(np.linalg.solve(transform, target), dtype=np.float64)
    points = nearest_plane(triangular, wanted, survivors=survivors)
    return np.asarray(np.rint(points @ transform.T))

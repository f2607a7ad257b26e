"""Triangular systems in blocks with NumPy alone, because the import of SciPy takes longer than a redesign."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Rows of a diagonal block, which are solved at once.  The rest is matrix products.
_BLOCK = 64


def solve_lower(factor: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve L·x = b by forward substitution.

    Parameters
    ----------
    factor : (N, N) float64
        Lower triangular, without zeros on its diagonal.  Entries above the diagonal are ignored.
    right : (N,) or (N, K) float64

    Returns
    -------
    (N,) or (N, K) float64
    """
    solution = np.array(right, dtype=np.float64)
    for start in range(0, len(factor), _BLOCK):
        rows = slice(start, start + _BLOCK)
        if start:
            solution[rows] -= factor[rows, :start] @ solution[:start]
        solution[rows] = np.linalg.solve(np.tril(factor[rows, rows]), solution[rows])
    return solution


def solve_upper(factor: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve U·x = b by back substitution.  Shapes are those of `solve_lower`, with U upper triangular."""
    return solve_lower(factor[::-1, ::-1], right[::-1])[::-1]


def solve_positive(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve A·x = b for a symmetric positive definite A (N, N), by Cholesky.

    Raises
    ------
    numpy.linalg.LinAlgError
        If A is not positive definite.
    """
    factor: NDArray[np.float64] = np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    return solve_upper(factor.T, solve_lower(factor, right))

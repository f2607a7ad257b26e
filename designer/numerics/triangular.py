"""Triangular systems in blocks, with NumPy alone: importing SciPy's would take longer than a whole redesign."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Rows that are solved at once; what lies outside of the diagonal blocks is products of matrices.
_BLOCK = 64


def solve_lower(factor: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve L·x = b by forward substitution.

    Parameters
    ----------
    factor : (N, N) float64
        Lower triangular, no zero on its diagonal; what is above the diagonal is not looked at.
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
    """Solve U·x = b by back substitution; see `solve_lower`, with upper for lower."""
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

"""Matrices as the solver of cone programs wants them, without SciPy, which takes longer to import than to use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class CscMatrix:
    """A matrix in compressed columns, with the names by which Clarabel reads SciPy's.

    Attributes
    ----------
    data : (K,) float64
        Entries that are not zero, column by column.
    indices : (K,) int64
        Their rows.
    indptr : (columns + 1,) int64
        Where each column begins.
    shape : tuple of int
    """

    data: NDArray[np.float64]
    indices: NDArray[np.int64]
    indptr: NDArray[np.int64]
    shape: tuple[int, int]
    has_canonical_format: bool = True

    @property
    def nnz(self) -> int:
        """Entries that are not zero."""
        return self.data.size

    @classmethod
    def of(cls, matrix: NDArray[np.float64]) -> CscMatrix:
        """Compress a matrix."""
        columns, rows = np.nonzero(matrix.T)
        starts = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=matrix.shape[1]))])
        return cls(matrix[rows, columns], rows, starts, (matrix.shape[0], matrix.shape[1]))

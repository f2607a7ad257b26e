"""Matrices in compressed sparse columns (CSC) for the cone solver, without SciPy, whose import takes long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class CscMatrix:
    """A matrix in compressed sparse columns, with the attribute names of SciPy that Clarabel reads.

    Attributes
    ----------
    data : (K,) float64
        Nonzero entries, column by column.
    indices : (K,) int64
        Row of each entry.
    indptr : (columns + 1,) int64
        Index in ``data`` at which each column begins.
    shape : tuple of int
        Rows and columns.
    """

    data: NDArray[np.float64]
    indices: NDArray[np.int64]
    indptr: NDArray[np.int64]
    shape: tuple[int, int]
    has_canonical_format: bool = True

    @property
    def nnz(self) -> int:
        """Number of nonzero entries."""
        return self.data.size

    @classmethod
    def of(cls, matrix: NDArray[np.float64]) -> CscMatrix:
        """Compress a dense matrix."""
        columns, rows = np.nonzero(matrix.T)
        starts = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=matrix.shape[1]))])
        return cls(matrix[rows, columns], rows, starts, (matrix.shape[0], matrix.shape[1]))

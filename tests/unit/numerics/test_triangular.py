"""Triangular systems in blocks agree with the whole, whatever the size is to the block."""

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from designer.numerics.triangular import solve_lower, solve_positive, solve_upper


@pytest.mark.parametrize("size", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("columns", [None, 3])
def test_substitution_is_scipys(size, columns):
    generator = np.random.default_rng(size)
    factor = np.linalg.cholesky(np.eye(size) + np.cov(generator.standard_normal((size, 2 * size))).reshape(size, size))
    right = generator.standard_normal(size if columns is None else (size, columns))
    # Whatever stands in the other half is not looked at.
    full = factor + np.triu(generator.standard_normal((size, size)), 1)
    np.testing.assert_allclose(
        solve_lower(full, right), solve_triangular(factor, right, lower=True), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(solve_upper(full.T, right), solve_triangular(factor.T, right), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        factor @ factor.T @ solve_positive(factor @ factor.T, right), right, rtol=1e-9, atol=1e-9
    )


def test_matrix_that_is_not_positive_is_refused():
    with pytest.raises(np.linalg.LinAlgError):
        solve_positive(-np.eye(3), np.ones(3))

"""Harmonics are orthonormal, and add up as the addition theorem says."""

import numpy as np
import pytest
from scipy.special import eval_legendre

from designer.acoustics.spherical_harmonics import harmonics, quadrature


@pytest.mark.parametrize("order", [0, 3, 24])
def test_harmonics_are_orthonormal(order):
    directions, weights = quadrature(order)
    values = harmonics(order, directions)
    assert weights.sum() == pytest.approx(4 * np.pi)
    np.testing.assert_allclose(values.T @ (values * weights[:, None]), np.eye((order + 1) ** 2), atol=1e-11)


def test_sum_over_one_order_is_the_legendre_polynomial_of_the_angle():
    directions = np.random.default_rng(1).standard_normal((2, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    values = harmonics(20, directions)
    for n in (0, 1, 7, 20):
        part = values[:, n * n : (n + 1) ** 2]
        expected = (2 * n + 1) / (4 * np.pi) * eval_legendre(n, directions[0] @ directions[1])
        assert part[0] @ part[1] == pytest.approx(expected, abs=1e-12)

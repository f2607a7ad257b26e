"""Series shared by cabinet and head, against SciPy's Bessel and Legendre functions."""

import numpy as np
from scipy.special import eval_legendre, spherical_jn, spherical_yn

from designer.acoustics.harmonics import highest_orders, legendre, sum_series, surface_ratios


def hankel(order, x, derivative=False):
    return spherical_jn(order, x, derivative) - 1j * spherical_yn(order, x, derivative)


def test_legendre_polynomials():
    x = np.linspace(-1, 1, 21)
    for n, values in enumerate(legendre(60, x)):
        np.testing.assert_allclose(values, eval_legendre(n, x), atol=1e-12)


def test_surface_coefficients_are_those_of_a_rigid_sphere():
    size = np.array([0.01, 0.5, 5.0, 40.0])
    orders = highest_orders(size, 10.0)
    coefficients = np.cumprod(surface_ratios(size, orders), axis=0)
    for n, row in enumerate(coefficients):
        used = n <= orders
        expected = -1j / (size[used] ** 2 * hankel(n, size[used], derivative=True))
        np.testing.assert_allclose(row[used], expected, rtol=1e-9)
        assert not row[~used].any()


def test_sum_equals_the_same_sum_with_more_orders_and_scipys_functions():
    radius, k = 0.0875, np.array([1.0, 3.0, 60.0, 450.0])
    distances = np.array([0.3, 0.5, 2.0])
    cosines = np.array([[-1.0, -0.3], [0.0, 0.7], [0.9, 1.0]])
    orders = highest_orders(k * radius, distances.min() / radius)
    highest = int(orders.max())
    degrees = (2 * np.arange(highest + 1) + 1)[:, None, None]
    got = sum_series(surface_ratios(k * radius, orders), k, distances, legendre(highest, cosines) * degrees)
    for f, wavenumber in enumerate(k):
        for q, r in enumerate(distances):
            n = np.arange(int(orders[f]) + 15)
            terms = (2 * n + 1) * hankel(n, wavenumber * r) / hankel(n, wavenumber * radius, derivative=True)
            expected = [
                -(wavenumber / (wavenumber * radius) ** 2) * np.sum(terms * eval_legendre(n, x)) for x in cosines[q]
            ]
            # The truncation of the series is 1e-8 per term; a few terms follow.
            np.testing.assert_allclose(got[f, q], expected, rtol=3e-7, atol=3e-7 * np.abs(got[f, q]).max())

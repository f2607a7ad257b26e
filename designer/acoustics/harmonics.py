"""Sums over spherical harmonics of axial symmetry, shared by the cabinet and the head.

Both are rigid spheres, and by reciprocity both lead to the same series.  With time dependence e^{+jωt} an outgoing
wave is h_n = h_n⁽²⁾ = j_n − j·y_n (Williams, Fourier Acoustics, 1999, §6.7).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# A term of the series smaller than this, relative to the sum, is left out.
_SERIES_TOLERANCE = 1e-8
# Points per block of the sum: keeps the working set of one block within a few megabytes.
_BLOCK_POINTS = 16


def highest_orders(size: NDArray[np.float64], nearest_ratio: float) -> NDArray[np.int64]:
    """Order at which the series of a rigid sphere may be cut.

    Parameters
    ----------
    size : (F,) float64
        ka: wavenumber times the radius of the sphere.
    nearest_ratio : float
        r/a of the nearest field point, above 1.

    Returns
    -------
    (F,) int64
        Beyond order ka the terms decay as an Airy function over a width of (ka)^(1/3) (Abramowitz & Stegun 9.3.23).
        Where ka is small they decay as (a/r)^n.
    """
    static = math.log(1 / _SERIES_TOLERANCE) / math.log(nearest_ratio)
    return np.asarray(np.ceil(size + 4.5 * np.cbrt(size) + static + 2), dtype=np.int64)


def legendre(highest: int, cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Legendre polynomials P_0 … P_N by upward recurrence, stable for |x| ≤ 1.

    Parameters
    ----------
    highest : int
        N ≥ 0.
    cosines : (...) float64
        Within −1 … 1.

    Returns
    -------
    (N + 1, ...) float64
    """
    values = np.empty((highest + 1, *cosines.shape))
    values[0] = 1.0
    if highest:
        values[1] = cosines
    for n in range(1, highest):
        values[n + 1] = ((2 * n + 1) * cosines * values[n] - n * values[n - 1]) / (n + 1)
    return values


def surface_ratios(size: NDArray[np.float64], orders: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Coefficients s_n = −j / ((ka)² h_n′(ka)) that a rigid sphere's surface gives each order, as ratios.

    The coefficients fall as the order rises, and the waves that they multiply grow.  Both leave the range of floating
    point.  From one order to the next both change by moderate factors, so ratios stay within it.

    Parameters
    ----------
    size : (F,) float64
        ka > 0.
    orders : (F,) int64
        Highest order kept at each frequency; beyond it the ratio is zero.

    Returns
    -------
    (N + 1, F) complex128
        s_0, then s_n / s_{n−1}.  N is the largest of ``orders``.
    """
    highest = int(orders.max())
    ratios = np.zeros((highest + 1, size.size), dtype=np.complex128)
    # h_0′ = −h_1, and h_n′ = h_n · (h_{n−1}/h_n − (n + 1)/ka).
    growth = 1 / size + 1j
    before = -growth
    ratios[0] = -1j / (size**2 * before * (1j * np.exp(-1j * size) / size))
    for n in range(1, highest + 1):
        derivative = 1 / growth - (n + 1) / size
        ratios[n] = np.where(n <= orders, before / (derivative * growth), 0)
        growth, before = (2 * n + 1) / size - 1 / growth, derivative
    return ratios


def sum_series(
    ratios: NDArray[np.complex128],
    wavenumbers: NDArray[np.float64],
    distances_m: NDArray[np.float64],
    angular: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Outgoing field e^{−jkr}/r · Σ_n s_n · h_n(kr)/h_0(kr) · B_n at points that share a distance per row.

    Parameters
    ----------
    ratios : (N, F) complex128
        Of s_n, from `surface_ratios`; zero where an order is not needed.
    wavenumbers : (F,) float64
        k in rad/m, positive and rising.
    distances_m : (Q,) float64
        r from the centre of the sphere.
    angular : (N, Q, T) float64
        B_n: the weight of each order times P_n(cos θ), for T directions or sources at each distance.

    Returns
    -------
    (F, Q, T) complex128
        Pascal where the weights are normalised to a monopole of 1 Pa at 1 m.
    """
    frequencies = ratios.shape[1]
    points, targets = angular.shape[1:]
    # Points at the same distance share the radial functions, which are most of the work.
    apart, shared = np.unique(distances_m, return_inverse=True)
    by_distance = np.argsort(shared, kind="stable")
    ends = np.cumsum(np.bincount(shared, minlength=apart.size))
    result = np.empty((points, targets, frequencies), dtype=np.complex128)
    for begin in range(0, apart.size, _BLOCK_POINTS):
        block = apart[begin : begin + _BLOCK_POINTS]
        terms = _radial(ratios, block[:, None] * wavenumbers).view(np.float64)
        for n, distance in enumerate(block, start=begin):
            here = by_distance[ends[n - 1] if n else 0 : ends[n]]
            # Real weights times complex terms: one real matrix product per point.
            product = np.matmul(angular[:, here].transpose(1, 2, 0), terms[:, n - begin])
            spread = np.exp(-1j * (distance * wavenumbers)) / distance
            result[here] = product.view(np.complex128) * spread
    return np.ascontiguousarray(result.transpose(2, 0, 1))


def _radial(ratios: NDArray[np.complex128], argument: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Terms s_n · h_n(kr)/h_0(kr) of each order, from kr at each distance: (N, Q, F)."""
    highest, frequencies = ratios.shape
    # The first frequency at which each order counts.  It never falls with the order, because k rises.
    firsts = [int(np.argmax(row != 0)) for row in ratios]
    inverse = 1 / argument
    radial = np.zeros((highest, argument.shape[0], frequencies), dtype=np.complex128)
    radial[0] = ratios[0]
    # h_n/h_{n−1}: upward recurrence is stable for the outgoing wave, which dominates (Gautschi, SIAM Rev. 9, 1967).
    growth = inverse + 1j
    for n in range(1, highest):
        used = np.s_[:, firsts[n] :]
        np.multiply(radial[n - 1][used], growth[used], out=radial[n][used])
        radial[n][used] *= ratios[n, firsts[n] :]
        step = np.reciprocal(growth[used])
        np.subtract((2 * n + 1) * inverse[used], step, out=growth[used])
    return radial

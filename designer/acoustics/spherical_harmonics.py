"""Real spherical harmonics in many directions, and a quadrature that expands patterns in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def harmonics(order: int, directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Real orthonormal spherical harmonics.

    Parameters
    ----------
    order : int
        N, 0 … 60.
    directions : (Q, 3) float64
        Unit vectors.

    Returns
    -------
    (Q, (N + 1)²) float64
        Index n² + n + m.  The integral of the square of each over the sphere is 1.

    Notes
    -----
    Fully normalised associated Legendre functions by the recurrence that is stable in n for each m: Holmes &
    Featherstone, J. Geodesy 76 (2002), 279.
    """
    x, y, z = directions.T
    sine = np.hypot(x, y)
    azimuth = np.arctan2(y, x)
    values = np.empty((len(directions), (order + 1) ** 2))
    sectoral = np.full(len(directions), np.sqrt(1 / (4 * np.pi)))
    for m in range(order + 1):
        if m:
            sectoral = sectoral * sine * np.sqrt((2 * m + 1) / (2 * m))
        turn = (np.cos(m * azimuth), np.sin(m * azimuth))
        scale = np.sqrt(2.0) if m else 1.0
        before, now = np.zeros_like(sectoral), sectoral
        for n in range(m, order + 1):
            if n > m:
                rise = np.sqrt((4 * n * n - 1) / (n * n - m * m))
                fall = np.sqrt(((n - 1) ** 2 - m * m) / (4 * (n - 1) ** 2 - 1))
                before, now = now, rise * (z * now - fall * before)
            values[:, n * n + n + m] = scale * now * turn[0]
            if m:
                values[:, n * n + n - m] = scale * now * turn[1]
    return values


def quadrature(order: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Directions and weights that integrate products of two harmonics up to ``order`` exactly.

    Parameters
    ----------
    order : int
        N.

    Returns
    -------
    directions : (Q, 3) float64
        Gauss–Legendre nodes in z, equal steps in azimuth, Q = (N + 1)(2N + 2).
    weights : (Q,) float64
        Steradian.  The sum is 4π.
    """
    nodes, weight = np.polynomial.legendre.leggauss(order + 1)
    azimuth = 2 * np.pi * np.arange(2 * order + 2) / (2 * order + 2)
    sine = np.sqrt(1 - nodes**2)
    directions = np.stack(
        [
            np.outer(sine, np.cos(azimuth)),
            np.outer(sine, np.sin(azimuth)),
            np.outer(nodes, np.ones_like(azimuth)),
        ],
        axis=-1,
    )
    return directions.reshape(-1, 3), np.repeat(weight * np.pi / (order + 1), azimuth.size)

"""A second solver for the beam, in spherical harmonics: least energy into whole zones at the sides.

The far field of each driver is expanded once.  The energy that a drive sends into a part of the sphere is a quadratic
form of the expansion.  Its matrix holds the mean products of the harmonics over that part (after Luo, EURASIP J. Audio
Speech Music Process. 2021:41).  Under unit response on axis and the floor of the white-noise gain, the drive of least
energy at the sides is the loaded minimum-variance solution.  It is compared with pressure matching, which the design
uses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.spherical_harmonics import harmonics, quadrature

# Each zone reaches this far from its null, as the mismatch of drivers widens a null about so much.
_ZONE_DEG = 15.0
_LEAST_LOADING, _MOST_LOADING, _BISECTIONS = 1e-6, 1e3, 30


def zone_products(order: int, centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean products of the harmonics over zones about directions.

    Parameters
    ----------
    order : int
        N.
    centres : (Q, 3) float64
        Unit vectors.

    Returns
    -------
    ((N + 1)², (N + 1)²) float64
        The mean of Y·Yᵀ over all zones.
    """
    directions, weights = quadrature(max(2 * order, 24))
    inside = np.max(directions @ centres.T, axis=1) >= np.cos(np.deg2rad(_ZONE_DEG))
    values = harmonics(order, directions[inside])
    return np.asarray((values * weights[inside, None]).T @ values / weights[inside].sum())


def least_side_energy(
    expansion: NDArray[np.complex128],
    axis: NDArray[np.complex128],
    products: NDArray[np.float64],
    floor_db: float,
) -> NDArray[np.complex128]:
    """Drive of least energy in the zones.

    Parameters
    ----------
    expansion : (F, (N + 1)², D) complex128
        Far field of each driver in harmonics.
    axis : (F, D) complex128
        Response on axis.
    products : ((N + 1)², (N + 1)²) float64
        From `zone_products`.
    floor_db : float
        Floor of the white-noise gain.

    Returns
    -------
    (F, D) complex128
        Unit response on axis.
    """
    covariance = expansion.conj().transpose(0, 2, 1) @ (products @ expansion)
    power, basis = np.linalg.eigh(covariance)
    power = np.maximum(power, 0.0)
    steering = (basis.conj().transpose(0, 2, 1) @ axis.conj()[..., None])[..., 0]
    effort = np.maximum(10 ** (-floor_db / 10), 1.001 / np.sum(np.abs(axis) ** 2, axis=1))

    def solve(loading: NDArray[np.float64]) -> NDArray[np.complex128]:
        drive = steering / (power + (loading * power.mean(axis=1))[:, None])
        return np.asarray(drive / np.sum(steering.conj() * drive, axis=1)[:, None])

    low = np.full(len(axis), np.log(_LEAST_LOADING))
    high = np.full(len(axis), np.log(_MOST_LOADING))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        loud = np.sum(np.abs(solve(np.exp(middle))) ** 2, axis=1) > effort
        low, high = np.where(loud, middle, low), np.where(loud, high, middle)
    return np.asarray((basis @ solve(np.exp(high))[..., None])[..., 0])

"""Loudspeaker in a rigid sphere: vibrating spherical caps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.harmonics import highest_orders, legendre, sum_series, surface_ratios

# Least distance in radii of the sphere.  Nearer, the series converges too slowly.
NEAREST_RATIO = 1.1


def cap_weights(highest: int, half_angle_rad: float) -> NDArray[np.float64]:
    """Legendre weights of a cap, relative to its monopole term.

    Parameters
    ----------
    highest : int
        Highest order N.
    half_angle_rad : float
        Half the opening angle of the cap seen from the sphere's centre, above 0 and up to π.

    Returns
    -------
    (N + 1,) float64
        u_n / u_0 with u_n = ½ [P_{n−1}(cos α) − P_{n+1}(cos α)] and u_0 = ½ (1 − cos α).  For α → 0 it is 2n + 1: a
        point source on the surface.

    Notes
    -----
    Williams, Fourier Acoustics (1999), §6.7.2; Aarts & Janssen, J. Acoust. Soc. Am. 127 (2010), 2262.
    """
    polynomials = legendre(highest + 1, np.array(np.cos(half_angle_rad)))
    weights = np.empty(highest + 1)
    monopole = (1 - np.cos(half_angle_rad)) / 2
    weights[0] = 1.0
    weights[1:] = (polynomials[:-2] - polynomials[2:]) / (2 * monopole)
    return weights


def cap_field(
    frequencies_hz: NDArray[np.float64],
    points_m: NDArray[np.float64],
    axes: NDArray[np.float64],
    cap_radii_m: NDArray[np.float64],
    sphere_radius_m: float,
    speed_of_sound_m_per_s: float,
) -> NDArray[np.complex128]:
    """Pressure around a rigid sphere on which caps move with unit drive.

    The drive is acceleration, scaled so that a cap alone gives 1 Pa at 1 m at low frequency:

        p = e^{−jkr}/r · Σ_n −j/((ka)² h_n′(ka)) · (u_n/u_0) · h_n(kr)/h_0(kr) · P_n(cos θ)

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Positive and rising.
    points_m : (P, 3) float64
        Field points from the centre of the sphere, from 1.1 radii outward.
    axes : (D, 3) float64
        Unit vectors through the centres of the caps.
    cap_radii_m : (D,) float64
        Radius of each cap's rim, at most that of the sphere.
    sphere_radius_m, speed_of_sound_m_per_s : float
        Radius of the sphere, speed of sound.

    Returns
    -------
    (F, P, D) complex128
        Pa per unit drive.

    Raises
    ------
    ValueError
        If a point lies nearer than 1.1 radii, or frequencies are not positive and rising.

    Notes
    -----
    Williams, Fourier Acoustics (1999), §6.7.2.
    """
    check_frequencies(frequencies_hz)
    distances = np.linalg.norm(points_m, axis=1)
    nearest = float(distances.min()) / sphere_radius_m
    if nearest < NEAREST_RATIO:
        raise ValueError(
            f"points_m: the nearest is {nearest:.3g} sphere radii from the centre, allowed from {NEAREST_RATIO}: "
            "move it away from the cabinet"
        )
    wavenumbers = 2 * np.pi * frequencies_hz / speed_of_sound_m_per_s
    orders = highest_orders(wavenumbers * sphere_radius_m, nearest)
    ratios = surface_ratios(wavenumbers * sphere_radius_m, orders)
    highest = ratios.shape[0] - 1
    cosines = np.clip(points_m @ axes.T / distances[:, None], -1.0, 1.0)
    weights = np.stack([cap_weights(highest, float(np.arcsin(r / sphere_radius_m))) for r in cap_radii_m], axis=1)
    return sum_series(ratios, wavenumbers, distances, legendre(highest, cosines) * weights[:, None])


def check_frequencies(frequencies_hz: NDArray[np.float64]) -> None:
    """Refuse frequencies that are not positive, rising and finite.

    Raises
    ------
    ValueError
        If the shape is not (F,), or a value is wrong.
    """
    if frequencies_hz.ndim != 1 or frequencies_hz.size == 0:
        raise ValueError(f"frequencies_hz: shape {frequencies_hz.shape}, allowed is (F,) with F from 1")
    if not (frequencies_hz[0] > 0 and np.all(np.diff(frequencies_hz) > 0) and np.isfinite(frequencies_hz[-1])):
        raise ValueError("frequencies_hz: allowed are positive, rising, finite values; replace 0 Hz by a small one")

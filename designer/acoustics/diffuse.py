"""Diffuse field: the power that drivers radiate into a room, and what of it a head receives.

The radiated power of a drive w is wᴴ·G·w.  G is the mean of conj(p_d)·p_e over all directions of the far field.  It is
the covariance of the drivers in a diffuse field, by reciprocity (Pierce, Acoustics, 1989, § 6.6).  The unit is that of
one point source of 1 Pa at 1 m, whose G is 1.

A sphere has the sum Σ |b_n|²·P_n(cos γ)/(2n + 1) over its harmonics, with the angle γ between two caps.  A flat baffle
has an integral over the angle from its axis.  Measured drivers are summed over a quadrature of directions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.baffle import bessel_j0, piston_directivity
from designer.acoustics.harmonics import highest_orders, legendre, surface_ratios
from designer.acoustics.model import cabinet_centre_m, field_plant
from designer.acoustics.sphere import cap_weights
from designer.acoustics.spherical_harmonics import quadrature
from designer.layout.model import Layout

# Ratio that sets the order of a far field's series.  Only the order depends on it.
_FAR_RATIO = 50.0
# Nodes of the integral over the angle from a baffle's axis, beyond those that its widest pair needs.
_SPARE_NODES = 24
# Measured drivers: distance, lines, and highest order of the quadrature.  Directions beyond it average out.
_FAR_M = 50.0
_LINES = 40
_MOST_ORDER = 20
_SPARE_ORDERS = 7


def radiation_covariance(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Covariance of the drivers in a diffuse field.

    Parameters
    ----------
    layout : Layout
        A flat baffle is taken to radiate to its back as to its front.
    frequencies_hz : (F,) float64
        Positive and rising.

    Returns
    -------
    (F, D, D) complex128
        Hermitian.  wᴴ·G·w is the mean power of a drive w over all directions, in Pa² at 1 m.
    """
    if any(driver.measured for driver in layout.drivers):
        return _of_measured_drivers(layout, frequencies_hz)
    if layout.cabinet.shape == "baffle":
        return _of_a_baffle(layout, frequencies_hz).astype(np.complex128)
    return _of_a_sphere(layout, frequencies_hz).astype(np.complex128)


def ear_diffuse_gain(
    frequencies_hz: NDArray[np.float64], head_radius_m: float, speed_of_sound_m_per_s: float
) -> NDArray[np.float64]:
    """Power at an ear of a rigid sphere in a diffuse field, relative to the field without the sphere.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Positive and rising.
    head_radius_m, speed_of_sound_m_per_s : float
        Radius of the head, speed of sound.

    Returns
    -------
    (F,) float64
        From 1 at low frequency, rising to 2.
    """
    powers = _harmonic_powers(2 * np.pi * frequencies_hz * head_radius_m / speed_of_sound_m_per_s)
    # A point on the surface receives as a point source there radiates, whose weights are 2n + 1.
    degrees = 2 * np.arange(len(powers)) + 1
    return np.asarray(degrees @ powers)


def _harmonic_powers(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared magnitude of a sphere's far-field coefficients of each order at sizes ka (F,): (N + 1, F)."""
    ratios = surface_ratios(size, highest_orders(size, _FAR_RATIO))
    return np.asarray(np.cumprod(np.abs(ratios) ** 2, axis=0))


def _of_a_sphere(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    radius = layout.cabinet.radius_m if layout.cabinet.shape == "sphere" else 0.0
    powers = _harmonic_powers(2 * np.pi * frequencies_hz * radius / layout.speed_of_sound_m_per_s)
    highest = len(powers) - 1
    caps = [cap_weights(highest, float(np.arcsin(driver.radius_m / radius))) for driver in layout.drivers]
    weights = np.stack(caps, axis=1)
    axes = np.array([driver.direction for driver in layout.drivers])
    angular = legendre(highest, np.clip(axes @ axes.T, -1.0, 1.0)) / (2 * np.arange(highest + 1) + 1)[:, None, None]
    angular *= weights[:, :, None] * weights[:, None, :]
    return np.asarray(np.tensordot(powers.T, angular, 1))


def _of_a_baffle(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.array([[driver.y_m or 0.0, driver.z_m or 0.0] for driver in layout.drivers])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    radii = np.array([driver.radius_m for driver in layout.drivers])
    wavenumbers = 2 * np.pi * frequencies_hz / layout.speed_of_sound_m_per_s
    nodes, weight = np.polynomial.legendre.leggauss(int(wavenumbers[-1] * apart.max() / 2) + _SPARE_NODES)
    angles = np.pi / 4 * (1 + nodes)
    sines, weight = np.sin(angles), weight * np.pi / 4 * np.sin(angles)
    turns = wavenumbers[:, None, None] * sines
    sizes, size = np.unique(radii, return_inverse=True)
    pistons = piston_directivity(turns * sizes[:, None])
    distances, place = np.unique(np.round(apart, 9), return_inverse=True)
    coupling = bessel_j0(turns * distances[:, None]) * weight
    # Pistons of equal size share a directivity, and pairs of equal distance a coupling.
    pairs = np.einsum("fas,fbs,fps->fabp", pistons, pistons, coupling, optimize=True)
    size = size.reshape(-1)
    return np.asarray(pairs[:, size[:, None], size, place.reshape(apart.shape)])


def _of_measured_drivers(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Sum over directions on few lines, interpolated between them, which keeps the matrices positive."""
    lines = np.geomspace(frequencies_hz[0], frequencies_hz[-1], min(_LINES, frequencies_hz.size))
    wavenumbers = 2 * np.pi * lines / layout.speed_of_sound_m_per_s
    order = min(int(np.ceil(float(wavenumbers[-1]) * _extent_m(layout))) + _SPARE_ORDERS, _MOST_ORDER)
    directions, weights = quadrature(order)
    if layout.cabinet.shape == "baffle":
        directions = np.stack([-np.abs(directions[:, 0]), directions[:, 1], directions[:, 2]], axis=1)
    field = field_plant(layout, lines, cabinet_centre_m(layout) + _FAR_M * directions).transfer * _FAR_M
    field *= np.sqrt(weights / weights.sum())[:, None]
    covariance = (field.conj().transpose(0, 2, 1) @ field).reshape(lines.size, -1)
    position = np.interp(np.log(frequencies_hz), np.log(lines), np.arange(lines.size, dtype=np.float64))
    below = np.minimum(position.astype(int), lines.size - 2)
    share = (position - below)[:, None]
    between = (1 - share) * covariance[below] + share * covariance[below + 1]
    return np.asarray(between.reshape(-1, *field.shape[2:], field.shape[2]))


def _extent_m(layout: Layout) -> float:
    if layout.cabinet.shape == "sphere":
        return layout.cabinet.radius_m
    return max(float(np.hypot(d.y_m or 0.0, d.z_m or 0.0)) + d.radius_m for d in layout.drivers)

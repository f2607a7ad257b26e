"""Circular pistons in an infinite rigid baffle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.sphere import check_frequencies

# Coefficients of `bessel_j0` over powers of (x/3)² and of 3/x.
_J0_NEAR = (1.0, -2.2499997, 1.2656208, -0.3163866, 0.0444479, -0.0039444, 0.0002100)
_J0_AMPLITUDE = (0.79788456, -0.00000077, -0.00552740, -0.00009512, 0.00137237, -0.00072805, 0.00014476)
_J0_PHASE = (-0.78539816, -0.04166397, -0.00003954, 0.00262573, -0.00054125, -0.00029333, 0.00013558)


def piston_directivity(argument: NDArray[np.float64]) -> NDArray[np.float64]:
    """Far-field directivity 2·J₁(x)/x of a circular piston in an infinite baffle.

    Parameters
    ----------
    argument : (...) float64
        x = k·b·sin θ with b the radius of the piston.

    Returns
    -------
    (...) float64
        1 at x = 0.  The first null is at x = 3.8317.

    Notes
    -----
    Rayleigh, Theory of Sound II, §302; Kinsler et al., Fundamentals of Acoustics, 4th ed., §7.4.
    """
    # Imported here, because only baffles need it, and the import takes half the time of a design.
    from scipy.special import j1

    safe = np.where(np.abs(argument) < 1e-6, 1.0, argument)
    return np.where(np.abs(argument) < 1e-6, 1.0, 2 * j1(safe) / safe)


def bessel_j0(argument: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bessel function J₀ of real arguments.

    Parameters
    ----------
    argument : (...) float64
        Not negative.

    Returns
    -------
    (...) float64
        Within 10⁻⁷.

    Notes
    -----
    Abramowitz & Stegun, Handbook of Mathematical Functions (1964), 9.4.1 and 9.4.3.
    """
    near = np.minimum(argument, 3.0) / 3
    far = 3 / np.maximum(argument, 3.0)
    square = near**2
    below = np.polynomial.polynomial.polyval(square, _J0_NEAR)
    amplitude = np.polynomial.polynomial.polyval(far, _J0_AMPLITUDE)
    phase = 3 / far + np.polynomial.polynomial.polyval(far, _J0_PHASE)
    return np.where(argument <= 3.0, below, amplitude * np.sqrt(far / 3) * np.cos(phase))


def piston_field(
    frequencies_hz: NDArray[np.float64],
    points_m: NDArray[np.float64],
    centres_m: NDArray[np.float64],
    piston_radii_m: NDArray[np.float64],
    speed_of_sound_m_per_s: float,
) -> NDArray[np.complex128]:
    """Far-field pressure of pistons in the plane x = x₀ that radiate towards smaller x.

    The drive is acceleration, scaled to 1 Pa at 1 m on axis at low frequency.  This scale includes the doubling of
    pressure by the baffle.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Positive and rising.
    points_m : (P, 3) float64
        Field points on the listener's side of the baffle, or on its plane.
    centres_m : (D, 3) float64
        Centres of the pistons.
    piston_radii_m : (D,) float64
        Radii of the pistons.
    speed_of_sound_m_per_s : float
        Speed of sound.

    Returns
    -------
    (F, P, D) complex128
        Pa per unit drive.

    Raises
    ------
    ValueError
        If a point lies behind the baffle, or within two diameters of a piston, where the far-field form fails.
    """
    check_frequencies(frequencies_hz)
    offsets = points_m[:, None, :] - centres_m[None, :, :]
    distances = np.linalg.norm(offsets, axis=2)
    if np.any(offsets[..., 0] > 1e-9):
        raise ValueError("points_m: a point lies behind the baffle, where an infinite baffle has no field")
    if np.any(distances < 4 * piston_radii_m):
        raise ValueError("points_m: a point lies within two diameters of a piston: move it away")
    sines = np.hypot(offsets[..., 1], offsets[..., 2]) / distances
    wavenumbers = 2 * np.pi * frequencies_hz[:, None, None] / speed_of_sound_m_per_s
    spread = np.exp(-1j * wavenumbers * distances) / distances
    return np.asarray(spread * piston_directivity(wavenumbers * (piston_radii_m * sines)))


def piston_parts(centres_m: NDArray[np.float64], piston_radii_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Point sources that replace pistons in the near field: 16 nodes of Rayleigh's integral over each disc.

    Parameters
    ----------
    centres_m : (D, 3) float64
    piston_radii_m : (D,) float64

    Returns
    -------
    (D, 16, 3) float64
        Places of the sources, each of a sixteenth of its piston's strength.

    Notes
    -----
    There are two Gauss nodes over the square of the radius and eight nodes over the angle.  The directivity is within
    1 % up to x = k·b·sin θ = 4.
    """
    radius = np.sqrt((1 + np.array([-1.0, 1.0]) / np.sqrt(3)) / 2)
    angle = 2 * np.pi * np.arange(8) / 8
    disc = np.stack([np.outer(radius, part(angle)).ravel() for part in (np.zeros_like, np.cos, np.sin)], axis=1)
    return np.asarray(centres_m[:, None, :] + piston_radii_m[:, None, None] * disc)

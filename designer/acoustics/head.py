"""The listener's head as a rigid sphere with two ears on its equator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.harmonics import highest_orders, legendre, sum_series, surface_ratios
from designer.acoustics.sphere import check_frequencies

# Duda & Martens evaluate from ρ = 1.25 upward.  Nearer, the series needs hundreds of terms.
NEAREST_RATIO = 1.25
# Largest ka: half of 96 kHz on the largest head allowed.
LARGEST_SIZE = 120.0


def ear_pressure(
    frequencies_hz: NDArray[np.float64],
    distances_m: NDArray[np.float64],
    cosines: NDArray[np.float64],
    head_radius_m: float,
    speed_of_sound_m_per_s: float,
) -> NDArray[np.complex128]:
    """Pressure on a rigid sphere due to point sources of 1 Pa at 1 m.

    p = −(k/μ²) Σ_m (2m + 1) P_m(cos θ) h_m(μρ)/h_m′(μ) with μ = ka and ρ = r/a, for e^{+jωt}.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Positive and rising, with ka up to 120.
    distances_m : (Q,) float64
        Distance of each source from the centre of the head, from 1.25 head radii.
    cosines : (Q, T) float64
        Cosine of the angle between source and ear, for T ears of each source.
    head_radius_m, speed_of_sound_m_per_s : float
        Radius of the head, speed of sound.

    Returns
    -------
    (F, Q, T) complex128
        Pascal.  Divided by e^{−jkr}/r it is relative to the free field at the centre of the head.

    Raises
    ------
    ValueError
        Outside of the ranges above.

    Notes
    -----
    Duda & Martens, J. Acoust. Soc. Am. 104 (1998), 3048, eq. 1 (there with e^{−iωt}).
    """
    check_frequencies(frequencies_hz)
    wavenumbers = 2 * np.pi * frequencies_hz / speed_of_sound_m_per_s
    size = wavenumbers * head_radius_m
    nearest = float(distances_m.min()) / head_radius_m
    if nearest < NEAREST_RATIO:
        raise ValueError(
            f"distances_m: a source is {nearest:.3g} head radii away, allowed from {NEAREST_RATIO}: move the listener"
        )
    if size[-1] > LARGEST_SIZE:
        raise ValueError(f"frequencies_hz: ka reaches {size[-1]:.3g} at the head, allowed up to {LARGEST_SIZE:g}")
    ratios = surface_ratios(size, highest_orders(size, nearest))
    highest = ratios.shape[0] - 1
    degrees = 2 * np.arange(highest + 1) + 1
    angular = legendre(highest, np.clip(cosines, -1.0, 1.0)) * degrees[:, None, None]
    return sum_series(ratios, wavenumbers, distances_m, angular)


def woodworth_itd_s(azimuth_rad: float, head_radius_m: float, speed_of_sound_m_per_s: float) -> float:
    """Interaural time difference at high frequency, a·(θ + sin θ)/c, in seconds, positive if the left ear leads.

    Raises
    ------
    ValueError
        Beyond ±90°, where the two arcs change places.

    Notes
    -----
    Woodworth & Schlosberg, Experimental Psychology (1954).  At low frequency a rigid sphere gives 3a·sin θ/c:
    Kuhn, J. Acoust. Soc. Am. 62 (1977), 157.
    """
    if abs(azimuth_rad) > np.pi / 2 + 1e-12:
        raise ValueError(f"azimuth_rad = {azimuth_rad:.4g}: allowed is −π/2 … π/2")
    return float(head_radius_m * (azimuth_rad + np.sin(azimuth_rad)) / speed_of_sound_m_per_s)

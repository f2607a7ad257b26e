"""Virtual sources: the pressures that a distant source would give at the two ears, as two simple filters.

The ipsilateral ear gets the program unaltered (an all-pass of gain 1, so that timbre stays); the contralateral ear
gets it delayed and low-passed.  In closed form over azimuths up to ±90°.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.head import woodworth_itd_s


def shadow_alpha(incidence_deg: float) -> float:
    """High-frequency gain α of the head's shadow at an angle of incidence, 1.05 + 0.95·cos(180°·θ/150°).

    Parameters
    ----------
    incidence_deg : float
        Angle between source and ear, 0 … 180.

    Raises
    ------
    ValueError
        Outside of 0 … 180.

    Notes
    -----
    Brown & Duda, IEEE Trans. Speech Audio Process. 6 (1998), 476, eq. 4.
    """
    if not 0 <= incidence_deg <= 180:
        raise ValueError(f"incidence_deg = {incidence_deg:g}: allowed is 0 to 180")
    return float(1.05 + 0.95 * np.cos(np.deg2rad(180 * incidence_deg / 150)))


def contralateral_filter(
    frequencies_hz: NDArray[np.float64], azimuth_deg: float, head_radius_m: float, speed_of_sound_m_per_s: float
) -> NDArray[np.complex128]:
    """Ratio of the contralateral to the ipsilateral ear's pressure for a source at ``azimuth_deg``.

    The ratio of two Brown–Duda shadows, (1 + jα_c·x)/(1 + jα_i·x) with x = ω·a/(2c), is a first-order low-pass shelf;
    Woodworth's delay follows it.  At low frequency the shelf's own delay raises the sum to 3a·sin θ/c (Kuhn 1977)
    within 4 %.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Not negative.
    azimuth_deg : float
        −90 … 90; the sign does not matter, by symmetry.
    head_radius_m, speed_of_sound_m_per_s : float
        Head radius, speed of sound.

    Returns
    -------
    (F,) complex128
        1 at 0 Hz.

    Raises
    ------
    ValueError
        Beyond ±90°.

    Notes
    -----
    Brown & Duda, IEEE Trans. Speech Audio Process. 6 (1998), 476, eqs. 2–4; `woodworth_itd_s` for the delay.
    """
    lateral = abs(azimuth_deg)
    itd = woodworth_itd_s(np.deg2rad(lateral), head_radius_m, speed_of_sound_m_per_s)
    omega = 2 * np.pi * frequencies_hz
    size = 1j * omega * head_radius_m / (2 * speed_of_sound_m_per_s)
    shelf = (1 + shadow_alpha(90 + lateral) * size) / (1 + shadow_alpha(90 - lateral) * size)
    return np.asarray(shelf * np.exp(-1j * omega * itd))


def virtualisation_matrix(
    frequencies_hz: NDArray[np.float64], azimuth_deg: float, head_radius_m: float, speed_of_sound_m_per_s: float
) -> NDArray[np.complex128]:
    """Pressures wanted at the ears for a symmetric pair of virtual sources.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Not negative.
    azimuth_deg : float
        Of the left source; the right one mirrors it.
    head_radius_m, speed_of_sound_m_per_s : float
        Head radius, speed of sound.

    Returns
    -------
    (F, 2, 2) complex128
        Ear (left, right) by channel (left, right); the diagonal is 1.
    """
    across = contralateral_filter(frequencies_hz, azimuth_deg, head_radius_m, speed_of_sound_m_per_s)
    matrix = np.ones((frequencies_hz.size, 2, 2), dtype=np.complex128)
    matrix[:, 0, 1] = matrix[:, 1, 0] = across
    return matrix

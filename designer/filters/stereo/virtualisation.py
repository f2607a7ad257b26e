"""Virtual sources: the pressures that a distant source gives at the two ears, as simple filters.

The ipsilateral ear gets the program unchanged, so that the timbre stays.  The contralateral ear gets it delayed and
low-passed.  The filters have a closed form for azimuths up to ±90°.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.hrtf import MeasuredHead, load_head
from designer.layout.model import Layout

# Coefficients of the fit in `contralateral_shape`, over powers of sin θ.
_ZERO = (1.133, -0.850, -1.984, 2.736, -1.192)
_POLE = (1.133, 1.053, -4.643, 5.206, -2.352)
_SHELF_POWERS = (0, 1, 2, 3, 6)
_DELAY = (2.005, 0.553, -0.263)
_DELAY_POWERS = (1, 3, 5)

# Measured heads: frequency grid, and band in which the time difference is measured.  The difference between the ears
# fades in over the last band, because measurements of heads are unreliable at low frequency.
_GRID_HZ = np.arange(0.0, 24000.0, 20.0)
_DELAY_BAND_HZ = (500.0, 1500.0)
_FADE_HZ = (100.0, 300.0)
_HALF_THIRD_OCTAVE = 2.0 ** (1.0 / 6.0)


def contralateral_shape(azimuth_deg: float) -> tuple[float, float, float]:
    """Zero, pole and delay of the contralateral filter at an azimuth, in units of a/c.

    Parameters
    ----------
    azimuth_deg : float
        −90 … 90.  The sign has no effect, by symmetry.

    Returns
    -------
    zero, pole, delay : float
        Parameters of (1 + j·zero·μ)/(1 + j·pole·μ)·exp(−j·delay·μ) with μ = ωa/c.

    Raises
    ------
    ValueError
        Beyond ±90°.

    Notes
    -----
    The coefficients are fitted by least squares to the ratio of the ears of a rigid sphere (Duda & Martens, J. Acoust.
    Soc. Am. 104 (1998), 3048).  Sources are distant.  The time difference over 500 … 1500 Hz is within 15 µs, the mean
    level difference over 1.5 … 6 kHz within 1.2 dB.  Up to 60° they are within 10 µs and 0.4 dB.  The form, shelf and
    delay, is that of Brown & Duda, IEEE Trans. Speech Audio Process. 6 (1998), 476.  Their own coefficients leave out
    the bright spot behind the sphere, and are 3.5 dB too strong at 30°.
    """
    if not abs(azimuth_deg) <= 90:
        raise ValueError(f"azimuth_deg = {azimuth_deg:g}: allowed is −90 to 90")
    sine = np.sin(np.deg2rad(abs(azimuth_deg)))
    zero, pole, delay = (
        float(sum(c * sine**power for c, power in zip(coefficients, powers, strict=True)))
        for coefficients, powers in ((_ZERO, _SHELF_POWERS), (_POLE, _SHELF_POWERS), (_DELAY, _DELAY_POWERS))
    )
    return zero, pole, delay


def contralateral_filter(
    frequencies_hz: NDArray[np.float64], azimuth_deg: float, head_radius_m: float, speed_of_sound_m_per_s: float
) -> NDArray[np.complex128]:
    """Ratio of the contralateral to the ipsilateral ear's pressure for a distant source at ``azimuth_deg``.

    A first-order low-pass shelf and a delay, see `contralateral_shape`.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Not negative.
    azimuth_deg : float
        −90 … 90.  The sign has no effect, by symmetry.
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
    """
    zero, pole, delay = contralateral_shape(azimuth_deg)
    size = 2j * np.pi * frequencies_hz * head_radius_m / speed_of_sound_m_per_s
    return np.asarray((1 + zero * size) / (1 + pole * size) * np.exp(-delay * size))


def virtualisation_matrix(
    frequencies_hz: NDArray[np.float64], azimuth_deg: float, head_radius_m: float, speed_of_sound_m_per_s: float
) -> NDArray[np.complex128]:
    """Pressures wanted at the ears for a symmetric pair of virtual sources.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Not negative.
    azimuth_deg : float
        Azimuth of the left source, −90 … 90.  The right source is its mirror image.
    head_radius_m, speed_of_sound_m_per_s : float
        Head radius, speed of sound.

    Returns
    -------
    (F, 2, 2) complex128
        Ear (left, right) by channel (left, right).  The diagonal is 1.
    """
    across = contralateral_filter(frequencies_hz, azimuth_deg, head_radius_m, speed_of_sound_m_per_s)
    matrix = np.ones((frequencies_hz.size, 2, 2), dtype=np.complex128)
    matrix[:, 0, 1] = matrix[:, 1, 0] = across
    return matrix


def target_matrix(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Pressures wanted at the ears for the layout's virtual pair, from a sphere or from ``virtualisation.hrtf``.

    Parameters
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
        Not negative.

    Returns
    -------
    (F, 2, 2) complex128
        As `virtualisation_matrix`.  Both sides are equal, so that symmetric layouts have symmetric filters.

    Raises
    ------
    LayoutError
        If the measured head cannot be read, or was not measured near the virtual sources.
    """
    wanted = layout.virtualisation
    if wanted.hrtf is None:
        return virtualisation_matrix(
            frequencies_hz, wanted.azimuth_deg, layout.listener.head_radius_m, layout.speed_of_sound_m_per_s
        )
    # Read anew where the file has changed.
    smooth, delay_s = _measured_ratio(load_head(Path(wanted.hrtf)), wanted.azimuth_deg)
    across = np.interp(frequencies_hz, _GRID_HZ, smooth.real) + 1j * np.interp(frequencies_hz, _GRID_HZ, smooth.imag)
    matrix = np.ones((frequencies_hz.size, 2, 2), dtype=np.complex128)
    matrix[:, 0, 1] = matrix[:, 1, 0] = across * np.exp(-2j * np.pi * frequencies_hz * delay_s)
    return matrix


@lru_cache(maxsize=8)
def _measured_ratio(head: MeasuredHead, azimuth_deg: float) -> tuple[NDArray[np.complex128], float]:
    """Contralateral over ipsilateral ear of a measured head, mean of both sides, and its delay in seconds.

    The magnitude comes from the ratio of the ears' powers, the phase from their cross-spectrum without its delay.  Both
    are smoothed over a third of an octave.  Notches of one ear of one head would need long filters.
    """
    azimuth = np.deg2rad(azimuth_deg)
    sides = np.array([[np.cos(azimuth), sign * np.sin(azimuth), 0.0] for sign in (1, -1)])
    pressure = head.pressure(np.maximum(_GRID_HZ, 1.0), sides)
    own = np.stack([pressure[:, 0, 0], pressure[:, 1, 1]], axis=1)
    other = np.stack([pressure[:, 0, 1], pressure[:, 1, 0]], axis=1)
    cross = np.sum(other * own.conj(), axis=1)
    low, high = np.searchsorted(_GRID_HZ, _DELAY_BAND_HZ)
    turn = 2 * np.pi * _GRID_HZ[low:high]
    delay_s = -float(np.sum(turn * np.unwrap(np.angle(cross[low:high]))) / np.sum(turn**2))
    phase = np.angle(_smoothed(cross * np.exp(2j * np.pi * _GRID_HZ * delay_s)))
    powers = [_smoothed(np.sum(np.abs(ear) ** 2, axis=1)) for ear in (other, own)]
    ratio = np.sqrt(powers[0] / powers[1]) * np.exp(1j * phase)
    share = np.clip((_GRID_HZ - _FADE_HZ[0]) / (_FADE_HZ[1] - _FADE_HZ[0]), 0.0, 1.0)
    return np.asarray(share * ratio + (1 - share)), delay_s


def _smoothed(values: NDArray[Any]) -> NDArray[Any]:
    """Mean over a third of an octave about each line of the grid."""
    bins = np.arange(_GRID_HZ.size)
    first = np.floor(bins / _HALF_THIRD_OCTAVE).astype(int)
    last = np.minimum(np.ceil(bins * _HALF_THIRD_OCTAVE).astype(int) + 1, bins.size)
    sums = np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
    return np.asarray((sums[last] - sums[first]) / (last - first))

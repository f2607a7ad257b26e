"""Bands of the drivers by role, and the response that all drivers together can give."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from designer.layout.model import Layout

_SLOPE_DB_PER_OCTAVE = 24.0
_MOST_BOOST_DB = 15.0
_HIGHEST_HZ = 20000.0
# The slope sets in over this many octaves, so that short filters can follow.
_KNEE_OCTAVES = 0.5
# Excursion limits the level below; above, drivers count alike.
_EXCURSION_BELOW_HZ = 300.0


def role_weights(
    layout: Layout, frequencies_hz: NDArray[np.float64], role: Literal["crosstalk", "beamformer"]
) -> NDArray[np.float64]:
    """Weight of each driver in one role: 1 within its band, with a slope of 24 dB per octave outside.

    Below 300 Hz the weight of a driver also has the volume that it can displace, relative to the driver of that role
    that can displace most (Small, J. Audio Eng. Soc. 20 (1972), 798).  So the effort Σ|drive/weight|² counts excursion.

    Parameters
    ----------
    layout : Layout
        Bands and roles of the drivers.
    frequencies_hz : (F,) float64
        Positive.
    role : 'crosstalk' or 'beamformer'
        A driver without the role has weight 0 there.

    Returns
    -------
    (F, D) float64
        0 … 1, smooth in frequency.
    """
    columns = []
    volumes = _displaced_volumes(layout, role)
    # A fade in level over an octave, which short filters can follow.
    limited = np.clip(np.log2(2 * _EXCURSION_BELOW_HZ / frequencies_hz), 0.0, 1.0)
    for driver, volume in zip(layout.drivers, volumes, strict=True):
        low, high = driver.band_hz
        if role not in driver.roles:
            columns.append(np.zeros_like(frequencies_hz))
            continue
        below = np.log2(low / frequencies_hz) if low > 0 else np.zeros_like(frequencies_hz)
        outside = np.maximum(0.0, np.maximum(below, np.log2(frequencies_hz / high)))
        level_db = -_SLOPE_DB_PER_OCTAVE * outside**2 / (outside + _KNEE_OCTAVES)
        columns.append(10 ** (level_db / 20) * volume**limited)
    return np.stack(columns, axis=1)


def _displaced_volumes(layout: Layout, role: Literal["crosstalk", "beamformer"]) -> list[float]:
    """Area times excursion limit of each driver, relative to the largest in the role; 1 where no limit is given."""
    volumes = [None if driver.xmax_mm is None else driver.radius_m**2 * driver.xmax_mm for driver in layout.drivers]
    known = [v for v, driver in zip(volumes, layout.drivers, strict=True) if v is not None and role in driver.roles]
    most = max(known, default=1.0)
    return [1.0 if volume is None else min(volume / most, 1.0) for volume in volumes]


def availability(
    weights: NDArray[np.float64], sensitivity: NDArray[np.float64], frequencies_hz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Response at the listener that the drivers can give: 1 where any of them plays and is heard.

    Parameters
    ----------
    weights : (F, D) float64
        From `role_weights`.
    sensitivity : (F, D) float64
        Level of each driver at the listener, 1 at low frequency.
    frequencies_hz : (F,) float64
        Positive.

    Returns
    -------
    (F,) float64
        0 … 1.  It rolls off outside the union of all bands, and above 20 kHz.  It also rolls off where even the
        loudest driver would need a boost of more than 15 dB, because none radiates towards the listener.
    """
    played = weights.max(axis=1)
    reach = np.max(weights * sensitivity, axis=1) / played * 10 ** (_MOST_BOOST_DB / 20)
    # A soft minimum of 1 and the reach: within 0.001 dB of 1 from 6 dB above the limit.
    heard = reach / (1 + reach**8) ** (1 / 8)
    above = np.clip(np.log2(frequencies_hz / _HIGHEST_HZ) / _KNEE_OCTAVES, 0.0, 1.0)
    return np.asarray(played * heard * np.cos(np.pi / 2 * above) ** 2)

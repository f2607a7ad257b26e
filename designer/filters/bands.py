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


def role_weights(
    layout: Layout, frequencies_hz: NDArray[np.float64], role: Literal["crosstalk", "beamformer"]
) -> NDArray[np.float64]:
    """Weight of each driver in one role: 1 within its band, with a slope of 24 dB per octave outside.

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
    for driver in layout.drivers:
        low, high = driver.band_hz
        if role not in driver.roles:
            columns.append(np.zeros_like(frequencies_hz))
            continue
        below = np.log2(low / frequencies_hz) if low > 0 else np.zeros_like(frequencies_hz)
        outside = np.maximum(0.0, np.maximum(below, np.log2(frequencies_hz / high)))
        level_db = -_SLOPE_DB_PER_OCTAVE * outside**2 / (outside + _KNEE_OCTAVES)
        columns.append(10 ** (level_db / 20))
    return np.stack(columns, axis=1)


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

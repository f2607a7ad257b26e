"""In which band each driver takes part, and where the loudspeaker as a whole plays at all."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from designer.layout import Layout

_SLOPE_DB_PER_OCTAVE = 24.0
# Over this many octaves the slope sets in, so that short filters can follow.
_KNEE_OCTAVES = 0.5


def role_weights(
    layout: Layout, frequencies_hz: NDArray[np.float64], role: Literal["crosstalk", "beamformer"]
) -> NDArray[np.float64]:
    """Weight of each driver in one role: 1 within its band, falling at 24 dB per octave outside.

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


def availability(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Response that drivers of the given weights can be asked for: 1 where any of them plays in its band.

    Parameters
    ----------
    weights : (F, D) float64
        From `role_weights`.

    Returns
    -------
    (F,) float64
        Rolls off outside the union of all bands, so that no driver is forced beyond its own.
    """
    return np.asarray(weights.max(axis=1))

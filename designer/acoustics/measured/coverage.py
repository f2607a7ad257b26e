"""What a measured driver is in each direction and band: interpolated, extrapolated, or taken from the model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.directional import HIGHEST_PER_NYQUIST
from designer.acoustics.measured.field import LARGEST_GAP_DEG, served_share
from designer.acoustics.measured.prepared import PreparedDriver

# A direction this near to a measured one is that.
_MEASURED_DEG = 0.5
# Largest turn around a direction without a measured neighbour, of a direction that is between measured ones.  Half a
# turn is the middle of a straight line; the rest is for rounding.
_MOST_TURN_DEG = 181.0


def coverage(
    driver: PreparedDriver, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Parts of the field that are interpolated, extrapolated and taken from the model.

    Parameters
    ----------
    driver : PreparedDriver
    frequencies_hz : (F,) float64
    directions : (Q, 3) float64
        Unit vectors from the centre of the cabinet, in the listener's coordinates.

    Returns
    -------
    interpolated, extrapolated, modelled : (F,) float64
        Mean over the directions.  Their sum is 1.  Extrapolated is what lies beyond the measured directions or
        outside of the measured band.
    """
    gaps = driver.data.gap_deg(directions)
    share = served_share(driver, frequencies_hz, gaps)
    share = share * driver.response.share_without_noise(frequencies_hz, directions)
    highest = min(driver.band_hz[1], HIGHEST_PER_NYQUIST * driver.data.sample_rate_hz / 2)
    in_band = (frequencies_hz >= driver.band_hz[0]) & (frequencies_hz <= highest)
    inside = is_between(driver.data.directions, directions, gaps) & in_band[:, None]
    interpolated, extrapolated = (np.mean(share * part, axis=1) for part in (inside, ~inside))
    return interpolated, extrapolated, 1 - interpolated - extrapolated


def is_between(
    measured: NDArray[np.float64], directions: NDArray[np.float64], gaps_deg: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which directions (Q, 3) lie between measured ones (M, 3): (Q,) bool.

    A direction is between others if they surround it: no half turn around it is without a neighbour.
    """
    found = gaps_deg < _MEASURED_DEG
    least = np.cos(np.deg2rad(2 * LARGEST_GAP_DEG))
    for index in np.flatnonzero(~found):
        direction = directions[index]
        near = measured[measured @ direction > least]
        if len(near) < 2:
            continue
        aside = np.cross(direction, [0.0, 0.0, 1.0] if abs(direction[2]) < 0.9 else [1.0, 0.0, 0.0])
        aside = aside / np.linalg.norm(aside)
        bearings = np.sort(np.arctan2(near @ np.cross(direction, aside), near @ aside))
        turns = np.diff(bearings, append=bearings[0] + 2 * np.pi)
        found[index] = np.rad2deg(turns.max()) <= _MOST_TURN_DEG
    return np.asarray(found)

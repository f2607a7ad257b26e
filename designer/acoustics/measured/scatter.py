"""Arrivals and levels of single directions against the model: a driver out of place, and directions that do not match.

Directions that are wrong look like a directivity of the driver's own, so that the fit alone does not tell them.  The
check looks at low frequencies, where the field of a cabinet is smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.directional import DirectionalSet
from designer.acoustics.measured.driver_response import DirectionModel, DriverResponse, own_spectra, peak_delay_s

# Fewest directions that tell a place, and most that are looked at.
_FEWEST, _MOST = 12, 200
_HIGHEST_HZ = 2000.0
# Distance between the acoustic centre and the place in the layout that is told.
_OUT_OF_PLACE_M = 0.015
# Scatter between neighbours, one standard deviation, that is told.
_SCATTER_S, _SCATTER_DB = 15e-6, 0.7
_NEIGHBOURS = 4
# Angle to the last of them, up to which they are alike.
_NEAR_DEG = 35.0
# Directions whose level is far below the loudest are left out.
_QUIET_DB = -15.0
# Noise above this, relative to the direct sound, scatters by itself.
_NOISY_DB = -30.0
_SURE = 3.0
# Standard deviation of a normal distribution over its median of absolute deviations, and that of a value less the
# median of four others, over that of one.
_PER_MEDIAN, _PER_PAIR = 1.4826, 1.16


@dataclass(frozen=True, eq=False)
class _Seen:
    """Directions (S, 3), and how each arrives, seconds, and how loud it is, dB, against the fit."""

    directions: NDArray[np.float64]
    late_s: NDArray[np.float64]
    level_db: NDArray[np.float64]


def direction_faults(
    data: DirectionalSet,
    response: DriverResponse,
    model: DirectionModel,
    noise_db: float | None,
    speed_of_sound_m_per_s: float,
) -> list[str]:
    """Say in what the directions of a measurement cannot be right, or the layout.

    Parameters
    ----------
    data : DirectionalSet
        One channel, in directions that the model has.
    response : DriverResponse
        The fit over all directions.
    model : callable
        See `DirectionModel`.
    noise_db : float or None
        Noise relative to the direct sound.
    speed_of_sound_m_per_s : float

    Returns
    -------
    list of str
        One text for each fault, empty if there is none.
    """
    seen = _seen(data, response, model)
    if len(seen.directions) < _FEWEST:
        return []
    matrix = np.column_stack([np.ones(len(seen.directions)), seen.directions])
    fit = np.linalg.lstsq(matrix, seen.late_s, rcond=None)[0]
    left_s = seen.late_s - matrix @ fit
    found = []
    offset_m = np.asarray(-fit[1:] * speed_of_sound_m_per_s)
    away_m = float(np.linalg.norm(offset_m))
    if away_m - _SURE * _uncertainty(matrix, left_s) * speed_of_sound_m_per_s > _OUT_OF_PLACE_M:
        found.append(
            f"sounds as from a place {100 * away_m:.1f} cm {_way(offset_m)} the one in the layout: check its angles, "
            "the centre from which its distances are measured, and the driver's place"
        )
    if noise_db is not None and noise_db > _NOISY_DB:
        return found
    if (scatter_s := _scatter(seen.directions, left_s)) > _SCATTER_S:
        found.append(
            f"arrivals scatter by {1e6 * scatter_s:.0f} µs between neighbouring directions: measure all of them with "
            "one clock, and with the driver at rest"
        )
    if (scatter_db := _scatter(seen.directions, seen.level_db)) > _SCATTER_DB:
        found.append(
            f"levels scatter by {scatter_db:.1f} dB between neighbouring directions up to {_HIGHEST_HZ:g} Hz: measure "
            "all of them with one gain"
        )
    return found


def _seen(data: DirectionalSet, response: DriverResponse, model: DirectionModel) -> _Seen:
    every = len(data.directions)
    rows = np.linspace(0, every - 1, min(every, _MOST)).astype(int)
    step = response.lines_hz[0]
    lines = step * np.arange(1, int(min(_HIGHEST_HZ, response.lines_hz[-1]) / step) + 1)
    expected = model(lines, data.directions[rows]) * response.at(lines)[:, None]
    cross = own_spectra(data, lines, rows) * expected.conj()
    late = np.array([peak_delay_s(lines, cross[:, column])[0] for column in range(rows.size)])
    power = np.sum(np.abs(expected) ** 2, axis=0)
    undelayed = cross * np.exp(2j * np.pi * lines[:, None] * late)
    gain = np.maximum(np.sum(undelayed, axis=0).real / power, 1e-6)
    loud = 10 * np.log10(power * gain**2)
    used = loud > loud.max() + _QUIET_DB
    return _Seen(data.directions[rows][used], late[used], 20 * np.log10(gain[used]))


def _uncertainty(matrix: NDArray[np.float64], left: NDArray[np.float64]) -> float:
    """Return the standard deviation of the length of the fitted slope, by what the fit leaves."""
    degrees = max(len(left) - matrix.shape[1], 1)
    covariance = np.linalg.pinv(matrix.T @ matrix) * float(np.sum(left**2)) / degrees
    return float(np.sqrt(np.trace(covariance[1:, 1:])))


def _way(offset_m: NDArray[np.float64]) -> str:
    """Name the axis along which a place is away, as the listener sees it: x points away from the listener."""
    axis = int(np.abs(offset_m).argmax())
    positive, negative = (("behind", "in front of"), ("to the left of", "to the right of"), ("above", "below"))[axis]
    return positive if offset_m[axis] > 0 else negative


def _scatter(directions: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the standard deviation of values (S,) about those of their neighbours, 0 where none are near."""
    # Imported here, because only measured layouts need it.
    from scipy.spatial import cKDTree

    chords, near = cKDTree(directions).query(directions, _NEIGHBOURS + 1)
    close = 2 * np.arcsin(np.minimum(chords[:, -1] / 2, 1.0)) < np.deg2rad(_NEAR_DEG)
    if np.count_nonzero(close) < _FEWEST:
        return 0.0
    off = values[close] - np.median(values[near[close][:, 1:]], axis=1)
    return float(_PER_MEDIAN / _PER_PAIR * np.median(np.abs(off - np.median(off))))

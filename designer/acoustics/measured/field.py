"""Pressure of measured drivers at points, completed by their models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.measured.prepared import FieldModel, PreparedDriver, direction_model
from designer.errors import LayoutError

# Largest angle to a measured direction over which responses are interpolated.
LARGEST_GAP_DEG = 25.0


def measured_field(
    driver: PreparedDriver,
    frequencies_hz: NDArray[np.float64],
    relative_m: NDArray[np.float64],
    model: FieldModel,
    speed_of_sound_m_per_s: float,
) -> NDArray[np.complex128]:
    """Pressure of a measured driver at points, in the model's units.

    Parameters
    ----------
    driver : PreparedDriver
    frequencies_hz : (F,) float64
    relative_m : (P, 3) float64
        From the centre of the cabinet.
    model : callable
        See `FieldModel`.
    speed_of_sound_m_per_s : float

    Returns
    -------
    (F, P) complex128
        The modelled field times the driver's own response, plus the interpolated rest of the measurement.

    Raises
    ------
    LayoutError
        If a direction was not measured and may not be completed.
    """
    distances = np.linalg.norm(relative_m, axis=1)
    directions = relative_m / distances[:, None]
    gaps = driver.data.gap_deg(directions)
    if gaps.max() > LARGEST_GAP_DEG and not driver.complete:
        raise _gap_error(driver, directions[int(gaps.argmax())], float(gaps.max()))
    by_model = model(frequencies_hz, relative_m, driver.index) * own_response(driver, frequencies_hz)[:, None]
    share = measured_share(driver, frequencies_hz, directions, gaps)
    if not share.any():
        return np.asarray(by_model)
    near = np.flatnonzero(share.any(axis=0))
    rest = _rest(driver, frequencies_hz, directions[near], model, speed_of_sound_m_per_s)
    waves = np.exp(-2j * np.pi * frequencies_hz[:, None] * distances[near] / speed_of_sound_m_per_s) / distances[near]
    found = by_model.copy()
    found[:, near] += share[:, near] * rest * waves
    return found


def own_response(driver: PreparedDriver, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Response of a driver relative to its model, as aligned: (F,) complex128."""
    alignment = driver.alignment
    share = share_above(frequencies_hz, driver.from_hz)
    plain = alignment.own_gain * np.exp(-2j * np.pi * frequencies_hz * alignment.own_delay_s)
    if not share.any():
        return np.asarray(plain)
    own = driver.response.at(frequencies_hz) * _applied(driver, frequencies_hz)
    return np.asarray(share * own + (1 - share) * plain)


def _applied(driver: PreparedDriver, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Factor that brings the measurement to the layout's level and delay: (F,)."""
    return np.asarray(driver.alignment.gain * np.exp(2j * np.pi * frequencies_hz * driver.alignment.delay_s))


def measured_share(
    driver: PreparedDriver,
    frequencies_hz: NDArray[np.float64],
    directions: NDArray[np.float64],
    gaps_deg: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Part that the rest of the measurement has in the field, 0 to 1: (F, Q) float64.

    It falls with noise, between ``from_hz`` and an octave below, and over the angle to the nearest measured direction.
    """
    share = served_share(driver, frequencies_hz, gaps_deg)
    return np.asarray(share * driver.response.share_of_rest(frequencies_hz, directions))


def served_share(
    driver: PreparedDriver, frequencies_hz: NDArray[np.float64], gaps_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Part of the field that a measurement without noise would have, 0 to 1: (F, Q) float64."""
    return share_above(frequencies_hz, driver.from_hz)[:, None] * np.clip(2 - gaps_deg / LARGEST_GAP_DEG, 0.0, 1.0)


def share_above(frequencies_hz: NDArray[np.float64], from_hz: float) -> NDArray[np.float64]:
    """Share of the measurement against the model: 0 an octave below ``from_hz``, 1 from there."""
    if from_hz <= 0:
        return np.ones_like(frequencies_hz)
    octaves = np.clip(np.log2(np.maximum(frequencies_hz, 1e-3) / from_hz) + 1, 0.0, 1.0)
    return np.asarray(np.sin(np.pi / 2 * octaves) ** 2)


def _rest(
    driver: PreparedDriver,
    frequencies_hz: NDArray[np.float64],
    directions: NDArray[np.float64],
    model: FieldModel,
    speed_of_sound_m_per_s: float,
) -> NDArray[np.complex128]:
    """Interpolate what the measurement has beyond the model times the driver's response, at 1 m: (F, Q)."""
    data = driver.data
    weights = data.weights(directions)
    used = np.flatnonzero(np.any(weights != 0, axis=0))
    at_distance = direction_model(model, driver.index, driver.distance_m, speed_of_sound_m_per_s)

    def known(lines_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        # Above the measured band the lines are all one.
        distinct, place = np.unique(lines_hz, return_inverse=True)
        found = at_distance(distinct, data.directions[used]) * driver.response.at(distinct)[:, None]
        return np.asarray(found[place])

    rest = data.between(frequencies_hz, weights, used, known)[:, :, 0]
    return np.asarray(rest * _applied(driver, frequencies_hz)[:, None])


def _gap_error(driver: PreparedDriver, direction: NDArray[np.float64], gap_deg: float) -> LayoutError:
    azimuth = np.rad2deg(np.arctan2(direction[1], -direction[0]))
    return LayoutError(
        f"driver '{driver.name}', measured: nothing within {LARGEST_GAP_DEG:g}° of azimuth {azimuth:+.0f}° (listener's "
        f"view), the nearest is {gap_deg:.0f}° away: measure there, or set measured.complete = true"
    )

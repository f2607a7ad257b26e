"""Levels of the centre channel's beam around the loudspeaker, and its arrival time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.plant import EvaluationPlant, decibels, rounded
from designer.evaluation.records import Curve, Record
from designer.filters.reference import reference_pressure
from designer.layout.model import Layout

_ARRIVAL_BAND_HZ = (500.0, 4000.0)
# Azimuths that are evaluated if a layout asks for no null.
_SIDES_DEG = (-90.0, 90.0)


@dataclass(frozen=True, kw_only=True)
class BeamFigures(Record):
    """Figures of the centre channel; curves are over third octaves, scalars over the beam's band.

    Attributes
    ----------
    band_centres_hz : tuple of B float
    response_0_deg_db : tuple of B float
        Level on axis, relative to its mean over the beam's band.
    response_45_deg_db, response_minus_45_deg_db, response_90_deg_db, response_minus_90_deg_db : tuple of B float
        Levels at these azimuths, relative to the axis.
    null_level_error_db : tuple of B float, optional
        Where the layout gives ``null_levels_db``: the largest difference from the level asked for at any null.
    worst_null_level_error_db : float, optional
    null_depth_db : tuple of B float
        Axis over the loudest of the azimuths at which the layout asks for nulls; ±90° if it asks for none.
    lobe_ripple_db : tuple of B float
        Largest less smallest level within the lobe, on a grid of 1°.  Levels are means over the third octave.  In
        narrower bands the lobe is less even: `LobeFigures`.
    white_noise_gain_db : tuple of B float
        Power on axis over Σ|w|², both summed over the third octave.
    mean_null_depth_db : float
        Of the mean power.
    worst_lobe_ripple_db, least_white_noise_gain_db, worst_on_axis_db : float
    arrival_spread_samples : float
        Largest difference between the arrival times of L, R and C at the listener.
    """

    band_centres_hz: Curve
    response_0_deg_db: Curve
    response_45_deg_db: Curve
    response_minus_45_deg_db: Curve
    response_90_deg_db: Curve
    response_minus_90_deg_db: Curve
    null_level_error_db: Curve | None = None
    worst_null_level_error_db: float | None = None
    null_depth_db: Curve
    lobe_ripple_db: Curve
    white_noise_gain_db: Curve
    mean_null_depth_db: float
    worst_lobe_ripple_db: float
    least_white_noise_gain_db: float
    worst_on_axis_db: float
    arrival_spread_samples: float


def evaluate_beam(
    layout: Layout, impulse_responses: NDArray[np.float64], plant: EvaluationPlant | None = None
) -> BeamFigures:
    """Compute the figures of the centre channel from the impulse responses of the whole matrix.

    Parameters
    ----------
    layout : Layout
        What was designed.
    impulse_responses : (D, 3, N) float64
        Driver, input (left, right, centre), tap; float, quantised or measured.
    plant : EvaluationPlant, optional
        Of the same layout; computed if not given.

    Returns
    -------
    BeamFigures

    Raises
    ------
    ValueError
        If the shape does not fit the layout.
    """
    plant = plant or EvaluationPlant.for_layout(layout)
    drive = plant.drive_spectra(impulse_responses)
    reference = reference_pressure(layout, plant.frequencies_hz)
    pressure = (plant.field.transfer @ drive[:, :, 2, None])[..., 0] / reference[:, None]
    power = np.abs(pressure) ** 2
    axis = power[:, _index(plant, 0)]
    relative = power / np.maximum(axis, 1e-20)[:, None]
    used = used_bands(layout, plant)
    on_axis = decibels(plant.band_mean(axis))
    on_axis -= on_axis[used].mean()
    sides = plant.band_mean(relative[:, plant.places_of(null_azimuths_deg(layout))])
    ripple = range_db(decibels(plant.band_mean(relative[:, plant.is_in_lobe])))
    noise = plant.band_mean(np.sum(np.abs(drive[:, :, 2]) ** 2, axis=1))
    noise_gain = decibels(plant.band_mean(axis) / np.maximum(noise, 1e-20))
    error = _null_level_error_db(layout, sides)

    def response_db(azimuth: float) -> Curve:
        return rounded(decibels(plant.band_mean(relative[:, _index(plant, azimuth)])))

    return BeamFigures(
        band_centres_hz=rounded(plant.band_centres_hz),
        response_0_deg_db=rounded(on_axis),
        response_45_deg_db=response_db(45),
        response_minus_45_deg_db=response_db(-45),
        response_90_deg_db=response_db(90),
        response_minus_90_deg_db=response_db(-90),
        null_level_error_db=None if error is None else rounded(error),
        worst_null_level_error_db=None if error is None else round(float(error[used].max()), 3),
        null_depth_db=rounded(-decibels(sides.max(axis=1))),
        lobe_ripple_db=rounded(ripple),
        white_noise_gain_db=rounded(noise_gain),
        mean_null_depth_db=round(float(-decibels(sides[used].mean(axis=0).max())), 3),
        worst_lobe_ripple_db=round(float(ripple[used].max()), 3),
        least_white_noise_gain_db=round(float(noise_gain[used].min()), 3),
        worst_on_axis_db=round(float(np.abs(on_axis[used]).max()), 3),
        arrival_spread_samples=round(_arrival_spread(layout, plant, drive), 3),
    )


def range_db(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest less the smallest level of each band: (B, A) to (B,)."""
    return np.asarray(levels.max(axis=1) - levels.min(axis=1))


def used_bands(layout: Layout, plant: EvaluationPlant) -> NDArray[np.bool_]:
    """Third octaves that lie wholly within the beam's band.  If there are none, the one nearest to its lower end."""
    low, high = layout.beamformer.band_hz
    # Edges are a twentieth of a decade from the centre.
    edge = 10**0.05
    used = (plant.band_centres_hz / edge >= low) & (plant.band_centres_hz * edge <= high)
    if used.any():
        return np.asarray(used)
    nearest = plant.band_centres_hz[np.abs(np.log(plant.band_centres_hz / low)).argmin()]
    return np.asarray(plant.band_centres_hz == nearest)


def _null_level_error_db(layout: Layout, sides: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Largest difference of power at the nulls, (B, Q), from wanted levels: (B,) dB.  None without such levels."""
    asked = layout.beamformer.null_levels_db
    if not asked:
        return None
    return np.asarray(np.abs(decibels(sides) - np.array(asked)).max(axis=1))


def null_azimuths_deg(layout: Layout) -> tuple[float, ...]:
    """Azimuths at which nulls are evaluated: those that the layout asks for, else both sides."""
    return layout.beamformer.null_azimuths_deg or _SIDES_DEG


def _index(plant: EvaluationPlant, azimuth_deg: float) -> int:
    return plant.places_of((azimuth_deg,))[0]


def _arrival_spread(layout: Layout, plant: EvaluationPlant, drive: NDArray[np.complex128]) -> float:
    """Largest difference in arrival of L (left ear), R (right ear) and C (centre of the head), in samples."""
    ears = plant.nominal_ears
    arrivals = np.stack(
        [
            np.sum(ears[:, 0] * drive[:, :, 0], axis=1),
            np.sum(ears[:, 1] * drive[:, :, 1], axis=1),
            np.sum(plant.field.transfer[:, _index(plant, 0)] * drive[:, :, 2], axis=1),
        ]
    )
    chosen = (plant.frequencies_hz >= _ARRIVAL_BAND_HZ[0]) & (plant.frequencies_hz <= _ARRIVAL_BAND_HZ[1])
    omega = 2 * np.pi * plant.frequencies_hz[chosen] / layout.sample_rate_hz
    # The delay that best explains the phase between two channels, relative to C.
    phase = np.angle(arrivals[:, chosen] * arrivals[2, chosen].conj())
    delays = -(phase @ omega) / np.sum(omega**2)
    return float(np.ptp(delays))

"""What the centre channel's beam does around the loudspeaker, and when it arrives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.plant import EvaluationPlant, decibels, rounded
from designer.filters.reference import reference_pressure
from designer.layout.model import Layout

Figures = dict[str, float | list[float]]

_REPORTED_DEG = (0, 45, -45, 90, -90)
_ARRIVAL_BAND_HZ = (500.0, 4000.0)
# Where a layout asks for no null, what it sends to the sides is told all the same.
_SIDES_DEG = (-90.0, 90.0)


def evaluate_beam(
    layout: Layout, impulse_responses: NDArray[np.float64], plant: EvaluationPlant | None = None
) -> Figures:
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
    dict
        Lists over third octaves ``band_centres_hz``: ``response_0_deg_db`` (relative to its mean over the beam's
        band), ``response_45_deg_db``, ``response_minus_45_deg_db``, ``response_90_deg_db`` and
        ``response_minus_90_deg_db`` (relative to the axis), ``null_depth_db`` (axis over the loudest of the azimuths
        at which the layout asks for nulls; ±90° if it asks for none), ``lobe_ripple_db`` (largest less smallest level
        within the lobe), ``white_noise_gain_db``; with ``null_levels_db`` in the layout, ``null_level_error_db``: the
        largest difference from the level asked for at any of them.

        Scalars over the beam's band: ``mean_null_depth_db`` (of the mean power), ``worst_lobe_ripple_db``,
        ``least_white_noise_gain_db``, ``worst_on_axis_db``, with levels ``worst_null_level_error_db``, and
        ``arrival_spread_samples``: the most that L, R and C differ in their arrival at the listener.

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
    low, high = layout.beamformer.band_hz
    # Bands whose edges, a twentieth of a decade from the centre, lie within the beam's band.
    edge = 10**0.05
    used = (plant.band_centres_hz / edge >= low) & (plant.band_centres_hz * edge <= high)
    if not used.any():
        used = plant.band_centres_hz == plant.band_centres_hz[np.abs(np.log(plant.band_centres_hz / low)).argmin()]
    on_axis = decibels(plant.band_mean(axis))
    on_axis -= on_axis[used].mean()
    sides = plant.band_mean(relative[:, plant.places_of(null_azimuths_deg(layout))])
    lobe = np.abs(plant.azimuths_deg) <= layout.beamformer.lobe_half_width_deg + 1e-9
    levels = decibels(plant.band_mean(relative[:, lobe]))
    ripple = levels.max(axis=1) - levels.min(axis=1)
    noise_gain = decibels(plant.band_mean(axis / np.maximum(np.sum(np.abs(drive[:, :, 2]) ** 2, axis=1), 1e-20)))
    figures: Figures = {"band_centres_hz": rounded(plant.band_centres_hz)}
    for azimuth in _REPORTED_DEG:
        level = on_axis if azimuth == 0 else decibels(plant.band_mean(relative[:, _index(plant, azimuth)]))
        figures[f"response_{'minus_' if azimuth < 0 else ''}{abs(azimuth)}_deg_db"] = rounded(level)
    asked = layout.beamformer.null_levels_db
    if asked is not None and len(asked):
        missed = np.abs(decibels(sides) - np.array(asked)).max(axis=1)
        figures["null_level_error_db"] = rounded(missed)
        figures["worst_null_level_error_db"] = round(float(missed[used].max()), 3)
    return figures | {
        "null_depth_db": rounded(-decibels(sides.max(axis=1))),
        "lobe_ripple_db": rounded(ripple),
        "white_noise_gain_db": rounded(noise_gain),
        "mean_null_depth_db": round(float(-decibels(sides[used].mean(axis=0).max())), 3),
        "worst_lobe_ripple_db": round(float(ripple[used].max()), 3),
        "least_white_noise_gain_db": round(float(noise_gain[used].min()), 3),
        "worst_on_axis_db": round(float(np.abs(on_axis[used]).max()), 3),
        "arrival_spread_samples": round(_arrival_spread(layout, plant, drive), 3),
    }


def null_azimuths_deg(layout: Layout) -> tuple[float, ...]:
    """Azimuths at which nulls are looked at: those that the layout asks for, else both sides."""
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

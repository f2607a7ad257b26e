"""The centre channel all around, and what is left of its nulls when drivers differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.beam import null_azimuths_deg
from designer.evaluation.plant import EvaluationPlant, decibels, rounded
from designer.evaluation.room import RoomPlant
from designer.filters.fir import spectra
from designer.layout.model import Layout

Figures = dict[str, float | list[float]]

# Tolerance of drivers, level and phase anywhere within ± these, and how many loudspeakers are drawn.
MISMATCH_DB, MISMATCH_DEG, DRAWS, SEED = 1.0, 5.0, 10_000, 2021
_PERCENTILE = 5.0
# Horizontal parts of CTA-2034-A's curves.
_CURVES_DEG = {
    "listening_window": (0.0, 30.0),
    "early_sides": (40.0, 80.0),
    "rear": (90.0, 180.0),
}


def evaluate_directivity(
    layout: Layout, impulse_responses: NDArray[np.float64], plant: EvaluationPlant, room: RoomPlant
) -> Figures:
    """Compute the centre channel's directivity and its robustness.

    Parameters
    ----------
    layout : Layout
    impulse_responses : (D, 3, N) float64
    plant : EvaluationPlant
    room : RoomPlant
        Both of the same layout.

    Returns
    -------
    dict
        Over third octaves ``band_centres_hz``, mean power relative to the axis: ``listening_window_db`` (within 30°),
        ``early_sides_db`` (40 … 80°), ``rear_db`` (90° and beyond; the sides only in a baffle), ``horizontal_power_db``
        (all), and ``front_to_side_db``: axis over the mean of ±90°.  Over ``octaves_hz``: ``directivity_index_db``,
        axis over the mean of the whole sphere.

        Over the beam's bands ``mismatch_bands_hz``: ``mismatch_null_depth_db`` at the nulls that are asked for, which
        95 % of 10 000 seeded draws of driver errors (even within ±1 dB and ±5°) exceed; ``mismatch_mean_null_depth_db``
        the same for the mean power over the bands.
    """
    drive = plant.drive_spectra(impulse_responses)[:, :, 2]
    power = np.abs((plant.field.transfer @ drive[..., None])[..., 0]) ** 2
    relative = plant.band_mean(power / np.maximum(power[:, plant.azimuths_deg == 0], 1e-20))[:, plant.is_even]
    azimuths = np.abs(plant.azimuths_deg[plant.is_even])
    figures: Figures = {"band_centres_hz": rounded(plant.band_centres_hz)}
    for name, (low, high) in _CURVES_DEG.items():
        within = (azimuths >= low) & (azimuths <= high)
        figures[f"{name}_db"] = rounded(decibels(relative[:, within].mean(axis=1)))
    figures["horizontal_power_db"] = rounded(decibels(relative.mean(axis=1)))
    figures["front_to_side_db"] = rounded(-decibels(relative[:, azimuths == 90].mean(axis=1)))
    omega = 2 * np.pi * room.frequencies_hz / layout.sample_rate_hz
    figures["octaves_hz"] = rounded(room.octaves_hz)
    figures["directivity_index_db"] = rounded(room.directivity_index_db(spectra(impulse_responses[:, 2], omega)))
    return figures | _under_mismatch(layout, plant, drive)


def _under_mismatch(layout: Layout, plant: EvaluationPlant, drive: NDArray[np.complex128]) -> Figures:
    """Null depth that 95 % of all loudspeakers keep."""
    low, high = layout.beamformer.band_hz
    chosen = (plant.band_centres_hz >= low) & (plant.band_centres_hz <= high)
    if not chosen.any():
        return {"mismatch_bands_hz": [], "mismatch_null_depth_db": [], "mismatch_mean_null_depth_db": 0.0}
    # One line in the middle of each band: errors are drawn, not averaged over frequency.
    per_band = drive.shape[0] // plant.band_centres_hz.size
    lines = np.flatnonzero(chosen) * per_band + per_band // 2
    generator = np.random.default_rng(SEED)
    drivers = drive.shape[1]
    level = generator.uniform(-MISMATCH_DB, MISMATCH_DB, (DRAWS, drivers)) * np.log(10) / 20
    phase = generator.uniform(-np.deg2rad(MISMATCH_DEG), np.deg2rad(MISMATCH_DEG), (DRAWS, drivers))
    errors = np.exp(level + 1j * phase)
    places = plant.places_of((0.0, *null_azimuths_deg(layout)))
    paths = plant.field.transfer[lines][:, places] * drive[lines][:, None]
    heard = np.abs(errors @ paths.reshape(-1, drivers).T) ** 2
    heard = heard.reshape(DRAWS, lines.size, len(places))
    sides = heard[..., 1:].max(axis=2) / heard[..., 0]
    return {
        "mismatch_bands_hz": rounded(plant.band_centres_hz[chosen]),
        "mismatch_null_depth_db": rounded(np.percentile(-decibels(sides), _PERCENTILE, axis=0)),
        "mismatch_mean_null_depth_db": round(float(np.percentile(-decibels(sides.mean(axis=1)), _PERCENTILE)), 3),
    }

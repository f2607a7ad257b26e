"""Directivity of the centre channel, and the depth of its nulls when drivers differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.beam import null_azimuths_deg
from designer.evaluation.lobe import LobeFigures, evaluate_lobe
from designer.evaluation.plant import EvaluationPlant, decibels, rounded
from designer.evaluation.records import Curve, Record
from designer.evaluation.room import RoomPlant
from designer.filters.fir import spectra
from designer.layout.model import Layout

# Tolerances of drivers in level and phase, within which errors are even, and the number of loudspeakers drawn.
MISMATCH_DB, MISMATCH_DEG, DRAWS, SEED = 1.0, 5.0, 10_000, 2021
_PERCENTILE = 5.0
# Horizontal parts of CTA-2034-A's curves.
_LISTENING_WINDOW_DEG, _EARLY_SIDES_DEG, _REAR_DEG = (0.0, 30.0), (40.0, 80.0), (90.0, 180.0)


@dataclass(frozen=True, kw_only=True)
class DirectivityFigures(Record):
    """Directivity of the centre channel, and its robustness.

    Attributes
    ----------
    band_centres_hz : tuple of B float
        Third octaves.
    listening_window_db, early_sides_db, rear_db : tuple of B float
        Mean power relative to the axis: within 30°, at 40 … 80°, and from 90° on.  In a baffle the last is at ±90°
        only.
    horizontal_power_db : tuple of B float
        Mean power over all azimuths, relative to the axis.
    front_to_side_db : tuple of B float
        Axis over the mean of ±90°.
    octaves_hz, directivity_index_db : tuple of float
        Power on axis over the mean of the whole sphere, both summed over the octave.
    mismatch_bands_hz : tuple of float
        Third octaves of the beam's band.
    mismatch_null_depth_db : tuple of float
        Depth of the wanted nulls that 95 % of 10 000 seeded draws of driver errors exceed.  Errors are uniform within
        ±1 dB and ±5°.
    mismatch_mean_null_depth_db : float
        The same for the mean power over the bands.
    lobe : LobeFigures
        How even the lobe is, also in bands narrower than third octaves.
    """

    band_centres_hz: Curve
    listening_window_db: Curve
    early_sides_db: Curve
    rear_db: Curve
    horizontal_power_db: Curve
    front_to_side_db: Curve
    octaves_hz: Curve
    directivity_index_db: Curve
    mismatch_bands_hz: Curve
    mismatch_null_depth_db: Curve
    mismatch_mean_null_depth_db: float
    lobe: LobeFigures


def evaluate_directivity(
    layout: Layout, impulse_responses: NDArray[np.float64], plant: EvaluationPlant, room: RoomPlant
) -> DirectivityFigures:
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
    DirectivityFigures
    """
    drive = plant.drive_spectra(impulse_responses)[:, :, 2]
    power = np.abs((plant.field.transfer @ drive[..., None])[..., 0]) ** 2
    relative = plant.band_mean(power / np.maximum(power[:, plant.azimuths_deg == 0], 1e-20))[:, plant.is_even]
    azimuths = np.abs(plant.azimuths_deg[plant.is_even])
    omega = 2 * np.pi * room.frequencies_hz / layout.sample_rate_hz

    def mean_db(zone: tuple[float, float]) -> Curve:
        within = (azimuths >= zone[0]) & (azimuths <= zone[1])
        return rounded(decibels(relative[:, within].mean(axis=1)))

    bands, depths_db, mean_depth_db = _under_mismatch(layout, plant, drive)
    return DirectivityFigures(
        band_centres_hz=rounded(plant.band_centres_hz),
        listening_window_db=mean_db(_LISTENING_WINDOW_DEG),
        early_sides_db=mean_db(_EARLY_SIDES_DEG),
        rear_db=mean_db(_REAR_DEG),
        horizontal_power_db=rounded(decibels(relative.mean(axis=1))),
        front_to_side_db=rounded(-decibels(relative[:, azimuths == 90].mean(axis=1))),
        octaves_hz=rounded(room.octaves_hz),
        directivity_index_db=rounded(room.directivity_index_db(spectra(impulse_responses[:, 2], omega))),
        mismatch_bands_hz=bands,
        mismatch_null_depth_db=depths_db,
        mismatch_mean_null_depth_db=mean_depth_db,
        lobe=evaluate_lobe(layout, drive, plant),
    )


def _under_mismatch(
    layout: Layout, plant: EvaluationPlant, drive: NDArray[np.complex128]
) -> tuple[Curve, Curve, float]:
    """Bands of the beam, null depth in each that 95 % of loudspeakers keep, and the same for the mean power."""
    low, high = layout.beamformer.band_hz
    chosen = (plant.band_centres_hz >= low) & (plant.band_centres_hz <= high)
    if not chosen.any():
        return (), (), 0.0
    # One line in the middle of each band, because errors are drawn and not averaged over frequency.
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
    return (
        rounded(plant.band_centres_hz[chosen]),
        rounded(np.percentile(-decibels(sides), _PERCENTILE, axis=0)),
        round(float(np.percentile(-decibels(sides.mean(axis=1)), _PERCENTILE)), 3),
    )

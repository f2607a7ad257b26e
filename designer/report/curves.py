"""Curves and maps of filters at the listener that only charts need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import circle_points_m, ear_plant, field_plant
from designer.acoustics.poses import HeadPoses
from designer.evaluation.plant import EvaluationPlant, decibels
from designer.filters.reference import reference_pressure
from designer.filters.stereo.virtualisation import target_matrix
from designer.layout.model import Layout

# The sweet-spot map: a head anywhere here, and the band in which level differences place a source.
_SWEET_SPAN_M = (0.30, 0.40)
_SWEET_STEPS = (9, 17)
_SWEET_BAND_HZ = (1000.0, 4000.0)
_SWEET_LINES = 24
_BEAM_STEP_DEG = 5.0
# Nearer than this part of the distance the model of the head no longer holds for every cabinet.
_SWEET_SPAN_PER_DISTANCE = 0.15


@dataclass(frozen=True, eq=False)
class ListenerCurves:
    """One layout, and the curves of any filters for it.

    Attributes
    ----------
    layout : Layout
    """

    layout: Layout

    @cached_property
    def plant(self) -> EvaluationPlant:
        """Transfer functions that the curves are computed from."""
        return EvaluationPlant.for_layout(self.layout)

    def pose_cancellation_db(self, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the cancellation gain of each channel for each pose of the head alone: (B, H, 2) float64."""
        layout, plant = self.layout, self.plant
        wanted = target_matrix(layout, plant.frequencies_hz)
        nulls = plant.drive_spectra(responses)[:, :, :2] @ np.linalg.inv(wanted)
        power = np.abs(plant.ears.transfer @ nulls) ** 2
        ratios = [power[:, 1 - side :: 2, side] / power[:, side::2, side] for side in (0, 1)]
        return -decibels(plant.band_mean(np.stack(ratios, axis=2)))

    @cached_property
    def beam_azimuths_deg(self) -> NDArray[np.float64]:
        """Directions of `beam_db`, rising: (A,) float64."""
        extent = 90.0 if self.layout.cabinet.shape == "baffle" else 180.0
        return np.arange(-extent, extent + 1, _BEAM_STEP_DEG)

    @cached_property
    def _field(self) -> NDArray[np.complex128]:
        points = circle_points_m(self.layout, self.beam_azimuths_deg)
        return field_plant(self.layout, self.plant.frequencies_hz, points).transfer

    def beam_db(self, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Level of the centre channel around the cabinet, relative to the axis in its band's mean: (B, A) float64."""
        plant = self.plant
        drive = plant.drive_spectra(responses)[:, :, 2]
        reference = reference_pressure(self.layout, plant.frequencies_hz)
        pressure = (self._field @ drive[..., None])[..., 0] / reference[:, None]
        levels = decibels(plant.band_mean(np.abs(pressure) ** 2))
        low, high = self.layout.beamformer.band_hz
        used = (plant.band_centres_hz >= low) & (plant.band_centres_hz <= high)
        axis = int(np.argmin(np.abs(self.beam_azimuths_deg)))
        return np.asarray(levels - levels[used if used.any() else slice(None), axis].mean())

    def sweet_spot_db(
        self, responses: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Compute the cancellation 1 … 4 kHz for a head anywhere around its place.

        Returns
        -------
        x_m : (X,) float64
            Towards the cabinet.
        y_m : (Y,) float64
            To the left.
        gain_db : (X, Y) float64
                Of the worse channel.
        """
        layout = self.layout
        reach = min(_SWEET_SPAN_M[0], _SWEET_SPAN_PER_DISTANCE * layout.listener.distance_m)
        x, y = (
            np.linspace(-span, span, steps) for span, steps in zip((reach, _SWEET_SPAN_M[1]), _SWEET_STEPS, strict=True)
        )
        grid_x, grid_y = (axis.ravel() for axis in np.meshgrid(x, y, indexing="ij"))
        heads = HeadPoses(grid_x, grid_y, np.zeros_like(grid_x), np.full(grid_x.size, 1.0 / grid_x.size))
        frequencies = np.geomspace(*_SWEET_BAND_HZ, _SWEET_LINES)
        omega = 2 * np.pi * frequencies / layout.sample_rate_hz
        kernel = np.exp(-1j * omega[:, None] * np.arange(responses.shape[2]))
        drive = np.einsum("fn,din->fdi", kernel, responses[:, :2])
        wanted = target_matrix(layout, frequencies)
        power = np.abs(ear_plant(layout, frequencies, heads).transfer @ (drive @ np.linalg.inv(wanted))) ** 2
        gains = [-decibels(np.mean(power[:, 1 - side :: 2, side] / power[:, side::2, side], axis=0)) for side in (0, 1)]
        return x, y, np.minimum(*gains).reshape(x.size, y.size)

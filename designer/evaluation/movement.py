"""What is left when the listener moves: a table of head shifts, and a map of the sweet spot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.evaluation.plant import decibels, rounded
from designer.filters.fir import spectra
from designer.filters.stereo.design import design_stereo
from designer.layout.model import Layout

Figures = dict[str, float | list[float] | list[list[float]]]

SHIFTS_M = (0.0, 0.02, 0.05, 0.10)
_MAP_SPAN_M = (0.30, 0.50)
_MAP_STEPS = (7, 11)
# Beyond these parts of the distance the cabinet would be too near, or too far to the side.
_SPAN_PER_DISTANCE = (0.15, 0.25)
_GAIN_BAND_HZ = (1000.0, 8000.0)
_ITD_BAND_HZ = (500.0, 1500.0)
# Gain that still moves a source outside of the cabinet, for the width of the sweet spot.
_USEFUL_GAIN_DB = 6.0


@dataclass(frozen=True, eq=False)
class MovedHeads:
    """Transfer to heads that look straight ahead, wherever they are.

    Attributes
    ----------
    layout : Layout
    x_m, y_m : (P,) float64
        Towards the cabinet, to the left.
    """

    layout: Layout
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]

    @cached_property
    def frequencies_hz(self) -> NDArray[np.float64]:
        """Lines: 500 Hz … 8 kHz, eight per octave; (F,) float64."""
        return np.geomspace(_ITD_BAND_HZ[0], _GAIN_BAND_HZ[1], 33)

    @cached_property
    def _ears(self) -> NDArray[np.complex128]:
        count = self.x_m.size
        poses = HeadPoses(self.x_m, self.y_m, np.zeros(count), np.full(count, 1 / count))
        return ear_plant(self.layout, self.frequencies_hz, poses).transfer

    @cached_property
    def _unmix(self) -> NDArray[np.complex128]:
        heads = HeadPoses.from_layout(self.layout)
        ears = ear_plant(self.layout, self.frequencies_hz, heads).transfer
        mixing = design_stereo(self.layout, self.frequencies_hz, ears, heads).composition.mixing
        return np.asarray(np.linalg.inv(mixing))

    def figures(self, impulse_responses: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Mean cancellation gain and time difference of L and R at each head.

        Parameters
        ----------
        impulse_responses : (D, 3, N) float64

        Returns
        -------
        dict
            ``left_cancellation_gain_db`` (mean power, 1 … 8 kHz), ``left_itd_us`` (500 … 1500 Hz, positive when the
            ipsilateral ear leads) and the same for ``right``: (P,) each.
        """
        omega = 2 * np.pi * self.frequencies_hz / self.layout.sample_rate_hz
        drive = spectra(impulse_responses[:, :2], omega)
        found = {}
        heard = (self._ears @ drive).reshape(omega.size, -1, 2, 2)
        nulled = (self._ears @ (drive @ self._unmix)).reshape(omega.size, -1, 2, 2)
        gain_lines = (self.frequencies_hz >= _GAIN_BAND_HZ[0]) & (self.frequencies_hz <= _GAIN_BAND_HZ[1])
        itd_lines = self.frequencies_hz <= _ITD_BAND_HZ[1]
        turn = 2 * np.pi * self.frequencies_hz[itd_lines, None]
        for side, name in enumerate(("left", "right")):
            power = np.abs(nulled[gain_lines, :, :, side]) ** 2
            found[f"{name}_cancellation_gain_db"] = -decibels(
                np.mean(power[:, :, 1 - side] / power[:, :, side], axis=0)
            )
            pair = heard[itd_lines, :, :, side]
            phase = np.unwrap(np.angle(pair[:, :, side] * pair[:, :, 1 - side].conj()), axis=0)
            found[f"{name}_itd_us"] = 1e6 * np.sum(turn * phase, axis=0) / np.sum(turn**2)
        return found


def shifted_heads(layout: Layout) -> MovedHeads:
    """Heads 0, 2, 5 and 10 cm to the left."""
    return MovedHeads(layout, np.zeros(len(SHIFTS_M)), np.array(SHIFTS_M))


def mapped_heads(layout: Layout) -> MovedHeads:
    """Heads over ±30 cm in distance and ±50 cm to the sides, less where the cabinet is near."""
    distance = layout.listener.distance_m
    x, y = (
        np.linspace(-1, 1, steps) * min(span, part * distance)
        for span, part, steps in zip(_MAP_SPAN_M, _SPAN_PER_DISTANCE, _MAP_STEPS, strict=True)
    )
    grid = np.meshgrid(x, y, indexing="ij")
    return MovedHeads(layout, grid[0].ravel(), grid[1].ravel())


def evaluate_head_shift(impulse_responses: NDArray[np.float64], heads: MovedHeads) -> Figures:
    """Tabulate the figures of `MovedHeads.figures` over ``shift_m``, from `shifted_heads`."""
    table: Figures = {"shift_m": list(SHIFTS_M)}
    table.update({key: rounded(values) for key, values in heads.figures(impulse_responses).items()})
    return table


def evaluate_sweet_spot(impulse_responses: NDArray[np.float64], heads: MovedHeads) -> Figures:
    """Map the sweet spot.

    Returns
    -------
    dict
        ``towards_cabinet_m`` (7 rows), ``to_the_left_m`` (11 columns); ``cancellation_gain_db`` of the worse channel,
        ``left_itd_us``, ``right_itd_us``: rows of columns.  ``width_above_6_db_m``: how far apart to the sides, at
        the nominal distance and around the middle, heads still get 6 dB from both channels.
    """
    found = heads.figures(impulse_responses)
    shape = _MAP_STEPS
    x, y = heads.x_m.reshape(shape)[:, 0], heads.y_m.reshape(shape)[0]
    gain = np.minimum(found["left_cancellation_gain_db"], found["right_cancellation_gain_db"]).reshape(shape)
    fine = np.linspace(y[0], y[-1], 401)
    enough = np.interp(fine, y, gain[shape[0] // 2]) >= _USEFUL_GAIN_DB
    middle = fine.size // 2
    width = 0.0
    if enough[middle]:
        outside = np.flatnonzero(~enough)
        left = outside[outside < middle].max(initial=0)
        right = outside[outside > middle].min(initial=fine.size - 1)
        width = float(fine[right] - fine[left])
    return {
        "towards_cabinet_m": rounded(x),
        "to_the_left_m": rounded(y),
        "cancellation_gain_db": [rounded(row) for row in gain],
        "left_itd_us": [rounded(row) for row in found["left_itd_us"].reshape(shape)],
        "right_itd_us": [rounded(row) for row in found["right_itd_us"].reshape(shape)],
        "width_above_6_db_m": round(width, 3),
    }

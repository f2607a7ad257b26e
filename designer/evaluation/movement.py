"""Figures for a listener who moves: a table of head shifts, and a map of the sweet spot."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.evaluation.plant import decibels, rounded
from designer.evaluation.records import PREFIXED, Curve, Record, Table
from designer.filters.fir import spectra
from designer.filters.stereo.design import design_stereo
from designer.layout.model import Layout

SHIFTS_M = (0.0, 0.02, 0.05, 0.10)
_MAP_SPAN_M = (0.30, 0.50)
_MAP_STEPS = (7, 11)
# Largest movements as parts of the distance.  Beyond them the cabinet would be too near, or too far to the side.
_SPAN_PER_DISTANCE = (0.15, 0.25)
_GAIN_BAND_HZ = (1000.0, 8000.0)
_ITD_BAND_HZ = (500.0, 1500.0)
# Least useful gain, which still moves a source outside the cabinet.  It defines the width of the sweet spot.
_USEFUL_GAIN_DB = 6.0


@dataclass(frozen=True, eq=False)
class ChannelAtHeads:
    """One channel at P heads.

    Attributes
    ----------
    cancellation_gain_db : (P,) float64
        Mean power, 1 … 8 kHz.
    itd_us : (P,) float64
        Time difference, 500 … 1500 Hz, positive when the own ear leads.
    """

    cancellation_gain_db: NDArray[np.float64]
    itd_us: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ChannelOverShift(Record):
    """One channel over the shifts of the head, with the figures of `ChannelAtHeads`."""

    cancellation_gain_db: Curve
    itd_us: Curve


@dataclass(frozen=True, kw_only=True)
class HeadShiftFigures(Record):
    """Figures of a head that moves to its left.

    Attributes
    ----------
    shift_m : tuple of S float
    left, right : ChannelOverShift
    """

    shift_m: Curve
    left: ChannelOverShift = field(metadata=PREFIXED)
    right: ChannelOverShift = field(metadata=PREFIXED)


@dataclass(frozen=True, kw_only=True)
class SweetSpotFigures(Record):
    """Map of the sweet spot; tables are rows of columns.

    Attributes
    ----------
    towards_cabinet_m : tuple of 7 float
        Places of the rows.
    to_the_left_m : tuple of 11 float
        Places of the columns.
    cancellation_gain_db : table
        Of the worse channel.
    left_itd_us, right_itd_us : table
    width_above_6_db_m : float
        Width of the zone around the middle, at the nominal distance, in which both channels keep 6 dB.
    """

    towards_cabinet_m: Curve
    to_the_left_m: Curve
    cancellation_gain_db: Table
    left_itd_us: Table
    right_itd_us: Table
    width_above_6_db_m: float


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

    def figures(self, impulse_responses: NDArray[np.float64]) -> tuple[ChannelAtHeads, ChannelAtHeads]:
        """Mean cancellation gain and time difference at each head.

        Parameters
        ----------
        impulse_responses : (D, 3, N) float64

        Returns
        -------
        left, right : ChannelAtHeads
        """
        omega = 2 * np.pi * self.frequencies_hz / self.layout.sample_rate_hz
        drive = spectra(impulse_responses[:, :2], omega)
        heard = (self._ears @ drive).reshape(omega.size, -1, 2, 2)
        nulled = (self._ears @ (drive @ self._unmix)).reshape(omega.size, -1, 2, 2)
        return self._channel(heard, nulled, 0), self._channel(heard, nulled, 1)

    def _channel(self, heard: NDArray[np.complex128], nulled: NDArray[np.complex128], side: int) -> ChannelAtHeads:
        """Figures of one channel from pressures (F, P, ear, channel) of channels and of their nulls."""
        gain_lines = (self.frequencies_hz >= _GAIN_BAND_HZ[0]) & (self.frequencies_hz <= _GAIN_BAND_HZ[1])
        itd_lines = self.frequencies_hz <= _ITD_BAND_HZ[1]
        omega = 2 * np.pi * self.frequencies_hz[itd_lines, None]
        power = np.abs(nulled[gain_lines, :, :, side]) ** 2
        pair = heard[itd_lines, :, :, side]
        phase = np.unwrap(np.angle(pair[:, :, side] * pair[:, :, 1 - side].conj()), axis=0)
        return ChannelAtHeads(
            -decibels(np.mean(power[:, :, 1 - side] / power[:, :, side], axis=0)),
            1e6 * np.sum(omega * phase, axis=0) / np.sum(omega**2),
        )


def shifted_heads(layout: Layout) -> MovedHeads:
    """Heads 0, 2, 5 and 10 cm to the left."""
    return MovedHeads(layout, np.zeros(len(SHIFTS_M)), np.array(SHIFTS_M))


def mapped_heads(layout: Layout) -> MovedHeads:
    """Heads over ±30 cm in distance and ±50 cm to the sides.  The ranges are smaller if the cabinet is near."""
    distance = layout.listener.distance_m
    x, y = (
        np.linspace(-1, 1, steps) * min(span, part * distance)
        for span, part, steps in zip(_MAP_SPAN_M, _SPAN_PER_DISTANCE, _MAP_STEPS, strict=True)
    )
    grid = np.meshgrid(x, y, indexing="ij")
    return MovedHeads(layout, grid[0].ravel(), grid[1].ravel())


def evaluate_head_shift(impulse_responses: NDArray[np.float64], heads: MovedHeads) -> HeadShiftFigures:
    """Tabulate the figures of `MovedHeads.figures` over the shifts of `shifted_heads`."""
    left, right = (
        ChannelOverShift(cancellation_gain_db=rounded(channel.cancellation_gain_db), itd_us=rounded(channel.itd_us))
        for channel in heads.figures(impulse_responses)
    )
    return HeadShiftFigures(shift_m=SHIFTS_M, left=left, right=right)


def evaluate_sweet_spot(impulse_responses: NDArray[np.float64], heads: MovedHeads) -> SweetSpotFigures:
    """Map the sweet spot over the heads of `mapped_heads`."""
    left, right = heads.figures(impulse_responses)
    shape = _MAP_STEPS
    x, y = heads.x_m.reshape(shape)[:, 0], heads.y_m.reshape(shape)[0]
    gain = np.minimum(left.cancellation_gain_db, right.cancellation_gain_db).reshape(shape)

    def rows(values: NDArray[np.float64]) -> Table:
        return tuple(rounded(row) for row in values.reshape(shape))

    return SweetSpotFigures(
        towards_cabinet_m=rounded(x),
        to_the_left_m=rounded(y),
        cancellation_gain_db=rows(gain),
        left_itd_us=rows(left.itd_us),
        right_itd_us=rows(right.itd_us),
        width_above_6_db_m=round(_useful_width_m(y, gain[shape[0] // 2]), 3),
    )


def _useful_width_m(y_m: NDArray[np.float64], gain_db: NDArray[np.float64]) -> float:
    """Width of the zone around the middle in which the gain is useful, metres; 0 if the middle is outside."""
    fine = np.linspace(y_m[0], y_m[-1], 401)
    enough = np.interp(fine, y_m, gain_db) >= _USEFUL_GAIN_DB
    middle = fine.size // 2
    if not enough[middle]:
        return 0.0
    outside = np.flatnonzero(~enough)
    first = outside[outside < middle].max(initial=0)
    last = outside[outside > middle].min(initial=fine.size - 1)
    return float(fine[last] - fine[first])

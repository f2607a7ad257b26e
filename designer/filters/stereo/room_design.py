"""Design of L and R for a room: one drive for each virtual source, chosen on the curve of error against radiation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.diffuse import ear_diffuse_gain
from designer.acoustics.poses import HeadPoses
from designer.acoustics.room import Room, listening_room
from designer.filters.bands import role_weights
from designer.filters.radiation import STEREO_PRICE, Radiation
from designer.filters.reference import reference_pressure
from designer.filters.stereo.crosstalk import NullSteering
from designer.filters.stereo.heads import ErrorRows, error_rows
from designer.filters.stereo.room_trade import RoomTrade
from designer.layout.model import Layout

# Time constant of the ear's binaural window: Faller & Merimaa 2004, § II.
_BINAURAL_WINDOW_S = 0.010
# Below this frequency a virtual source takes most of its radiated power and of the drivers' level, and moves the image
# least: docs/science.md has figures.
_WIDE_FROM_HZ, _WIDE_SLOPE = 500.0, 6
# Octaves 250 Hz … 4 kHz, over which the decibels of radiated power are a mean.
_MEAN_HZ = (250.0 / 2**0.5, 4000.0 * 2**0.5)


@dataclass(frozen=True, eq=False)
class RoomSide:
    """Design of one channel in a room.

    Attributes
    ----------
    null : NullSteering
        The drive and its figures.  ``reachable_db`` is its own gain.
    radiated_db : (F,) float64
        Radiated power of the drive for unit pressure at the own ear, relative to a point source.
    least_db : (F,) float64
        The least that any drive radiates.
    fullest_db : (F,) float64
        What the drive of the least error within the effort cap radiates.
    """

    null: NullSteering
    radiated_db: NDArray[np.float64]
    least_db: NDArray[np.float64]
    fullest_db: NDArray[np.float64]

    @property
    def width(self) -> NDArray[np.float64]:
        """Place between the least and the fullest radiated power, in decibels: (F,), 0 … 1."""
        span = np.maximum(self.fullest_db - self.least_db, 1e-6)
        return np.asarray(np.clip((self.radiated_db - self.least_db) / span, 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class StereoInRoom:
    """L and R of a design for a room, and what their drivers radiate."""

    left: RoomSide
    right: RoomSide
    radiation: Radiation


def diffuse_after_precedence(room: Room) -> float:
    """Diffuse energy per direct energy of a point source that still disturbs the cues of a sound's onset.

    Parameters
    ----------
    room : Room

    Returns
    -------
    float
        Ratio of powers: that of the diffuse field, times T/(T + τ).

    Notes
    -----
    Cues are taken at onsets, within a binaural window of T = 10 ms that decays exponentially (Faller & Merimaa, J.
    Acoust. Soc. Am. 116 (2004), 3075).  Diffuse energy arrives with the decay τ of the room, and each part of it
    counts by what the window has left: ∫ e^{−t/τ}·e^{−t/T} dt/τ = T/(T + τ).
    """
    decay_s = room.reverberation_time_s / (6 * math.log(10))
    return room.diffuse_to_direct * _BINAURAL_WINDOW_S / (_BINAURAL_WINDOW_S + decay_s)


def design_in_room(
    layout: Layout, frequencies_hz: NDArray[np.float64], ears: NDArray[np.complex128], heads: HeadPoses
) -> StereoInRoom:
    """Design both channels for the layout's room.

    Parameters
    ----------
    layout : Layout
        Drivers with the role 'crosstalk' take part, within their bands.
    frequencies_hz : (F,) float64
        Positive and rising.
    ears : (F, 2 * H, D) complex128
        Pressure at both ears for each pose, Pa per unit drive.
    heads : HeadPoses
        H poses.

    Returns
    -------
    StereoInRoom
    """
    width = layout.crosstalk.width
    front = StereoFront.of(layout, frequencies_hz, ears, heads)
    return front.at(width if isinstance(width, float) else None)


@dataclass(frozen=True, eq=False)
class StereoFront:
    """Curves of both channels, on which a design for a room takes one point.

    Drives are per band weight, pressures relative to the reference.

    Attributes
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
    heads : HeadPoses
        H poses.
    ears : (F, 2 * H, D) complex128
    to_drive : (F, D) complex128
        From drives of the curves to drives for unit pressure at the own ear.
    radiation : Radiation
    diffuse : (F,) float64
        κ: diffuse energy at the ear per radiated power, relative to the direct sound.
    trades : tuple of two RoomTrade
        Of left and right.
    fullest : tuple of two (F,) float64
        Loading of the least error within the effort cap.
    """

    layout: Layout
    frequencies_hz: NDArray[np.float64]
    heads: HeadPoses
    ears: NDArray[np.complex128]
    to_drive: NDArray[np.complex128]
    radiation: Radiation
    diffuse: NDArray[np.float64]
    trades: tuple[RoomTrade, RoomTrade]
    fullest: tuple[NDArray[np.float64], NDArray[np.float64]]

    @classmethod
    def of(
        cls, layout: Layout, frequencies_hz: NDArray[np.float64], ears: NDArray[np.complex128], heads: HeadPoses
    ) -> StereoFront:
        """Set up both curves; see `design_in_room`."""
        band = np.maximum(role_weights(layout, frequencies_hz, "crosstalk"), 1e-6)
        per_reference = band / reference_pressure(layout, frequencies_hz)[:, None]
        radiation = Radiation.of(layout, frequencies_hz, band, STEREO_PRICE)
        gain = ear_diffuse_gain(frequencies_hz, layout.listener.head_radius_m, layout.speed_of_sound_m_per_s)
        diffuse = diffuse_after_precedence(listening_room(layout)) * gain
        seen = ears * per_reference[:, None]
        cap = 10 ** (layout.crosstalk.effort_cap_db / 10)
        trades, fullest = [], []
        for side, errors in enumerate(error_rows(layout, frequencies_hz, ears, heads)):
            own = seen[:, 2 * heads.nominal_index + side]
            covariance = ErrorRows(errors.rows * per_reference[:, None], errors.probability).covariance()
            trades.append(RoomTrade.of(own, covariance, radiation.metric))
            fullest.append(_loading_within_effort(trades[-1], own, cap))
        return cls(
            layout,
            frequencies_hz,
            heads,
            seen,
            per_reference,
            radiation,
            diffuse,
            (trades[0], trades[1]),
            (fullest[0], fullest[1]),
        )

    def at(self, width: float | None) -> StereoInRoom:
        """Take a point of both curves.

        Parameters
        ----------
        width : float or None
            0 … 1, or None for the point that the room makes best.

        Returns
        -------
        StereoInRoom
        """
        return StereoInRoom(self._side(0, width), self._side(1, width), self.radiation)

    def _side(self, side: int, width: float | None) -> RoomSide:
        """Design one channel; side 0 is left."""
        trade, fullest = self.trades[side], self.fullest[side]
        if width is None:
            loading = np.maximum(trade.best_loading(self.diffuse), fullest)
        else:
            loading = trade.loading_of_width(width, fullest, _worth(self.frequencies_hz), _share(self.frequencies_hz))
        drive = trade.drive(loading)
        gain_db, effort = self._gain_db(drive, side), _effort(drive, self.ears[:, 2 * self.heads.nominal_index + side])
        none, cap_db = np.zeros_like(gain_db), self.layout.crosstalk.effort_cap_db
        null = NullSteering(
            drive * self.to_drive, gain_db, 10 * np.log10(effort), loading, none, gain_db, none + cap_db
        )
        least, full = (self._radiated_db(trade.drive(at)) for at in (trade.scale(1e4), fullest))
        return RoomSide(null, self._radiated_db(drive), least, full)

    def _radiated_db(self, drive: NDArray[np.complex128]) -> NDArray[np.float64]:
        return np.asarray(10 * np.log10(self.radiation.power(drive)))

    def _gain_db(self, drive: NDArray[np.complex128], side: int) -> NDArray[np.float64]:
        power = np.abs((self.ears @ drive[..., None])[..., 0]) ** 2
        own, other = (power[:, ear::2] @ self.heads.weight for ear in (side, 1 - side))
        return np.asarray(10 * np.log10(own / np.maximum(other, 1e-30)))


def _worth(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what an error of the virtual source counts for: (F,), 1 at high frequency."""
    return np.asarray(1 / (1 + (_WIDE_FROM_HZ / frequencies_hz) ** _WIDE_SLOPE))


def _share(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the weight of each line in a mean over octaves: (F,), the sum is 1."""
    octaves = np.gradient(np.log(frequencies_hz))
    low, high = _MEAN_HZ
    weight = octaves * ((frequencies_hz >= low) & (frequencies_hz <= high))
    return np.asarray(weight / weight.sum())


def _effort(drive: NDArray[np.complex128], own: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Effort of a drive (F, D), relative to the best single driver: (F,)."""
    return np.asarray(np.sum(np.abs(drive) ** 2, axis=1) * np.max(np.abs(own) ** 2, axis=1))


def _loading_within_effort(trade: RoomTrade, own: NDArray[np.complex128], cap: float) -> NDArray[np.float64]:
    """Find the loading (F,) of the least error within the effort cap, or the least one where all keep the cap."""
    return trade.loading_within(lambda loading: _effort(trade.drive(loading), own) > cap)

"""The beam of C in a room: the most direct sound that the drivers can give, then an even lobe and nulls.

The drive of least radiated power for unit response on axis has the largest direct-to-diffuse ratio of all drives.  It
is w ∝ M⁻¹·a*, the solution of a generalised eigenvalue problem of rank one.  M is the radiation covariance with a price
of effort, which holds the white-noise gain above its floor.

Pressure matching then works on drives whose price is at most a little above the least.  What is left for an even lobe
and for nulls is what that little buys.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.filters.beam.pressure_matching import PressureMatching, in_phase_drive
from designer.filters.radiation import CENTRE_PRICE, Radiation, inverse_root
from designer.filters.stereo.crosstalk import bisect
from designer.layout.model import Layout

# What an even lobe and nulls may cost of direct sound.
_SPENT_DB = 0.1
# The least drive keeps this above the floor of the white-noise gain, for what the lobe and the filters take.
_SPARE_NOISE_DB = 0.5
# Largest price of effort that is tried.  It is in-phase mixing.
_MOST_PRICE = 1e4


@dataclass(frozen=True, eq=False)
class RoomBeam:
    """Coordinates in which the price of a drive is its squared length.

    Attributes
    ----------
    radiation : Radiation
    least : (F, D) complex128
        Drive per weight of the least price, for unit response on axis.
    root : (F, D, D) complex128
        From these coordinates to drives per weight.
    """

    radiation: Radiation
    least: NDArray[np.complex128]
    root: NDArray[np.complex128]

    def match(
        self, matching: PressureMatching, starts: tuple[NDArray[np.complex128], ...], used: NDArray[np.bool_]
    ) -> NDArray[np.complex128]:
        """Solve a problem of pressure matching among drives of nearly the least price.

        Parameters
        ----------
        matching : PressureMatching
            On the lines in use.
        starts : tuple of (F_used, D) complex128
            Initial drives per weight.
        used : (F,) bool
            Lines in use.

        Returns
        -------
        (F_used, D) complex128
            Drive per weight.
        """
        root = self.root[used]
        axis = (matching.axis[:, None] @ root)[:, 0]
        most = 10 ** (_SPENT_DB / 10) / np.sum(np.abs(axis) ** 2, axis=1)
        problem = replace(matching, axis=axis, response=matching.response @ root, most_power=most)
        there = [np.linalg.solve(root, start[..., None])[..., 0].astype(np.complex128) for start in starts]
        found = problem.solve((in_phase_drive(axis), *there)).drive
        return np.asarray((root @ found[..., None])[..., 0])


def room_beam(
    layout: Layout,
    frequencies_hz: NDArray[np.float64],
    axis: NDArray[np.complex128],
    band: NDArray[np.float64],
) -> RoomBeam:
    """Find the drive of the least price, and the coordinates of all others.

    Parameters
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
        Positive and rising.
    axis : (F, D) complex128
        Response on axis per weight.
    band : (F, D) float64
        Weight of each driver, above 0.
    """
    radiation = Radiation.of(layout, frequencies_hz, band, CENTRE_PRICE)
    floor_db = layout.beamformer.white_noise_gain_floor_db + _SPARE_NOISE_DB
    radiation = replace(radiation, price=_price_for_the_floor(radiation, axis, floor_db))
    root = inverse_root(radiation.metric)
    least = (root @ in_phase_drive((axis[:, None] @ root)[:, 0])[..., None])[..., 0]
    return RoomBeam(radiation, np.asarray(least), root)


def _price_for_the_floor(radiation: Radiation, axis: NDArray[np.complex128], floor_db: float) -> NDArray[np.float64]:
    """Find the price of effort that holds the white-noise gain of the least drive, from the usual one upward: (F,)."""
    power, basis = np.linalg.eigh(radiation.covariance)
    seen = (basis.conj().transpose(0, 2, 1) @ axis.conj()[..., None])[..., 0]
    strength, power = np.abs(seen) ** 2, np.maximum(power, 0.0)
    most = 10 ** (-floor_db / 10)

    def too_noisy(logarithm: NDArray[np.float64]) -> NDArray[np.bool_]:
        inverse = 1 / (power + np.exp(logarithm)[:, None])
        effort = np.sum(strength * inverse**2, axis=1) / np.sum(strength * inverse, axis=1) ** 2
        return np.asarray(effort > most)

    usual = np.log(radiation.price)
    return np.asarray(np.exp(bisect(too_noisy, usual, np.full_like(usual, np.log(_MOST_PRICE)))))

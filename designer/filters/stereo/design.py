"""Design of the channels L and R: nulls, and their composition into virtual sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.poses import HeadPoses
from designer.filters.bands import availability, role_weights
from designer.filters.reference import reference_pressure
from designer.filters.stereo.crosstalk import NullSteering, steer_null, target_curve_db
from designer.filters.stereo.null_composition import Composition, compose
from designer.filters.stereo.room_design import StereoInRoom, design_in_room
from designer.filters.stereo.virtualisation import target_matrix
from designer.layout.model import Layout


@dataclass(frozen=True, eq=False)
class StereoDesign:
    """Drive of L and R on a grid of frequencies.

    Attributes
    ----------
    left, right : NullSteering
        Drives with a null at the other ear, and unit pressure at the own ear.
    composition : Composition
        Mixing of the two into virtual sources.
    response : (F, D, 2) complex128
        Drive of L and R.  The ipsilateral ear of the nominal head gets the reference pressure.
    target_db : (F,) float64
        Target of the cancellation gain: what the layout asks for, or what the room makes best.
    in_room : StereoInRoom, optional
        Of a design for a room, which has no nulls to compose.
    """

    left: NullSteering
    right: NullSteering
    composition: Composition
    response: NDArray[np.complex128]
    target_db: NDArray[np.float64]
    in_room: StereoInRoom | None = None


def design_stereo(
    layout: Layout, frequencies_hz: NDArray[np.float64], ears: NDArray[np.complex128], heads: HeadPoses
) -> StereoDesign:
    """Design the channels L and R.

    Parameters
    ----------
    layout : Layout
        Drivers with the role 'crosstalk' take part, within their bands.
    frequencies_hz : (F,) float64
        Positive and rising.
    ears : (F, 2 * H, D) complex128
        Pressure at both ears from `ear_plant` for ``heads``, Pa per unit drive.
    heads : HeadPoses
        H poses.  The nominal head is the one nearest to the origin.

    Returns
    -------
    StereoDesign
    """
    if layout.is_designed_for_a_room:
        return _for_the_room(layout, frequencies_hz, ears, heads)
    return _without_a_room(layout, frequencies_hz, ears, heads)


def _for_the_room(
    layout: Layout, frequencies_hz: NDArray[np.float64], ears: NDArray[np.complex128], heads: HeadPoses
) -> StereoDesign:
    """Design L and R as virtual sources at once."""
    found = design_in_room(layout, frequencies_hz, ears, heads)
    left, right = found.left.null, found.right.null
    weights = np.stack([left.weights, right.weights], axis=2)
    target = (left.gain_db + right.gain_db) / 2
    unmixed = Composition(np.tile(np.eye(2, dtype=np.complex128), (frequencies_hz.size, 1, 1)))
    response = weights * unit_response(layout, frequencies_hz, ears, heads)[:, None, None]
    return StereoDesign(left, right, unmixed, response, target, found)


def _without_a_room(
    layout: Layout, frequencies_hz: NDArray[np.float64], ears: NDArray[np.complex128], heads: HeadPoses
) -> StereoDesign:
    """Design nulls, and compose them into virtual sources."""
    band = role_weights(layout, frequencies_hz, "crosstalk")
    target = target_curve_db(layout.crosstalk.anechoic_target_gain_db, frequencies_hz)
    left, right = (
        steer_null(
            ears[:, side::2],
            ears[:, 1 - side :: 2],
            heads.weight,
            heads.nominal_index,
            band,
            target,
            layout.crosstalk.effort_cap_db,
        )
        for side in (0, 1)
    )
    nominal = heads.nominal_index
    nominal_ears = ears[:, 2 * nominal : 2 * nominal + 2]
    wanted = target_matrix(layout, frequencies_hz)
    composition = compose(frequencies_hz, left, right, nominal_ears, wanted, band, target)
    composed = np.stack([left.weights, right.weights], axis=2) @ composition.mixing
    response = composed * unit_response(layout, frequencies_hz, ears, heads)[:, None, None]
    return StereoDesign(left, right, composition, response, target)


def unit_response(
    layout: Layout, frequencies_hz: NDArray[np.float64], ears: NDArray[np.complex128], heads: HeadPoses
) -> NDArray[np.complex128]:
    """Pressure at the own ear that L and R are designed for: the reference, as far as the drivers can give it.

    Parameters
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
        Positive and rising.
    ears : (F, 2 * H, D) complex128
        From `ear_plant` for ``heads``, Pa per unit drive.
    heads : HeadPoses
        H poses.

    Returns
    -------
    (F,) complex128
        Pa.
    """
    band = role_weights(layout, frequencies_hz, "crosstalk")
    nominal = heads.nominal_index
    nominal_ears = ears[:, 2 * nominal : 2 * nominal + 2]
    reference = reference_pressure(layout, frequencies_hz)
    sensitivity = np.sqrt(np.mean(np.abs(nominal_ears / reference[:, None, None]) ** 2, axis=1))
    return np.asarray(reference * availability(band, sensitivity, frequencies_hz))

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
    """

    left: NullSteering
    right: NullSteering
    composition: Composition
    response: NDArray[np.complex128]


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
    reference = reference_pressure(layout, frequencies_hz)
    sensitivity = np.sqrt(np.mean(np.abs(nominal_ears / reference[:, None, None]) ** 2, axis=1))
    played = availability(band, sensitivity, frequencies_hz)
    return StereoDesign(left, right, composition, composed * (reference * played)[:, None, None])

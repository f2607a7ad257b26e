"""How even the lobe of the centre channel is: in third octaves, in twelfth octaves and on single lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.beam import range_db, used_bands
from designer.evaluation.plant import EvaluationPlant, decibels, rounded
from designer.evaluation.records import Curve, Record
from designer.layout.model import Layout

_TWELFTHS_PER_BAND = 4
_PERCENTILE = 1.0


@dataclass(frozen=True, kw_only=True)
class LobeFigures(Record):
    """Evenness of the lobe on a grid of 1°; curves are over third octaves, scalars over the beam's band.

    The layout asks for its ripple in third octaves.  Narrow dips vanish in their means, so the other figures have no
    bound and are usually worse.

    Attributes
    ----------
    band_centres_hz : tuple of B float
    ripple_db : tuple of B float
        Largest less smallest level within the lobe; levels are means over the third octave.
    twelfth_ripple_db : tuple of B float
        The same with means over twelfth octaves: the largest of the four in each third octave.
    first_percentile_db : tuple of B float
        Level relative to the axis that 99 % of all places in the lobe exceed.  A place is one degree on one line.
    least_level_db : tuple of B float
        Level of the deepest dip at any place, relative to the axis.
    worst_ripple_db, worst_twelfth_ripple_db, overall_first_percentile_db, overall_least_level_db : float
        The same over all third octaves of the beam's band.
    """

    band_centres_hz: Curve
    ripple_db: Curve
    twelfth_ripple_db: Curve
    first_percentile_db: Curve
    least_level_db: Curve
    worst_ripple_db: float
    worst_twelfth_ripple_db: float
    overall_first_percentile_db: float
    overall_least_level_db: float


def evaluate_lobe(layout: Layout, drive: NDArray[np.complex128], plant: EvaluationPlant) -> LobeFigures:
    """Compute how even the lobe is.

    Parameters
    ----------
    layout : Layout
    drive : (F, D) complex128
        Spectra of the filters of C on the lines of the plant.
    plant : EvaluationPlant
        Of the same layout.

    Returns
    -------
    LobeFigures
    """
    power = np.abs((plant.field.transfer @ drive[..., None])[..., 0]) ** 2
    axis = power[:, plant.places_of((0.0,))]
    relative = plant.band_lines(power[:, plant.is_in_lobe] / np.maximum(axis, 1e-20))
    bands, lines, angles = relative.shape
    twelfths = relative.reshape(bands * _TWELFTHS_PER_BAND, lines // _TWELFTHS_PER_BAND, angles).mean(axis=1)
    ripple = range_db(decibels(relative.mean(axis=1)))
    narrow = range_db(decibels(twelfths)).reshape(bands, _TWELFTHS_PER_BAND).max(axis=1)
    places = decibels(relative.reshape(bands, -1))
    used = used_bands(layout, plant)
    return LobeFigures(
        band_centres_hz=rounded(plant.band_centres_hz),
        ripple_db=rounded(ripple),
        twelfth_ripple_db=rounded(narrow),
        first_percentile_db=rounded(np.percentile(places, _PERCENTILE, axis=1)),
        least_level_db=rounded(places.min(axis=1)),
        worst_ripple_db=round(float(ripple[used].max()), 3),
        worst_twelfth_ripple_db=round(float(narrow[used].max()), 3),
        overall_first_percentile_db=round(float(np.percentile(places[used], _PERCENTILE)), 3),
        overall_least_level_db=round(float(places[used].min()), 3),
    )

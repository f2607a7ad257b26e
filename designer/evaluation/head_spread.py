"""Cancellation and virtual sources over heads of other sizes, and on a measured head: the spread beside the mean.

A design is made for one sphere.  Listeners have heads of 7.5 … 9.5 cm radius, and ears behind the middle, at 90 … 110°
(Algazi, Avendano & Duda, J. Audio Eng. Soc. 49 (2001), 472; Blauert, Spatial Hearing, 1997, § 2.3).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.errors import LayoutError
from designer.evaluation.cancellation import CancellationFigures, ChannelCancellation, evaluate_cancellation
from designer.evaluation.plant import EvaluationPlant, rounded
from designer.evaluation.records import PREFIXED, Curve, Record
from designer.layout.model import Layout

RADII_M = (0.075, 0.0875, 0.095)
EAR_AZIMUTHS_DEG = (90.0, 100.0, 110.0)
# Third octaves of the mean cancellation, hertz: 1 … 5 kHz.
_BAND_HZ = (990.0, 5100.0)
# Places of each head along the lateral span: nodes and weights of a Gauss quadrature.
_NODES, _WEIGHTS = np.sqrt(0.6) * np.array([-1.0, 0.0, 1.0]), np.array([5.0, 8.0, 5.0]) / 18


@dataclass(frozen=True, kw_only=True)
class ChannelSpread(Record):
    """One channel on each head.

    Attributes
    ----------
    cancellation_gain_db : tuple of H float
        Mean over the third octaves 1 … 5 kHz.
    ild_db : tuple of H float
        Level difference, mean over 1.5 … 6 kHz.
    itd_us : tuple of H float
        Time difference, 500 … 1500 Hz.
    least_gain_db, most_gain_db : tuple of B float
        Smallest and largest cancellation gain of any head, over ``band_centres_hz``.
    """

    cancellation_gain_db: Curve
    ild_db: Curve
    itd_us: Curve
    least_gain_db: Curve
    most_gain_db: Curve


@dataclass(frozen=True, kw_only=True)
class HeadSpread(Record):
    """Figures on each of H heads.

    Attributes
    ----------
    heads : tuple of H str
        In words.  Spheres first, the measured head last if there is one.
    real_pair_ild_db, real_pair_itd_us : tuple of H float
        Differences between the ears of the same head for a real loudspeaker in the place of the virtual one.
    band_centres_hz : tuple of B float
        Third octaves.
    left, right : ChannelSpread
    """

    heads: tuple[str, ...]
    real_pair_ild_db: Curve
    real_pair_itd_us: Curve
    band_centres_hz: Curve
    left: ChannelSpread = field(metadata=PREFIXED)
    right: ChannelSpread = field(metadata=PREFIXED)


def head_plants(layout: Layout, plant: EvaluationPlant) -> tuple[tuple[str, EvaluationPlant], ...]:
    """Transfer functions to spheres of each radius with ears at each azimuth, in three places along the lateral span.

    Parameters
    ----------
    layout : Layout
    plant : EvaluationPlant
        Of the same layout.

    Returns
    -------
    tuple of (str, EvaluationPlant)
        Name of the head, and its transfer functions.  The design on the lines is that of ``plant``.  A head that comes
        closer than 5 cm to the cabinet is left out.
    """

    def one(radius_m: float, ear_azimuth_deg: float) -> EvaluationPlant:
        listener = layout.listener.model_copy(update={"head_radius_m": radius_m, "hrtf": None})
        other = layout.model_copy(update={"listener": listener})
        zero = np.zeros(_NODES.size)
        heads = HeadPoses(zero, listener.lateral_span_m * _NODES, zero, _WEIGHTS, ear_azimuth_deg)
        ears = ear_plant(other, plant.frequencies_hz, heads)
        return replace(plant, layout=other, heads=heads, ears=ears, designed=plant.intended)

    found = []
    for radius in RADII_M:
        for ear in EAR_AZIMUTHS_DEG:
            with suppress(LayoutError):
                found.append((f"sphere, radius {100 * radius:g} cm, ears at {ear:g}°", one(radius, ear)))
    return tuple(found)


def evaluate_head_spread(
    layout: Layout,
    impulse_responses: NDArray[np.float64],
    plants: tuple[tuple[str, EvaluationPlant], ...],
    measured: CancellationFigures | None = None,
) -> HeadSpread | None:
    """Compute the figures of the channels L and R on each head.

    Parameters
    ----------
    layout : Layout
    impulse_responses : (D, 3, N) float64
    plants : tuple of (str, EvaluationPlant)
        From `head_plants`.
    measured : CancellationFigures, optional
        Of the same filters on KEMAR, over all poses of the layout.

    Returns
    -------
    HeadSpread or None
        None if there is no head.
    """
    found = [(name, evaluate_cancellation(layout, impulse_responses, plant)) for name, plant in plants]
    if measured is not None:
        found.append(("KEMAR", measured))
    if not found:
        return None
    figures = [each for _, each in found]
    return HeadSpread(
        heads=tuple(name for name, _ in found),
        real_pair_ild_db=tuple(each.real_pair_mean_ild_db for each in figures),
        real_pair_itd_us=tuple(each.real_pair_itd_us for each in figures),
        band_centres_hz=figures[0].band_centres_hz,
        left=_of_a_channel([each.left for each in figures], figures[0].band_centres_hz),
        right=_of_a_channel([each.right for each in figures], figures[0].band_centres_hz),
    )


def _of_a_channel(channels: list[ChannelCancellation], centres_hz: Curve) -> ChannelSpread:
    gains = np.array([channel.cancellation_gain_db for channel in channels])
    centres = np.array(centres_hz)
    return ChannelSpread(
        cancellation_gain_db=rounded(gains[:, (centres >= _BAND_HZ[0]) & (centres <= _BAND_HZ[1])].mean(axis=1)),
        ild_db=tuple(channel.mean_ild_db for channel in channels),
        itd_us=tuple(channel.itd_us for channel in channels),
        least_gain_db=rounded(gains.min(axis=0)),
        most_gain_db=rounded(gains.max(axis=0)),
    )

"""Bands in which the layout cannot reach the wanted cancellation, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.cancellation import CancellationFigures, ChannelCancellation
from designer.evaluation.plant import EvaluationPlant, decibels
from designer.evaluation.records import Record
from designer.layout.model import Layout

# A band misses its target if the gain differs from it by more than this.
_TOLERANCE_DB = 1.0


@dataclass(frozen=True, kw_only=True)
class LimitedBand(Record):
    """One third octave of a run.

    Attributes
    ----------
    centre_hz, target_gain_db, reachable_gain_db, achieved_gain_db : float
    allowed_effort_db : float
        Effort that the frequency design allows.  More of it would gain too little.
    effort_db : float
        Effort that the filters spend, as in the curve ``effort_db`` of the channel.
    """

    centre_hz: float
    target_gain_db: float
    reachable_gain_db: float
    achieved_gain_db: float
    allowed_effort_db: float
    effort_db: float


@dataclass(frozen=True, kw_only=True)
class LimitedBands(Record):
    """A run of third octaves in which one channel misses its target.

    Attributes
    ----------
    channel : str
        ``left`` or ``right``.
    band_hz : tuple of float
        Edges of the run.
    worst_band_hz : float
        Centre of the band that misses its target by most.
    target_gain_db, reachable_gain_db, achieved_gain_db : float
        In that band.
    reason : str
    bands : tuple of LimitedBand
        Every third octave of the run.
    """

    channel: str
    band_hz: tuple[float, float]
    worst_band_hz: float
    target_gain_db: float
    reachable_gain_db: float
    achieved_gain_db: float
    reason: str
    bands: tuple[LimitedBand, ...]


def limited_bands(layout: Layout, figures: CancellationFigures, plant: EvaluationPlant) -> tuple[LimitedBands, ...]:
    """List the bands in which the layout misses its target, with the best gain that is possible.

    Parameters
    ----------
    layout : Layout
    figures : CancellationFigures
    plant : EvaluationPlant
        Of the same layout.  Its frequency design is that before filters are fitted.
    """
    sides = (
        ("left", figures.left, plant.intended.left.gain_db),
        ("right", figures.right, plant.intended.right.gain_db),
    )
    found: list[LimitedBands] = []
    for name, channel, gain_db in sides:
        designed = -decibels(plant.band_mean(10 ** (-gain_db / 10)))
        found += _of_a_channel(layout, figures, channel, name, designed)
    return tuple(found)


def _of_a_channel(
    layout: Layout,
    figures: CancellationFigures,
    channel: ChannelCancellation,
    name: str,
    designed_db: NDArray[np.float64],
) -> list[LimitedBands]:
    centres, target = np.array(figures.band_centres_hz), np.array(figures.target_gain_db)
    gain = np.array(channel.cancellation_gain_db)
    found = []
    for run in _runs((target - gain > _TOLERANCE_DB) | (gain - target > _TOLERANCE_DB)):
        worst = int(run[int(np.argmax(np.abs(target - gain)[run]))])
        found.append(
            LimitedBands(
                channel=name,
                band_hz=(
                    round(float(centres[run[0]] / 10**0.05), 1),
                    round(float(centres[run[-1]] * 10**0.05), 1),
                ),
                worst_band_hz=round(float(centres[worst]), 1),
                target_gain_db=figures.target_gain_db[worst],
                reachable_gain_db=channel.reachable_gain_db[worst],
                achieved_gain_db=channel.cancellation_gain_db[worst],
                reason=_reason(layout, figures, channel, float(designed_db[worst]), worst),
                bands=tuple(_band(figures, channel, band) for band in run.tolist()),
            )
        )
    return found


def _band(figures: CancellationFigures, channel: ChannelCancellation, band: int) -> LimitedBand:
    return LimitedBand(
        centre_hz=figures.band_centres_hz[band],
        target_gain_db=figures.target_gain_db[band],
        reachable_gain_db=channel.reachable_gain_db[band],
        achieved_gain_db=channel.cancellation_gain_db[band],
        allowed_effort_db=channel.allowed_effort_db[band],
        effort_db=channel.effort_db[band],
    )


def _reason(
    layout: Layout, figures: CancellationFigures, channel: ChannelCancellation, designed_db: float, band: int
) -> str:
    """Say why a channel misses its target in a band; ``designed_db`` is its gain before filters are fitted."""
    gain, target = channel.cancellation_gain_db[band], figures.target_gain_db[band]
    reachable, allowed = channel.reachable_gain_db[band], channel.allowed_effort_db[band]
    cap = layout.crosstalk.effort_cap_db
    if gain > target and designed_db > target + 0.5:
        return "the layout separates the ears more than asked, and no drive takes it back"
    if gain < target and allowed < cap - 0.1:
        return (
            f"even {cap:g} dB of effort would reach {reachable:.1f} dB, and the last of it gains too little: the "
            f"design allows {allowed:.1f} dB, the filters spend {channel.effort_db[band]:.1f} dB"
        )
    if target - reachable > 0.5:
        return f"the effort cap of {cap:g} dB allows {reachable:.1f} dB"
    return "filters of this length follow the target no more closely"


def _runs(flags: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the indices of each unbroken run of true values."""
    places = np.flatnonzero(flags)
    return [run for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if run.size]

"""Target responses of all channels in the frequency domain, with the cost of an error in each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.filters.beam.design import MatchedBeam, design_beam
from designer.filters.fir import design_lines_hz
from designer.filters.fitting.error_budget import CentreBudget, StereoBudget
from designer.filters.fitting.error_weighting import beam_metric, line_weights, stereo_metrics
from designer.filters.stereo.design import StereoDesign, design_stereo
from designer.layout.model import Layout

# An error of the cancellation gain of this size doubles the weight of its band in the second fit.
_REWEIGHTING_DB = 0.5


@dataclass(frozen=True, eq=False)
class ChannelTargets:
    """Target responses of L, R and C, and the metrics in which filters are fitted to them.

    Attributes
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
        Lines of the design.
    stereo : StereoDesign
        Target of L and R.
    beam : MatchedBeam
        Target of C.
    metrics : tuple of three (F, D, D) complex128
        Error weighting of L, R and C: an error e of the drive costs eᴴ·M·e at each line.
    stereo_budget : StereoBudget
        Measures the losses of filters of L and R.
    centre_budget : CentreBudget
        Measures the losses of filters of C.
    """

    layout: Layout
    frequencies_hz: NDArray[np.float64]
    stereo: StereoDesign
    beam: MatchedBeam
    metrics: tuple[NDArray[np.complex128], ...]
    stereo_budget: StereoBudget
    centre_budget: CentreBudget

    @property
    def omega(self) -> NDArray[np.float64]:
        """Lines in radians per sample: (F,) float64."""
        return 2 * np.pi * self.frequencies_hz / self.layout.sample_rate_hz

    def responses(self) -> tuple[NDArray[np.complex128], ...]:
        """Target drive of L, R and C without modelling delay: (F, D) complex128 each."""
        return self.stereo.response[:, :, 0], self.stereo.response[:, :, 1], self.beam.weights

    def with_beam(self, beam: MatchedBeam) -> ChannelTargets:
        """Replace the target of C by another beam.  The metrics stay as they are."""
        return replace(self, beam=beam, centre_budget=CentreBudget(self.layout, self.frequencies_hz, beam))


def reweighted(targets: ChannelTargets, drive: NDArray[np.complex128]) -> ChannelTargets:
    """Raise the cost of bands of L and R in which the cancellation gain errs.

    This is one step of Lawson's reweighting (C. L. Lawson, thesis, UCLA 1961).

    Parameters
    ----------
    targets : ChannelTargets
    drive : (F, D, 2) complex128
        Spectra of filters from a first fit.

    Returns
    -------
    ChannelTargets
        With new metrics of L and R.
    """
    left, right = (
        metric * (1 + (excess / _REWEIGHTING_DB) ** 2)[:, None, None]
        for metric, excess in zip(targets.metrics, targets.stereo_budget.excess(drive), strict=False)
    )
    return replace(targets, metrics=(left, right, targets.metrics[2]))


def design_channel_targets(layout: Layout, longest: int) -> ChannelTargets:
    """Design the target responses of all channels.

    Parameters
    ----------
    layout : Layout
        Validated layout.
    longest : int
        Taps of the longest filter that will be fitted.  It sets the density of the lines.

    Returns
    -------
    ChannelTargets

    Raises
    ------
    LayoutError
        If the listener is too near, or a null lies where there is no field.
    """
    frequencies = design_lines_hz(longest, layout.sample_rate_hz)
    heads = HeadPoses.from_layout(layout)
    ears = ear_plant(layout, frequencies, heads).transfer
    stereo = design_stereo(layout, frequencies, ears, heads)
    beam = design_beam(layout, frequencies)
    left, right = stereo_metrics(layout, frequencies, ears, heads, stereo)
    weights = line_weights(frequencies)[:, None, None]
    return ChannelTargets(
        layout,
        frequencies,
        stereo,
        beam,
        (left * weights, right * weights, beam_metric(layout, frequencies, beam) * weights),
        StereoBudget(layout, frequencies, ears, heads, stereo),
        CentreBudget(layout, frequencies, beam),
    )

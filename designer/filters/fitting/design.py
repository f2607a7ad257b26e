"""Design the complete matrix of filters of a layout."""

from __future__ import annotations

import math
from dataclasses import replace

from designer.errors import InfeasibleDesignError
from designer.filters.bank import FilterBank
from designer.filters.fitting.error_budget import STEREO_ALLOWANCES, within_allowances
from designer.filters.fitting.length_search import LENGTHS, ChannelFits, FittedFilters, find_shortest_filters
from designer.filters.fitting.lobe_check import evened
from designer.filters.fitting.targets import design_channel_targets
from designer.filters.fitting.two_stage_search import fit_two_stages
from designer.filters.structure import join
from designer.filters.two_stage import DirectForm
from designer.layout.model import Layout
from designer.layout.sections import INPUT_NAMES

# Filters whose timbre errs by more than this are refused.
_MOST_TIMBRE_DB = 3.0
# A design for a room has small taps, of which two stages may not take the level.
_MOST_LOUDER_DB = 1.0


def design_filters(layout: Layout) -> FilterBank:
    """Design crosstalk cancellation with virtual sources for L and R, and the beam of C.

    Parameters
    ----------
    layout : Layout
        Validated layout.

    Returns
    -------
    FilterBank
        Impulse responses (D, 3, N).  N is ``layout.filters.taps``, or the shortest length that keeps the error budget.
        L and R are in two stages where that takes fewer taps.  Each channel gives at the listener the level of an
        ideal loudspeaker in the cabinet's place.  The bank is not normalised, see `FilterBank.normalised`.

    Raises
    ------
    LayoutError
        If the listener is too near, or a null lies where there is no field.
    InfeasibleDesignError
        If the timbre of the fitted filters errs by more than 3 dB.
    """
    return bank_of(layout, fit_filters(layout))


def bank_of(layout: Layout, found: FittedFilters) -> FilterBank:
    """Make a filter bank of fitted filters.

    Parameters
    ----------
    layout : Layout
        Gives the names of the drivers and the sample rate.
    found : FittedFilters
        L and R are taken in two stages where it has them so.

    Returns
    -------
    FilterBank
        Not normalised.
    """
    responses, two_stage = found.filters, None
    if found.two_stage_stereo is not None:
        two_stage = found.two_stage_stereo.with_centre(found.filters[:, 2, : found.centre_taps])
        responses = join(two_stage.structure, two_stage.split_responses())
    return FilterBank(responses, layout.driver_names, INPUT_NAMES, layout.sample_rate_hz, found.delay, two_stage)


def fit_filters(layout: Layout) -> FittedFilters:
    """Fit the filters of a layout and measure what their finite length loses.

    Parameters
    ----------
    layout : Layout
        Validated layout.

    Returns
    -------
    FittedFilters

    Raises
    ------
    LayoutError, InfeasibleDesignError
        As `design_filters`.
    """
    taps = layout.filters.taps
    longest = round(max(LENGTHS) * layout.sample_rate_hz / 48000)
    targets = design_channel_targets(layout, max(longest, taps or 0))
    if taps is None:
        found = _in_form(layout, evened(find_shortest_filters(targets)))
    else:
        fits = ChannelFits.up_to(targets, taps)
        found = replace(
            evened(fits.at(taps, taps, fits.best_delay(taps, taps))), why_direct=f"filters.taps = {taps} asks for it"
        )
    timbre_db = max(found.stereo_losses["timbre_db"], found.centre_losses["on_axis_db"])
    if timbre_db > _MOST_TIMBRE_DB:
        remedy = "raise filters.taps or leave it out"
        if taps is None:
            remedy = "no length helps: the drivers of each role together must play its band (band_hz, roles)"
        raise InfeasibleDesignError(
            f"layout '{layout.name}': filters of {found.filters.shape[2]} taps change the timbre by "
            f"{timbre_db:.1f} dB, allowed is {_MOST_TIMBRE_DB:g} dB: {remedy}"
        )
    return found


def _in_form(layout: Layout, found: FittedFilters) -> FittedFilters:
    """Fit L and R in two stages where the layout allows it and it saves taps."""
    if layout.filters.form == "direct":
        return replace(found, why_direct="filters.form = 'direct' asks for it")
    if not within_allowances(found.stereo_losses, STEREO_ALLOWANCES):
        return replace(found, why_direct="no filters of L and R of any length keep their error budget")
    fitted = fit_two_stages(found)
    if isinstance(fitted, DirectForm):
        return replace(found, why_direct=fitted.reason)
    in_stages = replace(found, two_stage_stereo=fitted)
    if layout.is_designed_for_a_room and (louder_db := _louder_db(layout, found, in_stages)) > _MOST_LOUDER_DB:
        return replace(found, why_direct=f"two stages would take {louder_db:.1f} dB of level")
    return in_stages


def _louder_db(layout: Layout, direct: FittedFilters, in_stages: FittedFilters) -> float:
    """Growth of the largest Σ|h| of any driver by the second stage, dB."""
    one, two = (float(bank_of(layout, found).driver_sums.max()) for found in (direct, in_stages))
    return 20 * math.log10(two / one)

"""From a layout to the complete matrix of filters."""

from __future__ import annotations

from dataclasses import replace

from designer.errors import InfeasibleDesignError
from designer.filters.bank import FilterBank
from designer.filters.fitting.error_budget import STEREO_ALLOWANCES, fits
from designer.filters.fitting.length_search import LENGTHS, ChannelFits, FittedFilters, find_shortest_filters
from designer.filters.fitting.targets import design_channel_targets
from designer.filters.fitting.two_stage_search import fit_two_stages
from designer.filters.structure import join
from designer.layout.model import Layout
from designer.layout.sections import INPUT_NAMES

# Filters that err by more than this on what a listener notices first are no longer those that were designed.
_MOST_TIMBRE_DB = 3.0


def design_filters(layout: Layout) -> FilterBank:
    """Design crosstalk cancellation with virtual sources for L and R, and the beam for C.

    Parameters
    ----------
    layout : Layout
        Validated layout.

    Returns
    -------
    FilterBank
        (D, 3, N): ``layout.filters.taps``, or as many as the error budget needs, L and R in two stages where that takes
        fewer; every channel gives at the listener
        the level of an ideal loudspeaker in the cabinet's place.  Not normalised: see `FilterBank.normalised`.

    Raises
    ------
    LayoutError
        If the listener is too near, or a null is asked for where there is no field.
    InfeasibleDesignError
        If the filters do not fit into the number of taps.
    """
    return bank_of(layout, fit_filters(layout))


def bank_of(layout: Layout, found: FittedFilters) -> FilterBank:
    """Name the drivers and inputs of fitted filters."""
    responses, two_stage = found.filters, None
    if found.two_stage_stereo is not None:
        two_stage = found.two_stage_stereo.with_centre(found.filters[:, 2, : found.centre_taps])
        responses = join(two_stage.structure, two_stage.split_responses())
    return FilterBank(responses, layout.driver_names, INPUT_NAMES, layout.sample_rate_hz, found.delay, two_stage)


def fit_filters(layout: Layout) -> FittedFilters:
    """Fit the filters of a layout, with what their length costs; see `design_filters`."""
    taps = layout.filters.taps
    longest = round(max(LENGTHS) * layout.sample_rate_hz / 48000)
    targets = design_channel_targets(layout, max(longest, taps or 0))
    if taps is None:
        found = _in_form(layout, find_shortest_filters(targets))
    else:
        fits = ChannelFits.up_to(targets, taps)
        found = replace(
            fits.at(taps, taps, fits.best_delay(taps, taps)), why_direct=f"filters.taps = {taps} asks for it"
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
    """Take L and R in two stages, if that is asked for and pays."""
    if layout.filters.form == "direct":
        return replace(found, why_direct="filters.form = 'direct' asks for it")
    if not fits(found.stereo_losses, STEREO_ALLOWANCES):
        return replace(found, why_direct="no filters of L and R of any length keep their error budget")
    factored = fit_two_stages(found)
    if isinstance(factored, str):
        return replace(found, why_direct=factored)
    return replace(found, two_stage_stereo=factored)

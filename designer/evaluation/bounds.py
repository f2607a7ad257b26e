"""List of all figures that have a bound, with whether the design keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.cancellation import ITD_TOLERANCE_US, CancellationFigures, ChannelCancellation
from designer.evaluation.scorecard import Bound, Scorecard
from designer.evaluation.virtual_limits import ChannelLimits, VirtualLimits
from designer.filters.fitting.error_budget import CENTRE_ALLOWANCES
from designer.layout.model import Layout

_GAIN_DB = 1.0
_TIMBRE_DB = 1.5
_ILD_DB = 1.5
_PRE_RINGING_DB = -30.0
_GROUP_DELAY_SAMPLES = 1.0
_CROSSOVER_DB = 0.5
_LATENCY_MS = 10.0
# A design for a room: what L and R may lose of depth against plain mixing, and what C may of the best.
_STEREO_DEPTH_DB, _CENTRE_DEPTH_DB = 4.0, 0.5
# Two mirror drivers have one drive for C, which is that of plain mixing: it is the same within the tables' rounding.
_SAME_DB = 0.05
_FOR_THE_ROOM = "the room takes back what more width would cost in direct sound; crosstalk.width = 1 gives all of it"
_BEAM_FOR_THE_ROOM = "C is made for the most direct sound in the room, and has lobe and nulls as far as that allows"
# Half a third octave.  A band belongs to the beam if all of it lies within the beam's band.
_EDGE = 10**0.05


def evaluate_bounds(layout: Layout, card: Scorecard) -> tuple[Bound, ...]:
    """Compare the figures of a scorecard with their bounds.

    Parameters
    ----------
    layout : Layout
    card : Scorecard
        Its figures of the quantised filters are compared.  Its ``bounds`` are not read.
    """
    limits = card.virtual_limits
    found = [
        *_of_a_channel(layout, card, "left", card.quantised.cancellation.left, limits.left),
        *_of_a_channel(layout, card, "right", card.quantised.cancellation.right, limits.right),
    ]
    timing, filters = card.listening.quantised.timing, _why_filters(layout, card)
    for name, channel in (("left", timing.left), ("right", timing.right), ("centre", timing.centre)):
        found.append(_most(f"{name} pre-ringing", channel.pre_ringing_db, _PRE_RINGING_DB, "dB", filters))
    spread = timing.group_delay_spread_samples
    found.append(_most("group-delay spread of all channels", spread, _GROUP_DELAY_SAMPLES, "samples", filters))
    for crossover, flatness in zip(timing.crossovers_hz, timing.crossover_flatness_db, strict=True):
        figure = f"flatness about the crossover at {crossover:g} Hz"
        found.append(_most(figure, flatness, _CROSSOVER_DB, "dB", filters))
    ahead = f"of it the limiters look ahead {layout.output.look_ahead_ms:g} ms (output.look_ahead_ms)"
    found.append(_most("latency", card.latency_ms, _LATENCY_MS, "ms", ahead))
    found += _of_the_beam(layout, card)
    if layout.is_designed_for_a_room:
        found = [_with_the_room(entry) for entry in found] + _of_the_room(card)
    return tuple(found)


def _with_the_room(entry: Bound) -> Bound:
    """Name the room as the reason where it is."""
    if entry.met:
        return entry
    if "difference off a real pair's" in entry.figure:
        return replace(entry, reason=_FOR_THE_ROOM)
    return replace(entry, reason=_BEAM_FOR_THE_ROOM) if "centre's" in entry.figure else entry


def _of_the_room(card: Scorecard) -> list[Bound]:
    limits = card.room_limits
    wide = "the room is dry enough to make more width worth its price: crosstalk.width"
    found = [
        _most(f"{side} depth below plain mixing", depth.plain_depth_db - depth.depth_db, _STEREO_DEPTH_DB, "dB", wide)
        for side, depth in (("left", limits.left), ("right", limits.right))
    ]
    centre, filters = limits.centre, "filters of finite length"
    gain_db = centre.most_depth_db - centre.same_effort_depth_db
    noise = f"more effort would bring {gain_db:.1f} dB, and take level from music"
    return [
        *found,
        _most("centre depth below plain mixing", centre.plain_depth_db - centre.depth_db, _SAME_DB, "dB", filters),
        _most("centre depth below the best", centre.most_depth_db - centre.depth_db, _CENTRE_DEPTH_DB, "dB", noise),
        _most(
            "centre depth below the best of its effort",
            centre.same_effort_depth_db - centre.depth_db,
            _CENTRE_DEPTH_DB,
            "dB",
            filters,
        ),
    ]


def missed(bounds: Sequence[Bound]) -> list[Bound]:
    """List the bounds that are not kept."""
    return [bound for bound in bounds if not bound.met]


def _why_filters(layout: Layout, card: Scorecard) -> str:
    if layout.filters.taps is not None:
        return f"filters.taps = {layout.filters.taps} is less than the error budget needs: leave it out"
    if not card.length.within_budget:
        return "no length of filters that was tried keeps the error budget: drivers, bands or place ask too much"
    return f"filters of {card.fir_taps} taps, within their error budget"


def _of_a_channel(
    layout: Layout, card: Scorecard, side: str, channel: ChannelCancellation, limits: ChannelLimits
) -> list[Bound]:
    figures, filters = card.quantised.cancellation, _why_filters(layout, card)
    error = np.abs(np.array(channel.cancellation_gain_db) - np.array(figures.target_gain_db))
    named = [run for run in card.limits if run.channel == side]
    reasons = {f"at {run.worst_band_hz:.0f} Hz {run.reason}": None for run in named}
    short_hz = [band.centre_hz for run in named for band in run.bands]
    gain = f"{side} cancellation gain off its target"
    return [
        _bands(gain, figures.band_centres_hz, error, _GAIN_DB, "dB", "; ".join(reasons)),
        _of_the_effort(layout, card, side, channel),
        _most(f"{side} timbre", channel.worst_timbre_db, _TIMBRE_DB, "dB", filters),
        *_of_the_time_difference(card.virtual_limits, limits, side, _itd_off_us(figures, channel), short_hz, filters),
        *_of_the_level_difference(layout, card, side, channel, limits, short_hz),
    ]


def _of_the_effort(layout: Layout, card: Scorecard, side: str, channel: ChannelCancellation) -> Bound:
    """Compare the effort of a channel's null, as reported, with the cap.  The filters get no allowance above it."""
    cap_db, effort = layout.crosstalk.effort_cap_db, np.array(channel.effort_db)
    centres = card.quantised.cancellation.band_centres_hz
    over_db = float(effort.max()) - cap_db
    reason = (
        f"the frequency design keeps the cap, its filters spend {over_db:.2f} dB more: a lower "
        "crosstalk.effort_cap_db brings it down"
    )
    return _bands(f"{side} effort of each null", centres, effort, cap_db, "dB", reason)


def _itd_off_us(figures: CancellationFigures, channel: ChannelCancellation) -> float:
    return abs(channel.itd_us - figures.real_pair_itd_us)


def _of_the_time_difference(
    limits: VirtualLimits, channel: ChannelLimits, side: str, off_us: float, short_hz: list[float], filters: str
) -> list[Bound]:
    """Compare the time difference with that of a real pair; ``short_hz`` are bands that lack cancellation."""
    figure = f"{side} time difference off a real pair's"
    late, each = _why_late(limits, channel, short_hz, filters)
    return [
        _most(figure, off_us, ITD_TOLERANCE_US, "µs", late),
        _bands(
            f"{figure}, each third octave",
            limits.itd_bands_hz,
            np.abs(channel.itd_error_us),
            ITD_TOLERANCE_US,
            "µs",
            each,
        ),
    ]


def _why_late(limits: VirtualLimits, channel: ChannelLimits, short_hz: list[float], filters: str) -> tuple[str, str]:
    """Reasons why the time difference is off: over the whole band, and in a third octave."""
    if channel.nulls_itd_us < limits.real_pair_itd_us - ITD_TOLERANCE_US:
        needed = channel.effort_for_itd_db
        reason = (
            f"nulls within the effort cap reach {channel.nulls_itd_us:.0f} of {limits.real_pair_itd_us:.0f} µs; "
            + (
                "no effort up to 40 dB would do"
                if needed is None
                else f"each channel would need {needed:g} dB of effort"
            )
        )
        return reason, reason
    bands = zip(limits.itd_bands_hz, channel.itd_error_us, strict=True)
    late_hz = [band for band, off_us in bands if abs(off_us) > ITD_TOLERANCE_US]
    if [band for band in late_hz if np.isclose(short_hz, band, rtol=0.01).any()]:
        reason = "cancellation gain is short of its target there: see limits"
        return reason, reason
    return filters, "time differences set in where the target gain passes 6 dB"


def _of_the_level_difference(
    layout: Layout,
    card: Scorecard,
    side: str,
    channel: ChannelCancellation,
    limits: ChannelLimits,
    short_hz: list[float],
) -> list[Bound]:
    figure = f"{side} level difference off a real pair's"
    off_db = abs(channel.mean_ild_db - card.quantised.cancellation.real_pair_mean_ild_db)
    reason = _why_level(layout, short_hz) or _why_filters(layout, card)
    return [
        _most(figure, off_db, _ILD_DB, "dB", reason),
        _bands(
            f"{figure}, each third octave",
            card.virtual_limits.ild_bands_hz,
            np.abs(limits.ild_error_db),
            _ILD_DB,
            "dB",
            reason,
        ),
    ]


def _why_level(layout: Layout, short_hz: list[float]) -> str:
    if any(1500 <= centre <= 6000 for centre in short_hz):
        return "cancellation gain is short of its target there: the other ear cannot be given what a real pair gives"
    if layout.listener.distance_m < 1.0:
        return "virtual sources are those of distant loudspeakers, a real pair would be near"
    return ""


def _of_the_beam(layout: Layout, card: Scorecard) -> list[Bound]:
    beam, wanted = card.quantised.beam, layout.beamformer
    centres = np.array(beam.band_centres_hz)
    low, high = wanted.band_hz
    used = (centres / _EDGE >= low) & (centres * _EDGE <= high)
    if not used.any():
        return []
    bands = tuple(centres[used].tolist())

    def within(curve: Sequence[float]) -> NDArray[np.float64]:
        return np.asarray(np.array(curve)[used])

    ripple, depth = within(beam.lobe_ripple_db), within(beam.null_depth_db)
    found = [_bands("ripple of the centre's lobe", bands, ripple, wanted.lobe_ripple_db, "dB", "")]
    if wanted.null_levels_db is None and wanted.null_azimuths_deg:
        found.append(_bands("depth of the centre's nulls", bands, -depth, -wanted.null_depth_db, "dB", "", sign=-1))
    if wanted.null_levels_db and beam.null_level_error_db is not None:
        figure, off = "levels at the centre's nulls off those asked for", within(beam.null_level_error_db)
        found.append(_bands(figure, bands, off, CENTRE_ALLOWANCES["null_depth_db"], "dB", ""))
    named = [row.band_hz for row in card.beam_limits.infeasible]
    found = [replace(entry, reason=_why_beam(entry.missed_bands_hz, named)) for entry in found]
    # To a tenth of a decibel: drives lie on the floor, and these lines are not those that they were solved on.
    noise = np.round(within(beam.white_noise_gain_db), 1)
    quiet = "filters may take half a decibel of it, or not even plain mixing has it"
    floor = wanted.white_noise_gain_floor_db
    return [*found, _bands("white noise gain of the centre", bands, -noise, -floor, "dB", quiet, sign=-1)]


def _why_beam(missed_hz: Sequence[float], infeasible_hz: list[float]) -> str:
    possible = [f"{f:.0f}" for f in missed_hz if not np.isclose(infeasible_hz, f, rtol=0.01).any()]
    reasons = [f"filters and the mean over the third octave at {', '.join(possible)} Hz"] if possible else []
    if len(possible) < len(missed_hz):
        reasons.append("null and ripple cannot both be had where beam_trade says so")
    return "; ".join(reasons)


def _most(figure: str, value: float, bound: float, unit: str, reason: str = "") -> Bound:
    """Build an entry for one value with an upper bound."""
    met = bool(value <= bound)
    return Bound(
        figure=figure,
        value=round(float(value), 3),
        bound=bound,
        unit=unit,
        met=met,
        missed_bands_hz=(),
        reason="" if met else reason,
    )


def _bands(
    figure: str,
    centres_hz: Sequence[float],
    values: NDArray[np.float64],
    bound: float,
    unit: str,
    reason: str,
    sign: int = 1,
) -> Bound:
    """Build an entry for values in third octaves; with sign −1 values and bound are negated lower ones."""
    entry = _most(figure, float(values.max()), bound, unit, reason)
    over = zip(centres_hz, values > bound, strict=True)
    return replace(
        entry,
        missed_bands_hz=tuple(round(float(centre), 1) for centre, is_over in over if is_over),
        value=sign * entry.value,
        bound=sign * bound,
    )

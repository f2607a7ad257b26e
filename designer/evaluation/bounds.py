"""Every figure that a design is held to, and whether this one keeps it: one list, nothing left to be searched for."""

from __future__ import annotations

from typing import Any

import numpy as np

from designer.evaluation.cancellation import ITD_TOLERANCE_US
from designer.filters.fitting.error_budget import CENTRE_ALLOWANCES, STEREO_ALLOWANCES
from designer.layout.model import Layout
from designer.layout.sections import INPUT_NAMES

Card = dict[str, Any]

_GAIN_DB = 1.0
_TIMBRE_DB = 1.5
_ILD_DB = 1.5
_PRE_RINGING_DB = -30.0
_GROUP_DELAY_SAMPLES = 1.0
_CROSSOVER_DB = 0.5
_LATENCY_MS = 10.0
# Half a third octave: a band counts as the beam's where all of it is.
_EDGE = 10**0.05


def evaluate_bounds(layout: Layout, card: Card) -> list[Card]:
    """Hold the figures of a scorecard to their bounds.

    Parameters
    ----------
    layout : Layout
    card : dict
        Of `scorecard`; the quantised filters count.

    Returns
    -------
    list of dict
        ``figure`` in words, ``value`` and ``bound`` in ``unit``, whether it is ``met``; where a figure is one of third
        octaves, ``missed_bands_hz`` are their centres, and ``value`` is the worst.  ``reason``: why it is missed, as
        far as that is known; else empty.
    """
    found: list[Card] = []
    for side in ("left", "right"):
        found += _of_a_channel(layout, card, side)
    timing, short = card["listening"]["quantised"]["timing"], _why_filters(layout, card)
    for name in INPUT_NAMES:
        found.append(_most(f"{name} pre-ringing", timing[f"{name}_pre_ringing_db"], _PRE_RINGING_DB, "dB", short))
    spread = timing["group_delay_spread_samples"]
    found.append(_most("group-delay spread of all channels", spread, _GROUP_DELAY_SAMPLES, "samples", short))
    for crossover, flatness in zip(timing["crossovers_hz"], timing["crossover_flatness_db"], strict=True):
        found.append(_most(f"flatness about the crossover at {crossover:g} Hz", flatness, _CROSSOVER_DB, "dB", short))
    ahead = f"of it the limiters look ahead {layout.output.look_ahead_ms:g} ms (output.look_ahead_ms)"
    found.append(_most("latency", card["latency_ms"], _LATENCY_MS, "ms", ahead))
    return found + _of_the_beam(layout, card)


def missed(bounds: list[Card]) -> list[Card]:
    """Those that are not kept."""
    return [bound for bound in bounds if not bound["met"]]


def _why_filters(layout: Layout, card: Card) -> str:
    if layout.filters.taps is not None:
        return f"filters.taps = {layout.filters.taps} is less than the error budget needs: leave it out"
    if not card.get("length", {}).get("within_budget", True):
        return "no length of filters that was tried keeps the error budget: drivers, bands or place ask too much"
    return f"filters of {card['fir_taps']} taps, within their error budget"


def _of_a_channel(layout: Layout, card: Card, side: str) -> list[Card]:
    figures, limits = card["quantised"]["cancellation"], card["virtual_limits"]
    centres = figures["band_centres_hz"]
    error = np.abs(np.array(figures[f"{side}_cancellation_gain_db"]) - np.array(figures["target_gain_db"]))
    named = [limit for limit in card["limits"] if limit["channel"] == side]
    reasons = {f"at {limit['worst_band_hz']:.0f} Hz {limit['reason']}": None for limit in named}
    short = [band["centre_hz"] for limit in named for band in limit["bands"]]
    itd_us = figures[f"{side}_itd_us"] - figures["real_pair_itd_us"]
    cap_db = layout.crosstalk.effort_cap_db + STEREO_ALLOWANCES["effort_db"]
    out_of_reach = limits[side]["nulls_itd_us"] < limits["real_pair_itd_us"] - ITD_TOLERANCE_US
    needed = limits[side]["effort_for_itd_db"]
    why_late = (
        f"nulls within the effort cap reach {limits[side]['nulls_itd_us']:.0f} of {limits['real_pair_itd_us']:.0f} µs; "
        + ("no effort up to 40 dB would do" if needed is None else f"each channel would need {needed:g} dB of effort")
    )
    filters = _why_filters(layout, card)
    why_early = why_late
    if not out_of_reach:
        bands = zip(limits["itd_bands_hz"], limits[side]["itd_error_us"], strict=True)
        late = [band for band, off_us in bands if abs(off_us) > ITD_TOLERANCE_US]
        starved = [band for band in late if np.isclose(short, band, rtol=0.01).any()]
        why_early = "cancellation gain is short of its target there: see limits" if starved else filters
        why_late = why_early if starved else "time differences set in where the target gain passes 6 dB"
    return [
        _bands(f"{side} cancellation gain off its target", centres, error, _GAIN_DB, "dB", "; ".join(reasons)),
        _most(f"{side} effort of each null", max(figures[f"{side}_effort_db"]), cap_db, "dB", filters),
        _most(f"{side} timbre", figures[f"{side}_worst_timbre_db"], _TIMBRE_DB, "dB", filters),
        _most(
            f"{side} time difference off a real pair's",
            abs(itd_us),
            ITD_TOLERANCE_US,
            "µs",
            why_early,
        ),
        _bands(
            f"{side} time difference off a real pair's, each third octave",
            limits["itd_bands_hz"],
            np.abs(limits[side]["itd_error_us"]),
            ITD_TOLERANCE_US,
            "µs",
            why_late,
        ),
        _most(
            f"{side} level difference off a real pair's",
            abs(figures[f"{side}_mean_ild_db"] - figures["real_pair_mean_ild_db"]),
            _ILD_DB,
            "dB",
            _why_level(layout, short) or filters,
        ),
        _bands(
            f"{side} level difference off a real pair's, each third octave",
            limits["ild_bands_hz"],
            np.abs(limits[side]["ild_error_db"]),
            _ILD_DB,
            "dB",
            _why_level(layout, short) or filters,
        ),
    ]


def _why_level(layout: Layout, short_hz: list[float]) -> str:
    if any(1500 <= centre <= 6000 for centre in short_hz):
        return "cancellation gain is short of its target there: the other ear cannot be given what a real pair gives"
    if layout.listener.distance_m < 1.0:
        return "virtual sources are those of distant loudspeakers, a real pair would be near"
    return ""


def _of_the_beam(layout: Layout, card: Card) -> list[Card]:
    beam, wanted = card["quantised"]["beam"], layout.beamformer
    centres = np.array(beam["band_centres_hz"])
    low, high = wanted.band_hz
    used = (centres / _EDGE >= low) & (centres * _EDGE <= high)
    if not used.any():
        return []
    named = [row["band_hz"] for row in card["beam_trade"]["infeasible"]]
    bands = centres[used].tolist()
    ripple = np.array(beam["lobe_ripple_db"])[used]
    found = [_bands("ripple of the centre's lobe", bands, ripple, wanted.lobe_ripple_db, "dB", "")]
    if wanted.null_levels_db is None and wanted.null_azimuths_deg:
        depth = np.array(beam["null_depth_db"])[used]
        found.append(_bands("depth of the centre's nulls", bands, -depth, -wanted.null_depth_db, "dB", "", sign=-1))
    if wanted.null_levels_db:
        off = np.array(beam["null_level_error_db"])[used]
        allowed = CENTRE_ALLOWANCES["null_depth_db"]
        found.append(_bands("levels at the centre's nulls off those asked for", bands, off, allowed, "dB", ""))
    for entry in found:
        bands_hz = entry["missed_bands_hz"]
        possible = [f"{f:.0f}" for f in bands_hz if not np.isclose(named, f, rtol=0.01).any()]
        reasons = [f"filters and the mean over the third octave at {', '.join(possible)} Hz"] if possible else []
        if len(possible) < len(bands_hz):
            reasons.append("null and ripple cannot both be had where beam_trade says so")
        entry["reason"] = "; ".join(reasons)
    # To a tenth of a decibel: drives lie on the floor, and these lines are not those that they were solved on.
    noise = np.round(np.array(beam["white_noise_gain_db"])[used], 1)
    floor = wanted.white_noise_gain_floor_db
    quiet = "filters may take half a decibel of it, or not even plain mixing has it"
    found.append(_bands("white noise gain of the centre", bands, -noise, -floor, "dB", quiet, sign=-1))
    return found


def _most(figure: str, value: float, bound: float, unit: str, reason: str = "") -> Card:
    """Build an entry for one value with an upper bound."""
    met = bool(value <= bound)
    return {
        "figure": figure,
        "value": round(float(value), 3),
        "bound": bound,
        "unit": unit,
        "met": met,
        "missed_bands_hz": [],
        "reason": "" if met else reason,
    }


def _bands(
    figure: str,
    centres_hz: list[float],
    values: np.ndarray,
    bound: float,
    unit: str,
    reason: str,
    sign: int = 1,
) -> Card:
    """Build an entry for values in third octaves; with sign −1 values and bound are negated lower ones."""
    over = values > bound
    entry = _most(figure, float(values.max()), bound, unit, reason)
    entry["missed_bands_hz"] = [
        round(float(centre), 1) for centre, is_over in zip(centres_hz, over, strict=True) if is_over
    ]
    return entry | {"value": sign * entry["value"], "bound": sign * bound}

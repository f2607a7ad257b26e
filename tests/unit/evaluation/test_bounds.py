"""What a design is held to: a figure beyond its bound is named, whichever it is, and none is left out."""

from dataclasses import replace

import pytest
from anechoic import anechoic_layout
from shipped import anechoic_scorecard

from designer.evaluation.bounds import evaluate_bounds, missed


@pytest.fixture(scope="module")
def echo():
    return anechoic_layout("echo-studio"), anechoic_scorecard("echo-studio")


def spoilt(card, path, value):
    """Put one value in the place of another: path of fields, then of an index in a tuple."""
    first, *rest = path
    if isinstance(card, tuple):
        return (*card[:first], value, *card[first + 1 :])
    inner = spoilt(getattr(card, first), rest, value) if rest else value
    return replace(card, **{first: inner})


TIMING = ("listening", "quantised", "timing")
CANCELLATION = ("quantised", "cancellation")


@pytest.mark.parametrize(
    ("path", "value", "figure"),
    [
        ((*CANCELLATION, "right", "worst_timbre_db"), 1.6, "right timbre"),
        ((*CANCELLATION, "left", "cancellation_gain_db", 5), 9.0, "left cancellation gain off its target"),
        ((*CANCELLATION, "left", "effort_db", 3), 12.1, "left effort of each null"),
        ((*CANCELLATION, "left", "itd_us"), 400.0, "left time difference off a real pair's"),
        ((*CANCELLATION, "right", "mean_ild_db"), 9.0, "right level difference off a real pair's"),
        (
            ("virtual_limits", "left", "itd_error_us", 3),
            -31.0,
            "left time difference off a real pair's, each third octave",
        ),
        (
            ("virtual_limits", "left", "ild_error_db", 1),
            1.6,
            "left level difference off a real pair's, each third octave",
        ),
        ((*TIMING, "centre", "pre_ringing_db"), -29.9, "centre pre-ringing"),
        ((*TIMING, "group_delay_spread_samples"), 1.1, "group-delay spread of all channels"),
        ((*TIMING, "crossover_flatness_db", 1), 0.6, "flatness about the crossover at 250 Hz"),
        (("latency_ms",), 10.1, "latency"),
        (("quantised", "beam", "lobe_ripple_db", 13), 3.2, "ripple of the centre's lobe"),
        (("quantised", "beam", "null_depth_db", 13), 19.0, "depth of the centre's nulls"),
        (("quantised", "beam", "white_noise_gain_db", 13), -6.5, "white noise gain of the centre"),
    ],
)
def test_each_figure_beyond_its_bound_is_named(echo, path, value, figure):
    layout, card = echo

    def named(of):
        return [(entry.figure, entry.missed_bands_hz) for entry in missed(evaluate_bounds(layout, of))]

    before, after = named(card), named(spoilt(card, path, value))
    # The figure is new among the missed, or misses one more band; every other entry is as it was.
    assert {entry for entry in after if entry[0] != figure} == {entry for entry in before if entry[0] != figure}
    changed = next(one for one in evaluate_bounds(layout, spoilt(card, path, value)) if one.figure == figure)
    assert changed.reason
    bands = [dict(entries).get(figure, None) for entries in (before, after)]
    assert bands[1] is not None
    assert bands[0] is None or len(bands[1]) == len(bands[0]) + 1


def test_bounds_of_bands_have_the_worst_and_its_bands(echo):
    layout, card = echo
    entry = next(one for one in card.bounds if one.figure == "depth of the centre's nulls")
    depth = card.quantised.beam.null_depth_db
    centres = card.quantised.beam.band_centres_hz
    assert entry.bound == layout.beamformer.null_depth_db
    assert entry.value == min(depth[centres.index(398.107) : centres.index(3162.278) + 1])
    assert entry.missed_bands_hz == (398.1, 501.2)
    assert "beam_trade" in entry.reason


def test_reasons_name_the_key_that_would_help(echo):
    layout, card = echo
    short = layout.model_copy(update={"filters": layout.filters.model_copy(update={"taps": 16})})
    ringing = spoilt(card, (*TIMING, "left", "pre_ringing_db"), -20.0)
    assert "filters.taps = 16" in next(
        e.reason for e in missed(evaluate_bounds(short, ringing)) if "ringing" in e.figure
    )
    over = spoilt(ringing, ("length", "within_budget"), False)
    assert "no length" in next(e.reason for e in missed(evaluate_bounds(layout, over)) if "ringing" in e.figure)


def test_shape_over_azimuth_is_held_to_its_levels(echo):
    layout, card = echo
    shaped = layout.model_copy(
        update={"beamformer": layout.beamformer.model_copy(update={"null_levels_db": (-12.0, -12.0)})}
    )
    beam = card.quantised.beam
    error = tuple(3.5 if band == 3162.278 else 1.0 for band in beam.band_centres_hz)
    found = missed(evaluate_bounds(shaped, spoilt(card, ("quantised", "beam", "null_level_error_db"), error)))
    entry = next(one for one in found if one.figure == "levels at the centre's nulls off those asked for")
    assert (entry.value, entry.missed_bands_hz) == (3.5, (3162.3,))
    assert "3162 Hz" in entry.reason
    # Depth is no longer what is asked for.
    assert not any("depth" in one.figure for one in found)


def test_scorecard_holds_the_list(echo):
    layout, card = echo
    assert card.bounds == evaluate_bounds(layout, card)
    # A reason is owed for what is missed, and for nothing else.
    assert all(entry.met or entry.reason for entry in card.bounds)
    assert not any(entry.met and entry.reason for entry in card.bounds)

"""Scorecards hold every figure that was asked for, from the tables too, and on heads that no design saw."""

import json

import pytest

from designer.evaluation.listening import KEMAR
from designer.filters.fitting.error_budget import STEREO_ALLOWANCES, within_allowances


def test_scorecard_is_json(designed):
    _, card = designed
    assert json.loads(json.dumps(card, allow_nan=False)) == card


def test_every_section_is_there(designed):
    _, card = designed
    assert {
        "float",
        "quantised",
        "limits",
        "virtual_limits",
        "bounds",
        "listening",
        "beam_trade",
        "length",
        "rtf",
        "structure",
        "quantisation",
        "proof",
    } <= set(card)
    for version in ("float", "quantised"):
        assert {"kemar", "room_kemar", "head_shift", "sweet_spot", "timing", "room", "directivity"} == set(
            card["listening"][version]
        )


@pytest.mark.skipif(not KEMAR.is_file(), reason="needs Debian's libmysofa1: make setup")
def test_a_real_head_has_both_curves(designed):
    layout, card = designed
    # The odd one has 1.94 dB at 1.26 kHz, whether its field is sent by 64, 100 or 160 sources.
    timbre_db = 2.0 if layout.name == "odd5" else 1.5
    for version in ("float", "quantised"):
        kemar, sphere = card["listening"][version]["kemar"], card[version]["cancellation"]
        for key in ("left_cancellation_gain_db", "right_cancellation_gain_db", "left_ild_db", "right_ild_db"):
            assert len(kemar[key]) == len(sphere[key])
        # A head that was not designed for keeps most of the time difference and of the timbre.
        for side in ("left", "right"):
            assert kemar[f"{side}_itd_us"] == pytest.approx(sphere[f"{side}_itd_us"], abs=30)
            assert kemar[f"{side}_worst_timbre_db"] <= timbre_db


def test_moved_heads_are_mapped(designed):
    _, card = designed
    shift, spot = (card["listening"]["quantised"][key] for key in ("head_shift", "sweet_spot"))
    assert shift["shift_m"] == [0.0, 0.02, 0.05, 0.10]
    assert (spot["towards_cabinet_m"][-1], spot["to_the_left_m"][-1]) == (0.3, 0.5)
    assert len(spot["cancellation_gain_db"]) == len(spot["left_itd_us"]) == len(spot["towards_cabinet_m"])


def test_room_has_depth_with_and_without_the_beam(designed):
    _, card = designed
    with_beam, without = card["listening"]["quantised"]["room"], card["listening"]["unprocessed"]["room"]
    for figures in (with_beam, without):
        for channel in ("left", "right", "centre"):
            for key in ("direct_to_reverberant_db", "clarity_c50_db", "critical_distance_m"):
                assert f"{channel}_{key}" in figures


# Taps of L and R in two stages, and in one: no more and no fewer than what is said of them.
RTF_TAPS = {"front3": (232, 336), "cross4": (288, 384), "echo-studio": (336, 720), "bar6": (256, 672)}


@pytest.mark.parametrize("name", RTF_TAPS)
def test_rtf_form_is_the_default_and_takes_fewer_taps_within_the_same_budget(name, made):
    _, card = made(name)
    rtf = card["rtf"]
    assert rtf["used"]
    assert (rtf["stereo_taps"], rtf["direct_stereo_taps"]) <= RTF_TAPS[name]
    assert within_allowances(rtf["losses"], STEREO_ALLOWANCES)


def test_rtf_form_shows_a_reference_for_each_bus(made):
    _, card = made("front3")
    # One sum alone hears side, and has nothing to be relative to.
    assert card["rtf"]["references"] == {"mid": "front"}
    _, card = made("bar6")
    assert set(card["rtf"]["references"]) == {"mid", "side"}


def test_what_has_nothing_to_factor_says_so(made):
    _, card = made("pair2")
    assert card["structure"]["firs"] == 3
    assert card["rtf"] == {
        "used": False,
        "why_not": "each bus feeds one sum, whose filter would be the equaliser itself",
    }

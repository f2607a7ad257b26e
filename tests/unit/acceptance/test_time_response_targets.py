"""Time response of every layout: pre-ringing, alignment, crossovers, latency, and the length that each figure needs."""

import pytest

from designer.filters.fitting.error_budget import CENTRE_ALLOWANCES, STEREO_ALLOWANCES

CHANNELS = ("left", "right", "centre")
VERSIONS = ("float", "quantised")


@pytest.mark.parametrize("version", VERSIONS)
def test_what_rings_before_the_peak_is_30_db_down(designed, version):
    _, card = designed
    timing = card["listening"][version]["timing"]
    for channel in CHANNELS:
        assert timing[f"{channel}_pre_ringing_db"] <= -30
        # And what is more than 1 ms ahead, which no main sound masks.
        assert timing[f"{channel}_pre_ringing_before_1_ms_db"] <= -35


@pytest.mark.parametrize("version", VERSIONS)
def test_all_channels_arrive_within_a_sample_of_each_other(designed, version):
    _, card = designed
    assert card["listening"][version]["timing"]["group_delay_spread_samples"] <= 1.0
    assert card[version]["beam"]["arrival_spread_samples"] <= 0.5


@pytest.mark.parametrize("version", VERSIONS)
def test_crossovers_sum_flat_within_half_a_decibel(designed, version):
    layout, card = designed
    timing = card["listening"][version]["timing"]
    assert timing["crossovers_hz"] == ([180.0, 250.0, 2500.0] if layout.name == "echo-studio" else [])
    assert max(timing["crossover_flatness_db"], default=0.0) <= 0.5


def test_latency_is_a_fraction_of_10_ms(designed):
    layout, card = designed
    assert card["latency_ms"] == pytest.approx(
        1000
        * (card["modelling_delay_samples"] + card["upmix_delay_samples"] + card["limiter_delay_samples"])
        / layout.sample_rate_hz
    )
    # With two blocks of double buffering on top it still keeps 10 ms.
    assert card["latency_ms"] + 2000 * layout.block_samples / layout.sample_rate_hz <= 10
    for channel in CHANNELS:
        assert card["listening"]["quantised"]["timing"][f"{channel}_arrival_ms"] <= 1.05


def test_length_follows_from_the_error_budget_and_each_metric_names_its_own(designed):
    _, card = designed
    length = card["length"]
    assert length["within_budget"]
    names = {f"stereo_{key}" for key in STEREO_ALLOWANCES} | {f"centre_{key}" for key in CENTRE_ALLOWANCES}
    assert set(length["smallest_taps"]) == names
    for name, taps in length["smallest_taps"].items():
        assert taps <= length[f"{name.split('_')[0]}_taps"]
    for part, allowances in (("stereo", STEREO_ALLOWANCES), ("centre", CENTRE_ALLOWANCES)):
        for key, allowed in allowances.items():
            assert length["losses"][part][key] <= allowed

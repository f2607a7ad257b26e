"""Filters are as long as the error budget needs, and no longer."""

import pytest
from anechoic import anechoic
from places import LAYOUTS

from designer.evaluation.time_response import evaluate_time_response
from designer.filters.fitting.error_budget import CENTRE_ALLOWANCES, STEREO_ALLOWANCES, within_allowances
from designer.filters.fitting.length_search import GUARD_S, LENGTHS, ChannelFits, find_shortest_filters
from designer.filters.fitting.targets import design_channel_targets
from designer.layout.load import load_layout, parse_layout


@pytest.fixture(scope="module")
def pair2():
    targets = design_channel_targets(anechoic(load_layout(LAYOUTS / "pair2.toml")), max(LENGTHS))
    return targets, ChannelFits.up_to(targets, 144)


def test_budget_is_kept_and_one_step_shorter_breaks_it(pair2):
    targets, fitted = pair2
    found = find_shortest_filters(targets)
    assert found.within_budget
    assert found.delay <= GUARD_S * 48000
    assert found.filters.shape == (2, 3, max(found.stereo_taps, found.centre_taps))
    for taps, losses, allowances in (
        (found.stereo_taps, fitted.stereo_losses, STEREO_ALLOWANCES),
        (found.centre_taps, fitted.centre_losses, CENTRE_ALLOWANCES),
    ):
        shorter = LENGTHS[LENGTHS.index(taps) - 1]
        assert not within_allowances(losses(shorter, found.delay), allowances)


def test_centre_shorter_than_the_others_ends_in_zeros(pair2):
    _, fitted = pair2
    found = fitted.at(64, 32, 8)
    assert found.filters[:, 2, 31].any()
    assert not found.filters[:, 2, 32:].any()


def test_longer_filters_lose_less(pair2):
    _, fitted = pair2
    costs = [fitted.fits[0].costs(taps).min() for taps in (32, 64, 128)]
    assert costs[0] > costs[1] > costs[2]


@pytest.mark.parametrize("rate", [44100, 96000])
def test_lengths_follow_the_sample_rate(rate):
    layout = anechoic(load_layout(LAYOUTS / "pair2.toml")).model_copy(update={"sample_rate_hz": rate})
    found = find_shortest_filters(design_channel_targets(layout, round(max(LENGTHS) * rate / 48000)))
    assert found.within_budget
    assert found.delay <= GUARD_S * rate
    assert found.stereo_taps % 16 == 0


def test_what_no_length_keeps_is_no_reason_for_long_filters():
    # Larger drivers at 96 kHz: not even 512 taps keep half a sample of 10 µs, and 192 keep all else as they do.
    text = (LAYOUTS / "cross4.toml").read_text().replace("sample_rate_hz = 48000", "sample_rate_hz = 96000")
    layout = anechoic(parse_layout(text.replace("radius_m = 0.025", "radius_m = 0.03")))
    found = find_shortest_filters(design_channel_targets(layout, 2 * max(LENGTHS)))
    assert not found.within_budget
    broken = {key for key, allowed in STEREO_ALLOWANCES.items() if found.stereo_losses[key] > allowed}
    assert broken == {"group_delay_samples"}
    assert within_allowances(found.centre_losses, CENTRE_ALLOWANCES)
    assert found.stereo_taps <= 256
    assert found.centre_taps <= 256
    # What is asked of the loudspeaker, a sample between all channels, holds all the same.
    assert evaluate_time_response(layout, found.filters).group_delay_spread_samples <= 1

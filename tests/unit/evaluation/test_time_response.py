"""Time response: pre-ringing, group delay and crossovers of cases with known answers."""

import numpy as np
import pytest
from places import LAYOUTS

from designer.evaluation.time_response import TimeResponsePlant, _flatness_db, evaluate_time_response
from designer.filters.fitting.design import design_filters
from designer.layout.load import load_layout


@pytest.fixture(scope="module")
def pair2():
    layout = load_layout(LAYOUTS / "pair2.toml")
    return layout, TimeResponsePlant(layout)


def impulses(**taps):
    h = np.zeros((2, 3, 200))
    for place, value in taps.items():
        h[:, :, int(place[1:])] = value
    return h


def test_echo_ahead_of_the_sound_is_pre_ringing(pair2):
    layout, plant = pair2
    # A tenth of the amplitude, 2 ms ahead: 0.01 of the energy, beside the main sound's own.
    early = evaluate_time_response(layout, impulses(n100=1.0, n4=0.1), plant)
    assert early.centre.pre_ringing_before_1_ms_db == pytest.approx(10 * np.log10(0.01 / 1.01), abs=0.1)
    late = evaluate_time_response(layout, impulses(n100=1.0, n196=0.1), plant)
    assert late.centre.pre_ringing_before_1_ms_db < -50
    near = evaluate_time_response(layout, impulses(n100=1.0, n80=0.1), plant)
    assert near.centre.pre_ringing_before_1_ms_db < -50
    assert near.centre.pre_ringing_db > -21


def test_late_channel_shows_in_the_group_delay(pair2):
    layout, plant = pair2
    h = impulses(n100=1.0)
    together = evaluate_time_response(layout, h, plant).group_delay_spread_samples
    h[:, 2] = np.roll(h[:, 2], 5, axis=1)
    assert evaluate_time_response(layout, h, plant).group_delay_spread_samples == pytest.approx(together + 5, abs=1)


@pytest.mark.parametrize("name", ["front3", "pair2", "cross4", "echo-studio", "bar6"])
def test_designs_ring_not_and_arrive_together(name):
    layout = load_layout(LAYOUTS / f"{name}.toml")
    bank = design_filters(layout)
    figures = evaluate_time_response(layout, bank.impulse_responses)
    for channel in (figures.left, figures.right, figures.centre):
        assert channel.pre_ringing_before_1_ms_db < -30
        assert channel.arrival_ms <= 1.03
    # 0.75 samples to either side is what the error budget allows a channel.
    assert figures.group_delay_spread_samples < 1.5
    assert max(figures.crossover_flatness_db, default=0) < 0.5
    assert len(figures.crossovers_hz) == (3 if name == "echo-studio" else 0)


def test_a_third_octave_without_a_line_takes_the_nearest():
    """At 96 kHz lines are 47 Hz apart: below 200 Hz, some third octaves of a crossover have none."""
    frequencies = np.fft.rfftfreq(2048, 1 / 96000)[1:]
    heard = np.ones((len(frequencies), 3), complex)
    assert _flatness_db(frequencies, heard, 120.0) == 0.0

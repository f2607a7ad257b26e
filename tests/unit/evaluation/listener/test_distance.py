"""Cues to distance: against responses whose figures are known by hand."""

import numpy as np
import pytest

from designer.evaluation.listener.channels import ChannelResponses
from designer.evaluation.listener.distance import bass_balance_db, coloration_db, distance_cues
from designer.evaluation.listener.responses import RATE_HZ

LENGTH = RATE_HZ // 2
ARRIVAL = 240


def clicks(*events):
    """Responses (2, 1, N) of clicks: ear, time in ms after the arrival, size."""
    made = np.zeros((2, 1, LENGTH))
    for ear, late_ms, size in events:
        made[ear, 0, ARRIVAL + round(late_ms * RATE_HZ / 1000)] += size
    return made


def test_direct_to_reverberant_and_clarity_of_clicks():
    direct = clicks((0, 0, 1.0), (1, 0, 1.0))
    reflected = clicks((0, 20, 0.5), (0, 70, 0.5), (1, 90, 1.0))
    cues = distance_cues(ChannelResponses(direct, reflected, ARRIVAL), 0, (0,))
    # 1 over 0.5; two clicks 50 ms apart interfere every 20 Hz, which octaves average to some hundredths.
    assert cues.direct_to_reverberant_db == pytest.approx(10 * np.log10(1 / 0.5), abs=0.1)
    assert cues.clarity_c50_db == pytest.approx(10 * np.log10(1.25 / 0.25), abs=0.1)
    both = distance_cues(ChannelResponses(direct, reflected, ARRIVAL), 0, (0, 1))
    assert both.direct_to_reverberant_db == pytest.approx(10 * np.log10(2 / 1.5), abs=0.1)


def test_free_space_has_no_reverberation():
    cues = distance_cues(ChannelResponses(clicks((0, 0, 1.0)), np.zeros((2, 1, LENGTH)), ARRIVAL), 0, (0,))
    assert cues.direct_to_reverberant_db == 99.0


def test_equal_ears_are_coherent_and_noise_is_not():
    noise = np.random.default_rng(5).normal(size=(2, 1, LENGTH))
    same = ChannelResponses(noise[[0, 0]], np.zeros_like(noise), ARRIVAL)
    assert distance_cues(same, 0, (0,)).coherence_early == pytest.approx(1.0, abs=1e-6)
    different = ChannelResponses(noise, np.zeros_like(noise), ARRIVAL)
    # Over 0.4 s and an octave of 350 Hz, chance leaves 1/√(2·350·0.4) = 0.06; the largest of ±1 ms is some times that.
    assert distance_cues(different, 0, (0,)).coherence_late < 0.25


def test_an_interaural_delay_within_a_millisecond_keeps_coherence():
    late = ChannelResponses(clicks((0, 0, 1.0), (1, 0.5, 0.7)), np.zeros((2, 1, LENGTH)), ARRIVAL)
    assert distance_cues(late, 0, (0,)).coherence_early == pytest.approx(1.0, abs=0.01)


def test_coloration_is_zero_for_a_gain_and_large_for_a_comb():
    flat = ChannelResponses(clicks((0, 0, 1.0), (1, 0, 1.0)), np.zeros((2, 1, LENGTH)), ARRIVAL)
    louder = ChannelResponses(2 * flat.direct, flat.reflected, ARRIVAL)
    comb = ChannelResponses(flat.direct, clicks((0, 0.5, 0.9), (1, 0.5, 0.9)), ARRIVAL)
    assert coloration_db(louder, 0, flat) == pytest.approx(0.0, abs=1e-6)
    assert coloration_db(comb, 0, flat) > 2


def test_bass_balance_of_a_click_is_even_and_falls_without_bass():
    flat = ChannelResponses(clicks((0, 0, 1.0), (1, 0, 1.0)), np.zeros((2, 1, LENGTH)), ARRIVAL)
    assert bass_balance_db(flat, 0) == pytest.approx(0.0, abs=1e-6)
    # Two opposite clicks 0.1 ms apart are a differentiator: 6 dB less for each octave down.
    thin = ChannelResponses(flat.direct, -np.roll(flat.direct, 2, axis=2), ARRIVAL)
    assert bass_balance_db(thin, 0) < -15

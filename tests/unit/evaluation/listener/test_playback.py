"""Music on a cabinet: limiter activity, loudness and balance."""

import numpy as np
import pytest

from designer.dsp.limiter import LimiterSettings, limiter_settings
from designer.evaluation.listener.heads import SPHERE
from designer.evaluation.listener.playback import limiter_reduction_db, play
from designer.evaluation.listener.systems import Heard, plain_mixing
from designer.layout.shipped import find_layout

SETTINGS = LimiterSettings((1.0, 0.5), 4, 0.01, True)


def test_reduction_is_what_a_steady_peak_asks_for():
    signals = np.zeros((4800, 2))
    signals[:, 1] = 1.0
    # The second driver's limit is half of its signal.
    assert limiter_reduction_db(signals, SETTINGS)[-1] == pytest.approx(20 * np.log10(2), abs=1e-6)
    quiet = limiter_reduction_db(0.4 * signals, SETTINGS)
    np.testing.assert_allclose(quiet, 0.0, atol=1e-9)


def test_limiters_on_their_own_count_by_the_one_that_does_most():
    signals = np.zeros((4800, 2))
    signals[:, 0], signals[:, 1] = 1.5, 1.0
    alone = LimiterSettings((1.0, 0.5), 4, 0.01, False)
    assert limiter_reduction_db(signals, alone)[-1] == pytest.approx(20 * np.log10(2), abs=1e-6)


@pytest.fixture(scope="module")
def played():
    layout = find_layout("pair2")
    system = plain_mixing(layout)
    noise = np.random.default_rng(6).normal(size=(3 * layout.sample_rate_hz, 2))
    music = 0.1 * noise
    heard = Heard.of(system.loudspeakers, None, SPHERE).responses[0]
    louder = play(system, limiter_settings(layout), 2 * music, heard, layout.listener.distance_m)
    return play(system, limiter_settings(layout), music, heard, layout.listener.distance_m), louder


def test_the_volume_at_equal_activity_makes_up_for_the_level_of_the_music(played):
    music, louder = played
    # Bisection of 80 dB by 2¹¹ leaves 0.04 dB.
    assert music.active_gain_db - louder.active_gain_db == pytest.approx(20 * np.log10(2), abs=0.08)
    assert louder.active_loudness_db == pytest.approx(music.active_loudness_db, abs=0.1)
    assert louder.crest_db == pytest.approx(music.crest_db, abs=0.01)


def test_loudness_follows_the_volume_while_nothing_is_limited(played):
    music, louder = played
    assert music.largest_reduction_db == 0
    assert louder.loudness_db - music.loudness_db <= 20 * np.log10(2) + 0.01
    assert music.limited_percent == 0
    assert music.bass_balance_db == pytest.approx(louder.bass_balance_db, abs=0.1)

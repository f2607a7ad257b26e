"""Signals to listen to."""

import numpy as np
import pytest

from designer.errors import LayoutError
from designer.studio.music import SIGNALS, Music, make_signal

RATE_HZ = 48000


@pytest.mark.parametrize("name", sorted(SIGNALS))
def test_signals_are_stereo_within_full_scale_and_the_same_each_time(name):
    found = make_signal(name, RATE_HZ)
    assert found.ndim == 2
    assert found.shape[1] == 2
    assert 0.1 < np.abs(found).max() <= 1
    assert np.array_equal(found, make_signal(name, RATE_HZ))


def test_the_panned_signal_goes_from_left_to_right():
    power = np.array([part.mean(axis=0) for part in np.split(make_signal("panned", RATE_HZ) ** 2, 5)])
    share = power[:, 0] / power.sum(axis=1)
    assert share[0] == pytest.approx(1)
    assert share[2] == pytest.approx(0.5)
    assert share[4] == pytest.approx(0)
    assert np.all(np.diff(share) < 0)


def test_an_unknown_signal_is_refused():
    with pytest.raises(LayoutError, match="allowed are"):
        make_signal("silence", RATE_HZ)


def test_music_goes_round_without_a_gap():
    samples = np.arange(20.0).reshape(10, 2)
    music = Music(samples, 10)
    heard = np.concatenate([music.next(0.7), music.next(0.7)])
    assert np.array_equal(heard, np.concatenate([samples, samples[:4]]))

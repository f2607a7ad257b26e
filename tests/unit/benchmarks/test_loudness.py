"""Loudness against the cases that the standards name."""

import numpy as np
import pytest

from benchmarks.loudness import RATE_HZ, loudness_lkfs


def tone(level_db, seconds, frequency_hz=997.0):
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)


def test_tone_of_997_hz_at_full_scale_in_one_channel_is_minus_3_01():
    # BS.1770-5, annex 1: a 0 dBFS 997 Hz sine in left, right or centre reads −3.01 LKFS.
    assert loudness_lkfs(tone(0.0, 5.0)[:, None]) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # EBU Tech 3341, cases 1 to 4 of the minimum requirements: stereo tones of 1 kHz, ±0.1 LU.
        ([(-23.0, 20.0)], -23.0),
        ([(-33.0, 20.0)], -33.0),
        ([(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
        ([(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)], -23.0),
    ],
)
def test_minimum_requirements_of_ebu_tech_3341(parts, expected):
    mono = np.concatenate([tone(level, seconds, 1000.0) for level, seconds in parts])
    assert loudness_lkfs(np.stack([mono, mono], axis=1)) == pytest.approx(expected, abs=0.1)


def test_silence_has_no_loudness_and_short_signals_are_refused():
    assert loudness_lkfs(np.zeros((RATE_HZ, 2))) == -np.inf
    with pytest.raises(ValueError, match="allowed from 19200"):
        loudness_lkfs(np.zeros((100, 2)))

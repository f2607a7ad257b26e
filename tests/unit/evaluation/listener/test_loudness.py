"""Programme loudness: the coefficients and signals of the standards."""

import numpy as np
import pytest

from designer.evaluation.listener.loudness import k_weighting, programme_loudness

RATE_HZ = 48000


def sine(level_db, seconds, frequency_hz=1000.0, channels=2):
    """Peak level of a sine in decibels relative to full scale, the same in all channels."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return np.tile(10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * time), (channels, 1))


def test_the_filters_are_those_of_the_recommendation():
    """ITU-R BS.1770-4, tables 1 and 2."""
    shelf, high_pass = k_weighting(RATE_HZ)
    np.testing.assert_allclose(shelf[:3], [1.53512485958697, -2.69169618940638, 1.19839281085285], rtol=0, atol=1e-9)
    np.testing.assert_allclose(shelf[4:], [-1.69065929318241, 0.73248077421585], rtol=0, atol=1e-9)
    np.testing.assert_allclose(high_pass, [1, -2, 1, 1, -1.99004745483398, 0.99007225036621], rtol=0, atol=1e-9)


@pytest.mark.parametrize("rate_hz", [24000, 44100, 48000, 96000])
def test_a_sine_in_one_channel_has_the_loudness_of_the_recommendation(rate_hz):
    """ITU-R BS.1770-4, annex 1: 997 Hz at full scale in left, centre or right is −3.01 LKFS."""
    tone = np.sin(2 * np.pi * 997 * np.arange(5 * rate_hz) / rate_hz)[None]
    # The bilinear transform bends the shelf by 0.03 dB at 24 kHz.
    assert programme_loudness(tone, rate_hz) == pytest.approx(-3.01, abs=0.01 if rate_hz >= 44100 else 0.03)


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        (((-23, 20),), -23),
        (((-33, 20),), -33),
        (((-36, 10), (-23, 60), (-36, 10)), -23),
        (((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23),
        (((-26, 20), (-20, 20.1), (-26, 20)), -23),
    ],
)
def test_signals_of_the_ebu(parts, wanted):
    """EBU Tech 3341, table 1, cases 1 to 5: ±0.1 LU."""
    signals = np.concatenate([sine(level, seconds) for level, seconds in parts], axis=1)
    assert programme_loudness(signals, RATE_HZ) == pytest.approx(wanted, abs=0.1)


def test_silence_has_no_loudness():
    assert programme_loudness(np.zeros((2, RATE_HZ)), RATE_HZ) == float("-inf")


def test_short_signals_are_refused():
    with pytest.raises(ValueError, match=r"signals: 0\.2 s: allowed is from 0\.4 s"):
        programme_loudness(np.zeros((2, RATE_HZ // 5)), RATE_HZ)

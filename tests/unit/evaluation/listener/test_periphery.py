"""The auditory filter bank: levels, bandwidths, and bands in step."""

import numpy as np
import pytest

from designer.evaluation.listener.periphery import ENVELOPE_RATE_HZ, band_centres_hz, complex_envelopes, erb_hz
from designer.evaluation.listener.responses import RATE_HZ


def test_bandwidth_is_that_of_glasberg_and_moore():
    # 24.7 (4.37 + 1) at 1 kHz.
    assert erb_hz(np.array([1000.0]))[0] == pytest.approx(132.6, abs=0.1)
    centres = band_centres_hz()
    steps = np.diff(centres) / erb_hz((centres[1:] + centres[:-1]) / 2)
    np.testing.assert_allclose(steps, 1.0, atol=0.01)


@pytest.mark.parametrize("band", [0, 10, 27])
def test_a_tone_passes_its_own_band_at_its_own_level(band):
    centre = band_centres_hz()[band]
    tone = np.cos(2 * np.pi * centre * np.arange(RATE_HZ) / RATE_HZ)
    middle = np.abs(complex_envelopes(np.stack([tone, 0.5 * tone]))[:, :, 2000])
    # The tone lies within half a bin (0.5 Hz) of the centre of the shifted band.
    np.testing.assert_allclose(middle[band], [1.0, 0.5], rtol=2e-3)
    assert np.argmax(middle[:, 0]) == band


def test_bands_are_in_step():
    click = np.zeros((2, RATE_HZ))
    click[:, RATE_HZ // 2] = 1.0
    peaks = np.argmax(np.abs(complex_envelopes(click)[:, 0]), axis=1) / ENVELOPE_RATE_HZ
    # A gammatone's envelope peaks 1/(2πb) before its centre of gravity, 7 ms in the lowest band of 46 Hz, 3.4 ms of b.
    widths = 1.019 * erb_hz(band_centres_hz())
    np.testing.assert_allclose(peaks, 0.5 - 1 / (2 * np.pi * widths), atol=1.5 / ENVELOPE_RATE_HZ)


def test_a_delay_turns_the_phase():
    centre = band_centres_hz()[5]
    time = np.arange(RATE_HZ) / RATE_HZ
    late_s = 0.0003
    ears = np.stack([np.cos(2 * np.pi * centre * time), np.cos(2 * np.pi * centre * (time - late_s))])
    left, right = complex_envelopes(ears)[5, :, 2000]
    assert np.angle(left * right.conj()) == pytest.approx(2 * np.pi * centre * late_s, abs=1e-3)

"""Programs: panning, and what the upmix makes of them."""

import numpy as np
import pytest

from designer.evaluation.listener.programs import pan_gains, stereo_program, upmixed_program
from designer.evaluation.listener.signals import MEDLEY, SIGNAL_NAMES, signal


def test_panning_follows_the_law_of_tangents():
    assert pan_gains(30.0) == pytest.approx((1.0, 0.0), abs=1e-12)
    assert pan_gains(0.0) == pytest.approx((0.5**0.5, 0.5**0.5), abs=1e-12)
    left, right = pan_gains(12.0)
    assert (left - right) / (left + right) == pytest.approx(np.tan(np.deg2rad(12)) / np.tan(np.deg2rad(30)))
    assert left**2 + right**2 == pytest.approx(1.0)


def test_places_beyond_the_pair_are_refused():
    with pytest.raises(ValueError, match="azimuth_deg = 40: allowed is"):
        pan_gains(40.0)


@pytest.mark.parametrize("name", [*SIGNAL_NAMES, MEDLEY])
def test_signals_are_the_same_at_every_call(name):
    first = signal(name).copy()
    signal.cache_clear()
    np.testing.assert_array_equal(signal(name), first)
    assert np.abs(first).max() == pytest.approx(0.25)


def test_an_unknown_signal_is_refused():
    with pytest.raises(ValueError, match="signal 'gong': allowed are voice"):
        signal("gong")


@pytest.mark.parametrize("rate_hz", [44100, 48000])
def test_the_upmix_puts_the_middle_into_the_centre_and_a_side_into_its_side(rate_hz):
    middle, side = (upmixed_program("pink noise", azimuth, rate_hz) for azimuth in (0.0, 30.0))
    energy = np.sum(middle**2, axis=1)
    assert energy[2] > 20 * (energy[0] + energy[1])
    energy = np.sum(side**2, axis=1)
    assert energy[0] > 20 * (energy[1] + energy[2])


def test_the_upmix_is_in_step_with_stereo():
    upmixed = upmixed_program("pink noise", 30.0, 48000)[0]
    stereo = stereo_program("pink noise", 30.0)[0]
    count = min(upmixed.size, stereo.size)
    crossed = np.fft.irfft(np.fft.rfft(upmixed[:count]) * np.fft.rfft(stereo[:count]).conj(), count)
    assert np.argmax(crossed) == 0
    assert np.abs(upmixed[:count] - stereo[:count]).max() < 0.2 * np.abs(stereo).max()

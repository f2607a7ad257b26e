"""Figures of the time response on the lines of a design agree with those of an evenly spaced transform."""

import numpy as np
import pytest

from designer.filters.fir import design_lines_hz, spectra
from designer.filters.fitting.time_response import TimeResponse

RATE_HZ = 48000
LINES_HZ = design_lines_hz(256, RATE_HZ)
OMEGA = 2 * np.pi * LINES_HZ / RATE_HZ
TIME_RESPONSE = TimeResponse(LINES_HZ, RATE_HZ)


def pressure(**taps):
    h = np.zeros(128)
    for place, value in taps.items():
        h[int(place[1:])] = value
    return spectra(h, OMEGA)


def test_perfect_impulse_has_what_its_band_has():
    assert TIME_RESPONSE.pre_ringing_db(pressure(n60=1.0), 60) < -38
    assert TIME_RESPONSE.lateness_samples(pressure(n60=1.0), 60) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("ahead", [10, 30, 60])
def test_echo_ahead_counts_by_its_energy(ahead):
    found = TIME_RESPONSE.pre_ringing_db(pressure(n70=1.0, **{f"n{70 - ahead}": 0.1}), 70)
    assert found == pytest.approx(10 * np.log10(0.01 / 1.01), abs=0.2)


def test_what_comes_after_is_no_pre_ringing():
    assert TIME_RESPONSE.pre_ringing_db(pressure(n40=1.0, n90=0.5), 40) < -37


def test_late_sound_is_as_late_as_it_is():
    assert TIME_RESPONSE.lateness_samples(pressure(n63=1.0), 60) == pytest.approx(3, abs=1e-6)

"""The lines on which filters are designed, and spectra on them."""

import numpy as np
import pytest

from designer.filters.fir import design_lines_hz, spectra


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("longest", [64, 256, 512])
def test_no_filter_can_turn_once_between_two_lines(rate, longest):
    lines = design_lines_hz(longest, rate)
    assert lines[0] > 0
    assert lines[-1] == rate / 2
    assert np.diff(lines).min() > 0
    assert np.diff(lines).max() < rate / longest


def test_spectra_of_a_late_impulse():
    omega = np.array([0.1, 1.0, 3.0])
    filters = np.zeros((2, 3, 8))
    filters[1, 2, 5] = 0.5
    got = spectra(filters, omega)
    assert got.shape == (3, 2, 3)
    np.testing.assert_allclose(got[:, 1, 2], 0.5 * np.exp(-5j * omega))
    assert not got[:, 0].any()

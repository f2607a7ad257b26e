"""The rate filter that is kept as numbers is the one that its edges define."""

import numpy as np
from scipy.signal import firwin, remez

from designer.dsp.upmix_tables import BAND_BINS, LOW_TAPS, RATE_BITS, RATE_TAPS, WINDOW_SAMPLES, upmix_tables


def test_rate_filter_is_the_parks_mcclellan_solution():
    exact = remez(RATE_TAPS, [0, 3500 / 48000, 8500 / 48000, 0.5], [1, 0], fs=1.0) * 2.0**RATE_BITS
    rate = upmix_tables().rate_filter
    assert rate.sum() == 1 << RATE_BITS
    np.testing.assert_array_equal(rate, rate[::-1])
    # One step of rounding and of symmetry; the centre tap takes up what the sum lacks.
    off_centre = np.arange(RATE_TAPS) != RATE_TAPS // 2
    assert np.abs(rate - exact)[off_centre].max() <= 2
    assert (
        abs(rate[RATE_TAPS // 2] - exact[RATE_TAPS // 2]) < 2.0**RATE_BITS * abs(1 - exact.sum() / 2.0**RATE_BITS) + 30
    )


def test_prototypes_are_differences_of_windowed_lowpasses():
    summed = np.cumsum(upmix_tables().prototypes, axis=0)
    for bin_, row in zip(BAND_BINS[1:], summed, strict=True):
        lowpass = firwin(LOW_TAPS, (bin_ - 0.5) / WINDOW_SAMPLES, fs=1.0, window="hann")[: row.size]
        np.testing.assert_allclose(row, lowpass * 2.0**15, atol=0.5 + 1e-6)

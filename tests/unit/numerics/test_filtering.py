"""Filters in a few lines of Python: the numbers of `scipy.signal`, without loading it."""

import numpy as np
import pytest
from scipy.signal import lfilter, sosfreqz

from designer.evaluation.listener.loudness import k_weighting
from designer.numerics.filtering import exponential_average, second_order_response, short_filter

FILTERS = [([1.0], [1.0, -0.95]), ([0.2], [1.0, -1.8, 0.9]), ([1.0, -0.9], [1.0]), ([0.5, 0.1, -0.3], [1.0, 0.2])]


@pytest.mark.parametrize(("numerator", "denominator"), FILTERS)
def test_short_signals_are_those_of_scipy_in_every_bit(numerator, denominator):
    samples = np.random.default_rng(1).standard_normal(500)
    np.testing.assert_array_equal(
        short_filter(numerator, denominator, samples), lfilter(numerator, denominator, samples)
    )


@pytest.mark.parametrize("count", [1, 64, 65, 1000])
@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_an_exponential_average_is_a_filter_with_one_pole(count, keep):
    real, imaginary = np.random.default_rng(2).standard_normal((2, 3, 4, count))
    values = real + 1j * imaginary
    # Sums of at most 64 products and one more of the part before, of magnitudes whose weights add up to 1.
    largest = 70 * np.finfo(float).eps * np.abs(values).max()
    expected = lfilter([1 - keep], [1, -keep], values, axis=-1)
    assert np.abs(exponential_average(values, keep) - expected).max() <= largest / (1 - keep)
    assert np.abs(exponential_average(real, keep) - expected.real).max() <= largest / (1 - keep)


def test_response_is_that_of_scipy():
    frequencies = np.array([20.0, 38.1, 1000.0, 1682.0, 20000.0])
    expected = sosfreqz(k_weighting(48000), frequencies, fs=48000)[1]
    # Two sections, each a ratio of sums of three terms.
    np.testing.assert_allclose(second_order_response(k_weighting(48000), frequencies, 48000.0), expected, rtol=1e-12)

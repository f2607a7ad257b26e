"""Filters in a few lines of Python: the numbers of `scipy.signal`, without loading it."""

import numpy as np
import pytest
from scipy.signal import lfilter, sosfreqz

from designer.evaluation.listener.loudness import k_weighting
from designer.numerics.filtering import recursive_filter, second_order_response

FILTERS = [([1.0], [1.0, -0.95]), ([0.2], [1.0, -1.8, 0.9]), ([1.0, -0.9], [1.0]), ([0.5, 0.1, -0.3], [1.0, 0.2])]


@pytest.mark.parametrize(("numerator", "denominator"), FILTERS)
@pytest.mark.parametrize("shape", [(500,), (2, 3, 200)])
def test_equals_scipy_in_every_bit(numerator, denominator, shape):
    samples = np.random.default_rng(1).standard_normal(shape)
    expected = lfilter(numerator, denominator, samples, axis=-1)
    np.testing.assert_array_equal(recursive_filter(numerator, denominator, samples), expected)


def test_complex_signals_are_filtered_as_their_parts():
    real, imaginary = np.random.default_rng(2).standard_normal((2, 3, 50))
    found = recursive_filter([0.1], [1.0, -0.9], real + 1j * imaginary)
    np.testing.assert_array_equal(found.real, recursive_filter([0.1], [1.0, -0.9], real))
    np.testing.assert_array_equal(found.imag, recursive_filter([0.1], [1.0, -0.9], imaginary))


def test_response_is_that_of_scipy():
    frequencies = np.array([20.0, 38.1, 1000.0, 1682.0, 20000.0])
    expected = sosfreqz(k_weighting(48000), frequencies, fs=48000)[1]
    # Two sections, each a ratio of sums of three terms.
    np.testing.assert_allclose(second_order_response(k_weighting(48000), frequencies, 48000.0), expected, rtol=1e-12)

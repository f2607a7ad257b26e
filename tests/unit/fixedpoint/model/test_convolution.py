"""Exact means exact: against Python's own integers, at the limits of every part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.fixedpoint.model.convolution import ExactFilters, FlooringFilter


def exact_convolve(samples, taps):
    return ExactFilters(taps[None])(samples)


def by_hand(samples, taps):
    n = len(taps)
    return [
        sum(int(x) * int(c) for x, c in zip(samples[m : m + n], taps[::-1], strict=True))
        for m in range(len(samples) - n + 1)
    ]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 300), st.integers(0, 400), st.sampled_from([2**15, 2**31]))
def test_equals_python_integers(data, taps, more, full_scale):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))
    c = rng.integers(-(2**31) // taps, 2**31 // taps, taps)
    x = rng.choice(np.array([-full_scale, full_scale - 1, -1, 0, 1, 12345]), taps + more)
    assert exact_convolve(x, c).tolist() == by_hand(x, c)


@pytest.mark.parametrize("taps", [1, 128, 129, 256])
def test_worst_case_is_exact_at_the_edge_of_64_bits(taps):
    # Sum of |taps| just below 2**31 and full scale matched in sign: the largest sum there can be in q31.
    rng = np.random.default_rng(taps)
    c = (2**31 - 1) // taps * rng.choice([-1, 1], taps)
    c[-1] += np.sign(c[-1]) * ((2**31 - 1) - np.abs(c).sum())
    x = np.where(c[::-1] < 0, -(2**31), 2**31 - 1)
    assert exact_convolve(x, c).tolist() == by_hand(x, c)
    assert exact_convolve(-(2**31) * np.sign(c[::-1]), c).tolist() == [-(2**31) * (2**31 - 1)]


def test_a_long_signal_is_cut_without_a_seam():
    rng = np.random.default_rng(5)
    x, c = rng.integers(-(2**31), 2**31, 70000), rng.integers(-(2**20), 2**20, 200)
    np.testing.assert_array_equal(exact_convolve(x, c), np.convolve(x, c, "valid"))


@pytest.mark.parametrize("step", [1, 4])
def test_filters_of_one_signal_in_frames(step):
    rng = np.random.default_rng(step)
    x, c = rng.integers(-(2**31), 2**31, (2, 400)), rng.integers(-(2**20), 2**20, (3, 29))
    frames = ExactFilters(c, 16, step).frames(x, 5)
    assert frames.shape == (2, 5, 3, 16)
    for channel, filter_ in np.ndindex(2, 3):
        expected = np.convolve(x[channel], c[filter_], "valid")[::step][:80]
        np.testing.assert_array_equal(frames[channel, :, filter_].reshape(-1), expected)


def test_samples_that_are_missing_at_the_end_are_zeros():
    frames = ExactFilters(np.array([[3, 2, 1]]), 4).frames(np.array([1, 1, 1]), 2)
    assert frames.reshape(-1).tolist() == [6, 3, 1, 0, 0, 0, 0, 0]


def test_what_64_bits_do_not_hold_is_refused():
    with pytest.raises(ValueError, match="not exact in 64 bits"):
        exact_convolve(np.full(4, 2**31), np.full(2, 2**31))


@pytest.mark.parametrize("taps", [1, 2, 37, 300])
def test_floors_of_every_product(taps):
    rng = np.random.default_rng(taps)
    c = rng.choice(np.array([-32767, 32767, -1, 0, 1, *rng.integers(-32767, 32768, 9)]), taps)
    x = rng.choice(np.array([-(2**31), 2**31 - 1, -1, 0, 1, *rng.integers(-(2**31), 2**31, 9)]), taps + 33000)
    at = [0, 1, 32767, 32768, 33000]
    expected = [sum((int(x[n + k]) * int(c[taps - 1 - k])) >> 16 for k in range(taps)) for n in at]
    assert FlooringFilter(c)(x)[at].tolist() == expected

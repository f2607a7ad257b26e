"""The filter bank checks itself and scales to a proved limit."""

import numpy as np
import pytest

from designer.filters.bank import FilterBank

NAMES = ("left", "right", "centre")


def bank(responses, delay=0):
    responses = np.asarray(responses)
    return FilterBank(responses, tuple(f"d{i}" for i in range(len(responses))), NAMES, 48000, delay)


def test_normalised_brings_the_worst_driver_to_the_limit():
    responses = np.random.default_rng(3).standard_normal((2, 3, 8))
    scaled, gain_db = bank(responses).normalised(0.9)
    assert scaled.driver_sums.max() == pytest.approx(0.9)
    np.testing.assert_allclose(scaled.impulse_responses, responses * 10 ** (gain_db / 20))
    # The bound is reached by the worst input, and not exceeded.
    worst = np.sign(scaled.impulse_responses[scaled.driver_sums.argmax()])
    assert np.sum(worst * scaled.impulse_responses[scaled.driver_sums.argmax()]) == pytest.approx(0.9)


def test_one_path_may_set_the_gain():
    responses = np.zeros((2, 3, 8))
    responses[0, 0, :2] = 1.0
    responses[1, :, 3] = 0.5
    scaled, _ = bank(responses).normalised(1.9, path_limit=0.5)
    assert np.abs(scaled.impulse_responses).sum(axis=2).max() == pytest.approx(0.5)
    loose, _ = bank(responses).normalised(1.0, path_limit=5.0)
    assert loose.driver_sums.max() == pytest.approx(1.0)


def test_silence_cannot_be_normalised():
    with pytest.raises(ValueError, match="not zero"):
        bank(np.zeros((2, 3, 8))).normalised()


@pytest.mark.parametrize("shape", [(2, 2, 8), (2, 3), (2, 3, 0)])
def test_shapes_are_checked(shape):
    with pytest.raises(ValueError, match=r"allowed is \(D, I, N\)"):
        bank(np.zeros(shape))


def test_values_and_delay_are_checked():
    with pytest.raises(ValueError, match="finite float64"):
        bank(np.full((2, 3, 8), np.inf))
    with pytest.raises(ValueError, match="finite float64"):
        bank(np.zeros((2, 3, 8), dtype=np.float32))
    with pytest.raises(ValueError, match="0 to 7"):
        bank(np.zeros((2, 3, 8)), delay=8)

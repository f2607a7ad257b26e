import itertools

import numpy as np
import pytest

from designer.fixedpoint.quantise.nearest_plane import nearest_plane, weight_factor, weighted_error

LOWPASS = np.where(np.arange(65) < 20, 1.0, 0.01)


def test_the_factor_measures_weighted_spectra():
    difference = np.random.default_rng(1).normal(size=24)
    spectrum = np.abs(np.fft.fft(difference, 128)) ** 2
    both_sides = np.concatenate([LOWPASS, LOWPASS[-2:0:-1]])
    expected = np.mean(both_sides * spectrum)
    assert weighted_error(weight_factor(LOWPASS, 24), difference) == pytest.approx(expected, rel=1e-12)


def test_a_flat_weight_is_rounding():
    target = np.random.default_rng(2).normal(0, 100, 40)
    assert np.array_equal(nearest_plane(weight_factor(np.ones(65), 40), target)[0], np.floor(target + 0.5))


def test_one_survivor_is_babais_algorithm():
    factor, target = weight_factor(LOWPASS, 12), np.random.default_rng(3).normal(0, 100, 12)
    expected = np.zeros(12)
    for k in range(11, -1, -1):
        later = sum(factor[k, j] * (expected[j] - target[j]) for j in range(k + 1, 12))
        expected[k] = np.floor(target[k] - later / factor[k, k] + 0.5)
    assert np.array_equal(nearest_plane(factor, target, survivors=1), [expected])


def test_enough_survivors_find_the_nearest_of_all():
    factor, rng = weight_factor(LOWPASS, 4), np.random.default_rng(9)
    for target in rng.uniform(-3, 3, (40, 4)):
        found = weighted_error(factor, nearest_plane(factor, target, survivors=81)[0] - target)
        around = itertools.product(*([np.floor(value) + step for step in (-1, 0, 1, 2)] for value in target))
        assert found <= min(weighted_error(factor, np.array(point) - target) for point in around) * (1 + 1e-9)


def test_more_survivors_do_better_on_average():
    factor, rng = weight_factor(LOWPASS, 60), np.random.default_rng(4)
    targets = rng.normal(0, 100, (20, 60))
    one, many = (
        np.mean([weighted_error(factor, nearest_plane(factor, t, survivors=m)[0] - t) for t in targets])
        for m in (1, 16)
    )
    rounded = np.mean([weighted_error(factor, np.round(t) - t) for t in targets])
    assert many < one < rounded


def test_no_integer_exceeds_the_limit():
    factor, rng = weight_factor(LOWPASS, 30), np.random.default_rng(5)
    for _ in range(20):
        points = nearest_plane(factor, rng.uniform(-5, 5, 30), limit=5)
        assert np.abs(points).max() <= 5


def test_the_grid_must_cover_the_lags():
    with pytest.raises(ValueError, match="allowed are more than the 65 taps"):
        weight_factor(LOWPASS, 65)

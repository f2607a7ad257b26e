"""Null steering meets its target, keeps its cap, and becomes the classical inverse."""

import numpy as np
import pytest

from designer.filters.stereo.crosstalk import steer_null, target_curve_db


def plant(seed, frequencies=40, poses=9, drivers=3, spread=0.1):
    """Ears of poses scattered about one: (F, H, D) twice, and probabilities."""
    generator = np.random.default_rng(seed)

    def noise(*shape):
        return (generator.standard_normal(shape) + 1j * generator.standard_normal(shape)) / np.sqrt(2)

    # As with a real head, most of what reaches one ear reaches the other.
    common = noise(frequencies, 1, drivers)
    ears = [common + 0.5 * noise(frequencies, 1, drivers) + spread * noise(frequencies, poses, drivers) for _ in "lr"]
    probability = generator.random(poses)
    return ears[0], ears[1], probability / probability.sum()


def measured(result, ipsi, contra, probability):
    powers = [
        np.sum(probability * np.abs((ear @ result.weights[:, :, None])[..., 0]) ** 2, axis=1) for ear in (ipsi, contra)
    ]
    return 10 * np.log10(powers[0] / powers[1])


def test_two_drivers_with_a_still_head_give_the_classical_inverse():
    ipsi, contra, _ = plant(1, poses=1, drivers=2)
    far_target = np.full(40, 60.0)
    result = steer_null(ipsi, contra, np.ones(1), 0, np.ones((40, 2)), far_target, 80.0)
    system = np.concatenate([ipsi, contra], axis=1)
    exact = np.linalg.inv(system)[:, :, 0]
    # 60 dB of separation is an error of 1e-3 in the null.
    np.testing.assert_allclose(result.weights, exact, atol=3e-3 * np.abs(exact).max())


@pytest.mark.parametrize("drivers", [2, 3, 6])
def test_target_is_met_neither_over_nor_under_where_the_cap_allows(drivers):
    ipsi, contra, probability = plant(drivers, drivers=drivers, spread=0.03)
    target = np.linspace(3, 15, 40)
    result = steer_null(ipsi, contra, probability, 4, np.ones((40, drivers)), target, 20.0)
    # Out of reach: by effort, which then is spent only as far as it pays; by movement of the head (no loading left);
    # by a driver that only one ear hears (all of the blend used).
    free = (result.effort_db < result.allowed_db - 0.01) & (result.loading > 1.01e-8) & (result.blend < 7.9)
    assert free.sum() > 25
    np.testing.assert_allclose(measured(result, ipsi, contra, probability)[free], target[free], atol=0.01)
    np.testing.assert_allclose(result.gain_db, measured(result, ipsi, contra, probability), atol=1e-6)
    short = ~free & (result.blend < 7.9)
    assert (result.gain_db[short] < target[short]).all()


def test_effort_keeps_its_cap_and_is_what_it_says():
    ipsi, contra, probability = plant(7, drivers=2, spread=0.3)
    cap = 3.0
    result = steer_null(ipsi, contra, probability, 4, np.ones((40, 2)), np.full(40, 20.0), cap)
    alone = np.max(np.abs(ipsi[:, 4]) ** 2, axis=1)
    np.testing.assert_allclose(result.effort_db, 10 * np.log10(np.sum(np.abs(result.weights) ** 2, axis=1) * alone))
    assert result.effort_db.max() <= cap + 1e-6
    # The cap is used to its full where the target is out of reach.
    assert np.sum(result.effort_db > cap - 0.01) >= 5


def test_effort_that_gains_little_is_not_spent():
    ipsi, contra, probability = plant(7, drivers=2, spread=0.3)
    target, ones = np.full(40, 20.0), np.ones((40, 2))
    result = steer_null(ipsi, contra, probability, 4, ones, target, 12.0)
    a_little_more = steer_null(ipsi, contra, probability, 4, ones, target, 12.1)
    gained = (a_little_more.reachable_db - result.reachable_db) / 0.1
    reached = result.reachable_db > target - 1e-6
    assert (result.allowed_db[reached] == 12.0).all()
    far = result.reachable_db < target - 2
    # Slopes are taken over a finite step of the loading: a hundredth beside the thresholds.
    assert (result.allowed_db[far & (gained < 0.24)] < 0.05 * 12).all()
    assert (result.allowed_db[far & (gained > 0.51)] > 0.95 * 12).all()
    assert (far & (gained < 0.24)).any()
    assert (result.effort_db <= np.maximum(result.allowed_db, 0) + 1e-6)[far].all()


def test_pressure_at_the_nominal_ear_is_one():
    ipsi, contra, probability = plant(9)
    result = steer_null(ipsi, contra, probability, 4, np.ones((40, 3)), np.full(40, 10.0), 12.0)
    np.testing.assert_allclose(np.sum(ipsi[:, 4] * result.weights, axis=1), 1, atol=1e-9)


def test_driver_out_of_its_band_hardly_takes_part():
    ipsi, contra, probability = plant(11)
    weights = np.tile([1.0, 1.0, 1e-3], (40, 1))
    result = steer_null(ipsi, contra, probability, 4, weights, np.full(40, 10.0), 12.0)
    assert np.abs(result.weights[:, 2]).max() < 0.05


def test_one_driver_alone_still_plays():
    ipsi, contra, probability = plant(13)
    weights = np.tile([0.0, 1.0, 0.0], (40, 1))
    result = steer_null(ipsi, contra, probability, 4, weights, np.full(40, 13.0), 12.0)
    np.testing.assert_allclose(result.weights[:, 1], 1 / ipsi[:, 4, 1], rtol=1e-3)


def test_target_curve_is_linear_in_decibels_over_octaves():
    curve = ((200.0, 0.0), (800.0, 8.0))
    np.testing.assert_allclose(target_curve_db(curve, np.array([50.0, 200.0, 400.0, 9000.0])), [0, 0, 4, 8])

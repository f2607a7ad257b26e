"""One step of the refinement: the quadratic program's solutions where they can be said by hand."""

import numpy as np
import pytest

from designer.filters.beam.levels import BeamLevels, LevelGoal
from designer.filters.beam.quadratic_program import solve_quadratic_program

# Clarabel's tolerance on levels of a few decibels.
TOLERANCE = 0.02


def goal(bands=1, **changes):
    asked = {
        "ripple_db": 0.0,
        "steps_db": np.full((1, bands), -20.0),
        "step_costs": np.array([1.0]),
        "shape_db": None,
        "noise_db": np.full(bands, 100.0),
    }
    return LevelGoal(**asked | changes)


def levels(lobe, nulls, noise):
    return BeamLevels(np.array([lobe], dtype=float), np.array([nulls], dtype=float), np.array([noise], dtype=float))


def test_lobe_whose_levels_are_free_becomes_even():
    before = levels([0.0, 3.0], [-30.0], 0.0)
    coupling = 100.0 * np.eye(4)
    after = before.lobe[0] + (coupling @ solve_quadratic_program(before, coupling, goal()))[:2]
    assert np.ptp(after) == pytest.approx(0.0, abs=TOLERANCE)
    # The cost of the way is least where both go half of it.
    assert after.mean() == pytest.approx(1.5, abs=TOLERANCE)


def test_step_goes_as_far_as_it_is_worth():
    # A change x of one level costs x²/(2·0.5) and gains x: the best is 0.5; the other level may move likewise.
    before = levels([0.0, 10.0], [-30.0], 0.0)
    coupling = 0.5 * np.eye(4)
    after = before.lobe[0] + (coupling @ solve_quadratic_program(before, coupling, goal()))[:2]
    np.testing.assert_allclose(after, [0.5, 9.5], atol=TOLERANCE)


def test_null_comes_down_to_its_step_and_no_further():
    before = levels([0.0, 0.0], [-17.0], 0.0)
    coupling = 100.0 * np.eye(4)
    change = coupling @ solve_quadratic_program(before, coupling, goal())
    assert change[2] == pytest.approx(-3.0, abs=TOLERANCE)


def test_shaped_null_is_raised_too():
    before = levels([0.0, 0.0], [-17.0, -17.0], 0.0)
    coupling = 100.0 * np.eye(5)
    change = coupling @ solve_quadratic_program(before, coupling, goal(shape_db=np.array([-10.0, -20.0])))
    np.testing.assert_allclose(change[2:4], [7.0, -3.0], atol=TOLERANCE)


def test_noise_keeps_its_bound_whatever_the_lobe_gains():
    # One unknown moves the lobe and the noise alike: the lobe would go 4 dB, the bound leaves 1.
    before = levels([0.0, 4.0], [-30.0], 5.0)
    slopes = np.array([[10.0, 0.0, 0.0, 10.0]])
    change = slopes.T @ slopes @ solve_quadratic_program(before, slopes.T @ slopes, goal(noise_db=np.array([6.0])))
    assert change[3] == pytest.approx(1.0, abs=TOLERANCE)
    # What begins beyond its bound by more than one step comes back by one.
    before = levels([0.0, 0.0], [-30.0], 9.0)
    change = slopes.T @ slopes @ solve_quadratic_program(before, slopes.T @ slopes, goal(noise_db=np.array([6.0])))
    assert change[3] == pytest.approx(-1.0, abs=TOLERANCE)


def test_beam_without_nulls_has_a_step():
    before = levels([0.0, 3.0], [], 0.0)
    coupling = 100.0 * np.eye(3)
    step = solve_quadratic_program(before, coupling, goal())
    assert np.ptp(before.lobe[0] + (coupling @ step)[:2]) == pytest.approx(0.0, abs=TOLERANCE)

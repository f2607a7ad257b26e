"""Levels in bands: what they are, how they change with the drive, and what a symmetric loudspeaker leaves of them."""

import numpy as np
import pytest

from designer.filters.beam.levels import LevelGoal, LevelModel, distinct_rows, symmetric_basis

GENERATOR = np.random.default_rng(6)


def noise(*shape):
    return GENERATOR.standard_normal(shape) + 1j * GENERATOR.standard_normal(shape)


@pytest.fixture(scope="module")
def two_bands():
    bands = np.array([[0.5, 0.5, 0, 0, 0], [0, 0, 0.25, 0.25, 0.5]])
    return LevelModel(bands, 1 + 0.2 * noise(5, 3), noise(5, 4, 3), 0.3 * noise(5, 2, 3), np.full((5, 3), 1.0))


def goal(**changes):
    asked = {
        "ripple_db": 3.0,
        "steps_db": np.array([[-60.0, -60.0]]),
        "step_costs": np.array([1.0]),
        "shape_db": None,
        "noise_db": np.array([6.0, 6.0]),
    }
    return LevelGoal(**asked | changes)


def test_levels_are_mean_powers_relative_to_the_axis(two_bands):
    drive = noise(5, 3)
    axis = np.sum(two_bands.axis * drive, axis=1)
    levels = two_bands.of(drive)
    first = np.abs(two_bands.lobe[:2, 1] @ drive[:2, :, None])[..., 0]
    pressures = [two_bands.lobe[line, 1] @ drive[line] / axis[line] for line in (0, 1)]
    assert first.shape == (2, 2)
    assert levels.lobe[0, 1] == pytest.approx(10 * np.log10(np.mean(np.abs(pressures) ** 2)))
    powers = np.sum(np.abs(drive) ** 2, axis=1) / np.abs(axis) ** 2
    assert levels.noise[1] == pytest.approx(10 * np.log10(powers[2] / 4 + powers[3] / 4 + powers[4] / 2))
    # A common factor of any phase on any line is heard by no level.
    turned = two_bands.of(drive * noise(5, 1))
    np.testing.assert_allclose(turned.lobe, levels.lobe, atol=1e-9)
    np.testing.assert_allclose(turned.nulls, levels.nulls, atol=1e-9)


def test_slopes_are_those_of_the_levels(two_bands):
    drive, change = noise(5, 3), noise(5, 3)
    levels, slopes = two_bands.slopes(drive, goal())
    step = 1e-6
    ahead, behind = (two_bands.of(drive + sign * step * change) for sign in (1, -1))
    for band, (lines, slope) in enumerate(slopes):
        told = np.einsum("fmg,fg->m", slope, change[lines]).real
        rows = [np.concatenate([which.lobe[band], which.nulls[band], which.noise[[band]]]) for which in (ahead, behind)]
        # Central differences err by the third derivative times the step's square; rounding by 1e-16 over the step.
        np.testing.assert_allclose(told, (rows[0] - rows[1]) / (2 * step), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(levels.lobe, two_bands.of(drive).lobe)


def test_null_deeper_than_anything_is_worth_goes_on_as_a_straight_line_of_its_power(two_bands):
    drive = noise(5, 3)
    real = two_bands.of(drive).nulls
    least = float(real.max()) + 3
    told, _ = two_bands.slopes(drive, goal(steps_db=np.full((1, 2), least)))
    ratio = 10 ** ((real - least) / 10)
    np.testing.assert_allclose(told.nulls, least + 10 / np.log(10) * (ratio - 1))


def test_cost_counts_ripple_missing_depth_and_noise(two_bands):
    levels = two_bands.of(noise(5, 3))
    deep = np.full((1, 2), 100.0)
    quiet = np.full(2, 100.0)
    even = goal(ripple_db=100.0, steps_db=deep, noise_db=quiet)
    assert even.cost(levels) == pytest.approx(even.small_ripple_cost * levels.ripple_db.sum())
    uneven = goal(ripple_db=0.0, steps_db=deep, noise_db=quiet)
    assert uneven.cost(levels) == pytest.approx(uneven.ripple_cost * levels.ripple_db.sum())
    shallow = goal(ripple_db=0.0, steps_db=levels.nulls.max(axis=1)[None] - 2, noise_db=levels.noise - 1)
    assert shallow.cost(levels) - uneven.cost(levels) == pytest.approx(2 * 2 * 1.0 + 2 * 1 * shallow.noise_cost)
    shaped = goal(ripple_db=0.0, shape_db=levels.nulls.mean(axis=0), noise_db=quiet)
    off = np.abs(levels.nulls - levels.nulls.mean(axis=0)).max(axis=1).sum()
    assert shaped.cost(levels) - uneven.cost(levels) == pytest.approx(shaped.shape_cost * off)


def test_curvature_bounds_what_powers_add(two_bands):
    drive, change = noise(5, 3), 0.1 * noise(5, 3)
    # Changes that leave the axis alone: levels are relative to it.
    change -= (
        two_bands.axis.conj()
        * (np.sum(two_bands.axis * change, axis=1) / np.sum(np.abs(two_bands.axis) ** 2, axis=1))[:, None]
    )
    asked = goal(steps_db=np.full((1, 2), -200.0), noise_db=np.full(2, -100.0))
    bound = np.sum((change.conj() * (two_bands.curvature(drive, asked) @ change[..., None])[..., 0]).real) / 2
    assert bound > 0
    levels, slopes = two_bands.slopes(drive, asked)
    after = two_bands.of(drive + change)
    for band, (lines, slope) in enumerate(slopes):
        told = np.einsum("fmg,fg->m", slope, change[lines]).real
        now = np.concatenate([levels.lobe[band], levels.nulls[band], levels.noise[[band]]])
        then = np.concatenate([after.lobe[band], after.nulls[band], after.noise[[band]]])
        # The loudest null, at half a decibel's worth, and the noise rise by no more than slope and curvature together.
        rise = then - now - told
        assert 0.5 * rise[4 + np.argmax(levels.nulls[band])] < bound
        assert rise[-1] < bound


def test_rows_that_repeat_are_left_out():
    rows = noise(4, 2, 3)
    np.testing.assert_array_equal(distinct_rows(rows[:, [0, 1, 0, 1, 1]]), [0, 1])
    assert distinct_rows(np.zeros((4, 0, 3), dtype=complex)).size == 0


def test_symmetric_drives_are_their_own_mirror_images():
    basis = symmetric_basis(np.array([0, 2, 1, 3]), 4)
    assert basis.shape == (4, 3)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-15)
    np.testing.assert_array_equal(basis, basis[[0, 2, 1, 3]])
    np.testing.assert_array_equal(symmetric_basis(None, 2), np.eye(2))

"""The refinement: both kinds of unknowns say what they are, steps lower the cost, and known optima are found."""

import numpy as np
import pytest

from designer.filters.beam.levels import LevelGoal, LevelModel
from designer.filters.beam.refine import LineUnknowns, Refinement, TapUnknowns

OMEGA = np.linspace(0.05, 1.0, 9)


def noise(generator, *shape):
    return generator.standard_normal(shape) + 1j * generator.standard_normal(shape)


@pytest.mark.parametrize("unknowns", [TapUnknowns.of(OMEGA, 7), LineUnknowns(9, 2)], ids=["taps", "lines"])
def test_slopes_and_quadratic_form_are_those_of_the_drive(unknowns):
    generator = np.random.default_rng(1)
    values = generator.standard_normal(14 if isinstance(unknowns, TapUnknowns) else 36)
    drive = unknowns.drive(values)
    assert drive.shape == (9, 2)
    lines = np.array([1, 4, 5])
    slopes = noise(generator, 3, 5, 2)
    told = unknowns.pull_back(lines, slopes) @ values
    np.testing.assert_allclose(told, np.einsum("fmg,fg->m", slopes, drive[lines]).real, rtol=1e-12, atol=1e-12)
    root = noise(generator, 9, 2, 2)
    metric = root.conj().transpose(0, 2, 1) @ root
    wanted = np.sum((drive.conj() * (metric @ drive[..., None])[..., 0]).real)
    # The form of taps has a ridge of 1e-9 of its trace.
    assert values @ unknowns.quadratic(metric) @ values == pytest.approx(wanted, rel=1e-6)


def test_free_lines_return_their_drive():
    drive = noise(np.random.default_rng(2), 4, 3)
    np.testing.assert_array_equal(LineUnknowns(4, 3).drive(LineUnknowns(4, 3).values(drive)), drive)


@pytest.fixture
def pair():
    """Two sources half a wavelength apart: in phase they are silent at the side, and 3 dB down at 30°."""
    angles = np.deg2rad([0.0, 15.0, 30.0])
    phases = np.pi / 2 * np.sin(angles)
    lobe = np.stack([np.exp(1j * phases), np.exp(-1j * phases)], axis=1)[None]
    nulls = np.array([[[1j, -1j]]])
    levels = LevelModel(np.ones((1, 1)), np.ones((1, 2), dtype=complex), lobe, nulls, np.ones((1, 2)))
    goal = LevelGoal(0.0, np.array([[-40.0]]), np.array([10.0]), None, np.array([6.0]))
    anchor = np.full((1, 2, 2), 1e4, dtype=complex)
    return Refinement(LineUnknowns(1, 2), levels, goal, anchor, np.full((1, 2), 0.5, dtype=complex))


def test_refinement_finds_the_null_and_keeps_the_axis(pair):
    start = pair.unknowns.values(np.array([[0.6 + 0.2j, 0.4 - 0.2j]]))
    found = pair.improve(start, 40)
    assert pair.cost(found) < pair.cost(start)
    drive = pair.unknowns.drive(found)[0]
    assert abs(drive.sum() - 1) < 1e-3
    # Beyond −40 dB nothing is gained: the drives differ by no more than that.
    assert 20 * np.log10(abs(drive[0] - drive[1])) < -38
    levels = pair.levels.of(drive[None])
    # cos(π/2 · sin 30°) is what in-phase drives leave at 30°; ±1 % of them more or less is ±0.1 dB.
    assert levels.ripple_db[0] == pytest.approx(-20 * np.log10(np.cos(np.pi / 4)), abs=0.1)


def test_steps_end_where_nothing_is_gained(pair):
    optimum = pair.improve(pair.unknowns.values(np.array([[0.5 + 0j, 0.5]])), 40)
    again = pair.improve(optimum, 5)
    assert pair.cost(again) == pytest.approx(pair.cost(optimum), rel=0.01)
    np.testing.assert_array_equal(pair.improve(optimum, 0), optimum)

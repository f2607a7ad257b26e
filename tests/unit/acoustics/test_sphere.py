"""Caps on a rigid sphere against closed forms and limits."""

import numpy as np
import pytest

from designer.acoustics.sphere import cap_field, cap_weights, check_frequencies

A, C = 0.0875, 343.0
TOWARDS = np.array([[-1.0, 0.0, 0.0]])


def at(azimuth_deg, distance=2.0):
    azimuth = np.deg2rad(azimuth_deg)
    return distance * np.array([[-np.cos(azimuth), np.sin(azimuth), 0.0]])


def test_one_cap_gives_one_pascal_at_one_metre_at_low_frequency():
    # Corrections are of first order in ka: 5 Hz gives ka = 0.008, against r: a/r.
    p = cap_field(np.array([0.01]), at(70, 50.0), TOWARDS, np.array([0.025]), A, C)
    assert abs(p[0, 0, 0]) * 50 == pytest.approx(1, abs=2 * A / 50)


def test_two_hemispheres_are_a_pulsating_sphere():
    frequencies = np.array([20.0, 300.0, 3000.0, 15000.0])
    p = cap_field(frequencies, at(33), np.vstack([TOWARDS, -TOWARDS]), np.array([A, A]), A, C).sum(axis=2)[:, 0]
    k = 2 * np.pi * frequencies / C
    expected = 2 * np.exp(-1j * k * (2 - A)) / (2 * (1 + 1j * k * A))
    np.testing.assert_allclose(p, expected, rtol=1e-7)


def test_small_cap_doubles_its_pressure_in_front_at_high_frequency():
    # ka = 32: a plane of specular reflection; diffraction leaves a ripple of a few per cent (Duda & Martens, fig. 2).
    p = cap_field(np.array([20000.0]), at(0, 20.0), TOWARDS, np.array([0.0005]), A, C)
    assert abs(p[0, 0, 0]) * 20 == pytest.approx(2, rel=0.05)


def test_cap_on_the_left_is_heard_on_the_left():
    left = np.array([[0.0, 1.0, 0.0]])
    p = np.abs(cap_field(np.array([3000.0]), np.vstack([at(60), at(-60)]), left, np.array([0.025]), A, C))
    assert p[0, 0, 0] > 3 * p[0, 1, 0]


def test_weights_of_a_vanishing_cap_are_those_of_a_point():
    np.testing.assert_allclose(cap_weights(20, 1e-3), 2 * np.arange(21) + 1, rtol=1e-3)


def test_weights_of_the_whole_sphere_leave_the_monopole():
    np.testing.assert_allclose(cap_weights(10, np.pi), [1] + [0] * 10, atol=1e-14)


def test_too_near_is_refused():
    with pytest.raises(ValueError, match=r"1\.05 sphere radii .* allowed from 1\.1"):
        cap_field(np.array([100.0]), at(0, 1.05 * A), TOWARDS, np.array([0.02]), A, C)


@pytest.mark.parametrize("wrong", [[0.0, 1.0], [2.0, 1.0], [1.0, np.inf], []])
def test_frequencies_that_are_not_positive_and_rising_are_refused(wrong):
    with pytest.raises(ValueError, match="frequencies_hz"):
        check_frequencies(np.array(wrong))

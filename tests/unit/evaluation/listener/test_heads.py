"""Heads: against the series of Duda & Martens, and in their symmetries."""

import numpy as np
import pytest

from designer.acoustics.head import ear_pressure
from designer.evaluation.listener.heads import DUMMY_HEAD, KEMAR, SMALL_SPHERE, SPHERE, ListenerHead, Places

LINES_HZ = np.array([300.0, 2000.0, 11900.0])
needs_kemar = pytest.mark.skipif(not KEMAR.is_file(), reason="needs Debian's libmysofa1: make setup")


def directions(count=50, seed=3):
    drawn = np.random.default_rng(seed).normal(size=(count, 3))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_a_sphere_is_that_of_duda_and_martens():
    towards = directions()
    got = SPHERE.pressure(LINES_HZ, towards)
    far = 50.0
    series = ear_pressure(LINES_HZ, np.full(len(towards), far), towards[:, 1:2], SPHERE.radius_m, 343.0)[:, :, 0]
    wave = np.exp(2j * np.pi * LINES_HZ * far / 343.0) * far
    # The chord of an arc: (ka · step)²/8 of the largest pressure, which is 2; ka is 19 at 11.9 kHz and the step 0.5°.
    bound = 2 * (2 * np.pi * LINES_HZ[-1] / 343.0 * SPHERE.radius_m * np.deg2rad(0.5)) ** 2 / 8
    assert np.abs(got[:, :, 0] - series * wave[:, None]).max() < bound


@pytest.mark.parametrize("head", [SPHERE, SMALL_SPHERE])
def test_left_and_right_are_mirrored(head):
    towards = directions()
    mirrored = towards * [1.0, -1.0, 1.0]
    got, other = head.pressure(LINES_HZ, towards), head.pressure(LINES_HZ, mirrored)
    np.testing.assert_allclose(got[:, :, 0], other[:, :, 1], rtol=0, atol=1e-9)


def test_ears_farther_back_hear_less_of_what_is_in_front():
    high, front = np.array([8000.0]), np.array([[1.0, 0.0, 0.0]])
    back = ListenerHead("back", radius_m=0.0875, ear_azimuth_deg=110.0)
    assert abs(back.pressure(high, front)[0, 0, 0]) < abs(SPHERE.pressure(high, front)[0, 0, 0])


def test_places_turn_the_ears_with_the_head():
    zero = np.zeros(1)
    ears = Places.of(SMALL_SPHERE, zero, zero, np.array([20.0])).ear_directions()
    azimuths = np.rad2deg(np.arctan2(ears[0, :, 1], ears[0, :, 0]))
    np.testing.assert_allclose(azimuths, [120.0, -80.0], rtol=0, atol=1e-9)


@needs_kemar
def test_a_measured_head_hears_more_on_the_near_side():
    left = np.array([[0.0, 1.0, 0.0]])
    near, far = np.abs(DUMMY_HEAD.pressure(np.array([4000.0]), left)[0, 0])
    assert near > 2 * far

import numpy as np

from designer.filters.upmix import Upmix


def noise(seed, count=9600):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, count)


def test_parts_add_up():
    stereo = np.stack([noise(0), noise(1)], axis=1)
    buses = Upmix().process(stereo)
    np.testing.assert_allclose(buses[:, :2] + buses[:, 2:], stereo, atol=1e-15)


def test_centre_source_is_unaltered_after_100_ms():
    x = noise(2)
    centre = Upmix().process(np.stack([x, x], axis=1))[4800:, 2]
    np.testing.assert_allclose(centre, x[4800:], atol=1e-12)


def test_off_centre_source_keeps_only_its_common_part():
    # L = x, R = b·x gives √(P_S/P_M) = (1 − b)/(1 + b), so C = b·x: what both channels share.
    x, b = noise(3), 0.5
    centre = Upmix().process(np.stack([x, b * x], axis=1))[4800:, 2]
    np.testing.assert_allclose(centre, b * x[4800:], atol=1e-9)


def test_inverted_source_leaves_the_centre():
    x = noise(4)
    assert not Upmix().process(np.stack([x, -x], axis=1))[:, 2].any()

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.fixedpoint.upmix_twin import GAIN_ONE, GAIN_SLEW, UpmixTwin, gain_target

SCALE = {"q15": 2**15, "q31": 2**31}


def stimulus(kind, arithmetic, count=3000):
    scale = SCALE[arithmetic]
    rng = np.random.default_rng(0)
    t = np.arange(count)
    square = np.where(t // 50 % 2, scale - 1, -scale)
    return {
        "noise": rng.integers(-scale, scale, (count, 2)),
        "full scale": rng.choice(np.array([-scale, scale - 1]), (count, 2)),
        "square": np.stack([square, square], axis=1),
        "inverted": np.stack([square, -1 - square], axis=1),
        "one side": np.stack([square, np.zeros_like(t)], axis=1),
        "least": np.full((count, 2), -scale),
        "silence": np.zeros((count, 2), dtype=np.int64),
    }[kind]


@pytest.mark.parametrize("kind", ["noise", "full scale", "square", "inverted", "one side", "least", "silence"])
def test_parts_add_up_to_the_last_bit_and_stay_within_full_scale(arithmetic, kind):
    stereo = stimulus(kind, arithmetic).astype(np.int64)
    buses = UpmixTwin(arithmetic).process(stereo)
    np.testing.assert_array_equal(buses[:, 0] + buses[:, 2], stereo[:, 0])
    np.testing.assert_array_equal(buses[:, 1] + buses[:, 2], stereo[:, 1])
    assert buses.min() >= -SCALE[arithmetic]
    assert buses.max() <= SCALE[arithmetic] - 1


def test_centre_source_passes_unaltered_after_convergence(arithmetic):
    x = np.random.default_rng(1).integers(-SCALE[arithmetic] // 2, SCALE[arithmetic] // 2, 8000)
    buses = UpmixTwin(arithmetic).process(np.stack([x, x], axis=1))
    np.testing.assert_array_equal(buses[4800:, 2], x[4800:])


def test_one_sided_source_leaves_the_centre(arithmetic):
    x = np.random.default_rng(1).integers(-SCALE[arithmetic] // 2, SCALE[arithmetic] // 2, 8000)
    buses = UpmixTwin(arithmetic).process(np.stack([x, np.zeros_like(x)], axis=1))
    assert not buses[:, 2].any()


def test_silence_is_silent(arithmetic):
    assert not UpmixTwin(arithmetic).process(np.zeros((1000, 2), dtype=np.int64)).any()


@given(st.integers(1, 2**57), st.integers(0, 2**57))
def test_gain_target_is_within_two_units_of_the_formula(power_mid, power_side):
    exact = max(0.0, 1.0 - math.sqrt(power_side / power_mid))
    # Normalising drops bits below 33; near one the root halves a relative error, near zero it is 2**-16 at most.
    assert abs(gain_target(power_mid, power_side) - exact * GAIN_ONE) <= 2.0


def test_gain_changes_at_a_bounded_rate(arithmetic):
    twin = UpmixTwin(arithmetic)
    rng = np.random.default_rng(3)
    previous = 0
    for hop in range(60):
        x = rng.integers(-SCALE[arithmetic] // 2, SCALE[arithmetic] // 2, 64)
        twin.process(np.stack([x, x if hop % 20 < 10 else -1 - x], axis=1))
        assert abs(twin._gain_to - previous) <= GAIN_SLEW
        previous = twin._gain_to


@settings(deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=8))
def test_hops_do_not_follow_the_calls(cuts):
    stereo = stimulus("noise", "q15", sum(cuts))
    whole = UpmixTwin("q15").process(stereo)
    twin = UpmixTwin("q15")
    edges = np.cumsum([0, *cuts])
    parts = [twin.process(stereo[a:b]) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)

"""The integer decision against the formula in float64, with errors that follow from its divisions."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from designer.dsp.upmix import target_gains as float_gains
from designer.fixedpoint.model.upmix_gains import GAIN_ONE, RATIO_ONE, ratio, slewed, smoothed, target_gains

POWERS = st.integers(0, 2**61)


@given(POWERS, st.integers(1, 2**61))
def test_ratio_is_within_what_it_states(numerator, denominator):
    exact = min(numerator / denominator, 1.0) * RATIO_ONE
    assert exact - 2 <= ratio(numerator, denominator) <= exact * (1 + 2.0**-15) + 1


@example(2**20, 2.0**-9, 1.0)
@given(st.integers(2**20, 2**61), st.floats(0, 1.2), st.floats(-1, 1))
def test_gains_are_those_of_the_formula(mid, side_part, coherence):
    side = int(mid * side_part)
    cross = int((mid * side) ** 0.5 * coherence)
    exact = float_gains(np.array([float(mid)]), np.array([float(side)]), np.array([float(cross)]))[0]
    # A ratio errs by 2**-15.  Coherence takes two or three; the Wiener gain is a quotient whose denominator
    # 1 − γ² or (1 − √(P_S/P_M))² may be small, but never where the gate 2·(1 − γ²) leaves much of it: an error of
    # ε in γ² moves their product by 2ε·(1 + gate/left-over) at most, 2·3·2**-15·(1 + 2).
    # Where |cross| exceeds the side power, γ² is a quotient of two ratios.  Each is wrong by up to 2 of 2**16, so that
    # the quotient is wrong by 2**-15 over either ratio more.
    errors = 3.0
    if abs(cross) > side > 0:
        errors += mid / abs(cross) + abs(cross) / side
    assert np.abs(np.array(target_gains(mid, side, cross)) / GAIN_ONE - exact).max() <= 2 * errors * 3 * 2.0**-15


@given(POWERS, POWERS, st.integers(-(2**61), 2**61))
def test_gains_stay_in_range_whatever_the_powers(mid, side, cross):
    a, b = target_gains(mid, side, cross)
    assert 0 <= a <= GAIN_ONE
    assert abs(b) <= a


def test_silence_and_perfect_centre_are_exact():
    assert target_gains(0, 0, 0) == (0, 0)
    assert target_gains(2**40, 0, 0) == (GAIN_ONE, 0)


@given(st.integers(-GAIN_ONE, GAIN_ONE), st.integers(-GAIN_ONE, GAIN_ONE))
def test_slewed_steps_stay_between_gain_and_target(gain, target):
    after = slewed(gain, target)
    assert min(gain, target) <= after <= max(gain, target)
    assert abs(after - gain) <= GAIN_ONE // 4


@given(st.integers(0, 2**61), st.lists(st.integers(0, 2**61), max_size=50))
def test_smoothed_power_never_passes_its_largest_input(start, powers):
    limit = max([start, *powers]) // 16 * 16 + 15
    state = start
    for power in powers:
        state = smoothed(state, power)
        assert 0 <= state <= limit


def test_smoothed_power_of_silence_falls_to_nothing_audible():
    state = 2**61
    for _ in range(700):
        state = smoothed(state, 0)
    assert state <= 15

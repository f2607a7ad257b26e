"""The integer gains lie in an interval that follows from their roundings, and the formula lies close to its ends.

Derivation.  All numbers are real.  A unit of a ratio is u = 2**-16, and a unit (LSB) of a gain is 2u.

1. `ratio` of a quotient q below 1 is at least the multiple of u below q, and at most q·(1 + 2**-15).  The denominator
   is cut to its 16 leading bits, which makes the result larger.  Numerator and result are floored.  If d is the cut
   denominator, the numerator loses less than 1/d units, and the result at most 1 − 1/d.  Ratios from 1 up are exact.
2. Step 1 encloses p = P_S/P_M, c = |P_X|/P_M and h = |P_X|/(floored side), at most 1.
   * |P_X| < floored side: the coherence is c·h less at most u.  What is left over is L = 1 − coherence.
   * Otherwise step 1 encloses k = (floored side)/|P_X| as well.  The coherence is `ratio` of c and k.  It is largest
     for the largest c and the smallest k.  What is left over is L = 1 − 2c + p, at least u.
3. The gain is G·O, with G = min((1 − p)/L, 1) and O = min(2·(1 − coherence), 1).  G has the error of step 1, and its
   last bit is dropped.  The product is floored to 2u.  So the gain is above (G − 2u)·O − 2u.  It is at most
   min(G·(1 + 2**-15), 1)·O.
   * |P_X| < floored side: G·O = min(t/L, 1)·min(2L, 1) with t = 1 − p.  It never falls with t.  It never falls with L
     up to L = 1/2, and never rises above.  So its minimum is at an end of L's interval, and its maximum nearest to 1/2.
   * Otherwise G never falls with c and never rises with p.  O never rises with the coherence.
4. The second gain is the first times h, floored to 2u.
5. The formula lies close to both ends of this interval.  Errors in this step are in u, and r = |P_X|/(floored side).
   * r < 1: p, c and h are at most 1 too small and 2 too large, so the coherence is at most 3 too small and 4 too large.
     The formula's L is up to 1 smaller, because its side has no floor there.  The slopes of G·O over t and L are at
     most 2.  So the lower end is off by 2·2 + 2·(4 + 1), and by 4 for the floors.  Products of errors add less than 1.
     The sum is 19; the upper end is off by less.  For the second gain, h adds 2 and its floor 2: 23.
   * Otherwise k is at least 2**-8, because P_X² ≤ P_M·P_S.  So the coherence is at most r·(1 + 2**-7) + 6.2 off, and O
     twice as much.  The formula's G is exactly 1.  At the interval's lower end p − c is at most 2, so 1 − G is at most
     4/(1 − p).  O is at most 2·(1 − p), so this costs at most 12, roundings of p included.  The floors cost 4.  The sum
     is 2·r·(1 + 2**-7) + 29.
   * The integer floor of the side is up to 1 larger than the formula's.  Coherence and h change by a part of
     1/(floored side) at most, and the gains by four times as much at most.
"""

from fractions import Fraction
from math import floor

import definition_upmix as definition
import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st

from designer.dsp.upmix import SIDE_FLOOR
from designer.dsp.upmix import target_gains as float_gains
from designer.fixedpoint.model.upmix_gains import GAIN_ONE, RATIO_ONE, slewed, smoothed
from designer.fixedpoint.model.upmix_gains import ratio as ratios
from designer.fixedpoint.model.upmix_gains import target_gains as target_gain_arrays

POWERS = st.integers(0, 2**61)
UNIT = Fraction(1, RATIO_ONE)
LSB = Fraction(1, GAIN_ONE)
LARGEST = 1 + Fraction(1, 2**15)


def ratio(numerator, denominator):
    return int(ratios(np.array([numerator]), np.array([denominator]))[0])


def target_gains(mid, side, cross):
    a, b = target_gain_arrays(np.array([mid]), np.array([side]), np.array([cross]))
    return int(a[0]), int(b[0])


def enclosed(low, high=None):
    """Least and largest `ratio` of one quotient, or of quotients from low to high: step 1."""
    high = low if high is None else high
    return min(floor(low / UNIT) * UNIT, 1), min(floor(high * LARGEST / UNIT) * UNIT, 1)


def enclosed_gains(mid, side, cross):
    """Least and largest integer gains a and |b|, as real numbers: steps 2 to 4."""
    floored, magnitude = side + (mid >> 16) + 1, abs(cross)
    p = enclosed(Fraction(side, mid))
    c = enclosed(Fraction(magnitude, mid))
    if magnitude < floored:
        h = enclosed(Fraction(magnitude, floored))
        left = [1 - c[1] * h[1], 1 - max(c[0] * h[0] - UNIT, 0)]
        nearest = min(max(Fraction(1, 2), left[0]), left[1])
        low = min(lowest_gain(1 - p[1], end, min(2 * end, 1)) for end in left)
        high = highest_gain(1 - p[0], nearest, min(2 * nearest, 1))
    else:
        h = (1, 1)
        k = enclosed(Fraction(floored, magnitude))
        coherence = enclosed(c[0] / k[1], c[1] / k[0])
        off_centre = [min(2 * (1 - x), 1) for x in coherence]
        low = lowest_gain(1 - p[1], max(1 - 2 * c[0] + p[1], UNIT), off_centre[1])
        high = highest_gain(1 - p[0], max(1 - 2 * c[1] + p[0], UNIT), off_centre[0])
    return (low, high), (max(low * h[0] - LSB, 0), high * h[1])


def lowest_gain(numerator, left_over, off_centre):
    gain = 1 if numerator >= left_over else numerator / left_over
    return max((gain - 2 * UNIT) * off_centre - LSB, 0)


def highest_gain(numerator, left_over, off_centre):
    gain = 1 if numerator >= left_over else min(numerator / left_over * LARGEST, 1)
    return gain * off_centre


def formula(mid, side, cross):
    """The gains a and b of `designer.dsp.upmix.target_gains`, exactly."""
    if side >= mid:
        return Fraction(0), Fraction(0)
    floored = side + Fraction(SIDE_FLOOR) * mid
    h = min(max(cross / floored, -1), 1)
    coherence = min(cross**2 / (mid * floored), 1)
    left_over = max(mid - 2 * h * cross + h**2 * side, Fraction(mid - side))
    gain = (mid - side) / left_over * min(2 * (1 - coherence), 1)
    return gain, gain * h


def largest_distance(mid, side, cross):
    """Distance of the formula from either end of the interval, for both gains: step 5."""
    floored = side + (mid >> 16) + 1
    by_floor = Fraction(4, floored)
    if abs(cross) < floored:
        return 19 * UNIT + by_floor, 23 * UNIT + by_floor
    distance = (2 * Fraction(abs(cross), floored) * (1 + Fraction(1, 128)) + 29) * UNIT + by_floor
    return distance, distance


@st.composite
def powers(draw):
    """Powers of mid and side, and their product within the inequality of Cauchy and Schwarz."""
    mid = draw(st.integers(2**20, 2**61))
    side = draw(st.one_of(st.integers(0, mid + mid // 8), st.floats(-50, 0).map(lambda x: int(mid * 2.0**x))))
    coherence = draw(st.one_of(st.floats(-1, 1), st.floats(-20, 0).map(lambda x: 1 - 2.0**x)))
    return mid, side, int((mid * side) ** 0.5 * coherence)


@given(POWERS, st.integers(1, 2**61))
def test_ratio_is_within_what_it_states(numerator, denominator):
    exact = Fraction(numerator, denominator)
    least, largest = enclosed(exact)
    assert least <= ratio(numerator, denominator) * UNIT <= largest


# Powers whose coherence is a quotient of two small ratios, and powers so small that the side's floor is coarse.
@example((71890724930193, 2232406380, 400357367775))
@example((1117250, 30, 5789))
@example((2293761, 8, -14))
@given(powers())
def test_gains_are_those_of_the_formula_but_for_roundings(found):
    mid, side, cross = found
    a, b = target_gains(mid, side, cross)
    if side >= mid:
        assert (a, b) == (0, 0)
        return
    intervals, exact = enclosed_gains(mid, side, cross), formula(mid, side, cross)
    for gain, (low, high), value, distance in zip(
        (a, b), intervals, exact, largest_distance(mid, side, cross), strict=True
    ):
        assert low <= abs(gain) * LSB <= high
        assert max(high - abs(value), abs(value) - low) <= distance
    assert b == 0 or (b > 0) == (cross > 0)


def test_the_bound_is_nearly_reached():
    # Found by a search over 60 000 random powers.
    mid, side, cross = 71890724930193, 2232406380, 400357367775
    error = abs(target_gains(mid, side, cross)[0] * LSB - formula(mid, side, cross)[0])
    assert error >= 0.85 * largest_distance(mid, side, cross)[0]


@given(powers())
def test_float_gains_are_the_formula(found):
    mid, side, cross = found
    # The numerator is P_M − P_S.  So what is left over has a relative error of at most 2**20 roundings.
    assume(mid - side >= mid >> 20)
    expected = [float(gain) for gain in formula(mid, side, cross)]
    found = float_gains(np.array([float(mid)]), np.array([float(side)]), np.array([float(cross)]))[0]
    np.testing.assert_allclose(found, expected, atol=2.0**-30, rtol=0)


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
    after = int(slewed(np.array([gain]), np.array([target]))[0])
    assert min(gain, target) <= after <= max(gain, target)
    assert abs(after - gain) <= GAIN_ONE // 4


@given(st.integers(0, 2**61), st.lists(st.integers(0, 2**61), max_size=50))
def test_smoothed_power_never_passes_its_largest_input(start, powers):
    limit = max([start, *powers]) // 16 * 16 + 15
    states = smoothed(np.array([start]), np.array(powers, dtype=np.int64)[:, None])
    assert states.shape == (len(powers), 1)
    assert ((states >= 0) & (states <= limit)).all()


def test_smoothed_power_of_silence_falls_to_nothing_audible():
    assert smoothed(np.array([2**61]), np.zeros((700, 1), dtype=np.int64))[-1, 0] <= 15


@given(st.lists(st.one_of(powers(), st.tuples(POWERS, POWERS, st.integers(-(2**61), 2**61))), min_size=1, max_size=40))
def test_equals_the_definition(found):
    expected = [definition.target_gains(*of_band) for of_band in found]
    assert np.stack(target_gain_arrays(*np.array(found).T), axis=1).tolist() == [list(gains) for gains in expected]


@given(st.integers(0, 63), st.integers(-1, 1))
def test_a_ratio_keeps_its_leading_bits_beside_every_power_of_two(bits, more):
    # Where float64 rounds a denominator up to the next power of two, its length must not change.
    denominator = min(max((1 << bits) + more, 1), 2**63 - 1)
    for numerator in (denominator - 1, denominator // 3):
        assert ratio(numerator, denominator) == definition.ratio(numerator, denominator)

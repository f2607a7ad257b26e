"""The upmix's gains from its powers, in the integers of the firmware (docs/arithmetic.md, "Upmix")."""

from __future__ import annotations

GAIN_ONE = 1 << 15
GAIN_SLEW = GAIN_ONE // 4
SMOOTHING_SHIFT = 4
SIDE_FLOOR_SHIFT = 16
RATIO_ONE = 1 << 16


def ratio(numerator: int, denominator: int) -> int:
    """Numerator / denominator in Q0.16, at most 1, from unsigned 63-bit integers.

    The denominator keeps its 16 leading bits and the numerator 32, so that one 32-bit division is enough.  The
    result is at most 2**-15 of itself too large, or one unit too small.
    """
    if numerator >= denominator:
        return RATIO_ONE
    zeros = 64 - denominator.bit_length()
    return min(((numerator << zeros) >> 32) // ((denominator << zeros) >> 48), RATIO_ONE)


def target_gains(power_mid: int, power_side: int, cross: int) -> tuple[int, int]:
    """Compute the gains a and b = a·h in Q0.15, as `designer.dsp.upmix.target_gains` does in float64."""
    if power_side >= power_mid:
        return 0, 0
    side = power_side + (power_mid >> SIDE_FLOOR_SHIFT) + 1
    magnitude = abs(cross)
    side_to_mid = ratio(power_side, power_mid)
    cross_to_mid = ratio(magnitude, power_mid)
    if magnitude < side:
        slope = ratio(magnitude, side)
        coherence = (cross_to_mid * slope) >> 16
        left_over = RATIO_ONE - coherence
    else:
        slope = RATIO_ONE
        coherence = ratio(cross_to_mid, ratio(side, magnitude))
        left_over = max(RATIO_ONE - 2 * cross_to_mid + side_to_mid, 1)
    gain = ratio(RATIO_ONE - side_to_mid, left_over)
    off_centre = min(2 * (RATIO_ONE - coherence), RATIO_ONE)
    gain = ((gain >> 1) * off_centre) >> 16
    product = (gain * slope) >> 16
    return gain, product if cross >= 0 else -product


def slewed(gain: int, target: int) -> int:
    """Take the next step of a gain towards its target."""
    return gain + min(max(target - gain, -GAIN_SLEW), GAIN_SLEW)


def smoothed(power: int, of_hop: int) -> int:
    """Take one step of the smoothing of a power; it floors, so that it stays bounded and falls to 0 in silence."""
    return power + (of_hop >> SMOOTHING_SHIFT) - (power >> SMOOTHING_SHIFT)

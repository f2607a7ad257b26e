"""The upmix's gains from its powers, in the integers of the firmware (docs/arithmetic.md, "Upmix").

Each function takes arrays of int64 of any shape, and returns such arrays.
"""

from __future__ import annotations

import numpy as np

GAIN_ONE = 1 << 15
GAIN_SLEW = GAIN_ONE // 4
SMOOTHING_SHIFT = 4
SIDE_FLOOR_SHIFT = 16
RATIO_ONE = 1 << 16


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Numerator / denominator in Q0.16, at most 1, from unsigned 63-bit integers.

    The denominator keeps its 16 leading bits and the numerator 32, so that one 32-bit division is enough.  The
    result is at most 2**-15 of itself too large, or one unit too small.
    """
    below_one = numerator < denominator
    over, under = np.where(below_one, numerator, 0).astype(np.uint64), np.maximum(denominator, 1).astype(np.uint64)
    zeros = 64 - _bit_length(under)
    quotient = ((over << zeros) >> np.uint64(32)) // ((under << zeros) >> np.uint64(48))
    return np.asarray(np.where(below_one, np.minimum(quotient.astype(np.int64), RATIO_ONE), RATIO_ONE))


def _bit_length(values: np.ndarray) -> np.ndarray:
    """Count the bits of unsigned integers from 1 up."""
    # A float64 of more than 53 bits may be rounded up to the next power of two.
    length = np.frexp(values.astype(np.float64))[1].astype(np.uint64)
    return np.asarray(length - ((values >> (length - np.uint64(1))) == 0))


def target_gains(power_mid: np.ndarray, power_side: np.ndarray, cross: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the gains a and b = a·h in Q0.15, as `designer.dsp.upmix.target_gains` does in float64."""
    side = power_side + (power_mid >> SIDE_FLOOR_SHIFT) + 1
    magnitude = np.abs(cross)
    side_to_mid = ratio(power_side, power_mid)
    cross_to_mid = ratio(magnitude, power_mid)
    # 1 where the magnitude reaches the side's power.
    slope = ratio(magnitude, side)
    steep = magnitude >= side
    coherence = np.where(
        steep, ratio(cross_to_mid, ratio(side, np.maximum(magnitude, 1))), (cross_to_mid * slope) >> 16
    )
    left_over = np.where(steep, np.maximum(RATIO_ONE - 2 * cross_to_mid + side_to_mid, 1), RATIO_ONE - coherence)
    gain = ratio(RATIO_ONE - side_to_mid, left_over)
    off_centre = np.minimum(2 * (RATIO_ONE - coherence), RATIO_ONE)
    gain = np.where(power_side < power_mid, ((gain >> 1) * off_centre) >> 16, 0)
    product = (gain * slope) >> 16
    return gain, np.where(cross >= 0, product, -product)


def slewed(gain: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Take the next step of a gain towards its target."""
    return np.asarray(np.minimum(np.maximum(target, gain - GAIN_SLEW), gain + GAIN_SLEW))


def smoothed(power: np.ndarray, of_hops: np.ndarray) -> np.ndarray:
    """Take one step of the smoothing of powers (N,) for each hop: (H, N) → (H, N).

    A step floors, so that a power stays bounded and falls to 0 in silence.
    """
    after = of_hops >> SMOOTHING_SHIFT
    kept = np.empty_like(power)
    for now in after:
        np.right_shift(power, SMOOTHING_SHIFT, out=kept)
        np.subtract(power, kept, out=kept)
        power = np.add(now, kept, out=now)
    return after

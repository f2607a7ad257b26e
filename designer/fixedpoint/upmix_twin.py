"""Bit-exact model of the firmware's upmix, in NumPy integers (DESIGN.md, "Upmix")."""

from __future__ import annotations

import math

import numpy as np

from designer.fixedpoint.bank import Arithmetic
from designer.fixedpoint.qformat import SAMPLE_FORMATS

HOP_SAMPLES = 64
GAIN_ONE = 1 << 15
GAIN_SLEW = 2048
SMOOTHING_SHIFT = 4
DETECTOR_SHIFT = {"q15": 0, "q31": 8}


def gain_target(power_mid: int, power_side: int) -> int:
    """Target gain 1 − √(P_S/P_M) in Q0.15, 0 to 32768, from unsigned 64-bit powers.

    The powers are first normalised so that the denominator has 33 bits: the quotient then has 30 exact bits.
    """
    if power_side >= power_mid:
        return 0
    zeros = 64 - power_mid.bit_length()
    if zeros >= 31:
        numerator, denominator = power_side << (zeros - 31), power_mid << (zeros - 31)
    else:
        numerator, denominator = power_side >> (31 - zeros), power_mid >> (31 - zeros)
    return GAIN_ONE - math.isqrt((numerator << 30) // denominator)


class UpmixTwin:
    """State and arithmetic of the upmix; output does not depend on how the input is cut into calls.

    Parameters
    ----------
    arithmetic : 'q15' or 'q31'

    Attributes
    ----------
    trace : list of (int, int)
        (P_M, target gain in Q0.15) at the end of each hop since the reset; the error bound rests on it.
    """

    def __init__(self, arithmetic: Arithmetic) -> None:
        self._word = SAMPLE_FORMATS[arithmetic]
        self._shift = DETECTOR_SHIFT[arithmetic]
        self.reset()

    def reset(self) -> None:
        """Return to the state after power-up."""
        self.power_mid = self.power_side = 0
        self._gain_from = self._gain_to = 0
        self._sum_mid = self._sum_side = 0
        self._phase = 0
        self.trace: list[tuple[int, int]] = []

    def process(self, stereo: np.ndarray) -> np.ndarray:
        """Split stereo into left, right and centre.

        Parameters
        ----------
        stereo : (n, 2) integers
            Raw samples L, R within the word.

        Returns
        -------
        (n, 3) int64
            L', R', C.
        """
        stereo = np.asarray(stereo, dtype=np.int64)
        buses = np.empty((stereo.shape[0], 3), dtype=np.int64)
        start = 0
        while start < stereo.shape[0]:
            stop = min(start + HOP_SAMPLES - self._phase, stereo.shape[0])
            buses[start:stop] = self._process_within_hop(stereo[start:stop])
            start = stop
        return buses

    def _process_within_hop(self, stereo: np.ndarray) -> np.ndarray:
        left, right = stereo[:, 0], stereo[:, 1]
        mid, side = left + right, left - right
        self._sum_mid += int(np.sum((mid >> self._shift) ** 2))
        self._sum_side += int(np.sum((side >> self._shift) ** 2))
        k = np.arange(self._phase, self._phase + left.size, dtype=np.int64)
        gain = self._gain_from + (((self._gain_to - self._gain_from) * k) >> 6)
        centre = (gain * mid + (1 << 15)) >> 16
        centre = np.maximum(centre, np.maximum(left, right) - self._word.largest)
        centre = np.minimum(centre, np.minimum(left, right) - self._word.smallest)
        self._phase += left.size
        if self._phase == HOP_SAMPLES:
            self._end_hop()
        return np.stack([left - centre, right - centre, centre], axis=1)

    def _end_hop(self) -> None:
        self.power_mid += (self._sum_mid >> SMOOTHING_SHIFT) - (self.power_mid >> SMOOTHING_SHIFT)
        self.power_side += (self._sum_side >> SMOOTHING_SHIFT) - (self.power_side >> SMOOTHING_SHIFT)
        target = gain_target(self.power_mid, self.power_side)
        self.trace.append((self.power_mid, target))
        step = target - self._gain_to
        self._gain_from = self._gain_to
        self._gain_to += min(max(step, -GAIN_SLEW), GAIN_SLEW)
        self._phase = self._sum_mid = self._sum_side = 0

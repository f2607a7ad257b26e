"""Float reference of the upmix to left, right and centre.

The centre is C = g·(L + R)/2 with g = max(0, 1 − √(P_S/P_M)), P_M and P_S the smoothed powers of L + R and L − R
(orthogonality of the residuals; Vickers, "Frequency-domain two- to three-channel upmix for center channel derivation
and speech enhancement", AES 127, 2009, here broadband).  A hard-panned source leaves C, a centre source passes
unaltered, and L' = L − C, R' = R − C.
"""

from __future__ import annotations

import numpy as np

HOP_SAMPLES = 64
SMOOTHING = 1.0 / 16.0
GAIN_SLEW_PER_HOP = 2048.0 / 32768.0


class Upmix:
    """State of the float upmix; the output does not depend on how the input is cut into calls.

    Parameters
    ----------
    full_scale : float
        Largest positive sample, 1 − 1 LSB where a fixed-point word is compared with.
    """

    def __init__(self, full_scale: float = 1.0) -> None:
        self._full_scale = full_scale
        self._power_mid = self._power_side = 0.0
        self._sum_mid = self._sum_side = 0.0
        self._gain_from = self._gain_to = 0.0
        self._phase = 0

    def process(self, stereo: np.ndarray) -> np.ndarray:
        """Split stereo into left, right and centre.

        Parameters
        ----------
        stereo : (n, 2) float64
            L and R, within ±1.

        Returns
        -------
        (n, 3) float64
            L', R', C, with L' + C = L and R' + C = R.
        """
        buses = np.empty((stereo.shape[0], 3))
        start = 0
        while start < stereo.shape[0]:
            stop = min(start + HOP_SAMPLES - self._phase, stereo.shape[0])
            buses[start:stop] = self._process_within_hop(stereo[start:stop])
            start = stop
        return buses

    def _process_within_hop(self, stereo: np.ndarray) -> np.ndarray:
        left, right = stereo.T
        mid, side = left + right, left - right
        self._sum_mid += float(mid @ mid)
        self._sum_side += float(side @ side)
        ramp = np.arange(self._phase, self._phase + left.size) / HOP_SAMPLES
        gain = self._gain_from + (self._gain_to - self._gain_from) * ramp
        # The residuals stay within full scale: without this bound a gain that lags could overdrive them.
        centre = np.maximum(gain * mid / 2, np.maximum(left, right) - self._full_scale)
        centre = np.minimum(centre, np.minimum(left, right) + 1.0)
        self._phase += left.size
        if self._phase == HOP_SAMPLES:
            self._end_hop()
        return np.stack([left - centre, right - centre, centre], axis=1)

    def _end_hop(self) -> None:
        self._power_mid += SMOOTHING * (self._sum_mid - self._power_mid)
        self._power_side += SMOOTHING * (self._sum_side - self._power_side)
        below = self._power_side < self._power_mid
        target = 1.0 - np.sqrt(self._power_side / self._power_mid) if below else 0.0
        self._gain_from = self._gain_to
        self._gain_to += float(np.clip(target - self._gain_to, -GAIN_SLEW_PER_HOP, GAIN_SLEW_PER_HOP))
        self._phase = 0
        self._sum_mid = self._sum_side = 0.0

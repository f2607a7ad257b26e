"""Float reference of the upmix to left, right and centre.

The centre is C = g·(L + R)/2 with g = max(0, 1 − √(P_S/P_M)), P_M and P_S the smoothed powers of L + R and L − R
(orthogonality of the residuals; Vickers, "Frequency-domain two- to three-channel upmix for center channel derivation
and speech enhancement", AES 127, 2009, here broadband).  A single off-centre source leaves C, a centre source passes
unaltered, and L' = L − C, R' = R − C.
"""

from __future__ import annotations

import numpy as np

HOP_SAMPLES = 64
SMOOTHING = 1.0 / 16.0
GAIN_SLEW_PER_HOP = 2048.0 / 32768.0


def upmix(stereo: np.ndarray, full_scale: float = 1.0) -> np.ndarray:
    """Split stereo into left, right and centre in float64.

    Parameters
    ----------
    stereo : (n, 2) float64
        L and R, within ±1.
    full_scale : float
        Largest positive sample value, 1 − 1 LSB for a fixed-point comparison.

    Returns
    -------
    (n, 3) float64
        L', R', C, with L' + C = L and R' + C = R.
    """
    stereo = np.asarray(stereo, dtype=np.float64)
    buses = np.empty((stereo.shape[0], 3))
    power_mid = power_side = gain_from = gain_to = 0.0
    ramp = np.arange(HOP_SAMPLES) / HOP_SAMPLES
    for start in range(0, stereo.shape[0], HOP_SAMPLES):
        left, right = stereo[start : start + HOP_SAMPLES].T
        mid, side = left + right, left - right
        gain = gain_from + (gain_to - gain_from) * ramp[: left.size]
        # The residuals stay within full scale: without this bound a gain that lags could overdrive them.
        centre = np.maximum(gain * mid / 2, np.maximum(left, right) - full_scale)
        centre = np.minimum(centre, np.minimum(left, right) + 1.0)
        buses[start : start + HOP_SAMPLES] = np.stack([left - centre, right - centre, centre], axis=1)
        power_mid += SMOOTHING * (float(mid @ mid) - power_mid)
        power_side += SMOOTHING * (float(side @ side) - power_side)
        target = 1.0 - np.sqrt(power_side / power_mid) if power_side < power_mid else 0.0
        gain_from = gain_to
        gain_to += float(np.clip(target - gain_to, -GAIN_SLEW_PER_HOP, GAIN_SLEW_PER_HOP))
    return buses

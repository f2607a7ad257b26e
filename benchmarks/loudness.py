"""Programme loudness after ITU-R BS.1770-5: K-weighting, blocks of 400 ms, and two gates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

RATE_HZ = 48000
# BS.1770-5, tables 1 and 2: numerator and denominator of the two filters at 48 kHz.
_SHELF = (
    np.array([1.53512485958697, -2.69169618940638, 1.19839281085285]),
    np.array([1.0, -1.69065929318241, 0.73248077421585]),
)
_HIGH_PASS = (np.array([1.0, -2.0, 1.0]), np.array([1.0, -1.99004745483398, 0.99007225036621]))
_OFFSET_DB = -0.691
_BLOCK, _STEP = round(0.4 * RATE_HZ), round(0.1 * RATE_HZ)
_ABSOLUTE_GATE_LKFS, _RELATIVE_GATE_LU = -70.0, -10.0


def loudness_lkfs(samples: NDArray[np.float64]) -> float:
    """Measure the gated loudness of channels of equal weight, such as left and right.

    Parameters
    ----------
    samples : (n, channels) float64
        At 48 kHz, n from 19200; full scale 1.

    Returns
    -------
    float
        LKFS.  −inf where no block passes the gates.

    Raises
    ------
    ValueError
        If the signal is shorter than one block.
    """
    if len(samples) < _BLOCK:
        raise ValueError(f"samples: {len(samples)} of them, allowed from {_BLOCK}")
    weighted = lfilter(*_HIGH_PASS, lfilter(*_SHELF, samples, axis=0), axis=0)
    sums = np.concatenate([[0.0], np.cumsum(np.sum(weighted**2, axis=1))])
    starts = np.arange(0, len(samples) - _BLOCK + 1, _STEP)
    powers = (sums[starts + _BLOCK] - sums[starts]) / _BLOCK
    loud = powers[_lkfs(powers) > _ABSOLUTE_GATE_LKFS]
    if loud.size == 0:
        return -np.inf
    gated = loud[_lkfs(loud) > float(_lkfs(loud.mean())) + _RELATIVE_GATE_LU]
    return float(_lkfs(gated.mean()))


def _lkfs(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return np.asarray(_OFFSET_DB + 10 * np.log10(np.maximum(power, 1e-30)))

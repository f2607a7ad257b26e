"""Integers near to real taps in a band-weighted norm: Babai's nearest plane with several survivors.

The weighted error of taps q for a response h is (q − h)ᵀT(q − h).  T is the Toeplitz matrix of the weight's
autocorrelation.  With T = RᵀR, R upper triangular, the error is |R(q − h)|², a sum of squares.  From the last tap to
the first, each square depends on one more tap.  So each tap is rounded with the errors of the later taps taken into
account (Babai, Combinatorica 6, 1986, 1).  For a stationary weight this is error feedback quantisation with the optimal
predictor.

The M-algorithm (Anderson & Mohan, IEEE Trans. Commun. 32, 1984, 169) keeps the M best partial results instead of one.
With M = 16 it gains about 1 dB; M = 64 gains less than 0.2 dB more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SURVIVORS = 16
# Least weight over the mean weight: keeps T positive definite in float64.
_LEAST_POWER = 1e-10


def weight_factor(power: NDArray[np.float64], taps: int) -> NDArray[np.float64]:
    """Factor the weighted error of filters of one length.

    Parameters
    ----------
    power : (F,) float64
        Weight on a uniform grid from 0 Hz to half the sample rate, F > taps.
    taps : int
        Length N.

    Returns
    -------
    (N, N) float64
        Upper triangular R: |R(q − h)|² is the mean over frequency of the weight times |E(f)|².
    """
    if power.size <= taps:
        raise ValueError(f"power has {power.size} bins, allowed are more than the {taps} taps")
    floor = _LEAST_POWER * float(power.mean())
    correlation = np.fft.irfft(np.maximum(power, floor))[:taps]
    lags = np.abs(np.arange(taps)[:, None] - np.arange(taps))
    return np.linalg.cholesky(correlation[lags]).T.copy()


def weighted_error(factor: NDArray[np.float64], difference: NDArray[np.float64]) -> float:
    """Return |R·d|² for a difference (N,) of taps."""
    return float(np.sum((factor @ difference) ** 2))


def nearest_plane(
    factor: NDArray[np.float64], target: NDArray[np.float64], limit: float = np.inf, survivors: int = SURVIVORS
) -> NDArray[np.float64]:
    """Find integer vectors near a real one in the norm |R·|.

    Parameters
    ----------
    factor : (N, N) float64
        Upper triangular, any sign on its diagonal but no zero.
    target : (N,) float64
        Real vector.
    limit : float
        Largest magnitude of an integer.
    survivors : int
        Partial results that are kept, M ≥ 1; with 1 this is Babai's algorithm.

    Returns
    -------
    (m, N) float64
        Integers, the nearest first; m ≤ M.
    """
    size = target.size
    scale = np.diag(factor)
    predictor = factor / scale[:, None]
    errors = np.zeros((1, size))
    costs = np.zeros(1)
    for k in range(size - 1, -1, -1):
        wanted = target[k] - errors[:, k + 1 :] @ predictor[k, k + 1 :]
        nearest = np.clip(np.floor(wanted + 0.5), -limit, limit)
        # The next nearest lies on the other side of the wanted value, the third on this side again.
        step = np.where(wanted > nearest, 1.0, -1.0)
        choice = np.concatenate([nearest, nearest + step, nearest - step])
        parent = np.tile(np.arange(nearest.size), 3)
        allowed = np.abs(choice) <= limit
        choice, parent = choice[allowed], parent[allowed]
        grown = costs[parent] + (scale[k] * (choice - wanted[parent])) ** 2
        kept = np.argsort(grown, kind="stable")[:survivors]
        errors, costs = errors[parent[kept]], grown[kept]
        errors[:, k] = choice[kept] - target[k]
    return np.round(errors + target)

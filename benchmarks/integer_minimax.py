"""Linear-phase filters with integer taps and a small maximum error, by lattice reduction and a descent in short steps.

The method follows Brisebarre, Filip & Hanrot (IEEE Trans. Signal Process. 66, 2018, 2673).  They sample the error at as
many nodes as there are taps, and embed the target (Kannan).  Here the error is sampled densely.  Lawson's weights
(Linear Programming and Extensions, 1961) turn least squares towards the maximum norm.

The reduced basis is used twice.  First the M-algorithm lists many near points.  Then the basis vectors, one or two at a
time, are the steps of a descent in the maximum norm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.minimax import BandSpec, LongArray, largest_error
from designer.fixedpoint.quantise.lattice import near_points, reduced_basis

_DENSITY = 12
_ROUNDS = 8
_SURVIVORS = 256
# Number of best points of a round from which a descent starts, and number of steps that are also tried in pairs.
_STARTS = 6
_PAIRED = 40
# A step must gain more than rounding errors of float64 can.
_LEAST_GAIN = 1e-12


def quantise_minimax(
    spec: BandSpec, half: LongArray, scale: float, *, rounds: int = _ROUNDS, block_size: int = 0
) -> NDArray[np.int64]:
    """Find integer taps whose largest weighted error is small.

    Parameters
    ----------
    spec : BandSpec
    half : (n,) float64 or longdouble
        Taps of the float design from the centre outwards, n up to about 64.
    scale : float
        Integer that stands for a tap of 1: 2^(bits − 1).
    rounds : int
        Number of reductions, each with its own weights.
    block_size : int
        Block size of BKZ; 0 for LLL.

    Returns
    -------
    (n,) int64
        Never worse than rounded `half`, and the same in every run.
    """
    count = half.size
    grid = spec.grid(_DENSITY * count)
    response = grid.weighted_basis(count) / scale
    wanted = grid.desired * grid.weight
    target = np.asarray(half * np.longdouble(scale), dtype=np.float64)
    best = np.floor(target + 0.5)
    least = largest_error(spec, best / scale)
    importance = np.ones(grid.omega.size)
    for _ in range(rounds):
        factor = np.asarray(np.linalg.qr(np.sqrt(importance)[:, None] * response, mode="r"))
        steps = reduced_basis(factor, block_size).T
        points = near_points(factor, steps.T, target, _SURVIVORS)
        errors = response @ points.T - wanted[:, None]
        order = np.argsort(np.abs(errors).max(axis=0), kind="stable")
        for index in order[:_STARTS]:
            point, reached = _descend(points[index], errors[:, index], steps, response)
            # On the grid the error is at most its true maximum.  So only points that may be better are measured
            # exactly.
            if reached < least:
                error = largest_error(spec, point / scale)
                best, least = (point, error) if error < least else (best, least)
        # Lawson: raise the weight where near points have large errors.
        spread = np.sqrt(np.mean(errors[:, : points.shape[0] // 4 + 1] ** 2, axis=1))
        importance = importance * spread
        importance /= importance.mean()
    return best.astype(np.int64)


def _descend(
    point: NDArray[np.float64], error: NDArray[np.float64], steps: NDArray[np.float64], response: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Take the step or pair of steps that lowers the largest error most, until none does.  Return also the error."""
    steps = np.concatenate([steps, -steps])
    moves = response @ steps.T
    least = float(np.abs(error).max())
    while True:
        single = np.abs(error[:, None] + moves).max(axis=0)
        taken = [int(np.argmin(single))]
        reached = float(single[taken[0]])
        if reached >= least * (1 - _LEAST_GAIN):
            near = np.argsort(single, kind="stable")[:_PAIRED]
            double = np.abs((error[:, None] + moves[:, near])[:, :, None] + moves[:, None, near]).max(axis=0)
            first, second = np.unravel_index(int(np.argmin(double)), double.shape)
            taken, reached = [int(near[first]), int(near[second])], float(double[first, second])
            if reached >= least * (1 - _LEAST_GAIN):
                return point, least
        least = reached
        point = point + steps[taken].sum(axis=0)
        error = error + moves[:, taken].sum(axis=1)

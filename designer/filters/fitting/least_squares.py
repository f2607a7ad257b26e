"""Fit FIR filters to a frequency response where it matters: in pressure at the ears, not in the filters themselves.

The error e(f) of the drive costs eᴴ·M·e with M the acoustic consequence of an error, so that a filter may differ from
its response wherever nobody hears it.  The normal equations are block Toeplitz; ordered by tap, those of a shorter
filter are their leading part, and one Cholesky factor serves all lengths and all delays at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.numerics.triangular import solve_lower, solve_upper

# Added to the diagonal, relative to its mean: the factor exists whatever rounding does.
_RELATIVE_RIDGE = 1e-9


@dataclass(frozen=True, eq=False)
class FirFit:
    """Least-squares filters of one channel for every length up to N.

    Attributes
    ----------
    factor : (N * D, N * D) float64
        Lower Cholesky factor, unknowns ordered by tap, then driver.
    reduced : (N * D, T) float64
        Right-hand sides solved by the factor, one for each delay.
    delays : (T,) int64
        Modelling delays, samples.
    target_cost : float
        Cost of silence.
    drivers : int
        D.
    """

    factor: NDArray[np.float64]
    reduced: NDArray[np.float64]
    delays: NDArray[np.int64]
    target_cost: float
    drivers: int

    def costs(self, taps: int) -> NDArray[np.float64]:
        """Remaining cost relative to silence with ``taps`` taps, for each delay: (T,) float64."""
        met = np.sum(self.reduced[: taps * self.drivers] ** 2, axis=0)
        return np.asarray(np.maximum(1 - met / self.target_cost, 0.0))

    def filters(self, taps: int, delay: int) -> NDArray[np.float64]:
        """Return filters (D, taps) of a length at one of the delays."""
        size = taps * self.drivers
        column = int(np.flatnonzero(self.delays == delay)[0])
        solution = solve_upper(self.factor[:size, :size].T, self.reduced[:size, column])
        return np.ascontiguousarray(solution.reshape(taps, self.drivers).T)

    def of_response(
        self, omega: NDArray[np.float64], response: NDArray[np.complex128], metric: NDArray[np.complex128]
    ) -> FirFit:
        """Fit another response (F, D) in the same metric: the factor serves it, too."""
        taps = self.factor.shape[0] // self.drivers
        wanted = (metric @ response[..., None])[..., 0]
        turn = np.exp(1j * np.arange(taps)[:, None] * omega)
        return _reduced(self.factor, turn, omega, response, wanted, self.delays)


def fit_channel(
    omega: NDArray[np.float64],
    response: NDArray[np.complex128],
    metric: NDArray[np.complex128],
    taps: int,
    delays: NDArray[np.int64],
) -> FirFit:
    """Set up the fit of one channel.

    Parameters
    ----------
    omega : (F,) float64
        Radians per sample.
    response : (F, D) complex128
        Wanted drive, without modelling delay.
    metric : (F, D, D) complex128
        M: Hermitian, positive; holds the weight of each frequency too.
    taps : int
        N, the longest filter.
    delays : (T,) int64
        Modelling delays to be considered.

    Returns
    -------
    FirFit
    """
    normal, turn = normal_equations(omega, metric, taps)
    wanted = (metric @ response[..., None])[..., 0]
    factor: NDArray[np.float64] = np.asarray(np.linalg.cholesky(normal), dtype=np.float64)
    return _reduced(factor, turn, omega, response, wanted, delays)


def _reduced(
    factor: NDArray[np.float64],
    turn: NDArray[np.complex128],
    omega: NDArray[np.float64],
    response: NDArray[np.complex128],
    wanted: NDArray[np.complex128],
    delays: NDArray[np.int64],
) -> FirFit:
    """Solve the right-hand sides of all delays for M·response = ``wanted``, (F, D) both."""
    late = np.exp(-1j * omega[:, None] * delays)
    right = (turn @ (wanted[:, :, None] * late[:, None, :]).reshape(omega.size, -1)).real
    reduced = solve_lower(factor, right.reshape(len(factor), -1))
    cost = float(np.sum((response.conj() * wanted).real))
    return FirFit(factor, reduced, np.asarray(delays), cost, response.shape[1])


def normal_equations(
    omega: NDArray[np.float64], metric: NDArray[np.complex128], taps: int
) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Left side of the normal equations of FIR filters in a metric.

    Parameters
    ----------
    omega : (F,) float64
    metric : (F, D, D) complex128
    taps : int

    Returns
    -------
    normal : (taps * D, taps * D) float64
        Block Toeplitz, ordered by tap, then driver; with a small ridge.
    turn : (taps, F) complex128
        e^{jωn}: turns spectra of gradients into right-hand sides.
    """
    drivers = metric.shape[1]
    lags = np.arange(taps)
    turn = np.exp(1j * lags[:, None] * omega)
    # r[k] couples tap n of driver d with tap m = n − k of driver e; r[−k] is its transpose.
    couplings = (turn @ metric.reshape(omega.size, -1)).real.reshape(taps, drivers, drivers)
    both_sides = np.concatenate([couplings[:0:-1].transpose(0, 2, 1), couplings])
    blocks = both_sides[lags[:, None] - lags + taps - 1]
    normal = blocks.transpose(0, 2, 1, 3).reshape(taps * drivers, taps * drivers)
    normal[np.diag_indices_from(normal)] += _RELATIVE_RIDGE * np.trace(normal) / len(normal)
    return normal, turn

"""Weighted least-squares fit of FIR filters to a frequency response.

The error e(f) of the drive costs eᴴ·M·e, with the error weighting M of `designer.filters.fitting.error_weighting`.
So the fit is close where an error is heard, and loose elsewhere.  The normal equations are block Toeplitz.  Ordered by
tap, the equations of a shorter filter are their leading part.  One Cholesky factor serves all lengths and delays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.numerics.triangular import solve_lower, solve_upper

# Added to the diagonal, relative to its mean.  It keeps the matrix positive definite in spite of rounding.
_RELATIVE_RIDGE = 1e-9


@dataclass(frozen=True, eq=False)
class FirFit:
    """Least-squares filters of one channel for every length up to N.

    Attributes
    ----------
    factor : (N * D, N * D) float64
        Lower Cholesky factor, unknowns ordered by tap, then driver.
    reduced : (N * D, T) float64
        Right-hand sides after forward substitution, one for each delay.
    delays : (T,) int64
        Modelling delays, samples.
    target_cost : float
        Cost of filters that are all zero.
    drivers : int
        Number of drivers D.
    """

    factor: NDArray[np.float64]
    reduced: NDArray[np.float64]
    delays: NDArray[np.int64]
    target_cost: float
    drivers: int

    def costs(self, taps: int) -> NDArray[np.float64]:
        """Cost of the best filters of ``taps`` taps, relative to filters of zeros, at each delay: (T,) float64."""
        met = np.sum(self.reduced[: taps * self.drivers] ** 2, axis=0)
        return np.asarray(np.maximum(1 - met / self.target_cost, 0.0))

    def filters(self, taps: int, delay: int) -> NDArray[np.float64]:
        """Return filters of ``taps`` taps at one of the fitted delays: (D, taps) float64."""
        size = taps * self.drivers
        column = int(np.flatnonzero(self.delays == delay)[0])
        solution = solve_upper(self.factor[:size, :size].T, self.reduced[:size, column])
        return np.ascontiguousarray(solution.reshape(taps, self.drivers).T)

    def of_response(
        self, omega: NDArray[np.float64], response: NDArray[np.complex128], metric: NDArray[np.complex128]
    ) -> FirFit:
        """Fit another response (F, D) on the same lines (F,) and in the same metric, with the same factor."""
        taps = self.factor.shape[0] // self.drivers
        wanted = (metric @ response[..., None])[..., 0]
        phasors = np.exp(1j * np.arange(taps)[:, None] * omega)
        return _reduced(self.factor, phasors, omega, response, wanted, self.delays)


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
        Error weighting M, Hermitian and positive.  It includes the weight of each line.
    taps : int
        Length N of the longest filter.
    delays : (T,) int64
        Modelling delays that are tried, samples.

    Returns
    -------
    FirFit
    """
    normal, phasors = normal_equations(omega, metric, taps)
    wanted = (metric @ response[..., None])[..., 0]
    factor: NDArray[np.float64] = np.asarray(np.linalg.cholesky(normal), dtype=np.float64)
    return _reduced(factor, phasors, omega, response, wanted, delays)


def _reduced(
    factor: NDArray[np.float64],
    phasors: NDArray[np.complex128],
    omega: NDArray[np.float64],
    response: NDArray[np.complex128],
    wanted: NDArray[np.complex128],
    delays: NDArray[np.int64],
) -> FirFit:
    """Reduce the right-hand sides of all delays, with ``wanted`` = M·response, (F, D)."""
    late = np.exp(-1j * omega[:, None] * delays)
    right = (phasors @ (wanted[:, :, None] * late[:, None, :]).reshape(omega.size, -1)).real
    reduced = solve_lower(factor, right.reshape(len(factor), -1))
    cost = float(np.sum((response.conj() * wanted).real))
    return FirFit(factor, reduced, np.asarray(delays), cost, response.shape[1])


def normal_equations(
    omega: NDArray[np.float64], metric: NDArray[np.complex128], taps: int
) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Matrix of the normal equations of FIR filters in a metric.

    Parameters
    ----------
    omega : (F,) float64
        Radians per sample.
    metric : (F, D, D) complex128
        Error weighting, Hermitian.
    taps : int
        Length of the filters.

    Returns
    -------
    normal : (taps * D, taps * D) float64
        Block Toeplitz, ordered by tap, then driver.  A small ridge is on its diagonal.
    phasors : (taps, F) complex128
        e^{jωn}.  Products with it make right-hand sides of gradients in frequency.
    """
    drivers = metric.shape[1]
    lags = np.arange(taps)
    phasors = np.exp(1j * lags[:, None] * omega)
    # r[k] couples tap n of driver d with tap m = n − k of driver e.  r[−k] is its transpose.
    couplings = (phasors @ metric.reshape(omega.size, -1)).real.reshape(taps, drivers, drivers)
    both_sides = np.concatenate([couplings[:0:-1].transpose(0, 2, 1), couplings])
    blocks = both_sides[lags[:, None] - lags + taps - 1]
    normal = blocks.transpose(0, 2, 1, 3).reshape(taps * drivers, taps * drivers)
    normal[np.diag_indices_from(normal)] += _RELATIVE_RIDGE * np.trace(normal) / len(normal)
    return normal, phasors

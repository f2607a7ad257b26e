"""Linear-phase FIR filters of least weighted maximum error: the Parks–McClellan exchange in extended precision.

The amplitude of a filter of 2n − 1 symmetric taps is H(ω) = h₀ + 2·Σ hₖ cos kω.  The amplitude between the bands is
free, so the problem is ill-conditioned.  A maximum error of 4·10⁻⁸ with condition 10¹³ leaves no correct digit in taps
of float64.  So the exchange uses 80-bit floats and one step of iterative refinement, and Newton's method polishes the
extrema.

The first reference are Fekete points, by pivoted QR (Sommariva & Vianello, Comput. Math. Appl. 57, 2009, 1324).  Filip
(ACM Trans. Math. Softw. 43, 2016, 7) uses them for filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

# Points of the search grid for each coefficient.
_DENSITY = 24
_MOST_EXCHANGES = 60
# Relative equality of all extrema at which the exchange ends; the floor of 80-bit floats is near 1e-10 for a maximum
# error of 1e-8.
_LEVELLED = 2e-10

LongArray = NDArray[Any]


@dataclass(frozen=True)
class BandSpec:
    """Specification of an amplitude response.

    Attributes
    ----------
    edges : tuple of (low, high)
        Bands in rising order.  1 is half the sample rate.
    desired : tuple of float
        Amplitude wanted in each band.
    weight : tuple of float
        Weight of the error in each band.
    """

    edges: tuple[tuple[float, float], ...]
    desired: tuple[float, ...]
    weight: tuple[float, ...]

    def __post_init__(self) -> None:
        flat = [edge for band in self.edges for edge in band]
        if not flat or flat != sorted(set(flat)) or flat[0] < 0 or flat[-1] > 1:
            raise ValueError(f"edges = {self.edges}: allowed are rising bands within 0 and 1")
        if not len(self.edges) == len(self.desired) == len(self.weight) or min(self.weight) <= 0:
            raise ValueError("desired and weight: need one value for each band, weights above 0")

    def grid(self, points: int) -> SpecGrid:
        """Sample the bands, more densely towards their edges, which are included.

        Parameters
        ----------
        points : int
            Number for all bands together, divided by width.
        """
        total = sum(high - low for low, high in self.edges)
        omega, band = [], []
        for index, (low, high) in enumerate(self.edges):
            count = max(16, int(np.ceil(points * (high - low) / total)))
            rise = (1 - np.cos(np.pi * np.arange(count) / (count - 1))) / 2
            omega.append(np.pi * (low + (high - low) * rise))
            band.append(np.full(count, index))
        return SpecGrid(self, np.concatenate(omega), np.concatenate(band))


@dataclass(frozen=True, eq=False)
class SpecGrid:
    """Points at which a specification is evaluated.

    Attributes
    ----------
    spec : BandSpec
    omega : (G,) float64
        Radians per sample, rising.
    band : (G,) int
        Index of the band of each point.
    """

    spec: BandSpec
    omega: NDArray[np.float64]
    band: NDArray[np.int64]

    @property
    def desired(self) -> NDArray[np.float64]:
        """Wanted amplitude at each point: (G,)."""
        return np.asarray(self.spec.desired, dtype=np.float64)[self.band]

    @property
    def weight(self) -> NDArray[np.float64]:
        """Weight at each point: (G,)."""
        return np.asarray(self.spec.weight, dtype=np.float64)[self.band]

    def weighted_basis(self, count: int) -> NDArray[np.float64]:
        """Weighted amplitudes of the unit half filters: (G, count) float64."""
        return np.asarray(self.weight[:, None] * cosine_basis(self.omega, count))


def cosine_basis(omega: LongArray, count: int) -> LongArray:
    """Amplitude at each ω of each half filter (1 at k): columns 1, 2·cos ω, 2·cos 2ω … in the precision of ω."""
    basis = 2 * np.cos(np.outer(omega, np.arange(count, dtype=omega.dtype)))
    basis[:, 0] = 1
    return np.asarray(basis)


def largest_error(spec: BandSpec, half: NDArray[np.float64]) -> float:
    """Largest weighted error of a filter over all bands, extrema polished between the points of a dense grid.

    Parameters
    ----------
    spec : BandSpec
    half : (n,) float64 or longdouble
        Taps from the centre outwards.

    Returns
    -------
    float
        max |W(H − D)|.
    """
    grid = spec.grid(2 * _DENSITY * half.size)
    _, _, errors = _extrema(grid, np.asarray(half, dtype=np.longdouble))
    return float(np.abs(errors).max())


def minimax_fir(spec: BandSpec, count: int) -> tuple[LongArray, float]:
    """Design the best linear-phase filter.

    Parameters
    ----------
    spec : BandSpec
    count : int
        n: half the taps, the centre among them; the filter has 2n − 1.

    Returns
    -------
    half : (n,) longdouble
        Taps from the centre outwards.
    error : float
        The largest weighted error.

    Raises
    ------
    ArithmeticError
        If the exchange does not make the extrema equal.
    """
    grid = spec.grid(_DENSITY * count)
    pivots = qr(grid.weighted_basis(count + 1).T, mode="r", pivoting=True)[1]
    reference = np.sort(pivots[: count + 1])
    omega, band = grid.omega[reference].astype(np.longdouble), grid.band[reference]
    signs = (-1.0) ** np.arange(count + 1)
    for _ in range(_MOST_EXCHANGES):
        desired = np.asarray(spec.desired, dtype=np.longdouble)[band]
        weight = np.asarray(spec.weight, dtype=np.longdouble)[band]
        matrix = np.concatenate([cosine_basis(omega, count), (signs / weight)[:, None]], axis=1)
        solution = _solve(matrix, desired)
        solution = solution + _solve(matrix, desired - matrix @ solution)
        half, level = solution[:count], abs(float(solution[count]))
        omega, band, errors = _extrema(grid, half)
        worst = float(np.abs(errors).max())
        if worst <= level * (1 + _LEVELLED):
            return half, worst
        chosen = _alternating(errors, count + 1)
        omega, band = omega[chosen], band[chosen]
    raise ArithmeticError(f"minimax_fir: {count} coefficients: extrema between {level:g} and {worst:g} do not level")


def _solve(matrix: LongArray, right: LongArray) -> LongArray:
    """Gaussian elimination with row pivoting in the precision of its arguments.  LAPACK has no 80-bit floats."""
    matrix, right = matrix.copy(), right.copy()
    size = right.size
    for k in range(size):
        pivot = k + int(np.argmax(np.abs(matrix[k:, k])))
        if pivot != k:
            matrix[[k, pivot]], right[[k, pivot]] = matrix[[pivot, k]], right[[pivot, k]]
        factor = matrix[k + 1 :, k] / matrix[k, k]
        matrix[k + 1 :, k:] -= np.outer(factor, matrix[k, k:])
        right[k + 1 :] -= factor * right[k]
    for k in range(size - 1, -1, -1):
        right[k] = (right[k] - matrix[k, k + 1 :] @ right[k + 1 :]) / matrix[k, k]
    return right


def _extrema(grid: SpecGrid, half: LongArray) -> tuple[LongArray, NDArray[np.int64], LongArray]:
    """Local extrema of the weighted error within each band: ω, band, signed error, in rising order."""
    spec, omega = grid.spec, grid.omega.astype(np.longdouble)
    desired = np.asarray(spec.desired, dtype=np.longdouble)
    weight = np.asarray(spec.weight, dtype=np.longdouble)
    orders = np.arange(half.size, dtype=np.longdouble)
    doubled = np.where(orders > 0, 2, 1) * half

    def error(at: LongArray, band: NDArray[np.int64]) -> LongArray:
        return np.asarray((np.cos(np.outer(at, orders)) @ doubled - desired[band]) * weight[band])

    on_grid = error(omega, grid.band)
    size = np.abs(on_grid)
    # The first and last point of a band have one neighbour.  They are extrema if their error is larger than its.
    first = np.flatnonzero(np.diff(grid.band, prepend=-1))
    last = np.append(first[1:] - 1, omega.size - 1)
    above_left, above_right = np.ones(omega.size, dtype=bool), np.ones(omega.size, dtype=bool)
    above_left[1:] = size[1:] >= size[:-1]
    above_right[:-1] = size[:-1] >= size[1:]
    above_left[first], above_right[last] = True, True
    found = np.flatnonzero(above_left & above_right)
    band = grid.band[found]
    inner = ~np.isin(found, np.concatenate([first, last]))
    left = omega[np.maximum(found - 1, 0)]
    right = omega[np.minimum(found + 1, omega.size - 1)]
    at = omega[found]
    for _ in range(8):
        slope = -np.sin(np.outer(at, orders)) @ (doubled * orders)
        curve = -np.cos(np.outer(at, orders)) @ (doubled * orders**2)
        step = np.where(inner & (curve != 0), -slope / np.where(curve == 0, 1, curve), 0)
        at = np.clip(at + step, np.where(inner, left, at), np.where(inner, right, at))
    polished = error(at, band)
    worse = np.abs(polished) < size[found]
    return np.where(worse, omega[found], at), band, np.where(worse, on_grid[found], polished)


def _alternating(errors: LongArray, wanted: int) -> list[int]:
    """Choose the largest extrema of alternating sign, as many as wanted."""
    chosen: list[int] = []
    for index, value in enumerate(errors):
        if not chosen or np.sign(value) != np.sign(errors[chosen[-1]]):
            chosen.append(index)
        elif abs(value) > abs(errors[chosen[-1]]):
            chosen[-1] = index
    if len(chosen) < wanted:
        raise ArithmeticError(f"minimax_fir: only {len(chosen)} of {wanted} alternations found")
    while len(chosen) > wanted:
        sizes = np.abs(errors[chosen])
        if len(chosen) == wanted + 1:
            chosen.pop(0 if sizes[0] < sizes[-1] else -1)
        else:
            # Remove two neighbours at a time, so that the signs still alternate.
            smallest = int(np.argmin(np.minimum(sizes[:-1], sizes[1:])))
            del chosen[smallest : smallest + 2]
    return chosen

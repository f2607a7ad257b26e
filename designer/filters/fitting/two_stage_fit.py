"""Fit a cascade of two FIR stages to a response: an equaliser for each bus, and relative filters behind it.

The product of two stages is not linear in their taps.  Gauss–Newton steps with the damping of Levenberg and Marquardt
solve it (Nocedal & Wright, Numerical Optimization, §10.3).  The error weighting is that of
`designer.filters.fitting.error_weighting`.  So the normal equations of a step are block Toeplitz, like those of one
stage.  A step takes a few milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.numerics.triangular import solve_positive

# Damping relative to each unknown's own curvature: at the start, factors to raise and lower it, and least values.
_FIRST_DAMPING = 1e-6
_RAISE, _LOWER = 10.0, 5.0
_LEAST_RAISED, _LEAST_DAMPING = 1e-4, 1e-7
_ATTEMPTS = 6
# Added to the diagonal, relative to its mean.  It keeps the matrix positive definite in spite of rounding.
_RELATIVE_RIDGE = 1e-9


@dataclass(frozen=True, eq=False)
class Stages:
    """Taps of both stages.

    Attributes
    ----------
    equalisers : (B, M) float64
        First stage, one for each bus.
    relative : (V, K) float64
        Second stage, one for each output.  It is a unit impulse for the reference of each bus.
    damping : float
        Damping of the next step, relative.
    """

    equalisers: NDArray[np.float64]
    relative: NDArray[np.float64]
    damping: float = _FIRST_DAMPING


class Cascade:
    """Least-squares problem of two stages in cascade.

    Parameters
    ----------
    omega : (F,) float64
        Radians per sample.
    wanted : (F, V) complex128
        Target response of each of V outputs, without modelling delay.
    metric : (F, V, V) complex128
        Error weighting, Hermitian and positive.
    bus : (V,) int64
        Bus that feeds each output, 0 … B − 1.
    references : (B,) int64
        Output that gets each bus through a pure delay.
    longest : int
        Taps of the longest stage.
    """

    def __init__(
        self,
        omega: NDArray[np.float64],
        wanted: NDArray[np.complex128],
        metric: NDArray[np.complex128],
        bus: NDArray[np.int64],
        references: NDArray[np.int64],
        longest: int,
    ) -> None:
        self._omega, self._wanted, self._metric = omega, wanted, metric
        self._bus, self._references = bus, references
        self._others = np.setdiff1d(np.arange(bus.size), references)
        self._phasors = np.exp(1j * np.arange(longest)[:, None] * omega)

    def response(self, stages: Stages) -> NDArray[np.complex128]:
        """Response of both stages together at each output: (F, V) complex128."""
        return np.asarray(self._spectra(stages.equalisers)[:, self._bus] * self._spectra(stages.relative))

    def cost(self, stages: Stages, delay: int) -> float:
        """Cost of the error of both stages together, at a modelling delay in samples."""
        return _cost(self._late(delay) - self.response(stages), self._metric)

    def start(self, equaliser_taps: int, relative_taps: int, delay: int, lead: int) -> Stages:
        """Fit the equalisers to the references alone, then the relative filters to the rest.

        Parameters
        ----------
        equaliser_taps, relative_taps : int
            Lengths M and K of the two stages.
        delay : int
            Modelling delay of both stages together, samples.
        lead : int
            Part of that delay that the references have in the second stage, samples.  Other outputs may be earlier than
            the references by this much.

        Returns
        -------
        Stages
        """
        buses = self._references.size
        late = self._wanted * np.exp(-1j * self._omega * (delay - lead))[:, None]
        equalisers = np.zeros((buses, equaliser_taps))
        for b, r in enumerate(self._references):
            power = np.ascontiguousarray(self._metric[:, r, r, None, None])
            equalisers[b] = self._solve(power, power[:, :, 0] * late[:, r, None], [equaliser_taps], 0.0)
        relative = np.zeros((self._bus.size, relative_taps))
        relative[self._references, lead] = 1.0
        if self._others.size:
            common = self._spectra(equalisers)[:, self._bus]
            jacobian = np.zeros((self._omega.size, self._bus.size, self._others.size), dtype=np.complex128)
            jacobian[:, self._others, np.arange(self._others.size)] = common[:, self._others]
            error = self._late(delay) - common * self._spectra(relative)
            sizes = [relative_taps] * self._others.size
            step = self._newton(jacobian, error, self._metric, sizes, 0.0)
            relative[self._others] = step.reshape(self._others.size, relative_taps)
        return Stages(equalisers, relative)

    def step(self, stages: Stages, delay: int, weight: NDArray[np.float64]) -> Stages | None:
        """Take one damped Gauss–Newton step.

        Parameters
        ----------
        stages : Stages
        delay : int
            As for `start`.
        weight : (F,) float64
            Weight of each line, which multiplies the metric.

        Returns
        -------
        Stages or None
            None if no damping that was tried lowers the cost.
        """
        metric = self._metric * weight[:, None, None]
        buses, taps = stages.equalisers.shape
        equal, rest = self._spectra(stages.equalisers), self._spectra(stages.relative)
        error = self._late(delay) - equal[:, self._bus] * rest
        jacobian = np.zeros((self._omega.size, self._bus.size, buses + self._others.size), dtype=np.complex128)
        jacobian[:, np.arange(self._bus.size), self._bus] = rest
        jacobian[:, self._others, buses + np.arange(self._others.size)] = equal[:, self._bus[self._others]]
        sizes = [taps] * buses + [stages.relative.shape[1]] * self._others.size
        cost, damping = _cost(error, metric), stages.damping
        for _ in range(_ATTEMPTS):
            move = self._newton(jacobian, error, metric, sizes, damping)
            relative = stages.relative.copy()
            relative[self._others] += move[buses * taps :].reshape(self._others.size, -1)
            moved = Stages(stages.equalisers + move[: buses * taps].reshape(buses, taps), relative, damping)
            if _cost(self._late(delay) - self.response(moved), metric) < cost:
                return Stages(moved.equalisers, moved.relative, max(damping / _LOWER, _LEAST_DAMPING))
            damping = max(damping * _RAISE, _LEAST_RAISED)
        return None

    def _late(self, delay: int) -> NDArray[np.complex128]:
        return np.asarray(self._wanted * np.exp(-1j * self._omega * delay)[:, None])

    def _spectra(self, filters: NDArray[np.float64]) -> NDArray[np.complex128]:
        return np.asarray(self._phasors[: filters.shape[1]].conj().T @ filters.T)

    def _newton(
        self,
        jacobian: NDArray[np.complex128],
        error: NDArray[np.complex128],
        metric: NDArray[np.complex128],
        sizes: list[int],
        damping: float,
    ) -> NDArray[np.float64]:
        weighted = jacobian.conj().transpose(0, 2, 1) @ metric
        return self._solve(weighted @ jacobian, (weighted @ error[..., None])[..., 0], sizes, damping)

    def _solve(
        self, power: NDArray[np.complex128], gradient: NDArray[np.complex128], sizes: list[int], damping: float
    ) -> NDArray[np.float64]:
        """Solve for P filters of ``sizes`` taps, for power (F, P, P) and gradient (F, P): (sum of sizes,)."""
        count, longest = len(sizes), max(sizes)
        phasors = self._phasors[:longest]
        couplings = (phasors @ power.reshape(self._omega.size, -1)).real.reshape(longest, count, count)
        both_sides = np.concatenate([couplings[:0:-1].transpose(0, 2, 1), couplings])
        lags = np.arange(longest)
        blocks = both_sides[lags[:, None] - lags + longest - 1]
        normal = np.block(
            [[blocks[: sizes[p], : sizes[q], p, q] for q in range(count)] for p in range(count)],
        )
        diagonal = np.diagonal(normal).copy()
        normal[np.diag_indices_from(normal)] += damping * diagonal + _RELATIVE_RIDGE * diagonal.mean()
        right = (phasors @ gradient).real
        return solve_positive(normal, np.concatenate([right[:size, p] for p, size in enumerate(sizes)]))


def _cost(error: NDArray[np.complex128], metric: NDArray[np.complex128]) -> float:
    return float(np.sum(error.conj() * (metric @ error[..., None])[..., 0]).real)

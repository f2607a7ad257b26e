"""Fit two FIR stages in a row to a response: an equaliser for each bus, relative filters behind it.

The product of two stages is not linear in them, but nearly so about any of its points: Gauss–Newton with the damping of
Levenberg and Marquardt (Nocedal & Wright, Numerical Optimization, §10.3).  Both stages are FIR filters in the metric of
`designer.filters.fitting.error_weighting`, so that the normal equations of a step are block Toeplitz like those of one
stage; a
step takes a few milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.numerics.triangular import solve_positive

# Damping relative to each unknown's own curvature: where it begins, what it is raised and lowered by, where it ends.
_FIRST_DAMPING = 1e-6
_RAISE, _LOWER = 10.0, 5.0
_LEAST_RAISED, _LEAST_DAMPING = 1e-4, 1e-7
_ATTEMPTS = 6
# Added to the diagonal, relative to its mean: the factor exists whatever rounding does.
_RELATIVE_RIDGE = 1e-9


@dataclass(frozen=True, eq=False)
class Stages:
    """Both stages.

    Attributes
    ----------
    equalisers : (B, M) float64
    relative : (V, K) float64
        A unit impulse for the reference of each bus.
    damping : float
        Of the next step.
    """

    equalisers: NDArray[np.float64]
    relative: NDArray[np.float64]
    damping: float = _FIRST_DAMPING


class Cascade:
    """What two stages are fitted to.

    Parameters
    ----------
    omega : (F,) float64
        Radians per sample.
    wanted : (F, V) complex128
        Response of each of V outputs, without modelling delay.
    metric : (F, V, V) complex128
        Cost of an error: Hermitian, positive.
    bus : (V,) int64
        Which of B buses feeds an output.
    references : (B,) int64
        Output that hears each bus through a pure delay.
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
        self._turn = np.exp(1j * np.arange(longest)[:, None] * omega)

    def response(self, stages: Stages) -> NDArray[np.complex128]:
        """Return what both stages together give each output: (F, V) complex128."""
        return np.asarray(self._spectra(stages.equalisers)[:, self._bus] * self._spectra(stages.relative))

    def cost(self, stages: Stages, delay: int) -> float:
        """Return the cost of what both stages together err, at a modelling delay in samples."""
        return _cost(self._late(delay) - self.response(stages), self._metric)

    def start(self, equaliser_taps: int, relative_taps: int, delay: int, lead: int) -> Stages:
        """Fit the equalisers to the references alone, then the relative filters to the rest.

        Parameters
        ----------
        equaliser_taps, relative_taps : int
            M and K.
        delay : int
            Modelling delay of both stages together, samples.
        lead : int
            Part of it that is the references' own delay: others may sound so much ahead of them.
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
        """One step towards less cost; None where no step lowers it.

        Parameters
        ----------
        stages : Stages
        delay : int
            As for `start`.
        weight : (F,) float64
            Of each line, beside the metric.
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
        return np.asarray(self._turn[: filters.shape[1]].conj().T @ filters.T)

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
        """Solve for P filters of ``sizes`` taps, one behind the other; power (F, P, P), gradient (F, P)."""
        count, longest = len(sizes), max(sizes)
        turn = self._turn[:longest]
        couplings = (turn @ power.reshape(self._omega.size, -1)).real.reshape(longest, count, count)
        both_sides = np.concatenate([couplings[:0:-1].transpose(0, 2, 1), couplings])
        lags = np.arange(longest)
        blocks = both_sides[lags[:, None] - lags + longest - 1]
        normal = np.block(
            [[blocks[: sizes[p], : sizes[q], p, q] for q in range(count)] for p in range(count)],
        )
        diagonal = np.diagonal(normal).copy()
        normal[np.diag_indices_from(normal)] += damping * diagonal + _RELATIVE_RIDGE * diagonal.mean()
        right = (turn @ gradient).real
        return solve_positive(normal, np.concatenate([right[:size, p] for p, size in enumerate(sizes)]))


def _cost(error: NDArray[np.complex128], metric: NDArray[np.complex128]) -> float:
    return float(np.sum(error.conj() * (metric @ error[..., None])[..., 0]).real)

"""Levels of the beam in third octaves, over the lobe, at the nulls and of noise, with slopes and curvature.

A level is ten times the logarithm of a mean power relative to the axis.  The mean is over the lines of a band.  So
phases have no effect, neither over azimuth nor over frequency.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Decibels per neper of power.
_DB = 10 / np.log(10)
# Responses that differ by less, relative to the largest, are the same.
_SAME = 1e-6
# Noise within this distance of its bound adds its curvature to the cost of a step.
_NEAR_DB = 1.0
# Least part of a step's cost that counts for the curvature of a null below that step.
_LEAST_RATE = 0.03
# Largest cost per decibel that counts for the curvature.  A larger one would make the first step too short.
_MOST_RATE = 0.5


@dataclass(frozen=True, eq=False)
class LevelGoal:
    """Goal of the refinement: bounds of levels, and the cost of each decibel.

    Attributes
    ----------
    ripple_db : float
        Ripple of the lobe below which a decibel costs less.
    steps_db : (H, B) float64
        Levels of the nulls above which a decibel costs more, in each band.
    step_costs : (H,) float64
        Cost of a decibel that each step adds.
    shape_db : (Q,) float64 or None
        Levels that the nulls should have exactly.  It replaces the steps.
    noise_db : (B,) float64
        Bound of noise relative to the axis, the negative floor of the white-noise gain.
    ripple_cost, small_ripple_cost : float
        Cost of a decibel of ripple above, and below ``ripple_db``.
    shape_cost : float
        Cost of a decibel between a null and its shape.
    noise_cost : float
        Cost of a decibel of noise above its bound.
    """

    ripple_db: float
    steps_db: NDArray[np.float64]
    step_costs: NDArray[np.float64]
    shape_db: NDArray[np.float64] | None
    noise_db: NDArray[np.float64]
    ripple_cost: float = 1.0
    small_ripple_cost: float = 0.3
    shape_cost: float = 1.0
    noise_cost: float = 4.0

    def cost(self, levels: BeamLevels) -> float:
        """Cost of levels, summed over the bands."""
        ripple = levels.ripple_db
        extra = self.ripple_cost - self.small_ripple_cost
        worth = self.small_ripple_cost * ripple + extra * np.maximum(ripple - self.ripple_db, 0.0)
        worth = worth + self.noise_cost * np.maximum(levels.noise - self.noise_db, 0.0)
        if self.shape_db is not None:
            worth = worth + self.shape_cost * np.abs(levels.nulls - self.shape_db).max(axis=1, initial=0.0)
        elif levels.nulls.size:
            worth = worth + self.step_costs @ np.maximum(levels.nulls.max(axis=1) - self.steps_db, 0.0)
        return float(np.sum(worth))

    @property
    def null_costs(self) -> NDArray[np.float64]:
        """Cost of a decibel of a null above each step (H,), or off its shape (1,)."""
        return self.step_costs if self.shape_db is None else np.array([self.shape_cost])

    @property
    def least_powers(self) -> NDArray[np.float64]:
        """Power of a null below which its cost is zero, relative to the axis: (B,)."""
        if self.shape_db is not None:
            return np.zeros(self.noise_db.size)
        return np.asarray(10 ** (self.steps_db.min(axis=0) / 10))

    def null_rate(self, powers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cost of a decibel of a null near powers (B,), smoothed: (B,)."""
        if self.shape_db is not None:
            return np.full(powers.shape, self.shape_cost)
        near = np.clip(powers / 10 ** (self.steps_db / 10), _LEAST_RATE, 1.0)
        return np.asarray(np.minimum(self.step_costs @ near, _MOST_RATE))


@dataclass(frozen=True, eq=False)
class BeamLevels:
    """Levels in bands, decibels relative to the axis: lobe (B, A), nulls (B, Q) and noise (B,) float64."""

    lobe: NDArray[np.float64]
    nulls: NDArray[np.float64]
    noise: NDArray[np.float64]

    @property
    def ripple_db(self) -> NDArray[np.float64]:
        """Largest less smallest level of the lobe: (B,)."""
        return np.asarray(np.ptp(self.lobe, axis=1))


@dataclass(frozen=True, eq=False)
class LevelModel:
    """Map from G drives to levels in B bands.

    Attributes
    ----------
    bands : (B, F) float64
        Weight of each line in each band.  Rows sum to 1.
    axis : (F, G) complex128
        Response of each drive on axis.
    lobe, nulls : (F, A, G), (F, Q, G) complex128
        The same response at azimuths of the lobe, and at the nulls.
    effort : (F, G) float64
        Noise power of each drive of unit power: 1 within a driver's band, more outside.
    """

    bands: NDArray[np.float64]
    axis: NDArray[np.complex128]
    lobe: NDArray[np.complex128]
    nulls: NDArray[np.complex128]
    effort: NDArray[np.float64]

    def of(self, drive: NDArray[np.complex128]) -> BeamLevels:
        """Levels of a drive (F, G)."""
        lobe, nulls, noise = (_DB * np.log(self.bands @ power) for power in self._powers(drive))
        return BeamLevels(lobe, nulls, noise[:, 0])

    def _powers(self, drive: NDArray[np.complex128]) -> tuple[NDArray[np.float64], ...]:
        """Powers relative to the axis: (F, A), (F, Q), (F, 1)."""
        axis = np.abs(np.sum(self.axis * drive, axis=1)) ** 2
        lobe, nulls = (np.abs((rows @ drive[..., None])[..., 0]) ** 2 for rows in (self.lobe, self.nulls))
        noise = np.sum(self.effort * np.abs(drive) ** 2, axis=1)
        return tuple(np.maximum(power, 1e-12) / axis[:, None] for power in (lobe, nulls, noise[:, None]))

    def slopes(
        self, drive: NDArray[np.complex128], goal: LevelGoal
    ) -> tuple[BeamLevels, list[tuple[NDArray[np.int64], NDArray[np.complex128]]]]:
        """Levels, and their derivatives by the drive.

        Below the power at which a null costs nothing, its level continues as a straight line of power.  The logarithm
        would bend too much there.

        Parameters
        ----------
        drive : (F, G) complex128
        goal : LevelGoal

        Returns
        -------
        levels : Levels
        slopes : list of (lines, slope) for each band
            Indices (K,) of lines, and derivatives (K, A + Q + 1, G) complex128 of the levels of lobe, nulls and noise.
            A small change e of the drive changes a level by Re Σ slope·e, in decibels.
        """
        powers = self._powers(drive)
        means = [self.bands @ power for power in powers]
        held = np.maximum(means[1], goal.least_powers[:, None])
        levels = BeamLevels(
            _DB * np.log(means[0]), _DB * (np.log(held) + (means[1] - held) / held), _DB * np.log(means[2][:, 0])
        )
        axis = np.sum(self.axis * drive, axis=1)
        size = np.abs(axis) ** 2
        pressures = [(rows @ drive[..., None])[..., 0] for rows in (self.lobe, self.nulls)]
        change = np.concatenate(
            [
                pressures[0].conj()[..., None] * self.lobe,
                pressures[1].conj()[..., None] * self.nulls,
                (self.effort * drive.conj())[:, None],
            ],
            axis=1,
        )
        own = (axis.conj()[:, None] * self.axis)[:, None]
        change = 2 * (
            change / size[:, None, None] - np.concatenate(powers, axis=1)[..., None] * own / size[:, None, None]
        )
        scale = _DB / np.concatenate([means[0], held, means[2]], axis=1)
        found = []
        for row, weights in enumerate(self.bands):
            lines = np.flatnonzero(weights)
            found.append((lines, change[lines] * weights[lines, None, None] * scale[row][:, None]))
        return levels, found

    def curvature(self, drive: NDArray[np.complex128], goal: LevelGoal) -> NDArray[np.complex128]:
        """Quadratic bound of the cost that a change of the drive adds beyond the slopes: (F, G, G), Hermitian.

        A logarithm lies below its tangent.  So a level rises by no more than its relative power does.
        """
        lobe, nulls, noise = (self.bands @ power for power in self._powers(drive))
        quiet = np.maximum(nulls.max(axis=1, initial=1e-12), goal.least_powers)
        loud = _DB * np.log(noise[:, 0]) > goal.noise_db - _NEAR_DB
        shares = (1 / lobe.mean(axis=1), goal.null_rate(quiet) / quiet, loud / noise[:, 0])
        at_lobe, at_nulls, own = ((2 * _DB * share @ self.bands)[:, None, None] for share in shares)
        return np.asarray(
            at_lobe * gram(self.lobe) / self.lobe.shape[1]
            + at_nulls * gram(self.nulls)
            + own * np.eye(self.axis.shape[1]) * self.effort[:, None]
        )


def gram(rows: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Gram matrix of rows (F, A, G), summed over A: (F, G, G), Hermitian."""
    return np.asarray(rows.conj().transpose(0, 2, 1) @ rows)


def distinct_rows(rows: NDArray[np.complex128]) -> NDArray[np.int64]:
    """Return indices of rows (F, A, G) along A that do not repeat an earlier row: (K,) int64."""
    size = max(float(np.abs(rows).max(initial=0.0)), 1e-30)
    kept: list[int] = []
    for index in range(rows.shape[1]):
        if all(np.abs(rows[:, index] - rows[:, other]).max(initial=0.0) > _SAME * size for other in kept):
            kept.append(index)
    return np.array(kept, dtype=np.int64)


def symmetric_basis(mirror: NDArray[np.int64] | None, drivers: int) -> NDArray[np.float64]:
    """Orthonormal basis (D, G) of the drives that are their own mirror images.

    Parameters
    ----------
    mirror : (D,) int64 or None
        Mirror driver of each driver.  None for a loudspeaker without symmetry, whose basis is the identity.
    drivers : int
        D.
    """
    if mirror is None:
        return np.eye(drivers)
    together = np.eye(drivers) + np.eye(drivers)[:, mirror]
    columns = together[:, np.arange(drivers) <= mirror]
    return np.asarray(columns / np.linalg.norm(columns, axis=0))

"""Pressure matching: a lobe of least ripple and nulls, under unit response on axis.

At each frequency a least-squares fit matches the pressure within the lobe and at the nulls (Kirkeby & Nelson, J.
Acoust. Soc. Am. 94 (1993), 2992).  The response on axis is held at exactly 1.  The lobe has a wanted level only, so
each round takes its phase from the last solution.  Lawson's reweighting turns least squares into least ripple (C. L.
Lawson, thesis, UCLA 1961).  It raises the weight of azimuths with larger errors.  Diagonal loading, found by bisection,
keeps the white-noise gain above its floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# Cost of a decibel of missing null depth, where a decibel of ripple costs 1.
_NULL_COST = 0.4
# Rounds of the fit.  The first ones find the lobe's phase, with constant weights.
_ROUNDS = 20
_FIRST_ROUNDS = 10
# Lawson's reweighting: exponent, least factor of an azimuth without error, and range of the lobe's mean level.
_EXPONENT = 0.7
_LEAST_FACTOR = 0.05
_LEVELS = (0.5, 1.6)
# The weight of nulls changes by this factor each round, and not below this part of its start.  Nulls get this much
# extra depth, as filters of finite length lose some.
_NULL_STEP = 1.5
_LEAST_SHARE = 0.02
_SPARE_DB = 2.0
# Responses that differ by less, relative to the largest, are one another's mirror image.
_MIRRORED = 1e-6
# Loading relative to the mean of the matrix to be loaded.
_LEAST_LOADING = 1e-3
_MOST_LOADING = 1e6
_BISECTIONS = 24


def in_phase_drive(axis: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Drive of least power for unit response on axis, with all drivers in phase there: (F, D) from (F, D)."""
    return np.asarray(axis.conj() / np.sum(np.abs(axis) ** 2, axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class MatchedDrive:
    """A drive with the state of its reweighting.

    Attributes
    ----------
    drive : (F, D) complex128
        Drive of unit response on axis.
    share : (F, A + Q) float64
        Weight of each azimuth.
    level : (F,) float64
        Mean level of the lobe, relative to the axis.
    """

    drive: NDArray[np.complex128]
    share: NDArray[np.float64]
    level: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PressureMatching:
    """Problem of pressure matching on F lines.

    Attributes
    ----------
    axis : (F, D) complex128
        Response of each driver on axis.
    response : (F, A + Q, D) complex128
        Response at A azimuths of the lobe, then at Q nulls.
    share : (A + Q,) float64
        Initial weight of each azimuth.
    wanted : (A + Q,) float64
        Wanted level of each azimuth, linear.
    lobe : int
        Number of azimuths A of the lobe.
    depth_db : float
        Null depth that is wanted.  More depth has no value.
    ripple_db : float
        Ripple of the lobe that is wanted.  A less even lobe takes weight from nulls that are deep enough.
    floor_db : float
        Floor of the white-noise gain.  Where even in-phase mixing misses it, the gain of in-phase mixing is the floor.
    most_power : (F,) float64 or None
        Bound of |w|² in the place of the floor.
    """

    axis: NDArray[np.complex128]
    response: NDArray[np.complex128]
    share: NDArray[np.float64]
    wanted: NDArray[np.float64]
    lobe: int
    depth_db: float
    ripple_db: float
    floor_db: float
    most_power: NDArray[np.float64] | None = None

    @cached_property
    def _most_effort(self) -> NDArray[np.float64]:
        if self.most_power is not None:
            return self.most_power
        return np.asarray(np.maximum(10 ** (-self.floor_db / 10), 1.001 / np.sum(np.abs(self.axis) ** 2, axis=1)))

    @cached_property
    def mirror(self) -> NDArray[np.int64] | None:
        """Mirror driver of each driver, (D,) int64.  None if the problem is not its own mirror image."""
        turned = np.concatenate([self.response[:, : self.lobe][:, ::-1], self.response[:, self.lobe :]], axis=1)
        size = max(float(np.abs(self.response).max(initial=0.0)), 1e-30)

        def same(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> bool:
            return bool(np.abs(one - other).max(initial=0.0) < _MIRRORED * size)

        places = []
        for driver in range(self.axis.shape[1]):
            lobe = turned[:, : self.lobe, driver]
            found = [e for e in range(self.axis.shape[1]) if same(lobe, self.response[:, : self.lobe, e])]
            if not found:
                return None
            places.append(found[0])
        nulls = self.response[:, self.lobe :]
        turned_nulls = nulls[:, :, places]
        for null in range(nulls.shape[1]):
            if not any(same(turned_nulls[:, null], nulls[:, other]) for other in range(nulls.shape[1])):
                return None
        return np.array(places) if sorted(places) == list(range(len(places))) else None

    def cost(self, drive: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Ripple of the lobe plus weighted missing null depth of a drive (F, D): (F,) float64, dB."""
        heard = 20 * np.log10(np.maximum(np.abs(self._pressure(drive)), 1e-6))
        lobe, nulls = heard[:, : self.lobe], heard[:, self.lobe :]
        levels = self.wanted[self.lobe :]
        asked = 20 * np.log10(np.maximum(levels, 10 ** (-(self.depth_db + _SPARE_DB) / 20)))
        missing = np.where(levels > 0, np.abs(nulls - asked), np.maximum(nulls - asked, 0.0))
        return np.asarray(np.ptp(lobe, axis=1) + _NULL_COST * missing.max(axis=1, initial=0.0))

    def solve(self, starts: tuple[NDArray[np.complex128], ...]) -> MatchedDrive:
        """Find the drive of least cost.

        The phase of the lobe is free, so the result depends on the start.  Which start is best depends on the cabinet.
        All frequencies use the same start, because jumps of phase over frequency would need longer filters.

        Parameters
        ----------
        starts : tuple of (F, D) complex128
            Initial drives, at least one.

        Returns
        -------
        MatchedDrive

        Raises
        ------
        ValueError
            If there is no start.
        """
        found, least = None, np.inf
        for start in starts:
            now = MatchedDrive(start, np.tile(self.share, (len(self.axis), 1)), np.ones(len(self.axis)))
            best, cost = now, np.full(len(self.axis), np.inf)
            for count in range(_ROUNDS):
                exponent = _EXPONENT if count >= _FIRST_ROUNDS else 0.0
                now = self._round(now, self._phases(now.drive), exponent=exponent)
                reached = self.cost(now.drive)
                better = reached < cost
                cost = np.where(better, reached, cost)
                best = MatchedDrive(
                    np.where(better[:, None], now.drive, best.drive),
                    np.where(better[:, None], now.share, best.share),
                    np.where(better, now.level, best.level),
                )
            if found is None or float(cost.sum()) < least:
                found, least = best, float(cost.sum())
        if found is None:
            raise ValueError("solve: needs a start")
        return found

    def _phases(self, drive: NDArray[np.complex128]) -> NDArray[np.complex128]:
        pressure = self._pressure(drive)
        return np.asarray(pressure / np.maximum(np.abs(pressure), 1e-12))

    def _pressure(self, drive: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return np.asarray((self.response @ drive[..., None])[..., 0])

    def _round(self, last: MatchedDrive, phases: NDArray[np.complex128], *, exponent: float) -> MatchedDrive:
        pressure = self._pressure(last.drive)
        share, level = last.share, last.level
        if exponent:
            # A lobe of least ripple has equal errors above and below this level.
            lobe = np.abs(pressure[:, : self.lobe])
            level = np.clip((lobe.max(axis=1) + lobe.min(axis=1)) / 2, *_LEVELS)
            error = np.abs(lobe - level[:, None])
            factor = (error / np.maximum(error.mean(axis=1, keepdims=True), 1e-12) + _LEAST_FACTOR) ** exponent
            weights = share[:, : self.lobe] * factor
            own = self.share[self.lobe :]
            share = share.copy()
            share[:, : self.lobe] = weights / weights.sum(axis=1, keepdims=True)
            share[:, self.lobe :] *= self._null_factor(pressure)[:, None]
            share[:, self.lobe :] = np.clip(share[:, self.lobe :], _LEAST_SHARE * own, own)
        target = phases * self.wanted
        target[:, : self.lobe] *= level[:, None]
        found = self._least_squares(share, target)
        if self.mirror is not None:
            # A beam with different phases to both sides can be more even, but shifts the phantom centre.
            found = (found + found[:, self.mirror]) / 2
        return MatchedDrive(found, share, level)

    def _null_factor(self, pressure: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Factor of the nulls' weight: below 1 where the nulls are deep enough and the lobe is too uneven."""
        heard = 20 * np.log10(np.maximum(np.abs(pressure), 1e-6))
        loudest = heard[:, self.lobe :].max(axis=1, initial=-np.inf)
        spare = loudest < -self.depth_db - _SPARE_DB
        uneven = np.ptp(heard[:, : self.lobe], axis=1) > self.ripple_db
        return np.where(spare & uneven, 1 / _NULL_STEP, np.where(spare, 1.0, _NULL_STEP))

    def _least_squares(self, share: NDArray[np.float64], target: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Least squares under sᴴw = 1, with the least diagonal loading for which |w|² keeps its bound."""
        weighted = self.response * np.sqrt(share)[..., None]
        power, basis = np.linalg.eigh(weighted.conj().transpose(0, 2, 1) @ weighted)
        power = np.maximum(power, 0.0)
        adjoint = basis.conj().transpose(0, 2, 1)
        steering = (adjoint @ self.axis.conj()[..., None])[..., 0]
        goal = (adjoint @ (self.response.conj().transpose(0, 2, 1) @ (share * target)[..., None]))[..., 0]
        mean_power = power.mean(axis=1)

        def solve(logarithm: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.complex128]:
            inverse = 1 / (power[at] + (np.exp(logarithm) * mean_power[at])[:, None])
            free, bound = goal[at] * inverse, steering[at] * inverse
            missing = 1 - np.sum(steering[at].conj() * free, axis=1)
            return np.asarray(free + bound * (missing / np.sum(steering[at].conj() * bound, axis=1))[:, None])

        lines = np.arange(len(power))
        high = np.full(lines.size, np.log(_LEAST_LOADING))
        found = solve(high, lines)
        # Most lines keep the bound with the least loading.  The bisection runs on the others only.
        loud = np.flatnonzero(np.sum(np.abs(found) ** 2, axis=1) > self._most_effort)
        low, high = high[loud], np.full(loud.size, np.log(_MOST_LOADING))
        for _ in range(_BISECTIONS if loud.size else 0):
            middle = (low + high) / 2
            too_loud = np.sum(np.abs(solve(middle, loud)) ** 2, axis=1) > self._most_effort[loud]
            low, high = np.where(too_loud, middle, low), np.where(too_loud, high, middle)
        found[loud] = solve(high, loud)
        return np.asarray((basis @ found[..., None])[..., 0])

"""Composition of two nulls into a pair of virtual sources.

A null of finite depth leaves a leak at the other ear.  The leak moves the time difference towards that of the cabinet.
As the leak is known, the composition removes it.  Let P be the pressures of the two nulls W at the nominal head's ears,
and V the wanted ones.  Then the drive W·P⁻¹·V is exact at that head.  Where the nulls are shallow it needs much effort.

Under unit pressure at the own ear, a bound on the effort allows a disk of pressures at the other ear.  If the wanted
pressure lies outside, the composition takes one on the disk.  Up to 1.2 kHz that is the pressure of the least error in
phase, above 1.5 kHz the nearest, and a blend between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.filters.stereo.crosstalk import NullSteering

# Below this target gain the nulls carry little of the time difference, and the leak is removed only in part.
_FULL_SHARE_TARGET_DB = 6.0
# Below this target gain a channel fades into its own null alone.  Nulls that do not separate the ears have no use for
# mixing.
_UNMIXED_TARGET_DB = 5
# Time differences matter below this range, level differences above (Wightman & Kistler, J. Acoust. Soc. Am. 91 (1992),
# 1648).
_PHASE_UP_TO_HZ = (1200.0, 1500.0)
# Least magnitude of the determinant of P, which vanishes where both nulls give the same pressures.
_LEAST_DETERMINANT = 1e-6


@dataclass(frozen=True, eq=False)
class Composition:
    """Mixing of two nulls into a pair of virtual sources.

    Attributes
    ----------
    mixing : (F, 2, 2) complex128
        Null (left, right) by channel (L, R).  The drive is ``nulls @ mixing``, with unit pressure at the ipsilateral
        ear.
    """

    mixing: NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class EffortDisk:
    """Pressures at the other ear that a bound on the effort allows, with unit pressure at the own ear.

    For pressures (1, c) at the two ears, the drive of least effort is affine in c.  So its effort is a paraboloid over
    the complex plane of c, and a bound on the effort is a disk.

    Attributes
    ----------
    centre : (F,) complex128
        Pressure of least effort.
    radius : (F,) float64
        Radius.  0 where even the least effort is above the bound.
    """

    centre: NDArray[np.complex128]
    radius: NDArray[np.float64]

    @classmethod
    def spanned(
        cls, base: NDArray[np.complex128], slope: NDArray[np.complex128], allowed: NDArray[np.float64]
    ) -> EffortDisk:
        """Disk of the drives base + c·slope, (F, D) each, whose power is at most ``allowed`` (F,)."""
        curvature = np.maximum(np.sum(np.abs(slope) ** 2, axis=1), 1e-30)
        centre = -np.sum(slope.conj() * base, axis=1) / curvature
        least = np.sum(np.abs(base + centre[:, None] * slope) ** 2, axis=1)
        return cls(centre, np.sqrt(np.maximum(allowed - least, 0.0) / curvature))

    def nearest(self, wanted: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Pressure of the disk that is nearest to the wanted one (F,): (F,) complex128."""
        away = wanted - self.centre
        return np.asarray(self.centre + away * np.minimum(1.0, self.radius / np.maximum(np.abs(away), 1e-30)))

    def nearest_in_phase(self, wanted: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Pressure of the disk with the least error in phase, and then in magnitude: (F,) complex128."""
        distance = np.abs(self.centre)
        to_centre = self.centre / np.maximum(distance, 1e-30)
        reach = np.where(self.radius >= distance, np.pi, np.arcsin(np.minimum(self.radius / distance, 1.0)))
        turn = np.clip(np.angle(wanted * to_centre.conj()), -reach, reach)
        middle = distance * np.cos(turn)
        half = np.sqrt(np.maximum(self.radius**2 - (distance * np.sin(turn)) ** 2, 0.0))
        magnitude = np.clip(np.abs(wanted), np.maximum(middle - half, 0.0), np.maximum(middle + half, 0.0))
        return np.asarray(magnitude * np.exp(1j * turn) * to_centre)


def compose(
    frequencies_hz: NDArray[np.float64],
    left: NullSteering,
    right: NullSteering,
    nominal_ears: NDArray[np.complex128],
    wanted: NDArray[np.complex128],
    band_weights: NDArray[np.float64],
    target_db: NDArray[np.float64],
) -> Composition:
    """Mix the nulls so that the nominal head's ears get the virtual sources, as far as the effort allows.

    Parameters
    ----------
    frequencies_hz : (F,) float64
    left, right : NullSteering
        Nulls, with unit pressure at their own ears.
    nominal_ears : (F, 2, D) complex128
        Pressure at the nominal head's ears (left, right) per unit drive, Pa.
    wanted : (F, 2, 2) complex128
        Wanted pressures, ear by channel.  The diagonal is 1.
    band_weights : (F, D) float64
        Weight of each driver, 0 … 1.
    target_db : (F,) float64
        Target cancellation gain.

    Returns
    -------
    Composition
    """
    nulls = np.stack([left.weights, right.weights], axis=2)
    received = nominal_ears @ nulls
    scale = np.maximum(band_weights, 1e-6)[:, :, None]
    mixed = np.clip(target_db / _UNMIXED_TARGET_DB, 0.0, 1.0)
    share = np.clip(target_db / _FULL_SHARE_TARGET_DB, 0.0, 1.0)
    low, high = np.log(_PHASE_UP_TO_HZ)
    by_level = np.clip((np.log(frequencies_hz) - low) / (high - low), 0.0, 1.0)
    cap = 10 ** (np.minimum(left.allowed_db, right.allowed_db) / 10)
    mixing = np.empty((frequencies_hz.size, 2, 2), dtype=np.complex128)
    for side in (0, 1):
        other = 1 - side
        pair = _NullPair(
            own=nulls[:, :, side] / scale[..., 0],
            across=nulls[:, :, other] / scale[..., 0],
            leak=received[:, other, side],
            back=received[:, side, other],
        )
        goal = wanted[:, other, side]
        uncorrected = goal * mixed
        alone = np.max(np.abs(nominal_ears[:, side] * scale[..., 0]) ** 2, axis=1)
        # A virtual source plays through both nulls, and each may use the allowed effort.  At worst the two add in
        # phase.  The effort of the mix without correction is always allowed.
        allowed = np.maximum(cap * (1 + np.abs(goal)) ** 2 / alone, pair.power(uncorrected) * (1 + 1e-9))
        disk = pair.disk(allowed)
        chosen = (1 - by_level) * disk.nearest_in_phase(goal) + by_level * disk.nearest(goal)
        across_share = uncorrected + share * (pair.share_for(chosen) - uncorrected)
        mixing[:, side, side] = 1 / (1 + pair.back * across_share)
        mixing[:, other, side] = across_share / (1 + pair.back * across_share)
    return Composition(mixing)


@dataclass(frozen=True, eq=False)
class _NullPair:
    """The nulls of one channel's own ear and of the other ear.

    Attributes
    ----------
    own, across : (F, D) complex128
        Drives of both nulls, in units of drive per band weight.
    leak : (F,) complex128
        Pressure of ``own`` at the other ear.
    back : (F,) complex128
        Pressure of ``across`` at the own ear.
    """

    own: NDArray[np.complex128]
    across: NDArray[np.complex128]
    leak: NDArray[np.complex128]
    back: NDArray[np.complex128]

    def disk(self, allowed: NDArray[np.float64]) -> EffortDisk:
        """Pressures c at the other ear that the power ``allowed`` (F,) reaches.

        Drives of pressures (1, c) are (own·(1 − back·c) + across·(c − leak)) / (1 − leak·back).
        """
        determinant = 1 - self.leak * self.back
        determinant = np.where(np.abs(determinant) < _LEAST_DETERMINANT, _LEAST_DETERMINANT, determinant)[:, None]
        base = (self.own - self.leak[:, None] * self.across) / determinant
        slope = (self.across - self.back[:, None] * self.own) / determinant
        return EffortDisk.spanned(base, slope, allowed)

    def power(self, share: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Power of own + share·across, with unit pressure at the own ear: (F,)."""
        drive = (self.own + share[:, None] * self.across) / (1 + self.back * share)[:, None]
        return np.asarray(np.sum(np.abs(drive) ** 2, axis=1))

    def share_for(self, pressure: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Share of ``across`` that gives a pressure (F,) at the other ear: (F,)."""
        part = 1 - self.back * pressure
        return np.asarray((pressure - self.leak) / np.where(np.abs(part) < _LEAST_DETERMINANT, np.inf, part))

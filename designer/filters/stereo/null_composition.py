"""Composition of the two nulls into a pair of virtual sources.

A null of finite depth leaves a leak c at the other ear, which draws the time difference towards that of the cabinet.
The leak is known, so it is composed away: with P the pressures that the two nulls give at the nominal head's ears and
V those wanted, the drive is W·P⁻¹·V, exact at that head.  What exactness costs in effort grows where the nulls are
shallow.  With unit pressure at the own ear, the pressures at the other ear that an effort allows fill a disk; the best
of them is taken: the wanted one, else up to 1.5 kHz the one of least error in phase, above that the nearest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.filters.stereo.crosstalk import NullSteering

# Below this target gain the nulls are not meant to carry time differences: the leak is taken in by halves and less.
_FULL_SHARE_TARGET_DB = 6.0
# Below this one a channel fades into being its own null: where the nulls do not separate the ears, mixing them changes
# nothing at the ears, and unmixed they say what the channel does.
_UNMIXED_TARGET_DB = 5
# Time differences count below, level differences above (Wightman & Kistler, J. Acoust. Soc. Am. 91 (1992), 1648).
_PHASE_UP_TO_HZ = (1200.0, 1500.0)
# Nulls that serve both ears alike span no second pressure: their determinant is held above this.
_LEAST_DETERMINANT = 1e-6


@dataclass(frozen=True, eq=False)
class Composition:
    """How two nulls make a pair of virtual sources.

    Attributes
    ----------
    mixing : (F, 2, 2) complex128
        Null (left, right) by channel: drives are ``nulls @ mixing``, with unit pressure at the ipsilateral ear.
    """

    mixing: NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class EffortDisk:
    """Pressures at the other ear that a bound on the effort allows, with unit pressure at the own ear.

    The drive of least effort among those of pressures (1, c) is affine in c, so its effort is a parabola over the
    plane of c, and a bound on it a disk.

    Attributes
    ----------
    centre : (F,) complex128
        Pressure of least effort.
    radius : (F,) float64
        0 where even the least effort is above the bound.
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
        """Nearest pressure of the disk: (F,)."""
        away = wanted - self.centre
        return np.asarray(self.centre + away * np.minimum(1.0, self.radius / np.maximum(np.abs(away), 1e-30)))

    def nearest_in_phase(self, wanted: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Pressure of least error in phase, and among those of least error in magnitude: (F,)."""
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
    """Mix the nulls so that the nominal head's ears receive the virtual sources, as far as the effort allows.

    Parameters
    ----------
    frequencies_hz : (F,) float64
    left, right : NullSteering
        Of unit pressure at their own ears.
    nominal_ears : (F, 2, D) complex128
        Transfer to the nominal head.
    wanted : (F, 2, 2) complex128
        Ear by channel; the diagonal is 1.
    band_weights : (F, D) float64
        Weight of each driver in its band.
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
        own, across = nulls[:, :, side] / scale[..., 0], nulls[:, :, other] / scale[..., 0]
        leak, back = received[:, other, side], received[:, side, other]
        goal = wanted[:, other, side]
        plain = goal * mixed
        # Drives of pressures (1, c) are (own·(1 − back·c) + across·(c − leak)) / (1 − leak·back).
        determinant = 1 - leak * back
        determinant = np.where(np.abs(determinant) < _LEAST_DETERMINANT, _LEAST_DETERMINANT, determinant)[:, None]
        base, slope = (own - leak[:, None] * across) / determinant, (across - back[:, None] * own) / determinant
        alone = np.max(np.abs(nominal_ears[:, side] * scale[..., 0]) ** 2, axis=1)
        plain_drive = (own + plain[:, None] * across) / (1 + back * plain)[:, None]
        # A virtual source plays through both nulls, each of which may spend what is allowed; at worst they add in
        # phase.  What mixing them plainly spends is allowed, too.
        allowed = np.maximum(
            cap * (1 + np.abs(goal)) ** 2 / alone, np.sum(np.abs(plain_drive) ** 2, axis=1) * (1 + 1e-9)
        )
        disk = EffortDisk.spanned(base, slope, allowed)
        chosen = (1 - by_level) * disk.nearest_in_phase(goal) + by_level * disk.nearest(goal)
        exact = (chosen - leak) / np.where(np.abs(1 - back * chosen) < _LEAST_DETERMINANT, np.inf, 1 - back * chosen)
        across_share = plain + share * (exact - plain)
        mixing[:, side, side] = 1 / (1 + back * across_share)
        mixing[:, other, side] = across_share / (1 + back * across_share)
    return Composition(mixing)

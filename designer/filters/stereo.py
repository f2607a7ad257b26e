"""Composition of the two nulls into a pair of virtual sources.

A null of finite depth leaves a leak c at the other ear, which draws the time difference towards that of the cabinet.
The leak is known, so it is composed away: with P the pressures that the two nulls give at the nominal head's ears and
V those wanted, the drive is W·P⁻¹·V, exact at that head.  What exactness costs in effort grows where the nulls are
shallow; there only a share η of the leak is taken into account, the largest that keeps the effort cap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.filters.crosstalk import NullSteering, bisect

# Below this target gain the nulls are not meant to carry time differences: the leak is taken in by halves and less.
_FULL_SHARE_TARGET_DB = 6.0
# Below this one a channel fades into being its own null: where the nulls do not separate the ears, mixing them changes
# nothing at the ears, and unmixed they say what the channel does.
_UNMIXED_TARGET_DB = 5


@dataclass(frozen=True, eq=False)
class Composition:
    """How two nulls make a pair of virtual sources.

    Attributes
    ----------
    mixing : (F, 2, 2) complex128
        Null (left, right) by channel: drives are ``nulls @ mixing``, with unit pressure at the ipsilateral ear.
    share : (F,) float64
        η: part of the leak that is composed away, 0 … 1.
    """

    mixing: NDArray[np.complex128]
    share: NDArray[np.float64]


def compose(
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
    scale = np.maximum(band_weights, 1e-6)
    mixed = np.clip(target_db / _UNMIXED_TARGET_DB, 0.0, 1.0)
    wanted = wanted * np.where(np.eye(2, dtype=bool), 1.0, mixed[:, None, None])
    own = np.stack([nominal_ears[:, side] for side in (0, 1)], axis=2)
    alone = np.max(np.abs(own * scale[:, :, None]) ** 2, axis=1)
    gram = (nulls / scale[:, :, None]).conj().transpose(0, 2, 1) @ (nulls / scale[:, :, None])
    # A virtual source plays through both nulls, each of which may spend what is allowed.
    both = np.sum(np.abs(wanted) ** 2, axis=1).max(axis=1)
    allowed = 10 ** (np.minimum(left.allowed_db, right.allowed_db) / 10) * both

    def mix(share: NDArray[np.float64]) -> NDArray[np.complex128]:
        # The adjugate of P: its determinant cancels in the normalisation that follows.
        leak = received * np.array([[0, 1], [1, 0]]) * share[:, None, None]
        mixing = (np.eye(2) - leak) @ wanted
        own_ear = np.einsum("fec,fce->fe", received, mixing)
        return np.asarray(mixing / own_ear[:, None, :])

    def within(unused: NDArray[np.float64]) -> NDArray[np.bool_]:
        mixing = mix(1 - unused)
        effort = np.einsum("fac,fab,fbc->fc", mixing.conj(), gram, mixing).real * alone
        return np.asarray(np.max(effort, axis=1) > allowed)

    least = 1 - np.clip(target_db / _FULL_SHARE_TARGET_DB, 0.0, 1.0)
    share = 1 - np.maximum(least, bisect(within, np.zeros_like(least), np.ones_like(least)))
    return Composition(mix(share), share)

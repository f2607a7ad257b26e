"""Crosstalk cancellation: drive all drivers so that one ear hears the channel and the other as little as asked.

Per frequency the drive w minimises the contralateral power, averaged over the poses of the head, plus β times the
effort, with unit pressure at the ipsilateral ear of the nominal head: w = R⁻¹g/(gᴴR⁻¹g), the minimum-variance
solution of Capon (Proc. IEEE 57, 1969, 1408) with diagonal loading.  With two drivers it is the regularised 2 × 2
inverse; with more, all of them share the null.  β follows from the target and the effort cap, by bisection.

Where even the drive of least effort separates the ears more than asked (a wide cabinet at high frequency is a narrow
beam), the same drive is blended with its mirror for the other ear until the target is met.

Where even the whole cap does not reach the target, effort is spent only as far as it pays: each decibel of it costs
level at every frequency, because filters are scaled to full scale as a whole.  A last decibel that gains less than
`_WORTHLESS` is not spent, one that gains more than `_WORTHWHILE` is.  Gain rises ever faster with effort, hence the
last decibel decides over all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The loading is searched between these, relative to the mean power at the contralateral ear.
_LEAST_LOADING = 1e-8
_MOST_LOADING = 1e4
_BISECTIONS = 28
# Beyond this the other ear is served far more than the channel's own.
_MOST_BLEND = 8.0
# Decibels of gain that the last decibel of effort must yield: below the first none is spent, above the second all.
# A quarter of the effort's level is what is left audible of a gain that small (just noticeable: 0.5 to 1 dB).
_WORTHLESS = 0.25
_WORTHWHILE = 0.5
# Over this much of shortfall the rule sets in, so that the drive stays smooth over frequency.
_ONSET_DB = 2.0


@dataclass(frozen=True, eq=False)
class NullSteering:
    """Drive for one channel.

    Attributes
    ----------
    weights : (F, D) complex128
        Drive of each driver for unit pressure at the ipsilateral ear of the nominal head.
    gain_db : (F,) float64
        Ipsilateral over contralateral power, both averaged over the poses.
    effort_db : (F,) float64
        Σ|w_d|² over the power that the reference driver alone needs for the same ipsilateral pressure.
    loading : (F,) float64
        β relative to the mean contralateral power.
    blend : (F,) float64
        How much of the other ear's drive is mixed in; 0 where the null is steered.
    reachable_db : (F,) float64
        Gain at the whole of the effort cap, no more than the target.
    allowed_db : (F,) float64
        Effort that was allowed: the cap, or less where it would gain little.
    """

    weights: NDArray[np.complex128]
    gain_db: NDArray[np.float64]
    effort_db: NDArray[np.float64]
    loading: NDArray[np.float64]
    blend: NDArray[np.float64]
    reachable_db: NDArray[np.float64]
    allowed_db: NDArray[np.float64]


def target_curve_db(curve: tuple[tuple[float, float], ...], frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Target cancellation gain, linear in dB over the logarithm of frequency, constant beyond the ends.

    Parameters
    ----------
    curve : tuple of (frequency_hz, gain_db)
        Rising positive frequencies.
    frequencies_hz : (F,) float64
        Positive.

    Returns
    -------
    (F,) float64
        dB.
    """
    points = np.array(curve)
    return np.asarray(np.interp(np.log(frequencies_hz), np.log(points[:, 0]), points[:, 1]))


def steer_null(
    ipsilateral: NDArray[np.complex128],
    contralateral: NDArray[np.complex128],
    probability: NDArray[np.float64],
    nominal_index: int,
    band_weights: NDArray[np.float64],
    target_db: NDArray[np.float64],
    effort_cap_db: float,
) -> NullSteering:
    """Find the drive that meets the target gain with the least effort, and never more than the cap.

    Parameters
    ----------
    ipsilateral, contralateral : (F, H, D) complex128
        Transfer to either ear for each pose of the head.
    probability : (H,) float64
        Of each pose.
    nominal_index : int
        Which of the poses is the nominal head.
    band_weights : (F, D) float64
        Weight of each driver; effort outside of its band costs 1/weight².  At least one is above 0.
    target_db : (F,) float64
        Wanted gain, from 0 dB.
    effort_cap_db : float
        Upper bound of the effort.

    Returns
    -------
    NullSteering
    """
    # In units of drive per weight, the cost of effort is the same for all drivers.
    scale = np.maximum(band_weights, 1e-6)
    steering = ipsilateral[:, nominal_index] * scale
    across = contralateral[:, nominal_index] * scale
    ipsi_covariance = _covariance(ipsilateral * scale[:, None], probability)
    contra_covariance = _covariance(contralateral * scale[:, None], probability)
    power, basis = np.linalg.eigh(contra_covariance)
    power = np.maximum(power, 0.0)
    adjoint = basis.conj().transpose(0, 2, 1)
    to_ipsi = (adjoint @ steering.conj()[..., None])[..., 0]
    to_contra = (adjoint @ across.conj()[..., None])[..., 0]
    # In phase at the ipsilateral ear, so that no blend of the two cancels there.
    overlap = np.sum(to_ipsi.conj() * to_contra, axis=1)
    to_contra *= np.exp(-1j * np.angle(overlap))[:, None]
    ipsi_in_basis = adjoint @ ipsi_covariance @ basis
    mean_power = power.mean(axis=1)
    reference_power = np.max(np.abs(steering) ** 2, axis=1)

    strength = np.abs(to_ipsi) ** 2

    def figures(loading: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gain and effort without blend, in few operations: the bisection spends its time here."""
        inverse = 1 / (power + (loading * mean_power)[:, None])
        drive = to_ipsi * inverse
        effort = np.sum(strength * inverse**2, axis=1)
        contra = np.sum(power * strength * inverse**2, axis=1)
        ipsi = np.sum(drive.conj() * (ipsi_in_basis @ drive[..., None])[..., 0], axis=1).real
        unit = np.sum(strength * inverse, axis=1) ** 2
        return 10 * np.log10(ipsi / np.maximum(contra, 1e-30 * unit)), 10 * np.log10(effort * reference_power / unit)

    def solve(
        loading: NDArray[np.float64], blend: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex128], NDArray[np.float64], NDArray[np.float64]]:
        drive = (to_ipsi + blend[:, None] * to_contra) / (power + (loading * mean_power)[:, None])
        drive = drive / np.sum(to_ipsi.conj() * drive, axis=1)[:, None]
        contra = np.sum(power * np.abs(drive) ** 2, axis=1)
        ipsi = np.einsum("fd,fde,fe->f", drive.conj(), ipsi_in_basis, drive).real
        effort = np.sum(np.abs(drive) ** 2, axis=1) * reference_power
        return drive, 10 * np.log10(ipsi / np.maximum(contra, 1e-30)), 10 * np.log10(effort)

    none = np.zeros_like(target_db)

    def loading_within(cap_db: NDArray[np.float64]) -> NDArray[np.float64]:
        def too_strong(logarithm: NDArray[np.float64]) -> NDArray[np.bool_]:
            gain_db, effort_db = figures(np.exp(logarithm))
            return np.asarray((gain_db > target_db) | (effort_db > cap_db))

        return np.exp(bisect(too_strong, none + np.log(_LEAST_LOADING), none + np.log(_MOST_LOADING)))

    loading = loading_within(none + effort_cap_db)
    reachable_db, spent_db = figures(loading)
    less_gain_db, less_effort_db = figures(1.1 * loading)
    slope = (reachable_db - less_gain_db) / np.maximum(spent_db - less_effort_db, 1e-6)
    shortfall = np.clip((target_db - reachable_db) / _ONSET_DB, 0.0, 1.0)
    waste = shortfall * (1 - np.clip((slope - _WORTHLESS) / (_WORTHWHILE - _WORTHLESS), 0.0, 1.0))
    allowed_db = effort_cap_db * (1 - waste)
    loading = loading_within(allowed_db)
    blend = bisect(lambda share: solve(loading, share)[1] > target_db, none, none + _MOST_BLEND)
    drive, gain_db, effort_db = solve(loading, blend)
    weights = scale * (basis @ drive[..., None])[..., 0]
    return NullSteering(weights, gain_db, effort_db, loading, blend, np.minimum(reachable_db, target_db), allowed_db)


def bisect(
    too_low: Callable[[NDArray[np.float64]], NDArray[np.bool_]], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least value per frequency for which ``too_low`` no longer holds; ``high`` where it always does."""
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = too_low(middle)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def _covariance(transfer: NDArray[np.complex128], probability: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Mean over poses of conj(h)·hᵀ, so that the mean power for drive w is wᴴ·R·w: (F, D, D)."""
    weighted = transfer * np.sqrt(probability)[:, None]
    return np.asarray(weighted.conj().transpose(0, 2, 1) @ weighted)

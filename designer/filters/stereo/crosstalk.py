"""Crosstalk cancellation: a null at one ear, under unit pressure at the other.

At each frequency the drive w minimises the power at the contralateral ear plus β times the effort.  The power is a
mean over the poses of the head.  The constraint is unit pressure at the ipsilateral ear of the nominal head.  The
solution is w = R⁻¹g/(gᴴR⁻¹g), the minimum-variance beamformer of Capon (Proc. IEEE 57 (1969), 1408) with diagonal
loading.  With two drivers it is the regularised 2 × 2 inverse.  With more drivers, all of them share the null.  A
bisection finds β from the target gain and the effort cap.

A wide cabinet is a narrow beam at high frequency.  There even the drive of least effort may exceed the target gain.
The drive is then blended with the drive for the other ear, until the gain equals the target.

Elsewhere even the whole effort cap may not reach the target.  Each decibel of effort costs level at all frequencies,
because the filters are scaled to full scale as a whole.  So effort is spent only where its last decibel gains enough:
all of it above `_WORTHWHILE`, none below `_WORTHLESS`, and a part between.  The gain rises ever faster with effort, so
the last decibel decides about the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Range of the loading β, relative to the mean power at the contralateral ear.
_LEAST_LOADING = 1e-8
_MOST_LOADING = 1e4
_BISECTIONS = 28
# Largest blend.  Beyond it the other ear would get far more than the channel's own ear.
_MOST_BLEND = 8.0
# Gain of the last decibel of effort, in decibels.  Below the first value no effort is spent, above the second all of
# it.  A gain of 0.5 to 1 dB is just noticeable.
_WORTHLESS = 0.25
_WORTHWHILE = 0.5
# The rule sets in over this range of missing gain, so that the drive stays smooth over frequency.
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
        Weight of the other ear's drive.  0 where a null is steered.
    reachable_db : (F,) float64
        Gain at the whole effort cap, at most the target.
    allowed_db : (F,) float64
        Effort that was allowed: the cap, or less where effort gains little.
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


@dataclass(frozen=True, eq=False)
class _LoadedInverse:
    """The minimum-variance drives of all frequencies, in the eigenvectors of the contralateral covariance.

    A new loading then costs a division and no inverse.  Drives are in units of drive per band weight, in which effort
    costs the same for all drivers.

    Attributes
    ----------
    scale : (F, D) float64
        Band weights, above 0.
    power : (F, D) float64
        Eigenvalues of the contralateral covariance, from 0.
    basis : (F, D, D) complex128
        Its eigenvectors, as columns.
    ipsi_in_basis : (F, D, D) complex128
        Ipsilateral covariance in this basis.
    to_ipsi, to_contra : (F, D) complex128
        Conjugate transfer to either ear of the nominal head in this basis, in phase at the ipsilateral ear.
    strength : (F, D) float64
        |``to_ipsi``|².
    mean_power : (F,) float64
        Unit of the loading.
    reference_power : (F,) float64
        Ipsilateral power of the reference driver.
    """

    scale: NDArray[np.float64]
    power: NDArray[np.float64]
    basis: NDArray[np.complex128]
    ipsi_in_basis: NDArray[np.complex128]
    to_ipsi: NDArray[np.complex128]
    to_contra: NDArray[np.complex128]
    strength: NDArray[np.float64]
    mean_power: NDArray[np.float64]
    reference_power: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        ipsilateral: NDArray[np.complex128],
        contralateral: NDArray[np.complex128],
        probability: NDArray[np.float64],
        nominal_index: int,
        band_weights: NDArray[np.float64],
    ) -> _LoadedInverse:
        """Decompose the covariances.  The parameters are those of `steer_null`."""
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
        # Both drives are in phase at the ipsilateral ear, so that no blend cancels there.
        overlap = np.sum(to_ipsi.conj() * to_contra, axis=1)
        to_contra *= np.exp(-1j * np.angle(overlap))[:, None]
        return cls(
            scale=scale,
            power=power,
            basis=basis,
            ipsi_in_basis=adjoint @ ipsi_covariance @ basis,
            to_ipsi=to_ipsi,
            to_contra=to_contra,
            strength=np.abs(to_ipsi) ** 2,
            mean_power=power.mean(axis=1),
            reference_power=np.max(np.abs(steering) ** 2, axis=1),
        )

    def figures(self, loading: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gain and effort without blend, dB, in few operations: the bisection spends its time here."""
        inverse = 1 / (self.power + (loading * self.mean_power)[:, None])
        drive = self.to_ipsi * inverse
        effort = np.sum(self.strength * inverse**2, axis=1)
        contra = np.sum(self.power * self.strength * inverse**2, axis=1)
        ipsi = np.sum(drive.conj() * (self.ipsi_in_basis @ drive[..., None])[..., 0], axis=1).real
        unit = np.sum(self.strength * inverse, axis=1) ** 2
        gain = ipsi / np.maximum(contra, 1e-30 * unit)
        return 10 * np.log10(gain), 10 * np.log10(effort * self.reference_power / unit)

    def solve(
        self, loading: NDArray[np.float64], blend: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex128], NDArray[np.float64], NDArray[np.float64]]:
        """Drive in the basis (F, D), its gain and its effort, dB (F,)."""
        drive = (self.to_ipsi + blend[:, None] * self.to_contra) / (self.power + (loading * self.mean_power)[:, None])
        drive = drive / np.sum(self.to_ipsi.conj() * drive, axis=1)[:, None]
        contra = np.sum(self.power * np.abs(drive) ** 2, axis=1)
        ipsi = np.einsum("fd,fde,fe->f", drive.conj(), self.ipsi_in_basis, drive).real
        effort = np.sum(np.abs(drive) ** 2, axis=1) * self.reference_power
        return drive, 10 * np.log10(ipsi / np.maximum(contra, 1e-30)), 10 * np.log10(effort)

    def weights(self, drive: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Drive of each driver (F, D) from a drive in the basis."""
        return np.asarray(self.scale * (self.basis @ drive[..., None])[..., 0])


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
        Pressure at either ear for each pose of the head, Pa per unit drive.
    probability : (H,) float64
        Probability of each pose.  The sum is 1.
    nominal_index : int
        Index of the nominal head, 0 … H − 1.
    band_weights : (F, D) float64
        Weight of each driver, 0 … 1, at least one above 0.  Effort outside a driver's band costs 1/weight².
    target_db : (F,) float64
        Wanted gain, from 0 dB.
    effort_cap_db : float
        Upper bound of the effort, dB.

    Returns
    -------
    NullSteering
    """
    problem = _LoadedInverse.of(ipsilateral, contralateral, probability, nominal_index, band_weights)
    none = np.zeros_like(target_db)

    def loading_within(cap_db: NDArray[np.float64]) -> NDArray[np.float64]:
        def too_strong(logarithm: NDArray[np.float64]) -> NDArray[np.bool_]:
            gain_db, effort_db = problem.figures(np.exp(logarithm))
            return np.asarray((gain_db > target_db) | (effort_db > cap_db))

        return np.exp(bisect(too_strong, none + np.log(_LEAST_LOADING), none + np.log(_MOST_LOADING)))

    loading = loading_within(none + effort_cap_db)
    reachable_db, spent_db = problem.figures(loading)
    less_gain_db, less_effort_db = problem.figures(1.1 * loading)
    slope = (reachable_db - less_gain_db) / np.maximum(spent_db - less_effort_db, 1e-6)
    allowed_db = effort_cap_db * (1 - _waste(target_db - reachable_db, slope))
    loading = loading_within(allowed_db)
    blend = bisect(lambda share: problem.solve(loading, share)[1] > target_db, none, none + _MOST_BLEND)
    drive, gain_db, effort_db = problem.solve(loading, blend)
    return NullSteering(
        problem.weights(drive), gain_db, effort_db, loading, blend, np.minimum(reachable_db, target_db), allowed_db
    )


def _waste(missing_db: NDArray[np.float64], slope: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of the effort cap that gains too little to be spent, 0 … 1.

    Parameters
    ----------
    missing_db : (F,) float64
        Target gain over the gain at the whole cap.
    slope : (F,) float64
        Gain of the last decibel of effort, dB.
    """
    shortfall = np.clip(missing_db / _ONSET_DB, 0.0, 1.0)
    return np.asarray(shortfall * (1 - np.clip((slope - _WORTHLESS) / (_WORTHWHILE - _WORTHLESS), 0.0, 1.0)))


def bisect(
    too_low: Callable[[NDArray[np.float64]], NDArray[np.bool_]], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Find the least value at each frequency for which ``too_low`` is false.

    Parameters
    ----------
    too_low : callable
        From values (F,) to (F,) bool.  It is true below some value and false above.
    low, high : (F,) float64
        Range of the search.

    Returns
    -------
    (F,) float64
        ``high`` where ``too_low`` is true in the whole range.
    """
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = too_low(middle)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def _covariance(transfer: NDArray[np.complex128], probability: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Mean over poses of conj(h)·hᵀ, so that the mean power for drive w is wᴴ·R·w: (F, D, D)."""
    weighted = transfer * np.sqrt(probability)[:, None]
    return np.asarray(weighted.conj().transpose(0, 2, 1) @ weighted)

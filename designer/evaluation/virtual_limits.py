"""Time difference that a layout can give a virtual source, and the effort that it takes.

With unit pressure at the own ear, the pressures at the other ear that an effort allows fill a disk (`EffortDisk`).  The
best drive of that effort has, on every line, the phase of the disk that is nearest to the phase of a real source.  The
limit is that of the nominal head alone.  Filters, other head positions and nulls do not enter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.cancellation import ILD_BAND_HZ, ITD_BAND_HZ, ITD_TOLERANCE_US
from designer.evaluation.plant import EvaluationPlant, decibels, distant_source, rounded
from designer.evaluation.records import Curve, Record
from designer.filters.bands import role_weights
from designer.filters.stereo.null_composition import EffortDisk

# Efforts that are tried in the search of the least sufficient one, decibels.
_EFFORTS_DB = np.arange(-3.0, 40.01, 0.25)


@dataclass(frozen=True, kw_only=True)
class ChannelLimits(Record):
    """Limits of the virtual source of one channel over all drives, and what the filters reach.

    Attributes
    ----------
    cap_itd_us : float
        Best time difference of a channel whose whole effort is the cap.
    nulls_itd_us : float
        The same if each of its two nulls may spend the cap, and both add in phase.
    effort_for_itd_db : float or None
        Least effort, the same on every line, that comes within 30 µs of the real pair; None above 40 dB.
    greatest_effort_db : float
        Effort of the filters: the largest of the means over each third octave of 500 … 1500 Hz.
    itd_error_us : tuple of float
        Phase delay between the ears less that of the real pair, over ``itd_bands_hz``.
    ild_error_db : tuple of float
        Ratio of the ears' powers less that of the real pair, over ``ild_bands_hz``.
    channel_effort_db : tuple of float
        Σ|w|² of the channel with both nulls, over ``effort_bands_hz``.  It is relative to what the reference driver
        alone needs for the same pressure at the own ear.
    """

    cap_itd_us: float
    nulls_itd_us: float
    effort_for_itd_db: float | None
    greatest_effort_db: float
    itd_error_us: Curve
    ild_error_db: Curve
    channel_effort_db: Curve


@dataclass(frozen=True, kw_only=True)
class VirtualLimits(Record):
    """Limits of the virtual sources.

    Attributes
    ----------
    real_pair_itd_us : float
        Time difference of a real loudspeaker in the place of the virtual one.
    itd_bands_hz, ild_bands_hz, effort_bands_hz : tuple of float
        Centres of the third octaves.
    left, right : ChannelLimits
    """

    real_pair_itd_us: float
    itd_bands_hz: Curve
    ild_bands_hz: Curve
    effort_bands_hz: Curve
    left: ChannelLimits
    right: ChannelLimits


def evaluate_virtual_limits(plant: EvaluationPlant, impulse_responses: NDArray[np.float64]) -> VirtualLimits:
    """Compute the best time difference under the effort cap, and what the filters spend and reach.

    Parameters
    ----------
    plant : EvaluationPlant
        Of the layout's own head.
    impulse_responses : (D, 3, N) float64

    Returns
    -------
    VirtualLimits
    """
    centres = plant.band_centres_hz
    bounds = _TimeBounds.of(plant)
    spectra = plant.drive_spectra(impulse_responses)
    left, right = (_channel(plant, bounds, spectra[:, :, side], side) for side in (0, 1))
    return VirtualLimits(
        real_pair_itd_us=round(bounds.itd_us(bounds.goal), 3),
        itd_bands_hz=rounded(centres[_is_time_band(centres)]),
        ild_bands_hz=rounded(centres[_is_level_band(centres)]),
        effort_bands_hz=rounded(centres),
        left=left,
        right=right,
    )


@dataclass(frozen=True, eq=False)
class _TimeBounds:
    """Drives on the lines that count for time differences.

    Attributes
    ----------
    chosen : (F,) bool
        Which lines of the plant are used; L is their number.
    omega : (L,) float64
    goal : (L,) complex128
        Pressure at the other ear over that at the own ear, of a real loudspeaker.
    ears : (L, 2, D) complex128
        Transfer to the ears, weighted by the bands of the drivers.
    drives : (L, D, 2) complex128
        Least drives that give unit pressure at one ear and none at the other.
    cap : float
        Effort cap, as a ratio of powers.
    """

    chosen: NDArray[np.bool_]
    omega: NDArray[np.float64]
    goal: NDArray[np.complex128]
    ears: NDArray[np.complex128]
    drives: NDArray[np.complex128]
    cap: float

    @classmethod
    def of(cls, plant: EvaluationPlant) -> _TimeBounds:
        layout, frequencies = plant.layout, plant.frequencies_hz
        chosen = (frequencies >= ITD_BAND_HZ[0]) & (frequencies <= ITD_BAND_HZ[1])
        real = distant_source(layout, frequencies[chosen], layout.virtualisation.azimuth_deg)
        band = np.maximum(role_weights(layout, frequencies[chosen], "crosstalk"), 1e-6)
        ears = plant.nominal_ears[chosen] * band[:, None]
        gram = np.linalg.inv(ears @ ears.conj().transpose(0, 2, 1))
        return cls(
            chosen,
            2 * np.pi * frequencies[chosen],
            real[:, 1] / real[:, 0],
            ears,
            ears.conj().transpose(0, 2, 1) @ gram,
            10 ** (layout.crosstalk.effort_cap_db / 10),
        )

    def itd_us(self, ratio: NDArray[np.complex128]) -> float:
        """Time difference of a ratio of the other ear's pressure over the own ear's, (L,)."""
        return float(-1e6 * np.sum(self.omega * np.unwrap(np.angle(ratio))) / np.sum(self.omega**2))

    def alone(self, side: int) -> NDArray[np.float64]:
        """Power at the own ear of the reference driver alone at unit drive: (L,)."""
        return np.asarray(np.max(np.abs(self.ears[:, side]) ** 2, axis=1))

    def best_itd_us(self, side: int, effort: NDArray[np.float64]) -> float:
        """Time difference, of those that an effort (L,) allows, that is nearest to the real pair's."""
        # Effort is relative to that of the reference driver alone for the same pressure.
        scale = np.sqrt(self.alone(side))[:, None]
        base, slope = (self.drives[:, :, ear] * scale for ear in (side, 1 - side))
        return self.itd_us(EffortDisk.spanned(base, slope, effort).nearest_in_phase(self.goal))

    def enough_effort_db(self, side: int) -> float | None:
        """Least of the tried efforts that comes within the tolerance of the real pair."""
        wanted_us = self.itd_us(self.goal)
        for effort_db in _EFFORTS_DB.tolist():
            effort = np.full(self.omega.size, 10 ** (effort_db / 10))
            if wanted_us - self.best_itd_us(side, effort) < ITD_TOLERANCE_US:
                return float(effort_db)
        return None


def _channel(plant: EvaluationPlant, bounds: _TimeBounds, drive: NDArray[np.complex128], side: int) -> ChannelLimits:
    """Limits of one channel, and what its drive (F, D) reaches; side 0 is left."""
    layout, frequencies, centres = plant.layout, plant.frequencies_hz, plant.band_centres_hz
    chosen = bounds.chosen
    pressure = np.abs(np.sum(plant.nominal_ears[chosen, side] * drive[chosen], axis=1)) ** 2
    effort = np.sum(np.abs(drive[chosen]) ** 2, axis=1) * bounds.alone(side) / pressure
    real = distant_source(layout, frequencies, layout.virtualisation.azimuth_deg)
    heard = (plant.nominal_ears @ drive[:, :, None])[..., 0]
    own, other = heard[:, side], heard[:, 1 - side]
    turn = np.angle(own * other.conj() * (real[:, 0] * real[:, 1].conj()).conj())
    level, real_level = (
        decibels(plant.band_mean(np.abs(near) ** 2) / np.maximum(plant.band_mean(np.abs(far) ** 2), 1e-30))
        for near, far in ((own, other), (real[:, 0], real[:, 1]))
    )
    weights = np.maximum(role_weights(layout, frequencies, "crosstalk"), 1e-6)
    alone = np.max(np.abs(plant.nominal_ears[:, side] * weights) ** 2, axis=1)
    spent = np.sum(np.abs(drive) ** 2, axis=1) * alone / np.maximum(np.abs(own) ** 2, 1e-30)
    delay_us = plant.band_mean(1e6 * turn / (2 * np.pi * frequencies))
    return ChannelLimits(
        cap_itd_us=round(bounds.best_itd_us(side, np.full(bounds.omega.size, bounds.cap)), 3),
        nulls_itd_us=round(bounds.best_itd_us(side, bounds.cap * (1 + np.abs(bounds.goal)) ** 2), 3),
        effort_for_itd_db=bounds.enough_effort_db(side),
        greatest_effort_db=round(float(decibels(_thirds(frequencies[chosen], effort)).max()), 3),
        itd_error_us=rounded(delay_us[_is_time_band(centres)]),
        ild_error_db=rounded((level - real_level)[_is_level_band(centres)]),
        channel_effort_db=rounded(decibels(plant.band_mean(spent))),
    )


def _is_time_band(centres_hz: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Third octaves that lie within the band of time differences."""
    return np.asarray((centres_hz >= 0.99 * ITD_BAND_HZ[0]) & (centres_hz * 10**0.05 <= ITD_BAND_HZ[1]))


def _is_level_band(centres_hz: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Third octaves whose centres lie within the band of level differences."""
    return np.asarray((centres_hz >= 0.99 * ILD_BAND_HZ[0]) & (centres_hz <= 1.01 * ILD_BAND_HZ[1]))


def _thirds(frequencies_hz: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over each third octave that the lines cover."""
    index = np.round(10 * np.log10(frequencies_hz)).astype(int)
    return np.array([values[index == band].mean() for band in np.unique(index)])

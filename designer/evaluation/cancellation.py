"""Crosstalk cancellation, and the interaural differences of the virtual sources."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.plant import EvaluationPlant, decibels, distant_source, rounded
from designer.evaluation.records import PREFIXED, Curve, Record
from designer.filters.bands import role_weights
from designer.filters.reference import reference_pressure
from designer.filters.stereo.virtualisation import target_matrix
from designer.layout.model import Layout

# Bands in which interaural time and level differences are evaluated.  Time differences dominate at low frequency
# (Wightman & Kistler, J. Acoust. Soc. Am. 91 (1992), 1648).
ITD_BAND_HZ = (500.0, 1500.0)
# A virtual source counts as in place within this.  The just noticeable difference at the front is 10 to 20 µs.
ITD_TOLERANCE_US = 30.0
ILD_BAND_HZ = (1500.0, 6000.0)
_TIMBRE_BAND_HZ = (200.0, 10000.0)


@dataclass(frozen=True, kw_only=True)
class ChannelAtTheEars(Record):
    """One channel at the ears of the nominal head.  The own ear is the left one for L, and the right one for R.

    Attributes
    ----------
    timbre_db : tuple of B float
        Spectrum at the own ear, relative to its mean.
    worst_timbre_db : float
        Largest deviation within 200 Hz … 10 kHz.
    ild_db : tuple of B float
        Level of the own ear over the other one.  Powers are summed over the third octave before their ratio is taken.
    mean_ild_db : float
        Mean of the level difference of single lines over 1.5 … 6 kHz, in decibels.
    itd_us : float
        Time difference within 500 … 1500 Hz, positive when the own ear leads.
    """

    timbre_db: Curve
    worst_timbre_db: float
    ild_db: Curve
    mean_ild_db: float
    itd_us: float


@dataclass(frozen=True, kw_only=True)
class EarFigures(Record):
    """L and R at the ears, from a loudspeaker without crosstalk cancellation.

    Attributes
    ----------
    band_centres_hz : tuple of B float
        Third octaves.
    left, right : ChannelAtTheEars
    """

    band_centres_hz: Curve
    left: ChannelAtTheEars = field(metadata=PREFIXED)
    right: ChannelAtTheEars = field(metadata=PREFIXED)


@dataclass(frozen=True, kw_only=True)
class ChannelCancellation(Record):
    """Cancellation of one channel, and the channel at the ears.  Curves are over third octaves.

    Attributes
    ----------
    cancellation_gain_db : tuple of B float
        Power at the own ear over the power at the other one, averaged over the poses of the head.  It is the gain of
        the nulls.  The inverse of the design's composition recovers them from the filters.
    worst_shortfall_db, worst_excess_db : float
        Of the gain against its target.
    reachable_gain_db : tuple of B float
        Gain that the layout can reach under the effort cap, at most the target.
    allowed_effort_db : tuple of B float
        Effort that the frequency design allows, before filters are fitted.  It is less than the cap where the last
        part of it would gain little (`steer_null`).
    effort_db : tuple of B float
        Effort that the filters spend: Σ|w|² of the nulls, over the power that the reference driver alone needs for
        the same pressure at the own ear.  Filters of finite length may pass what is allowed.
    greatest_effort_db : tuple of B float
        Largest effort of any line in the band.
    timbre_db, worst_timbre_db, ild_db, mean_ild_db, itd_us
        As of `ChannelAtTheEars`.
    """

    cancellation_gain_db: Curve
    worst_shortfall_db: float
    worst_excess_db: float
    reachable_gain_db: Curve
    allowed_effort_db: Curve
    effort_db: Curve
    greatest_effort_db: Curve
    timbre_db: Curve
    worst_timbre_db: float
    ild_db: Curve
    mean_ild_db: float
    itd_us: float

    @property
    def at_the_ears(self) -> ChannelAtTheEars:
        """Return the figures that do not depend on nulls."""
        return ChannelAtTheEars(
            timbre_db=self.timbre_db,
            worst_timbre_db=self.worst_timbre_db,
            ild_db=self.ild_db,
            mean_ild_db=self.mean_ild_db,
            itd_us=self.itd_us,
        )


@dataclass(frozen=True, kw_only=True)
class CancellationFigures(Record):
    """Figures of the channels L and R.

    Attributes
    ----------
    band_centres_hz : tuple of B float
        Third octaves.
    target_gain_db : tuple of B float
        Cancellation gain that the layout asks for.
    target_itd_us, target_mean_ild_db : float
        Of the virtual source's two filters.
    real_pair_itd_us, real_pair_mean_ild_db : float
        Of a real loudspeaker in its place, at the listener's distance, on the same head.
    left, right : ChannelCancellation
    """

    band_centres_hz: Curve
    target_gain_db: Curve
    target_itd_us: float
    target_mean_ild_db: float
    real_pair_itd_us: float
    real_pair_mean_ild_db: float
    left: ChannelCancellation = field(metadata=PREFIXED)
    right: ChannelCancellation = field(metadata=PREFIXED)

    @property
    def at_the_ears(self) -> EarFigures:
        """Return the figures that do not depend on nulls."""
        return EarFigures(
            band_centres_hz=self.band_centres_hz, left=self.left.at_the_ears, right=self.right.at_the_ears
        )


def evaluate_cancellation(
    layout: Layout, impulse_responses: NDArray[np.float64], plant: EvaluationPlant | None = None
) -> CancellationFigures:
    """Compute the figures of the channels L and R from the impulse responses of the whole matrix.

    Float, quantised and measured responses are treated alike.  A gain or delay that is common to all has no effect.

    Parameters
    ----------
    layout : Layout
        What was designed.
    impulse_responses : (D, 3, N) float64
        Driver, input (left, right, centre), tap.
    plant : EvaluationPlant, optional
        Of the same layout; computed if not given.

    Returns
    -------
    CancellationFigures

    Raises
    ------
    ValueError
        If the shape does not fit the layout.
    """
    plant = plant or EvaluationPlant.for_layout(layout)
    frequencies = plant.frequencies_hz
    drive = plant.drive_spectra(impulse_responses)[:, :, :2]
    wanted = target_matrix(layout, frequencies)
    nulls = drive @ np.linalg.inv(plant.intended.composition.mixing)
    target = plant.band_mean(plant.intended.target_db)
    real = distant_source(plant.layout, frequencies, layout.virtualisation.azimuth_deg)
    left, right = (_channel(layout, plant, drive[:, :, side], nulls[:, :, side], target, side) for side in (0, 1))
    return CancellationFigures(
        band_centres_hz=rounded(plant.band_centres_hz),
        target_gain_db=rounded(target),
        target_itd_us=round(_itd_us(plant, wanted[:, 0, 0], wanted[:, 1, 0]), 3),
        target_mean_ild_db=round(_mean_ild_db(plant, wanted[:, 0, 0], wanted[:, 1, 0]), 3),
        real_pair_itd_us=round(_itd_us(plant, real[:, 0], real[:, 1]), 3),
        real_pair_mean_ild_db=round(_mean_ild_db(plant, real[:, 0], real[:, 1]), 3),
        left=left,
        right=right,
    )


def _channel(
    layout: Layout,
    plant: EvaluationPlant,
    drive: NDArray[np.complex128],
    nulls: NDArray[np.complex128],
    target_db: NDArray[np.float64],
    side: int,
) -> ChannelCancellation:
    """Compute the figures of one channel from its drive and from that of its null, (F, D) each; side 0 is left."""
    effort = _effort(plant, nulls, role_weights(layout, plant.frequencies_hz, "crosstalk"), side)
    gain = _ensemble_gain_db(plant, nulls, side)
    intended = (plant.intended.left, plant.intended.right)[side]
    pressure = (plant.nominal_ears @ drive[:, :, None])[..., 0]
    ipsi, contra = pressure[:, side], pressure[:, 1 - side]
    timbre = decibels(plant.band_mean(np.abs(ipsi / reference_pressure(layout, plant.frequencies_hz)) ** 2))
    heard = _within(plant.band_centres_hz, _TIMBRE_BAND_HZ)
    timbre -= timbre[heard].mean()
    return ChannelCancellation(
        cancellation_gain_db=rounded(gain),
        worst_shortfall_db=round(float(np.max(target_db - gain)), 3),
        worst_excess_db=round(float(np.max(gain - target_db)), 3),
        reachable_gain_db=rounded(plant.band_mean(intended.reachable_db)),
        allowed_effort_db=rounded(decibels(plant.band_mean(10 ** (intended.allowed_db / 10)))),
        effort_db=rounded(decibels(plant.band_mean(effort))),
        greatest_effort_db=rounded(decibels(plant.band_lines(effort).max(axis=1))),
        timbre_db=rounded(timbre),
        worst_timbre_db=round(float(np.abs(timbre[heard]).max()), 3),
        ild_db=rounded(decibels(plant.band_mean(np.abs(ipsi) ** 2) / plant.band_mean(np.abs(contra) ** 2))),
        mean_ild_db=round(_mean_ild_db(plant, ipsi, contra), 3),
        itd_us=round(_itd_us(plant, ipsi, contra), 3),
    )


def _ensemble_gain_db(plant: EvaluationPlant, nulls: NDArray[np.complex128], side: int) -> NDArray[np.float64]:
    """Return the cancellation gain in each third octave: (B,)."""
    power = np.abs((plant.ears.transfer @ nulls[..., None])[..., 0]) ** 2
    ipsi = power[:, side::2] @ plant.heads.weight
    contra = power[:, 1 - side :: 2] @ plant.heads.weight
    # Relative to the ipsilateral spectrum, so that no line of a band outweighs another.
    return -decibels(plant.band_mean(contra / ipsi))


def _effort(
    plant: EvaluationPlant, nulls: NDArray[np.complex128], band: NDArray[np.float64], side: int
) -> NDArray[np.float64]:
    """Return the effort of each line, as a ratio of powers: (F,)."""
    ears = plant.nominal_ears[:, side]
    reference_power = np.max(np.abs(ears * band) ** 2, axis=1)
    ipsi_power = np.abs(np.sum(ears * nulls, axis=1)) ** 2
    return np.asarray(np.sum(np.abs(nulls) ** 2, axis=1) * reference_power / ipsi_power)


def _itd_us(plant: EvaluationPlant, ipsi: NDArray[np.complex128], contra: NDArray[np.complex128]) -> float:
    """Interaural phase delay: the straight line through the origin that fits the phase difference best."""
    chosen = _within(plant.frequencies_hz, ITD_BAND_HZ)
    omega = 2 * np.pi * plant.frequencies_hz[chosen]
    phase = np.unwrap(np.angle(ipsi[chosen] * contra[chosen].conj()))
    return float(1e6 * np.sum(omega * phase) / np.sum(omega**2))


def _mean_ild_db(plant: EvaluationPlant, ipsi: NDArray[np.complex128], contra: NDArray[np.complex128]) -> float:
    """Mean over frequency (logarithmic) of the level difference."""
    chosen = _within(plant.frequencies_hz, ILD_BAND_HZ)
    return float(np.mean(decibels(np.abs(ipsi[chosen]) ** 2 / np.maximum(np.abs(contra[chosen]) ** 2, 1e-30))))


def _within(values: NDArray[np.float64], band: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((values >= 0.99 * band[0]) & (values <= 1.01 * band[1]))

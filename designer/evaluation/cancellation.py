"""How well crosstalk is cancelled, and what virtual sources the ears receive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.plant import EvaluationPlant, decibels, distant_source, rounded
from designer.filters.bands import role_weights
from designer.filters.reference import reference_pressure
from designer.filters.stereo.crosstalk import target_curve_db
from designer.filters.stereo.virtualisation import target_matrix
from designer.layout.model import Layout

Figures = dict[str, float | list[float]]

# Below this the ear's time differences count (Wightman & Kistler, J. Acoust. Soc. Am. 91 (1992), 1648).
ITD_BAND_HZ = (500.0, 1500.0)
# A virtual source is where a real one would be within this (just noticeable at the front: 10 to 20 µs).
ITD_TOLERANCE_US = 30.0
ILD_BAND_HZ = (1500.0, 6000.0)
_TIMBRE_BAND_HZ = (200.0, 10000.0)


def evaluate_cancellation(
    layout: Layout, impulse_responses: NDArray[np.float64], plant: EvaluationPlant | None = None
) -> Figures:
    """Compute the figures of the channels L and R from the impulse responses of the whole matrix.

    Float, quantised and measured responses are treated alike; a gain or delay common to all is of no effect.

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
    dict
        Lists over third octaves ``band_centres_hz``; per channel ``left_…`` and ``right_…``:

        ``cancellation_gain_db`` ipsilateral over contralateral power, averaged over the poses of the head, of the
        nulls recovered from the composed filters by the inverse of the composition that the design intends;
        ``effort_db`` Σ|w|² of those, over the power that the reference driver alone needs for the same ipsilateral
        pressure, and ``greatest_effort_db`` the largest of any line in the band; ``reachable_gain_db`` what the
        effort cap lets the layout reach of the target, and ``allowed_effort_db`` what of the cap is spent on it, less
        where it would gain little (`steer_null`);
        ``timbre_db`` ipsilateral spectrum at the nominal head, relative to its mean; ``ild_db`` level of
        the ipsilateral over the contralateral ear there.

        Scalars: ``itd_us`` (500 … 1500 Hz, positive when the ipsilateral ear leads), ``mean_ild_db``
        (1.5 … 6 kHz), ``worst_timbre_db`` (200 Hz … 10 kHz), ``worst_shortfall_db`` and ``worst_excess_db`` of the
        gain against ``target_gain_db``.  ``target_itd_us`` and ``target_mean_ild_db`` are those of the virtual
        source's two filters, ``real_pair_itd_us`` and ``real_pair_mean_ild_db`` those of a real loudspeaker in its
        place, at the listener's distance, on the same head.

    Raises
    ------
    ValueError
        If the shape does not fit the layout.
    """
    plant = plant or EvaluationPlant.for_layout(layout)
    frequencies = plant.frequencies_hz
    drive = plant.drive_spectra(impulse_responses)[:, :, :2]
    wanted = target_matrix(layout, frequencies)
    intended = plant.intended
    nulls = drive @ np.linalg.inv(intended.composition.mixing)
    target = plant.band_mean(target_curve_db(layout.crosstalk.target_gain_db, frequencies))
    real = distant_source(plant.layout, frequencies, layout.virtualisation.azimuth_deg)
    figures: Figures = {
        "band_centres_hz": rounded(plant.band_centres_hz),
        "target_gain_db": rounded(target),
        "target_itd_us": round(_itd_us(plant, wanted[:, 0, 0], wanted[:, 1, 0]), 3),
        "target_mean_ild_db": round(_mean_ild_db(plant, wanted[:, 0, 0], wanted[:, 1, 0]), 3),
        "real_pair_itd_us": round(_itd_us(plant, real[:, 0], real[:, 1]), 3),
        "real_pair_mean_ild_db": round(_mean_ild_db(plant, real[:, 0], real[:, 1]), 3),
    }
    band = role_weights(layout, frequencies, "crosstalk")
    reference = reference_pressure(layout, frequencies)
    for side, name in enumerate(("left", "right")):
        effort = _effort(plant, nulls[:, :, side], band, side)
        gain = _ensemble_gain_db(plant, nulls[:, :, side], side)
        null = (intended.left, intended.right)[side]
        pressure = (plant.nominal_ears @ drive[:, :, side, None])[..., 0]
        ipsi, contra = pressure[:, side], pressure[:, 1 - side]
        timbre = decibels(plant.band_mean(np.abs(ipsi / reference) ** 2))
        heard = _within(plant.band_centres_hz, _TIMBRE_BAND_HZ)
        timbre -= timbre[heard].mean()
        figures |= {
            f"{name}_cancellation_gain_db": rounded(gain),
            f"{name}_worst_shortfall_db": round(float(np.max(target - gain)), 3),
            f"{name}_worst_excess_db": round(float(np.max(gain - target)), 3),
            f"{name}_reachable_gain_db": rounded(plant.band_mean(null.reachable_db)),
            f"{name}_allowed_effort_db": rounded(plant.band_mean(null.allowed_db)),
            f"{name}_effort_db": rounded(decibels(plant.band_mean(effort))),
            f"{name}_greatest_effort_db": rounded(decibels(plant.band_lines(effort).max(axis=1))),
            f"{name}_timbre_db": rounded(timbre),
            f"{name}_worst_timbre_db": round(float(np.abs(timbre[heard]).max()), 3),
            f"{name}_ild_db": rounded(decibels(plant.band_mean(np.abs(ipsi) ** 2 / np.abs(contra) ** 2))),
            f"{name}_mean_ild_db": round(_mean_ild_db(plant, ipsi, contra), 3),
            f"{name}_itd_us": round(_itd_us(plant, ipsi, contra), 3),
        }
    return figures


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

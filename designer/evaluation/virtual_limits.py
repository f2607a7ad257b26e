"""What time difference a layout can give a virtual source at all, and at which effort.

With unit pressure at the own ear, the pressures at the other ear that an effort allows fill a disk (`EffortDisk`).
The phase of the disk nearest to a real source's, on every line, is the best that any drive of that effort can do at
the nominal head: no filters, head positions or nulls enter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.cancellation import ILD_BAND_HZ, ITD_BAND_HZ, ITD_TOLERANCE_US
from designer.evaluation.plant import EvaluationPlant, decibels, distant_source, rounded
from designer.filters.bands import role_weights
from designer.filters.stereo.null_composition import EffortDisk

# Efforts that are tried for the least that would do, decibels.
_EFFORTS_DB = np.arange(-3.0, 40.01, 0.25)


def evaluate_virtual_limits(plant: EvaluationPlant, impulse_responses: NDArray[np.float64]) -> dict[str, Any]:
    """Compute the best time difference of the virtual sources under the effort cap, what was spent and what came of it.

    Parameters
    ----------
    plant : EvaluationPlant
        Of the layout's own head.
    impulse_responses : (D, 3, N) float64

    Returns
    -------
    dict
        ``real_pair_itd_us`` and, for ``left`` and ``right``: ``cap_itd_us`` the best for a channel that spends the
        effort cap in all; ``nulls_itd_us`` the best where both of its nulls may spend the cap and add in phase;
        ``effort_for_itd_db`` the least effort, the same on every line, that comes within 30 µs of the real pair;
        ``greatest_effort_db`` what the filters spend, mean over each third octave of 500 … 1500 Hz.

        How the filters do, third octave by third octave, against the real pair: over ``itd_bands_hz``
        ``itd_error_us``, phase delay between the ears; over ``ild_bands_hz`` ``ild_error_db``, ratio of the ears'
        powers.  Over ``effort_bands_hz``: ``channel_effort_db``, Σ|w|² of the channel itself, both nulls together,
        over what the reference driver alone needs for the same pressure at the own ear.
    """
    layout = plant.layout
    frequencies = plant.frequencies_hz
    chosen = (frequencies >= ITD_BAND_HZ[0]) & (frequencies <= ITD_BAND_HZ[1])
    omega = 2 * np.pi * frequencies[chosen]
    real = distant_source(layout, frequencies[chosen], layout.virtualisation.azimuth_deg)
    goal = real[:, 1] / real[:, 0]
    band = np.maximum(role_weights(layout, frequencies[chosen], "crosstalk"), 1e-6)
    ears = plant.nominal_ears[chosen] * band[:, None]
    gram = np.linalg.inv(ears @ ears.conj().transpose(0, 2, 1))
    drives = ears.conj().transpose(0, 2, 1) @ gram
    cap = 10 ** (layout.crosstalk.effort_cap_db / 10)

    def itd_us(ratio: NDArray[np.complex128]) -> float:
        return float(-1e6 * np.sum(omega * np.unwrap(np.angle(ratio))) / np.sum(omega**2))

    wanted_us = itd_us(goal)
    centres = plant.band_centres_hz
    by_time = (centres >= 0.99 * ITD_BAND_HZ[0]) & (centres * 10**0.05 <= ITD_BAND_HZ[1])
    by_level = (centres >= 0.99 * ILD_BAND_HZ[0]) & (centres <= 1.01 * ILD_BAND_HZ[1])
    figures: dict[str, Any] = {
        "real_pair_itd_us": round(wanted_us, 3),
        "itd_bands_hz": rounded(centres[by_time]),
        "ild_bands_hz": rounded(centres[by_level]),
        "effort_bands_hz": rounded(centres),
    }
    everywhere = distant_source(layout, frequencies, layout.virtualisation.azimuth_deg)
    weights = np.maximum(role_weights(layout, frequencies, "crosstalk"), 1e-6)
    spectra = plant.drive_spectra(impulse_responses)
    for side, name in enumerate(("left", "right")):
        # In units of the effort: the reference driver alone giving the same pressure.
        alone = np.max(np.abs(ears[:, side]) ** 2, axis=1)
        base, slope = (drives[:, :, ear] * np.sqrt(alone)[:, None] for ear in (side, 1 - side))
        # The disks of all efforts are concentric: one for each of those that are tried.
        uniform = {db: np.full(omega.size, 10 ** (db / 10)) for db in _EFFORTS_DB.tolist()}
        reached = {
            db: itd_us(EffortDisk.spanned(base, slope, allowed).nearest_in_phase(goal))
            for db, allowed in uniform.items()
        }
        enough = [db for db, found_us in reached.items() if wanted_us - found_us < ITD_TOLERANCE_US]
        capped = EffortDisk.spanned(base, slope, np.full(omega.size, cap)).nearest_in_phase(goal)
        nulls = EffortDisk.spanned(base, slope, cap * (1 + np.abs(goal)) ** 2).nearest_in_phase(goal)
        pressure = np.abs(np.sum(plant.nominal_ears[chosen, side] * spectra[chosen][:, :, side], axis=1)) ** 2
        effort = np.sum(np.abs(spectra[chosen][:, :, side]) ** 2, axis=1) * alone / pressure
        figures[name] = {
            "cap_itd_us": round(itd_us(capped), 3),
            "nulls_itd_us": round(itd_us(nulls), 3),
            "effort_for_itd_db": min(enough) if enough else None,
            "greatest_effort_db": round(float(decibels(_thirds(frequencies[chosen], effort)).max()), 3),
        }
        ears_get = (plant.nominal_ears @ spectra[:, :, side, None])[..., 0]
        own, other = ears_get[:, side], ears_get[:, 1 - side]
        turn = np.angle(own * other.conj() * (everywhere[:, 0] * everywhere[:, 1].conj()).conj())
        level, real_level = (
            decibels(plant.band_mean(np.abs(near) ** 2) / np.maximum(plant.band_mean(np.abs(far) ** 2), 1e-30))
            for near, far in ((own, other), (everywhere[:, 0], everywhere[:, 1]))
        )
        alone = np.max(np.abs(plant.nominal_ears[:, side] * weights) ** 2, axis=1)
        spent = np.sum(np.abs(spectra[:, :, side]) ** 2, axis=1) * alone / np.maximum(np.abs(own) ** 2, 1e-30)
        figures[name] |= {
            "itd_error_us": rounded(plant.band_mean(1e6 * turn / (2 * np.pi * frequencies))[by_time]),
            "ild_error_db": rounded((level - real_level)[by_level]),
            "channel_effort_db": rounded(decibels(plant.band_mean(spent))),
        }
    return figures


def _thirds(frequencies_hz: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over each third octave that lies within the lines."""
    index = np.round(10 * np.log10(frequencies_hz)).astype(int)
    return np.array([values[index == band].mean() for band in np.unique(index)])

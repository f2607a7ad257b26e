"""Heads and places that the design never saw: a real head, a moved listener; and when the sound arrives."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.beam_limits.trade_off import evaluate_beam_limits
from designer.evaluation.cancellation import evaluate_cancellation
from designer.evaluation.directivity import evaluate_directivity
from designer.evaluation.movement import evaluate_head_shift, evaluate_sweet_spot, mapped_heads, shifted_heads
from designer.evaluation.plant import EvaluationPlant, decibels
from designer.evaluation.room import RoomPlant, evaluate_room
from designer.evaluation.timing import TimeResponsePlant, evaluate_timing
from designer.filters.stereo_downmix import downmix_bank
from designer.layout.model import Layout

# MIT's KEMAR as Debian's libmysofa1 ships it: Gardner & Martin, J. Acoust. Soc. Am. 97 (1995), 3907.
KEMAR = Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa")
# Of the figures of cancellation, those that say something about a loudspeaker that cancels nothing.
_UNPROCESSED = ("itd_us", "mean_ild_db", "timbre_db", "worst_timbre_db", "ild_db")


class Listening:
    """Everything that a layout's listening figures are computed from, built once for all versions of its filters.

    Parameters
    ----------
    layout : Layout
    plant : EvaluationPlant
        Of the same layout.
    """

    def __init__(self, layout: Layout, plant: EvaluationPlant) -> None:
        self._layout = layout
        self._plant = plant
        self._shifted = shifted_heads(layout)
        self._mapped = mapped_heads(layout)
        self._arrival = TimeResponsePlant(layout)
        self._room = RoomPlant(layout)
        self._plain = downmix_bank(layout).impulse_responses

    @cached_property
    def _kemar(self) -> EvaluationPlant | None:
        return self._plant.with_head(KEMAR) if KEMAR.is_file() else None

    @cached_property
    def _kemar_room(self) -> RoomPlant:
        return self._room.with_head(KEMAR)

    def figures(self, impulse_responses: NDArray[np.float64]) -> dict[str, Any]:
        """Figures of one version of the filters.

        Parameters
        ----------
        impulse_responses : (D, 3, N) float64

        Returns
        -------
        dict
            ``head_shift``, ``sweet_spot``, ``timing``, ``room`` and ``directivity`` as their functions say.
        """
        return {
            "head_shift": evaluate_head_shift(impulse_responses, self._shifted),
            "sweet_spot": evaluate_sweet_spot(impulse_responses, self._mapped),
            "timing": evaluate_timing(self._layout, impulse_responses, self._arrival),
            "room": evaluate_room(self._layout, impulse_responses, self._room),
            "directivity": evaluate_directivity(self._layout, impulse_responses, self._plant, self._room),
        }

    def real_head(self, impulse_responses: NDArray[np.float64]) -> dict[str, Any]:
        """Figures on a head that the design never saw.

        Parameters
        ----------
        impulse_responses : (D, 3, N) float64

        Returns
        -------
        dict
            ``kemar`` the figures of `evaluate_cancellation`, ``room_kemar`` those of `evaluate_room`, on KEMAR;
            or ``kemar`` with ``not_measured``, the reason.
        """
        if self._kemar is None:
            return {"kemar": {"not_measured": "the HRTF is missing: install Debian's libmysofa1"}}
        return {
            "kemar": evaluate_cancellation(self._layout, impulse_responses, self._kemar),
            "room_kemar": evaluate_room(self._layout, impulse_responses, self._kemar_room),
        }

    def beam_trade(self) -> dict[str, Any]:
        """Return what the layout's beam could do at best, and what another solver makes of it."""
        return evaluate_beam_limits(self._layout, self._room)

    def unprocessed(self) -> dict[str, Any]:
        """Return what of these figures the same loudspeaker has with plain stereo mixing."""
        found = evaluate_cancellation(self._layout, self._plain, self._plant)
        kept = {f"{side}_{key}" for side in ("left", "right") for key in _UNPROCESSED} | {"band_centres_hz"}
        return {
            "cancellation": {key: value for key, value in found.items() if key in kept},
            "room": evaluate_room(self._layout, self._plain, self._room),
        }


def limited_bands(layout: Layout, figures: dict[str, Any], plant: EvaluationPlant) -> list[dict[str, Any]]:
    """Name the bands in which the layout cannot do what is asked, with the best that can be had.

    Parameters
    ----------
    layout : Layout
    figures : dict
        Of `evaluate_cancellation`.
    plant : EvaluationPlant
        Of the same layout: knows what the design has before filters are fitted to it.

    Returns
    -------
    list of dict
        ``channel``, ``band_hz`` (edges of a run of third octaves), ``target_gain_db`` and ``reachable_gain_db`` at the
        worst of them (``worst_band_hz``), ``achieved_gain_db`` there, and ``reason`` in words.  ``bands``: the same of
        each third octave of the run, with ``allowed_effort_db``, what of the cap is worth being spent.
    """
    centres, target = np.array(figures["band_centres_hz"]), np.array(figures["target_gain_db"])
    found = []
    for channel, null in (("left", plant.intended.left), ("right", plant.intended.right)):
        gain = np.array(figures[f"{channel}_cancellation_gain_db"])
        reachable = np.array(figures[f"{channel}_reachable_gain_db"])
        allowed = np.array(figures[f"{channel}_allowed_effort_db"])
        designed = -decibels(plant.band_mean(10 ** (-null.gain_db / 10)))
        for run in _runs((target - gain > 1.0) | (gain - target > 1.0)):
            worst = run[int(np.argmax(np.abs(target - gain)[run]))]
            cap = layout.crosstalk.effort_cap_db
            if gain[worst] > target[worst] and designed[worst] > target[worst] + 0.5:
                reason = "the layout separates the ears more than asked, and no drive takes it back"
            elif gain[worst] < target[worst] and allowed[worst] < cap - 0.1:
                reason = (
                    f"even {cap:g} dB of effort would reach {reachable[worst]:.1f} dB; the last of it gains too "
                    f"little, {allowed[worst]:.1f} dB are spent"
                )
            elif target[worst] - reachable[worst] > 0.5:
                reason = f"the effort cap of {cap:g} dB allows {reachable[worst]:.1f} dB"
            else:
                reason = "filters of this length follow the target no more closely"
            bands = {
                "centre_hz": centres,
                "target_gain_db": target,
                "reachable_gain_db": reachable,
                "achieved_gain_db": gain,
                "allowed_effort_db": allowed,
            }
            found.append(
                {
                    "channel": channel,
                    "band_hz": [
                        round(float(centres[run[0]] / 10**0.05), 1),
                        round(float(centres[run[-1]] * 10**0.05), 1),
                    ],
                    "worst_band_hz": round(float(centres[worst]), 1),
                    "target_gain_db": float(target[worst]),
                    "reachable_gain_db": float(reachable[worst]),
                    "achieved_gain_db": float(gain[worst]),
                    "reason": reason,
                    "bands": [
                        {key: round(float(values[band]), 3) for key, values in bands.items()} for band in run.tolist()
                    ],
                }
            )
    return found


def _runs(flags: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the indices of each unbroken run of true values."""
    places = np.flatnonzero(flags)
    return [run for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if run.size]

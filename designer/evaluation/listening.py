"""Figures under conditions that the design did not use: a real head, a moved listener, a room."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.beam_limits.trade_off import BeamLimits, evaluate_beam_limits
from designer.evaluation.cancellation import CancellationFigures, EarFigures, evaluate_cancellation
from designer.evaluation.directivity import DirectivityFigures, evaluate_directivity
from designer.evaluation.movement import (
    HeadShiftFigures,
    SweetSpotFigures,
    evaluate_head_shift,
    evaluate_sweet_spot,
    mapped_heads,
    shifted_heads,
)
from designer.evaluation.plant import EvaluationPlant
from designer.evaluation.records import Record
from designer.evaluation.room import RoomFigures, RoomPlant, evaluate_room
from designer.evaluation.room_limits import RoomLimits, evaluate_room_limits
from designer.evaluation.time_response import TimeResponseFigures, TimeResponsePlant, evaluate_time_response
from designer.filters.stereo_downmix import downmix_bank
from designer.layout.model import Layout

# MIT's KEMAR as Debian's libmysofa1 ships it: Gardner & Martin, J. Acoust. Soc. Am. 97 (1995), 3907.
KEMAR = Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa")


@dataclass(frozen=True, kw_only=True)
class NotMeasured(Record):
    """Stands for figures that could not be computed on this machine.

    Attributes
    ----------
    not_measured : str
        The reason.
    """

    not_measured: str


@dataclass(frozen=True)
class RealHead:
    """Figures on a head that the design did not use.

    Attributes
    ----------
    cancellation : CancellationFigures or NotMeasured
    room : RoomFigures or None
        None if they were not computed.
    """

    cancellation: CancellationFigures | NotMeasured
    room: RoomFigures | None = None


@dataclass(frozen=True, kw_only=True)
class ListeningFigures(Record):
    """Figures of one version of the filters, on heads and places that the design did not use.

    Attributes
    ----------
    kemar : CancellationFigures or NotMeasured
        On the dummy head KEMAR.
    room_kemar : RoomFigures, optional
        In the room on the same head.
    head_shift : HeadShiftFigures
    sweet_spot : SweetSpotFigures
    timing : TimeResponseFigures
    room : RoomFigures
    directivity : DirectivityFigures
    """

    kemar: CancellationFigures | NotMeasured
    room_kemar: RoomFigures | None = None
    head_shift: HeadShiftFigures
    sweet_spot: SweetSpotFigures
    timing: TimeResponseFigures
    room: RoomFigures
    directivity: DirectivityFigures

    def with_real_head(self, head: RealHead) -> ListeningFigures:
        """Add the figures of the same filters on a real head."""
        return replace(self, kemar=head.cancellation, room_kemar=head.room)


@dataclass(frozen=True, kw_only=True)
class DownmixFigures(Record):
    """Figures of the same loudspeaker with a stereo downmix in place of the design.

    Attributes
    ----------
    cancellation : EarFigures
    room : RoomFigures
    directivity : DirectivityFigures
    """

    cancellation: EarFigures
    room: RoomFigures
    directivity: DirectivityFigures


class Listening:
    """Data for the listening figures of a layout, built once for all versions of its filters.

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
        self._time_response = TimeResponsePlant(layout)
        self._room = RoomPlant(layout)
        self._downmix = downmix_bank(layout).impulse_responses

    @cached_property
    def _kemar(self) -> EvaluationPlant | None:
        return self._plant.with_head(KEMAR) if KEMAR.is_file() else None

    @cached_property
    def _kemar_room(self) -> RoomPlant:
        return self._room.with_head(KEMAR)

    def figures(self, impulse_responses: NDArray[np.float64]) -> ListeningFigures:
        """Figures of one version of the filters, without those on a real head.

        Parameters
        ----------
        impulse_responses : (D, 3, N) float64
        """
        return ListeningFigures(
            kemar=NotMeasured(not_measured="not asked for"),
            head_shift=evaluate_head_shift(impulse_responses, self._shifted),
            sweet_spot=evaluate_sweet_spot(impulse_responses, self._mapped),
            timing=evaluate_time_response(self._layout, impulse_responses, self._time_response),
            room=evaluate_room(self._layout, impulse_responses, self._room),
            directivity=evaluate_directivity(self._layout, impulse_responses, self._plant, self._room),
        )

    def real_head(self, impulse_responses: NDArray[np.float64]) -> RealHead:
        """Compute the figures on KEMAR, which the design did not use, or give the reason why there are none.

        Parameters
        ----------
        impulse_responses : (D, 3, N) float64
        """
        if self._kemar is None:
            return RealHead(NotMeasured(not_measured="the HRTF is missing: install Debian's libmysofa1"))
        return RealHead(
            evaluate_cancellation(self._layout, impulse_responses, self._kemar),
            evaluate_room(self._layout, impulse_responses, self._kemar_room),
        )

    def beam_limits(self) -> BeamLimits:
        """Return the limits of the layout's beam, and a comparison with a second solver."""
        return evaluate_beam_limits(self._layout, self._room)

    def room_limits(self, impulse_responses: NDArray[np.float64]) -> RoomLimits:
        """Return depth against plain mixing and against what any drive could do.

        Parameters
        ----------
        impulse_responses : (D, 3, N) float64
        """
        return evaluate_room_limits(self._layout, impulse_responses, self._downmix, self._room, self._plant)

    def downmix(self) -> DownmixFigures:
        """Return those figures that the same loudspeaker also has with a stereo downmix."""
        cancellation = evaluate_cancellation(self._layout, self._downmix, self._plant)
        return DownmixFigures(
            cancellation=cancellation.at_the_ears,
            room=evaluate_room(self._layout, self._downmix, self._room),
            directivity=evaluate_directivity(self._layout, self._downmix, self._plant, self._room),
        )

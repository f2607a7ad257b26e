"""Figures at the listener from impulse responses: designed, quantised or measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from designer.evaluation.beam import BeamFigures, evaluate_beam
from designer.evaluation.cancellation import CancellationFigures, evaluate_cancellation
from designer.evaluation.plant import EvaluationPlant
from designer.evaluation.records import Record
from designer.layout.model import Layout


@dataclass(frozen=True, kw_only=True)
class AcousticFigures(Record):
    """Figures of one set of impulse responses.

    Attributes
    ----------
    cancellation : CancellationFigures
        Of the channels L and R.
    beam : BeamFigures
        Of the centre channel.
    """

    cancellation: CancellationFigures
    beam: BeamFigures


def acoustic_figures(
    layout: Layout, impulse_responses: np.ndarray, plant: EvaluationPlant | None = None
) -> AcousticFigures:
    """Evaluate impulse responses at the listener.

    Parameters
    ----------
    layout : Layout
    impulse_responses : (D, I, N) float64
        Of the float design, of the quantised tables, or measured on the board.
    plant : EvaluationPlant, optional
        Of the same layout; computed if not given.
    """
    plant = plant or EvaluationPlant.for_layout(layout)
    return AcousticFigures(
        cancellation=evaluate_cancellation(layout, impulse_responses, plant),
        beam=evaluate_beam(layout, impulse_responses, plant),
    )

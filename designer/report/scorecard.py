"""Compute the scorecard of a design, from its float filters and from its quantised tables."""

from __future__ import annotations

from dataclasses import dataclass, replace

from designer.design.model import Design
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.evaluation.acoustic import AcousticFigures, acoustic_figures
from designer.evaluation.beam_limits.trade_off import BeamLimits, reached_on_the_front
from designer.evaluation.bounds import evaluate_bounds
from designer.evaluation.limited_bands import LimitedBands, limited_bands
from designer.evaluation.listening import Listening
from designer.evaluation.measured import MeasuredDriver, measured_figures
from designer.evaluation.plant import EvaluationPlant
from designer.evaluation.realisation import (
    length_figures,
    limiter_figures,
    proof_figures,
    quantisation_figures,
    stage_figures,
    structure_figures,
)
from designer.evaluation.room_front import RoomFront
from designer.evaluation.room_limits import RoomLimits
from designer.evaluation.scorecard import ListeningVersions, Scorecard
from designer.evaluation.upmix import UpmixFigures, evaluate_upmix
from designer.evaluation.virtual_limits import VirtualLimits, evaluate_virtual_limits
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.numerics.background import in_background
from designer.numerics.threads import with_one_blas_thread


@with_one_blas_thread
def scorecard(design: Design) -> Scorecard:
    """Compute every figure of a design.

    Parameters
    ----------
    design : Design

    Returns
    -------
    Scorecard
        Equal for equal designs.
    """
    layout, bank, fixed = design.layout, design.bank, design.fixed
    acoustics = _acoustics(design)
    delay = bank.modelling_delay_samples + DELAY_SAMPLES + fixed.limiter.delay_samples
    card = Scorecard(
        layout=layout.name,
        digest=design.digest,
        number_format=fixed.number_format.name,
        sample_rate_hz=bank.sample_rate_hz,
        drivers=tuple(bank.driver_names),
        inputs=tuple(bank.input_names),
        fir_taps=int(bank.impulse_responses.shape[2]),
        modelling_delay_samples=bank.modelling_delay_samples,
        upmix_delay_samples=DELAY_SAMPLES,
        limiter_delay_samples=fixed.limiter.delay_samples,
        latency_ms=1000.0 * delay / bank.sample_rate_hz,
        common_gain_db=design.gain_db,
        designed=acoustics.designed,
        quantised=acoustics.quantised,
        limits=acoustics.limits,
        virtual_limits=acoustics.virtual_limits,
        listening=acoustics.listening,
        beam_limits=acoustics.beam_limits,
        room_limits=acoustics.room_limits,
        room_front=acoustics.room_front,
        upmix=acoustics.upmix,
        length=length_figures(design.lengths),
        stages=stage_figures(bank, design.lengths),
        structure=structure_figures(fixed, design.savings),
        quantisation=quantisation_figures(bank, fixed),
        limiter=limiter_figures(layout, fixed, design.proof),
        proof=proof_figures(design.proof),
        bounds=(),
        measured=acoustics.measured,
    )
    return replace(card, bounds=evaluate_bounds(layout, card))


@dataclass(frozen=True, kw_only=True)
class _Acoustics:
    """Sections of the scorecard that take most of the time."""

    designed: AcousticFigures
    quantised: AcousticFigures
    limits: tuple[LimitedBands, ...]
    virtual_limits: VirtualLimits
    listening: ListeningVersions
    beam_limits: BeamLimits
    room_limits: RoomLimits
    room_front: RoomFront
    upmix: UpmixFigures
    measured: tuple[MeasuredDriver, ...]


def _acoustics(design: Design) -> _Acoustics:
    """Compute these sections, half of the work in the background."""
    layout, responses = design.layout, design.bank.impulse_responses
    tables = dequantised_impulse_responses(design.fixed)
    plant = EvaluationPlant.for_layout(layout)
    listening = Listening(layout, plant)
    # Half of the work; it depends on nothing else here.
    collect = in_background(lambda: listening.room_front(tables, design.bank.modelling_delay_samples))
    designed = acoustic_figures(layout, design.designed.impulse_responses, plant)
    quantised = acoustic_figures(layout, tables, plant)
    virtual_limits = evaluate_virtual_limits(plant, tables)
    downmix = listening.downmix()
    designed_figures, quantised_figures = listening.figures(responses), listening.figures(tables)
    beam_limits = listening.beam_limits()
    designed_head, quantised_head = listening.real_head(responses), listening.real_head(tables)
    heads = listening.head_spread(tables, quantised_head.cancellation)
    room_limits, upmix = listening.room_limits(tables), evaluate_upmix(design.bank.sample_rate_hz)
    return _Acoustics(
        designed=designed,
        quantised=quantised,
        limits=limited_bands(layout, quantised.cancellation, plant),
        virtual_limits=virtual_limits,
        listening=ListeningVersions(
            downmix=downmix,
            designed=designed_figures.with_real_head(designed_head),
            quantised=quantised_figures.with_real_head(quantised_head),
            heads=heads,
        ),
        beam_limits=replace(beam_limits, reached=reached_on_the_front(beam_limits.front, quantised.beam)),
        room_limits=room_limits,
        room_front=collect(),
        upmix=upmix,
        measured=measured_figures(layout, plant.band_centres_hz),
    )

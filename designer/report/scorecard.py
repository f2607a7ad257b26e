"""The scorecard: every figure of a design, its unit in its name, from the float and from the quantised filters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from designer.design.model import Design
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.evaluation.beam import evaluate_beam
from designer.evaluation.beam_limits.trade_off import reached_beside_possible
from designer.evaluation.bounds import evaluate_bounds
from designer.evaluation.cancellation import evaluate_cancellation
from designer.evaluation.listening import Listening, limited_bands
from designer.evaluation.plant import EvaluationPlant
from designer.evaluation.upmix import evaluate_upmix
from designer.evaluation.virtual_limits import evaluate_virtual_limits
from designer.filters.bank import FilterBank
from designer.filters.fitting.error_budget import CENTRE_ALLOWANCES, STEREO_ALLOWANCES
from designer.filters.fitting.length_search import FittedFilters
from designer.filters.structure import split
from designer.filters.trim import Saving
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.dequantised import component_responses, dequantised_impulse_responses
from designer.fixedpoint.proof.overflow import OverflowProof
from designer.fixedpoint.proof.upmix import prove_upmix
from designer.layout.model import Layout
from designer.numerics.background import in_background
from designer.numerics.threads import with_one_blas_thread


def acoustic_figures(
    layout: Layout, impulse_responses: np.ndarray, plant: EvaluationPlant | None = None
) -> dict[str, Any]:
    """Evaluate what the listener gets from filters, whoever realised them.

    Parameters
    ----------
    layout : Layout
    impulse_responses : (D, I, N) float64
        Of the float design, the quantised tables, or as measured from the board.
    plant : EvaluationPlant, optional
        Of the same layout; computed if not given.

    Returns
    -------
    dict
        ``cancellation`` and ``beam``, each flat.
    """
    plant = plant or EvaluationPlant.for_layout(layout)
    return {
        "cancellation": evaluate_cancellation(layout, impulse_responses, plant),
        "beam": evaluate_beam(layout, impulse_responses, plant),
    }


@with_one_blas_thread
def scorecard(design: Design) -> dict[str, Any]:
    """Collect every figure of a design.

    Parameters
    ----------
    design : Design

    Returns
    -------
    dict
        JSON-able, deterministic order.  ``float`` and ``quantised`` hold what the board's own filters are compared
        with; ``listening`` holds, for both, the heads and places that the design did not see.
    """
    layout, bank, fixed = design.layout, design.bank, design.fixed
    responses, tables = bank.impulse_responses, dequantised_impulse_responses(fixed)
    plant = EvaluationPlant.for_layout(layout)
    listening = Listening(layout, plant)
    # A third of the work depends on nothing else here.
    aside = in_background(
        lambda: (
            listening.beam_trade(),
            listening.real_head(responses),
            listening.real_head(tables),
            evaluate_upmix(bank.sample_rate_hz),
        )
    )
    quantised = acoustic_figures(layout, tables, plant)
    card: dict[str, Any] = {
        "layout": layout.name,
        "digest": design.digest,
        "arithmetic": fixed.number_format.name,
        "sample_rate_hz": bank.sample_rate_hz,
        "drivers": list(bank.driver_names),
        "inputs": list(bank.input_names),
        "fir_taps": int(responses.shape[2]),
        "modelling_delay_samples": bank.modelling_delay_samples,
        "upmix_delay_samples": DELAY_SAMPLES,
        "limiter_delay_samples": fixed.limiter.delay_samples,
        "latency_ms": 1000.0
        * (bank.modelling_delay_samples + DELAY_SAMPLES + fixed.limiter.delay_samples)
        / bank.sample_rate_hz,
        "common_gain_db": design.gain_db,
        "float": acoustic_figures(layout, design.designed.impulse_responses, plant),
        "quantised": quantised,
        "limits": limited_bands(layout, quantised["cancellation"], plant),
        "virtual_limits": evaluate_virtual_limits(plant, tables),
        "listening": {
            "unprocessed": listening.unprocessed(),
            "float": listening.figures(responses),
            "quantised": listening.figures(tables),
        },
        "beam_trade": {},
        "upmix": {},
        "length": length_figures(design.lengths),
        "rtf": rtf_figures(bank, design.lengths),
        "structure": structure_figures(fixed, design.savings),
        "quantisation": quantisation_figures(bank, fixed),
        "protection": protection_figures(layout, fixed, design.proof),
        "proof": proof_figures(design.proof),
    }
    card["beam_trade"], float_head, quantised_head, card["upmix"] = aside()
    card["beam_trade"]["reached"] = reached_beside_possible(card["beam_trade"], quantised["beam"])
    for version, figures in (("float", float_head), ("quantised", quantised_head)):
        card["listening"][version] = figures | card["listening"][version]
    card["bounds"] = evaluate_bounds(layout, card)
    return card


def length_figures(lengths: FittedFilters) -> dict[str, Any]:
    """Lay out how long the filters are, what that costs, and the smallest length that keeps each metric."""
    return {
        "stereo_taps": lengths.stereo_taps,
        "centre_taps": lengths.centre_taps,
        "modelling_delay_samples": lengths.delay,
        "within_budget": lengths.within_budget,
        "losses": {
            "stereo": {key: round(value, 3) for key, value in lengths.stereo_losses.items()},
            "centre": {key: round(value, 3) for key, value in lengths.centre_losses.items()},
        },
        "allowances": {"stereo": dict(STEREO_ALLOWANCES), "centre": dict(CENTRE_ALLOWANCES)},
        "smallest_taps": lengths.smallest_taps(),
    }


def rtf_figures(bank: FilterBank, lengths: FittedFilters) -> dict[str, Any]:
    """Lay out the relative-transfer-function form of L and R: references, lengths, losses; or why it is not used."""
    if bank.two_stage is None or lengths.two_stage_stereo is None:
        return {"used": False, "why_not": lengths.why_direct}
    factors, stereo = bank.two_stage, lengths.two_stage_stereo
    sums = factors.structure.sum_names(bank.driver_names)
    return {
        "used": True,
        "references": {
            bus: sums[k] for bus, k in zip(factors.structure.buses, factors.references, strict=True) if k is not None
        },
        "equaliser_taps": stereo.equaliser_taps,
        "relative_taps": stereo.relative_taps,
        "stereo_taps": stereo.taps,
        "direct_stereo_taps": stereo.direct_taps,
        "losses": {key: round(value, 3) for key, value in stereo.losses.items()},
    }


def quantisation_figures(bank: FilterBank, fixed: FixedPointBank) -> dict[str, Any]:
    """Error of the coefficients of each path, equaliser included, relative to the path's own energy."""
    wanted = split(fixed.structure, bank.impulse_responses)
    error = component_responses(fixed, wanted.shape[2]) - wanted
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 10 * np.log10(np.sum(wanted**2, axis=2) / np.sum(error**2, axis=2))
    equalisers = [
        {"bus": bus, "taps": equaliser.taps, "delay_samples": equaliser.delay, "exponent": equaliser.exponent}
        for bus, equaliser in zip(fixed.bus_names, fixed.equalisers, strict=True)
        if equaliser is not None
    ]
    return {
        **({"equalisers": equalisers} if equalisers else {}),
        "paths": [
            {
                "sum": name,
                "bus": bus,
                "taps": path.taps,
                "delay_samples": path.delay,
                "exponent": path.exponent,
                "coefficient_snr_db": float(ratio[k, b]) if np.isfinite(ratio[k, b]) else None,
            }
            for k, (name, row) in enumerate(zip(fixed.sum_names, fixed.paths, strict=True))
            for b, (bus, path) in enumerate(zip(fixed.bus_names, row, strict=True))
            if path.taps
        ],
    }


def structure_figures(fixed: FixedPointBank, savings: tuple[Saving, ...]) -> dict[str, Any]:
    """Turn the filter graph, and what it saved, into figures."""
    names = fixed.driver_names
    return {
        "shuffled": fixed.structure.shuffled,
        "pairs": [[names[g.plus], names[g.minus]] for g in fixed.structure.groups if g.minus is not None],
        "firs": len(fixed.firs),
        "taps": sum(fir.taps for fir in fixed.firs),
        "steps": _saving_steps(fixed, savings),
    }


def protection_figures(layout: Layout, fixed: FixedPointBank, proof: OverflowProof) -> dict[str, Any]:
    """Lay out the limiters: what each driver is held to, and by how much the loudest input at all is turned down."""
    limiter, rate_khz = fixed.limiter, layout.sample_rate_hz / 1000
    return {
        "linked": limiter.linked,
        "look_ahead_samples": limiter.delay_samples,
        "look_ahead_ms": limiter.delay_samples / rate_khz,
        "release_ms": layout.output.release_ms,
        "drivers": [
            {
                "driver": bound.driver,
                "limit_db": driver.limit_db,
                "limit_lsb": bound.limit,
                "most_ahead_db": 20 * math.log10(bound.gain),
                "most_reduction_db": bound.most_reduction_db,
            }
            for driver, bound in zip(layout.drivers, proof.drivers, strict=True)
        ],
    }


def _saving_steps(fixed: FixedPointBank, savings: tuple[Saving, ...]) -> list[dict[str, Any]]:
    """List what each step left, products a frame included: q31 is filtered by parts (firmware/core/dsp/fast_fir.h)."""
    steps = [
        {"step": saving.step, "firs": saving.firs, "taps": saving.taps, "products": saving.taps} for saving in savings
    ]
    if steps and not fixed.number_format.shapes_taps:
        by_parts = {"step": "by parts: nine products for sixteen, exactly, on cores without Helium"}
        steps.append(steps[-1] | by_parts | {"products": round(savings[-1].taps * 9 / 16)})
    return steps


def proof_figures(proof: OverflowProof) -> dict[str, Any]:
    """Turn the overflow proof into figures."""
    return {
        "holds": proof.holds,
        "upmix": [
            {"what": bound.name, "bound_bits": bound.magnitude.bit_length() + 1, "word_bits": bound.bits}
            for bound in prove_upmix()
        ],
        "bounds": [
            {
                "stage": bound.stage,
                "where": bound.where,
                "least": bound.least,
                "most": bound.most,
                "bits": bound.bits,
                "limit_bits": bound.limit_bits,
            }
            for bound in proof.bounds
        ],
        "drivers": [
            {
                "driver": bound.driver,
                "sum_bits": bound.sum.bits,
                "least_lsb": bound.least,
                "most_lsb": bound.most,
                "limit_lsb": bound.limit,
                "peak_gain": bound.gain,
                "is_limited": bound.is_limited,
                "most_reduction_db": bound.most_reduction_db,
            }
            for bound in proof.drivers
        ],
    }

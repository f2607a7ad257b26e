"""Realisation of the filters: lengths, stages, filter graph, quantisation, limiters and the overflow proof."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from designer.evaluation.records import Record
from designer.filters.bank import FilterBank
from designer.filters.fitting.error_budget import STEREO_ALLOWANCES
from designer.filters.fitting.length_search import FittedFilters
from designer.filters.structure import split
from designer.filters.trim import Saving
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.dequantised import component_responses
from designer.fixedpoint.proof.overflow import OverflowProof
from designer.fixedpoint.proof.upmix import prove_upmix
from designer.layout.model import Layout


@dataclass(frozen=True, kw_only=True)
class ByChannel(Record):
    """Figures of the error budget by their names: of L and R together, and of C."""

    stereo: dict[str, float]
    centre: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class LengthFigures(Record):
    """Lengths of the filters, and what these change.

    Attributes
    ----------
    stereo_taps, centre_taps : int
    modelling_delay_samples : int
    within_budget : bool
        Whether all losses are within their allowances.
    losses, allowances : ByChannel
        Changes by filters of this length against the frequency design, and the changes that are allowed.
    smallest_taps : dict of str to int or None
        Smallest length that keeps each loss within its allowance.  None if no length that was tried does.
    """

    stereo_taps: int
    centre_taps: int
    modelling_delay_samples: int
    within_budget: bool
    losses: ByChannel
    allowances: ByChannel
    smallest_taps: dict[str, int | None]


@dataclass(frozen=True, kw_only=True)
class OneStage(Record):
    """L and R are filtered in one stage.

    Attributes
    ----------
    used : bool
        False: two stages are not used.
    why_not : str
    """

    used: bool
    why_not: str


@dataclass(frozen=True, kw_only=True)
class TwoStages(Record):
    """L and R are filtered in two stages: an equaliser for each bus, then filters relative to a reference.

    Attributes
    ----------
    used : bool
        True.
    references : dict of str to str
        Reference of each bus.
    equaliser_taps, relative_taps : int
    stereo_taps, direct_stereo_taps : int
        All taps of L and R in two stages, and in one.
    losses : dict of str to float
        Keys of `STEREO_ALLOWANCES`.
    """

    used: bool
    references: dict[str, str]
    equaliser_taps: int
    relative_taps: int
    stereo_taps: int
    direct_stereo_taps: int
    losses: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class StructureStep(Record):
    """Size of the filter graph after one step that makes it smaller.  Products are those of one frame."""

    step: str
    firs: int
    taps: int
    products: int


@dataclass(frozen=True, kw_only=True)
class StructureFigures(Record):
    """The filter graph.

    Attributes
    ----------
    shuffled : bool
        Whether L and R are filtered as mid and side.
    pairs : tuple of (str, str)
        Drivers that are mirror images of each other.
    firs, taps : int
    steps : tuple of StructureStep
    """

    shuffled: bool
    pairs: tuple[tuple[str, str], ...]
    firs: int
    taps: int
    steps: tuple[StructureStep, ...]


@dataclass(frozen=True, kw_only=True)
class EqualiserFigures(Record):
    """An equaliser as stored."""

    bus: str
    taps: int
    delay_samples: int
    exponent: int


@dataclass(frozen=True, kw_only=True)
class PathFigures(Record):
    """A path as stored.

    Attributes
    ----------
    sum, bus : str
        End and beginning of the path.
    taps, delay_samples, exponent : int
    coefficient_snr_db : float or None
        Energy of the path over that of its error, with the equaliser included.  None if there is no error.
    """

    sum: str
    bus: str
    taps: int
    delay_samples: int
    exponent: int
    coefficient_snr_db: float | None


@dataclass(frozen=True, kw_only=True)
class QuantisationFigures(Record):
    """Equalisers, if there are any, and paths as stored."""

    equalisers: tuple[EqualiserFigures, ...] = ()
    paths: tuple[PathFigures, ...]


@dataclass(frozen=True, kw_only=True)
class DriverLimit(Record):
    """Limit of one driver, and the effect of its limiter.

    Attributes
    ----------
    driver : str
    limit_db : float
        Relative to full scale.
    limit_lsb : int
    most_ahead_db : float
        Largest level ahead of the limiter, over all inputs.
    most_reduction_db : float
        Gain of the limiter for that level; 0 dB or less.
    """

    driver: str
    limit_db: float
    limit_lsb: int
    most_ahead_db: float
    most_reduction_db: float


@dataclass(frozen=True, kw_only=True)
class LimiterFigures(Record):
    """The limiters of all drivers."""

    linked: bool
    look_ahead_samples: int
    look_ahead_ms: float
    release_ms: float
    drivers: tuple[DriverLimit, ...]


@dataclass(frozen=True, kw_only=True)
class UpmixBound(Record):
    """One intermediate of the upmix, with the bits that it needs and the bits of its integer type."""

    what: str
    bound_bits: int
    word_bits: int


@dataclass(frozen=True, kw_only=True)
class IntermediateBound(Record):
    """Least and largest value of one intermediate, with the bits that it needs and the bits that it has."""

    stage: str
    where: str
    least: int
    most: int
    bits: int
    limit_bits: int


@dataclass(frozen=True, kw_only=True)
class DriverBound(Record):
    """Bounds of one driver's sum and output."""

    driver: str
    sum_bits: int
    least_lsb: int
    most_lsb: int
    limit_lsb: int
    peak_gain: float
    is_limited: bool
    most_reduction_db: float


@dataclass(frozen=True, kw_only=True)
class ProofFigures(Record):
    """The overflow proof."""

    holds: bool
    upmix: tuple[UpmixBound, ...]
    bounds: tuple[IntermediateBound, ...]
    drivers: tuple[DriverBound, ...]


def length_figures(fitted: FittedFilters) -> LengthFigures:
    """Collect the lengths of the filters, their losses, and the smallest length that keeps each loss."""
    return LengthFigures(
        stereo_taps=fitted.stereo_taps,
        centre_taps=fitted.centre_taps,
        modelling_delay_samples=fitted.delay,
        within_budget=fitted.within_budget,
        losses=ByChannel(stereo=_rounded(fitted.stereo_losses), centre=_rounded(fitted.centre_losses)),
        allowances=ByChannel(stereo=dict(STEREO_ALLOWANCES), centre=dict(fitted.centre_allowances)),
        smallest_taps=fitted.smallest_taps(),
    )


def stage_figures(bank: FilterBank, fitted: FittedFilters) -> OneStage | TwoStages:
    """Collect the figures of the two stages of L and R, or say why there is only one."""
    if bank.two_stage is None or fitted.two_stage_stereo is None:
        return OneStage(used=False, why_not=fitted.why_direct)
    two_stage, stereo = bank.two_stage, fitted.two_stage_stereo
    sums = two_stage.structure.sum_names(bank.driver_names)
    references = zip(two_stage.structure.buses, two_stage.references, strict=True)
    return TwoStages(
        used=True,
        references={bus: sums[k] for bus, k in references if k is not None},
        equaliser_taps=stereo.equaliser_taps,
        relative_taps=stereo.relative_taps,
        stereo_taps=stereo.taps,
        direct_stereo_taps=stereo.direct_taps,
        losses=_rounded(stereo.losses),
    )


def quantisation_figures(bank: FilterBank, fixed: FixedPointBank) -> QuantisationFigures:
    """List every path as stored, with the error of its coefficients."""
    wanted = split(fixed.structure, bank.impulse_responses)
    error = component_responses(fixed, wanted.shape[2]) - wanted
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 10 * np.log10(np.sum(wanted**2, axis=2) / np.sum(error**2, axis=2))
    equalisers = tuple(
        EqualiserFigures(bus=bus, taps=equaliser.taps, delay_samples=equaliser.delay, exponent=equaliser.exponent)
        for bus, equaliser in zip(fixed.bus_names, fixed.equalisers, strict=True)
        if equaliser is not None
    )
    paths = tuple(
        PathFigures(
            sum=name,
            bus=bus,
            taps=path.taps,
            delay_samples=path.delay,
            exponent=path.exponent,
            coefficient_snr_db=float(ratio[k, b]) if np.isfinite(ratio[k, b]) else None,
        )
        for k, (name, row) in enumerate(zip(fixed.sum_names, fixed.paths, strict=True))
        for b, (bus, path) in enumerate(zip(fixed.bus_names, row, strict=True))
        if path.taps
    )
    return QuantisationFigures(equalisers=equalisers, paths=paths)


def structure_figures(fixed: FixedPointBank, savings: tuple[Saving, ...]) -> StructureFigures:
    """Describe the filter graph, and what it saves."""
    names = fixed.driver_names
    return StructureFigures(
        shuffled=fixed.structure.shuffled,
        pairs=tuple((names[g.plus], names[g.minus]) for g in fixed.structure.groups if g.minus is not None),
        firs=len(fixed.firs),
        taps=sum(fir.taps for fir in fixed.firs),
        steps=_structure_steps(fixed, savings),
    )


def _structure_steps(fixed: FixedPointBank, savings: tuple[Saving, ...]) -> tuple[StructureStep, ...]:
    """List what is left after each step.  On cores without Helium, q31 saves products by the fast FIR (`fast_fir`)."""
    steps = [
        StructureStep(step=saving.step, firs=saving.firs, taps=saving.taps, products=saving.taps) for saving in savings
    ]
    if steps and not fixed.number_format.shapes_taps:
        last = savings[-1]
        steps.append(
            StructureStep(
                step="by parts: nine products for sixteen, exactly, on cores without Helium",
                firs=last.firs,
                taps=last.taps,
                products=round(last.taps * 9 / 16),
            )
        )
    return tuple(steps)


def limiter_figures(layout: Layout, fixed: FixedPointBank, proof: OverflowProof) -> LimiterFigures:
    """List the limit of each driver, and how much its limiter reduces the loudest possible input."""
    limiter = fixed.limiter
    return LimiterFigures(
        linked=limiter.linked,
        look_ahead_samples=limiter.delay_samples,
        look_ahead_ms=limiter.delay_samples / (layout.sample_rate_hz / 1000),
        release_ms=layout.output.release_ms,
        drivers=tuple(
            DriverLimit(
                driver=bound.driver,
                limit_db=driver.limit_db,
                limit_lsb=bound.limit,
                most_ahead_db=20 * math.log10(bound.gain),
                most_reduction_db=bound.most_reduction_db,
            )
            for driver, bound in zip(layout.drivers, proof.drivers, strict=True)
        ),
    )


def proof_figures(proof: OverflowProof) -> ProofFigures:
    """Collect the bounds of the overflow proof."""
    return ProofFigures(
        holds=proof.holds,
        upmix=tuple(
            UpmixBound(what=bound.name, bound_bits=bound.magnitude.bit_length() + 1, word_bits=bound.bits)
            for bound in prove_upmix()
        ),
        bounds=tuple(
            IntermediateBound(
                stage=bound.stage,
                where=bound.where,
                least=bound.least,
                most=bound.most,
                bits=bound.bits,
                limit_bits=bound.limit_bits,
            )
            for bound in proof.bounds
        ),
        drivers=tuple(
            DriverBound(
                driver=bound.driver,
                sum_bits=bound.sum.bits,
                least_lsb=bound.least,
                most_lsb=bound.most,
                limit_lsb=bound.limit,
                peak_gain=bound.gain,
                is_limited=bound.is_limited,
                most_reduction_db=bound.most_reduction_db,
            )
            for bound in proof.drivers
        ),
    )


def _rounded(losses: dict[str, float]) -> dict[str, float]:
    return {key: round(value, 3) for key, value in losses.items()}

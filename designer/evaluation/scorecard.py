"""The scorecard: all figures of a design.  The unit is in each name."""

from __future__ import annotations

from dataclasses import dataclass, field

from designer.evaluation.acoustic import AcousticFigures
from designer.evaluation.beam_limits.trade_off import BeamLimits
from designer.evaluation.head_spread import HeadSpread
from designer.evaluation.limited_bands import LimitedBands
from designer.evaluation.listening import DownmixFigures, ListeningFigures
from designer.evaluation.measured import MeasuredDriver
from designer.evaluation.realisation import (
    LengthFigures,
    LimiterFigures,
    OneStage,
    ProofFigures,
    QuantisationFigures,
    StructureFigures,
    TwoStages,
)
from designer.evaluation.records import Record
from designer.evaluation.room_front import RoomFront
from designer.evaluation.room_limits import RoomLimits
from designer.evaluation.upmix import UpmixFigures
from designer.evaluation.virtual_limits import VirtualLimits


@dataclass(frozen=True, kw_only=True)
class Bound(Record):
    """One figure that has a bound.

    Attributes
    ----------
    figure : str
        In words.
    value, bound : float
        In ``unit``.  For a figure over third octaves, the value is that of the worst one.
    unit : str
    met : bool
    missed_bands_hz : tuple of float
        Centres of the third octaves that miss the bound.
    reason : str
        Why the bound is missed, as far as that is known.  Empty if it is met.
    """

    figure: str
    value: float
    bound: float
    unit: str
    met: bool
    missed_bands_hz: tuple[float, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class ListeningVersions(Record):
    """Listening figures: of the stereo downmix, of the float design, and of the quantised tables.

    ``heads`` has the quantised tables on heads of other sizes and on KEMAR.
    """

    downmix: DownmixFigures = field(metadata={"key": "unprocessed"})
    designed: ListeningFigures = field(metadata={"key": "float"})
    quantised: ListeningFigures
    heads: HeadSpread | None = None


@dataclass(frozen=True, kw_only=True)
class Scorecard(Record):
    """Every figure of a design.

    Attributes
    ----------
    layout, digest, number_format : str
    sample_rate_hz : int
    drivers, inputs : tuple of str
    fir_taps, modelling_delay_samples, upmix_delay_samples, limiter_delay_samples : int
    latency_ms : float
        Sum of the three delays.
    common_gain_db : float
        Gain that scales the float design to full scale.
    designed, quantised : AcousticFigures
        Of the float design and of the quantised tables; the board's own filters are compared with them.
    limits : tuple of LimitedBands
        Where the cancellation misses its target, and why.
    virtual_limits : VirtualLimits
    listening : ListeningVersions
        Figures on heads and in places that the design did not use.
    beam_limits : BeamLimits
    room_limits : RoomLimits
    room_front : RoomFront
        Width, depth, zone and loudness along `crosstalk.width`.
    upmix : UpmixFigures
    length : LengthFigures
    stages : OneStage or TwoStages
    structure : StructureFigures
    quantisation : QuantisationFigures
    limiter : LimiterFigures
    proof : ProofFigures
    bounds : tuple of Bound
        All figures that have a bound.
    measured : tuple of MeasuredDriver
        Left out of the JSON where all drivers are modelled.
    """

    layout: str
    digest: str
    number_format: str = field(metadata={"key": "arithmetic"})
    sample_rate_hz: int
    drivers: tuple[str, ...]
    inputs: tuple[str, ...]
    fir_taps: int
    modelling_delay_samples: int
    upmix_delay_samples: int
    limiter_delay_samples: int
    latency_ms: float
    common_gain_db: float
    designed: AcousticFigures = field(metadata={"key": "float"})
    quantised: AcousticFigures
    limits: tuple[LimitedBands, ...]
    virtual_limits: VirtualLimits
    listening: ListeningVersions
    beam_limits: BeamLimits = field(metadata={"key": "beam_trade"})
    room_limits: RoomLimits
    room_front: RoomFront
    upmix: UpmixFigures
    length: LengthFigures
    stages: OneStage | TwoStages = field(metadata={"key": "rtf"})
    structure: StructureFigures
    quantisation: QuantisationFigures
    limiter: LimiterFigures = field(metadata={"key": "protection"})
    proof: ProofFigures
    bounds: tuple[Bound, ...]
    measured: tuple[MeasuredDriver, ...] = ()

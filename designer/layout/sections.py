"""The sections of a layout: cabinet, drivers, listener, room and targets."""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

SAMPLE_RATES_HZ = (44100, 48000, 96000)
INPUT_NAMES = ("left", "right", "centre")

# Default room.  It has 60 m³ if the listener sits 2 m from the cabinet.  The values are the space behind listener and
# cabinet, width and height, offset of the listener from the middle, and height of the ears.
_ROOM_MARGIN_M = (2.0, 1.3)
_ROOM_SECTION_M = (4.2, 2.6)
_ROOM_ASIDE_M, _ROOM_EAR_HEIGHT_M = 0.1, 1.2

# Strict, because a text or a boolean in place of a number is a mistake.
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,30}$")]
BandHz = tuple[Annotated[Finite, Field(ge=0)], Annotated[Finite, Field(gt=0)]]


class Section(BaseModel):
    """A table of the layout.  It is frozen, and refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SphereCabinet(Section):
    """A rigid sphere that carries spherical-cap drivers."""

    shape: Literal["sphere"]
    radius_m: Annotated[Finite, Field(ge=0.02, le=0.5)]


class BaffleCabinet(Section):
    """A flat front that faces the listener, modelled as an infinite rigid baffle."""

    shape: Literal["baffle"]
    width_m: Annotated[Finite, Field(ge=0.05, le=3.0)]
    height_m: Annotated[Finite, Field(ge=0.02, le=1.0)]


Cabinet = Annotated[SphereCabinet | BaffleCabinet, Field(discriminator="shape")]


class Measured(Section):
    """Measured responses that replace or complete the model of a driver.

    ``align = "clock"`` keeps the level and delay of a driver relative to the others of its ``set``, which were measured
    with one clock and one gain.  ``align = "model"`` gives it those of its model.
    """

    file: str
    set: Name = "main"
    align: Literal["clock", "model"] | None = None
    source: Annotated[int, Field(strict=True, ge=0)] | None = None
    invert: Annotated[bool, Field(strict=True)] = False
    gain_db: Annotated[Finite, Field(ge=-40, le=40)] = 0.0
    from_hz: Annotated[Finite, Field(ge=0, le=2000)] = 0.0
    window_ms: Annotated[Finite, Field(ge=1, le=200)] = 8.0
    complete: bool = False


class MeasuredSets(Section):
    """What holds for all measured drivers that do not say otherwise."""

    align: Literal["clock", "model"] = "clock"


class Driver(Section):
    """One driver: its place, its output channel, and the band that it can play.

    On a sphere its place is ``azimuth_deg`` and ``elevation_deg``.  In a baffle it is ``y_m``, to the listener's left,
    and ``z_m``, up, from the centre.  ``radius_m`` is the radius of the diaphragm.  ``xmax_mm`` is its linear excursion
    to one side, as Thiele-Small parameters have it.
    """

    name: Name
    channel: Annotated[int, Field(strict=True, ge=0, le=15)]
    radius_m: Annotated[Finite, Field(ge=0.004, le=0.2)]
    azimuth_deg: Annotated[Finite, Field(ge=-180, le=180)] | None = None
    elevation_deg: Annotated[Finite, Field(ge=-90, le=90)] | None = None
    y_m: Annotated[Finite, Field(ge=-1.5, le=1.5)] | None = None
    z_m: Annotated[Finite, Field(ge=-0.5, le=0.5)] | None = None
    band_hz: BandHz = (0.0, 48000.0)
    roles: tuple[Literal["crosstalk", "beamformer"], ...] = ("crosstalk", "beamformer")
    limit_db: Annotated[Finite, Field(ge=-60, le=0)] = 0.0
    xmax_mm: Annotated[Finite, Field(ge=0.05, le=50)] | None = None
    measured: Measured | None = None

    @model_validator(mode="after")
    def _check_band(self) -> Driver:
        if self.band_hz[0] >= self.band_hz[1]:
            raise ValueError(f"band_hz = {list(self.band_hz)}: the lower edge must lie below the upper edge")
        return self

    @property
    def direction(self) -> np.ndarray:
        """Unit vector of the driver's axis in the listener's coordinates: (3,) float64."""
        azimuth, elevation = math.radians(self.azimuth_deg or 0.0), math.radians(self.elevation_deg or 0.0)
        return np.array(
            [
                -math.cos(azimuth) * math.cos(elevation),
                math.sin(azimuth) * math.cos(elevation),
                math.sin(elevation),
            ]
        )


class MeasuredHead(Section):
    """A measured head that the design for a room hears with, beside the sphere."""

    hrtf: str


class Listener(Section):
    """Distance and size of the head, and how far it may move to each side."""

    distance_m: Annotated[Finite, Field(ge=0.3, le=10.0)] = 2.0
    head_radius_m: Annotated[Finite, Field(ge=0.06, le=0.12)] = 0.0875
    lateral_span_m: Annotated[Finite, Field(ge=0, le=0.5)] = 0.05
    distance_span_m: Annotated[Finite, Field(ge=0, le=0.5)] = 0.10
    yaw_span_deg: Annotated[Finite, Field(ge=0, le=30)] = 5.0
    hrtf: str | None = None
    head: Annotated[tuple[MeasuredHead, ...], Field(max_length=8)] = ()


Length = Annotated[Finite, Field(gt=0, le=50)]


class ListeningRoom(Section):
    """Room of the design and of the evaluation: a shoebox whose walls have one absorption."""

    size_m: tuple[Length, Length, Length] | None = None
    listener_m: tuple[Length, Length, Length] | None = None
    absorption: Annotated[Finite, Field(ge=0.02, le=0.98)] = 0.3


# Tag that pydantic puts into the place of a fault in `room`.
ROOM_TABLE = "table"


def _room_tag(value: Any) -> str:
    return "none" if isinstance(value, str) else ROOM_TABLE


RoomOrNone = Annotated[
    Annotated[ListeningRoom, Tag(ROOM_TABLE)] | Annotated[Literal["none"], Tag("none")], Discriminator(_room_tag)
]


class Virtualisation(Section):
    """Azimuth of the virtual stereo pair, positive for the left source, and the head that it is meant for."""

    azimuth_deg: Annotated[Finite, Field(ge=5, le=90)] = 30.0
    hrtf: str | None = None


TargetCurve = tuple[tuple[Finite, Annotated[Finite, Field(ge=0, le=20)]], ...]
# What a listener without a room is given, if the layout has no target of its own.
# Level of a design without a room.
DEFAULT_PEAK_GAIN_DB = 6.0
ANECHOIC_TARGET_GAIN_DB: TargetCurve = (
    (200.0, 0.0),
    (500.0, 7.0),
    (1000.0, 13.0),
    (8000.0, 13.0),
    (12000.0, 0.0),
)


class Crosstalk(Section):
    """Targets of crosstalk cancellation: gain, which is ipsilateral over contralateral power, and effort.

    With ``width`` the design is made for the room, and the gain follows from it: "room" takes the point that the room
    makes best, 0 the least radiated power, and 1 the whole virtual source.
    """

    target_gain_db: TargetCurve | None = ANECHOIC_TARGET_GAIN_DB
    effort_cap_db: Annotated[Finite, Field(ge=0, le=30)] = 12.0
    width: Annotated[Finite, Field(ge=0, le=1)] | Literal["room"] | None = None

    @property
    def anechoic_target_gain_db(self) -> TargetCurve:
        """Target of a design without a room: the layout's own, or the default."""
        return self.target_gain_db or ANECHOIC_TARGET_GAIN_DB

    @model_validator(mode="after")
    def _check_width(self) -> Crosstalk:
        if self.width is not None and self.target_gain_db != ANECHOIC_TARGET_GAIN_DB:
            raise ValueError("width and target_gain_db: each sets the gain: remove one of them")
        return self

    @field_validator("target_gain_db")
    @classmethod
    def _check_curve(cls, curve: TargetCurve | None) -> TargetCurve | None:
        if curve is None:
            return None
        if len(curve) < 2 or any(b[0] <= a[0] for a, b in itertools.pairwise(curve)) or curve[0][0] <= 0:
            raise ValueError("needs at least two [frequency_hz, gain_db] pairs of rising positive frequency")
        return curve


class Beamformer(Section):
    """Constraints of the centre channel's beam.

    ``null_levels_db`` has the wanted level at each null azimuth, relative to the axis.  Without it the nulls are as
    deep as possible.
    """

    null_azimuths_deg: tuple[Annotated[Finite, Field(ge=-180, le=180)], ...] = (-90.0, 90.0)
    null_levels_db: tuple[Annotated[Finite, Field(ge=-80, le=0)], ...] | None = None
    null_depth_db: Annotated[Finite, Field(ge=6, le=40)] = 20.0
    lobe_half_width_deg: Annotated[Finite, Field(ge=5, le=90)] = 45.0
    lobe_ripple_db: Annotated[Finite, Field(ge=0.1, le=20)] = 3.0
    white_noise_gain_floor_db: Annotated[Finite, Field(ge=-30, le=10)] = -6.0
    band_hz: BandHz = (300.0, 4000.0)


class Filters(Section):
    """Form and length of the filters.

    ``form = "rtf"`` takes two stages where they keep the error budget with fewer taps.  The first stage filters once
    what all drivers have in common.  ``form = "direct"`` always takes one stage.  ``taps`` is the length of each FIR,
    in direct form.  Without it the design takes the shortest filters that keep the error budget.
    """

    form: Literal["rtf", "direct"] = "rtf"
    taps: Annotated[int, Field(strict=True, ge=16, le=512)] | None = None


class Output(Section):
    """Level of the driver signals, and settings of the limiters.

    ``peak_gain_db`` is the level that the loudest driver can reach, with the worst signals at all inputs at once.  At
    0 dB no signal exceeds full scale.  Music stays far below that level, so the default is higher.  Without the key a
    design for a room chooses the level that music can use.  A limiter holds each driver below its ``limit_db``.
    """

    peak_gain_db: Annotated[Finite, Field(ge=-20, le=20)] | None = DEFAULT_PEAK_GAIN_DB
    look_ahead_ms: Annotated[Finite, Field(ge=0.5, le=5)] = 1.5
    release_ms: Annotated[Finite, Field(ge=10, le=2000)] = 100.0
    link_limiters: Annotated[bool, Field(strict=True)] = True


class BoardAudio(Section):
    """How converters are connected to a board that leaves the choice (docs/stm32h743.md)."""

    bus: Literal["i2s", "tdm8"] = "i2s"
    codec: Literal["pcm3168a", "cs42448"] = "pcm3168a"


class BoardSettings(Section):
    """What a layout asks of the board."""

    audio: BoardAudio = BoardAudio()


class LayoutSections(Section):
    """All keys of a layout, each checked by itself.  `designer.layout.checks` has the checks of several keys."""

    name: Name
    description: str = ""
    sample_rate_hz: Annotated[int, Field(strict=True)] = 48000
    number_format: Literal["q15", "q31", "q31x15"] = "q31"
    block_samples: Annotated[int, Field(strict=True, ge=16, le=256, multiple_of=16)] = 64
    speed_of_sound_m_per_s: Annotated[Finite, Field(ge=300, le=370)] = 343.0
    cabinet: Cabinet
    listener: Listener = Listener()
    room: RoomOrNone = ListeningRoom()
    virtualisation: Virtualisation = Virtualisation()
    crosstalk: Crosstalk = Crosstalk()
    beamformer: Beamformer = Beamformer()
    filters: Filters = Filters()
    output: Output = Output()
    measured: MeasuredSets | None = None
    board: BoardSettings | None = None
    drivers: Annotated[tuple[Driver, ...], Field(alias="driver", min_length=2, max_length=16)]

    @model_serializer(mode="wrap")
    def _without_unused(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what only some layouts have, so that the digests of all others stay."""
        found: dict[str, Any] = serialise(self)
        for name in ("measured", "board"):
            if getattr(self, name) is None:
                found.pop(name, None)
        return found

    @field_validator("sample_rate_hz")
    @classmethod
    def _check_rate(cls, rate: int) -> int:
        if rate not in SAMPLE_RATES_HZ:
            raise ValueError(f"allowed are {', '.join(map(str, SAMPLE_RATES_HZ))}")
        return rate

    @field_validator("drivers")
    @classmethod
    def _sort_by_channel(cls, drivers: tuple[Driver, ...]) -> tuple[Driver, ...]:
        return tuple(sorted(drivers, key=lambda driver: driver.channel))

    @property
    def audio(self) -> BoardAudio:
        """How converters are connected."""
        return self.board.audio if self.board is not None else BoardAudio()

    @property
    def is_designed_for_a_room(self) -> bool:
        """Whether L, R and C are designed for the room, or for a listener without one."""
        return self.room != "none" and self.crosstalk.width is not None

    @property
    def listening_room(self) -> ListeningRoom:
        """Room in which the design is evaluated: the default one where the design has none."""
        return ListeningRoom() if self.room == "none" else self.room

    @property
    def room_size_m(self) -> tuple[float, float, float]:
        """Length, width and height of the listening room, metres."""
        return self.listening_room.size_m or (self.listener.distance_m + sum(_ROOM_MARGIN_M), *_ROOM_SECTION_M)

    @property
    def room_listener_m(self) -> tuple[float, float, float]:
        """Place of the head in the room: metres from the wall behind, from the right wall, and from the floor."""
        if self.listening_room.listener_m:
            return self.listening_room.listener_m
        length, width, height = self.room_size_m
        spare = length - self.listener.distance_m
        behind = spare * _ROOM_MARGIN_M[0] / sum(_ROOM_MARGIN_M)
        return behind, width / 2 - _ROOM_ASIDE_M, min(_ROOM_EAR_HEIGHT_M, height / 2)

    @property
    def driver_names(self) -> tuple[str, ...]:
        """Names of the drivers in channel order, which is the order of axis D of all arrays."""
        return tuple(driver.name for driver in self.drivers)

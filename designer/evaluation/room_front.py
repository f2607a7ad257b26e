"""Width, depth, zone and loudness of L and R in the layout's room, along the knob `crosstalk.width`.

Each point of the knob is a frequency design on a coarse grid.  The design itself, plain mixing and the design without
a room stand beside it.  So a user sees what another setting would bring before designing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.evaluation.listener.direction import azimuth_deg
from designer.evaluation.listener.heads import ListenerHead, Places
from designer.evaluation.listener.loudness import k_weighting
from designer.evaluation.listener.loudspeakers import Cabinet
from designer.evaluation.listener.signals import MEDLEY, signal
from designer.evaluation.listener.systems import Heard, System, designed
from designer.evaluation.plant import decibels
from designer.evaluation.records import PREFIXED, Record
from designer.evaluation.room import RoomPlant, evaluate_room
from designer.filters.bank import FilterBank
from designer.filters.fir import spectra
from designer.filters.programme import PROGRAMME_SHARES, programme_spectrum
from designer.filters.stereo.design import design_stereo, unit_response
from designer.filters.stereo.room_design import StereoFront
from designer.layout.model import Layout
from designer.numerics.filtering import second_order_response

# Points of the knob, and taps of the coarse grid.
KNOB = (0.0, 0.25, 0.5, 0.75, 1.0)
_TAPS = 512
_DELAY = 160
# Lines between those of the grid where they are far apart, and below them.
_BASS_HZ = np.geomspace(25.0, 700.0, 16)
_K_RATE_HZ = 48000
# Places of the head beside the nominal one, and how far L may move there.
_ASIDE_M, _ZONE_STEPS = (-0.30, -0.15, 0.0, 0.15, 0.30), 601
_STEADY_DEG = 10.0
# What left and right may lose against plain mixing and still sound near, and what counts as wider.
NEAR_DB, _WIDER_DEG = 4.0, 2.0


@dataclass(frozen=True, kw_only=True)
class FrontPoint(Record):
    """L and R of one design in the room.

    Attributes
    ----------
    azimuth_deg : float
        Where the listener model hears them: half the angle between L and R, for a medley of clacks, voice and noise.
    depth_db : float
        Direct-to-reverberant ratio, mean of L and R at their own ears.
    zone_m : float
        Width of the interval of places, at most 0.6 m, in which L stays within 10° of where it is in the middle.
    loudness_db : float
        Loudness of music over that of plain mixing, while the limiters work equally hard.
    """

    azimuth_deg: float
    depth_db: float
    zone_m: float
    loudness_db: float


@dataclass(frozen=True, kw_only=True)
class RoomFront(Record):
    """The trade in the layout's room.

    Attributes
    ----------
    chosen : FrontPoint
        Of the quantised tables.
    anechoic, plain : FrontPoint
        Of the design without a room, and of plain mixing.
    width : tuple of float
        Settings of `crosstalk.width`, rising from 0 to 1.
    points : tuple of FrontPoint
        One for each of them.
    """

    chosen: FrontPoint = field(metadata=PREFIXED)
    anechoic: FrontPoint = field(metadata=PREFIXED)
    plain: FrontPoint = field(metadata=PREFIXED)
    width: tuple[float, ...]
    points: tuple[FrontPoint, ...]


def evaluate_room_front(
    layout: Layout, tables: NDArray[np.float64], modelling_delay_samples: int, downmix: FilterBank, room: RoomPlant
) -> RoomFront:
    """Compute the trade.

    Parameters
    ----------
    layout : Layout
    tables : (D, 3, N) float64
        Filters of the design.
    modelling_delay_samples : int
        Of these filters.
    downmix : FilterBank
        Plain mixing.
    room : RoomPlant
        Of the same layout.

    Returns
    -------
    RoomFront

    Notes
    -----
    The centre of every point is that of the design.  It counts for the loudness only.
    """
    grid = _Grid(layout)
    judge = _Judge(layout, room, grid)
    mixed = downmix.impulse_responses.copy()
    # Plain mixing has no centre: what the others play there is in its left and right.
    mixed[:, 2] = mixed[:, 0] + mixed[:, 1]
    plain_db = judge.loudness_db(grid.response(mixed))
    centre = tables[:, 2]

    def coarse(sides: NDArray[np.complex128]) -> FrontPoint:
        response = np.concatenate([sides, grid.response(centre[:, None])], axis=2)
        return judge.point(grid.filters(sides), _DELAY, judge.loudness_db(response) - plain_db)

    def fine(filters: NDArray[np.float64], delay: int) -> FrontPoint:
        return judge.point(filters, delay, judge.loudness_db(grid.response(filters)) - plain_db)

    return RoomFront(
        chosen=fine(tables, modelling_delay_samples),
        anechoic=coarse(grid.anechoic()),
        plain=fine(mixed, downmix.modelling_delay_samples),
        width=KNOB,
        points=tuple(coarse(sides) for sides in grid.along_the_knob()),
    )


class _Grid:
    """Designs of L and R on the lines of a short FIR, and on some lines between."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        linear = np.fft.rfftfreq(_TAPS, 1 / layout.sample_rate_hz)[1:]
        self.lines_hz = np.union1d(_BASS_HZ, linear)
        self._is_linear = np.isin(self.lines_hz, linear)
        self._heads = HeadPoses.from_layout(layout)
        self._ears = ear_plant(layout, self.lines_hz, self._heads).transfer

    @property
    def ears(self) -> NDArray[np.complex128]:
        """Pressure at both ears of the nominal head, Pa per unit drive: (F, 2, D)."""
        nominal = self._heads.nominal_index
        return self._ears[:, 2 * nominal : 2 * nominal + 2]

    def anechoic(self) -> NDArray[np.complex128]:
        """Drive of L and R in the design without a room: (F, D, 2)."""
        layout = self._layout.model_copy(update={"room": "none"})
        return design_stereo(layout, self.lines_hz, self._ears, self._heads).response

    def along_the_knob(self) -> Iterator[NDArray[np.complex128]]:
        """Drive (F, D, 2) at each point of the knob."""
        front = StereoFront.of(self._layout, self.lines_hz, self._ears, self._heads)
        played = unit_response(self._layout, self.lines_hz, self._ears, self._heads)[:, None, None]
        for width in KNOB:
            both = front.at(width)
            yield np.stack([both.left.null.weights, both.right.null.weights], axis=2) * played

    def filters(self, sides: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Make filters (D, 3, N) of drives (F, D, 2), with the left in place of the centre."""
        linear = sides[self._is_linear]
        turned = linear * np.exp(-2j * np.pi * np.arange(1, _TAPS // 2 + 1) * _DELAY / _TAPS)[:, None, None]
        spectrum = np.concatenate([sides[:1].real.astype(np.complex128), turned])
        found = np.fft.irfft(spectrum, _TAPS, axis=0).transpose(1, 2, 0)
        return np.concatenate([found, found[:, :1]], axis=1)

    def response(self, filters: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Drive (F, D, I) of filters (D, I, N)."""
        return spectra(filters, 2 * np.pi * self.lines_hz / self._layout.sample_rate_hz)


class _Judge:
    """Everything that all points share: the listener in his places, the room, and music."""

    def __init__(self, layout: Layout, room: RoomPlant, grid: _Grid) -> None:
        self._layout, self._room, self._grid = layout, room, grid
        self._head = ListenerHead("layout", radius_m=layout.listener.head_radius_m)
        y = np.array(_ASIDE_M)
        places = Places.of(self._head, np.zeros(y.size), y, np.zeros(y.size))
        self._heard = Heard.of((Cabinet(layout),), room.room, self._head, places)

    def point(self, filters: NDArray[np.float64], delay: int, loudness_db: float) -> FrontPoint:
        """Judge filters (D, 3, N)."""
        system = designed(self._layout, filters, delay)
        left = np.array([self._azimuth_deg(system, place, 0) for place in range(len(_ASIDE_M))])
        middle = len(_ASIDE_M) // 2
        right = self._azimuth_deg(system, middle, 1)
        figures = evaluate_room(self._layout, filters, self._room)
        depth = (figures.left.direct_to_reverberant_db + figures.right.direct_to_reverberant_db) / 2
        return FrontPoint(
            azimuth_deg=round(float(left[middle] - right) / 2, 1),
            depth_db=round(depth, 2),
            zone_m=round(steady_width_m(np.array(_ASIDE_M), left), 3),
            loudness_db=round(loudness_db, 2),
        )

    def loudness_db(self, response: NDArray[np.complex128]) -> float:
        """K-weighted level at the ears for music, over that of the loudest driver relative to its limit.

        Parameters
        ----------
        response : (F, D, 3) complex128
            Drive of each channel.
        """
        lines, weight = programme_spectrum()
        shares = np.array(PROGRAMME_SHARES)
        at_ears = np.mean(np.abs(self._grid.ears @ response) ** 2, axis=1) @ shares
        drivers = np.abs(response) ** 2 @ shares
        power = np.array([np.interp(lines, self._grid.lines_hz, part) for part in (at_ears, *drivers.T)])
        limits_db = np.array([driver.limit_db for driver in self._layout.drivers])
        loudest_db = float((decibels(power[1:] @ weight) - limits_db).max())
        return float(decibels(power[0] * k_power(lines) @ weight)) - loudest_db

    def _azimuth_deg(self, system: System, place: int, channel: int) -> float:
        program = np.zeros((3, signal(MEDLEY).size))
        program[channel] = signal(MEDLEY)
        return azimuth_deg(self._heard.channels(system, place).ears(program), self._head)


def k_power(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power response of the K-weighting (BS.1770-4) at frequencies (F,), hertz, below 24 kHz: (F,)."""
    response = second_order_response(k_weighting(_K_RATE_HZ), frequencies_hz, _K_RATE_HZ)
    return np.asarray(np.abs(response) ** 2)


def steady_width_m(place_m: NDArray[np.float64], heard_deg: NDArray[np.float64]) -> float:
    """Width of the interval around the middle in which a source stays within 10° of where it is in the middle.

    Parameters
    ----------
    place_m : (Y,) float64
        Rising.
    heard_deg : (Y,) float64
        Azimuths, interpolated between the places.
    """
    fine = np.linspace(place_m[0], place_m[-1], _ZONE_STEPS)
    heard = np.interp(fine, place_m, heard_deg)
    middle = fine.size // 2
    moved = np.flatnonzero(np.abs(heard - heard[middle]) > _STEADY_DEG)
    first = int(moved[moved < middle].max(initial=-1)) + 1
    last = int(moved[moved > middle].min(initial=fine.size)) - 1
    return float(fine[last] - fine[first])


def advice(front: RoomFront) -> tuple[str, ...]:
    """Say in plain words what the design trades in this room, and what to change.

    Parameters
    ----------
    front : RoomFront

    Returns
    -------
    tuple of str
        Sentences for a report or a terminal.
    """
    chosen, plain = front.chosen, front.plain
    lost = plain.depth_db - chosen.depth_db
    found = [
        f"In this room, left and right are heard at ±{chosen.azimuth_deg:.0f}°. Their direct sound is "
        f"{abs(lost):.1f} dB {'below' if lost > 0 else 'above'} that of plain mixing."
    ]
    width, point = widest_near(front)
    if lost > NEAR_DB:
        if width == 0.0:
            found.append(f"No setting of crosstalk.width keeps left and right within {NEAR_DB:g} dB of plain mixing.")
        found.append(
            f"For a nearer sound, set crosstalk.width = {width:g}: the direct sound is "
            f"{point.depth_db - chosen.depth_db:.1f} dB stronger, music is {_louder(point, chosen)}, and left and "
            f"right are heard at ±{point.azimuth_deg:.0f}°."
        )
    elif front.anechoic.azimuth_deg > chosen.azimuth_deg + _WIDER_DEG:
        wide = front.anechoic
        found.append(
            f"For a wider sound, leave out crosstalk.width: left and right are heard at ±{wide.azimuth_deg:.0f}°, the "
            f"direct sound is {chosen.depth_db - wide.depth_db:.1f} dB weaker, and music is {_louder(wide, chosen)}."
        )
    return tuple(found)


def widest_near(front: RoomFront) -> tuple[float, FrontPoint]:
    """Find the widest point of the knob whose depth is within 4 dB of plain mixing, between the points that are known.

    Parameters
    ----------
    front : RoomFront

    Returns
    -------
    width : float
        A multiple of 0.05; 0 if no point is within 4 dB.
    point : FrontPoint
        Interpolated.
    """
    widths, least_db = np.array(front.width), front.plain.depth_db - NEAR_DB

    def at(width: float) -> FrontPoint:
        names = ("azimuth_deg", "depth_db", "zone_m", "loudness_db")
        curves = {name: [getattr(point, name) for point in front.points] for name in names}
        return FrontPoint(**{name: round(float(np.interp(width, widths, y)), 3) for name, y in curves.items()})

    steps = np.arange(21) / 20
    near = [float(width) for width in steps if at(float(width)).depth_db >= least_db]
    width = max(near, default=0.0)
    return width, at(width)


def _louder(point: FrontPoint, than: FrontPoint) -> str:
    by_db = point.loudness_db - than.loudness_db
    return f"{abs(by_db):.1f} dB {'louder' if by_db > 0 else 'softer'}"

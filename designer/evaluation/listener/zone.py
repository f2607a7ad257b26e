"""The listening zone: where a listener who moves or turns hears left, centre and right in the right places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.room import Room
from designer.evaluation.listener.direction import image
from designer.evaluation.listener.heads import ListenerHead, Places
from designer.evaluation.listener.loudspeakers import Loudspeaker
from designer.evaluation.listener.programs import BASE_DEG
from designer.evaluation.listener.signals import MEDLEY
from designer.evaluation.listener.systems import Heard, System
from designer.evaluation.records import Curve, Record

# Places: towards the cabinet, to the left on the middle row and on the others, and turns of the head.
_ROWS_M = (-0.4, 0.4)
_MIDDLE_STEP_M, _STEP_M, _REACH_M = 0.05, 0.10, 0.50
_TURNS_DEG = (-20.0, -10.0, 10.0, 20.0)
# Largest errors of left and right, and of the centre, in the zone.
_SIDE_DEG, _CENTRE_DEG = 10.0, 5.0
_SIDES_DEG = (BASE_DEG, 0.0, -BASE_DEG)


@dataclass(frozen=True, kw_only=True)
class ListeningZone(Record):
    """Where left, centre and right are heard, place by place.

    Attributes
    ----------
    towards_m, to_the_left_m, turned_deg : tuple of float
        Place and turn of the head.
    left_deg, centre_deg, right_deg : tuple of float
        Where each is heard, in the room's coordinates: 0° is straight ahead of a head that is not turned.
    width_m : float
        Width of the zone through the nominal place; 0 if that is not in it.
    share : float
        Share of the places ±40 cm × ±50 cm that are in the zone, 0 … 1.
    turned_share : float
        Share of the turns of the head in the nominal place that are in the zone, 0 … 1.
    """

    towards_m: Curve
    to_the_left_m: Curve
    turned_deg: Curve
    left_deg: Curve
    centre_deg: Curve
    right_deg: Curve
    width_m: float
    share: float
    turned_share: float


def zone_places(head: ListenerHead) -> Places:
    """Places of the head at which the zone is looked for: the middle row, two other rows, and turns."""
    count = round(2 * _REACH_M / _MIDDLE_STEP_M) + 1
    middle = np.linspace(-_REACH_M, _REACH_M, count)
    row = np.linspace(-_REACH_M, _REACH_M, round(2 * _REACH_M / _STEP_M) + 1)
    x = np.concatenate([np.zeros(count), *(np.full(row.size, at) for at in _ROWS_M), np.zeros(len(_TURNS_DEG))])
    y = np.concatenate([middle, *(row for _ in _ROWS_M), np.zeros(len(_TURNS_DEG))])
    yaw = np.concatenate([np.zeros(count + row.size * len(_ROWS_M)), _TURNS_DEG])
    return Places.of(head, x, y, yaw)


def heard_in_zone(loudspeakers: tuple[Loudspeaker, ...], room: Room | None, head: ListenerHead) -> Heard:
    """Compute the responses from drivers to ears in all places of the zone."""
    return Heard.of(loudspeakers, room, head, zone_places(head))


def listening_zone(system: System, heard: Heard, distance_m: float) -> ListeningZone:
    """Look for the zone of a system.

    Parameters
    ----------
    system : System
    heard : Heard
        From `heard_in_zone`, of the system's loudspeakers.
    distance_m : float
        Of the cabinet.

    Returns
    -------
    ListeningZone

    Notes
    -----
    A place is in the zone if left and right are heard within 10° of where a real pair would stand, and the centre
    within 5° of the cabinet.  All directions are those seen from that place.
    """
    places = zone_places(heard.head)
    programs = [system.program(MEDLEY, azimuth) for azimuth in _SIDES_DEG]
    heard_deg = np.array(
        [
            [image(responses.ears(program), heard.head).azimuth_deg for program in programs]
            for responses in (heard.channels(system, place) for place in range(places.x_m.size))
        ]
    )
    turned_deg = np.rad2deg(places.yaw_rad)
    heard_deg += turned_deg[:, None]
    excess = _excess(heard_deg, places, distance_m)
    turned, middle = turned_deg != 0, (places.x_m == 0) & (turned_deg == 0)
    return ListeningZone(
        towards_m=_rounded(places.x_m, 2),
        to_the_left_m=_rounded(places.y_m, 2),
        turned_deg=_rounded(turned_deg, 0),
        left_deg=_rounded(heard_deg[:, 0], 1),
        centre_deg=_rounded(heard_deg[:, 1], 1),
        right_deg=_rounded(heard_deg[:, 2], 1),
        width_m=round(zone_width_m(places.y_m[middle], excess[middle]), 3),
        share=round(_share(excess, places), 3),
        turned_share=round(float(np.mean(excess[turned] <= 1)), 3),
    )


def _excess(heard_deg: NDArray[np.float64], places: Places, distance_m: float) -> NDArray[np.float64]:
    """Largest error of a place over what the zone allows: (H,)."""
    at = np.deg2rad(np.array(_SIDES_DEG))
    offset_x = distance_m * np.cos(at) - places.x_m[:, None]
    offset_y = distance_m * np.sin(at) - places.y_m[:, None]
    wanted = np.rad2deg(np.arctan2(offset_y, offset_x))
    return np.asarray(np.max(np.abs(heard_deg - wanted) / np.array([_SIDE_DEG, _CENTRE_DEG, _SIDE_DEG]), axis=1))


def zone_width_m(to_the_left_m: NDArray[np.float64], excess: NDArray[np.float64]) -> float:
    """Width of the interval around the middle in which errors are allowed.

    Parameters
    ----------
    to_the_left_m : (Y,) float64
        Rising.
    excess : (Y,) float64
        Errors over what is allowed, interpolated between the places.
    """
    fine = np.linspace(to_the_left_m[0], to_the_left_m[-1], 2001)
    inside = np.interp(fine, to_the_left_m, excess) <= 1
    middle = fine.size // 2
    if not inside[middle]:
        return 0.0
    outside = np.flatnonzero(~inside)
    first = int(outside[outside < middle].max(initial=-1)) + 1
    last = int(outside[outside > middle].min(initial=fine.size)) - 1
    return float(fine[last] - fine[first])


def _share(excess: NDArray[np.float64], places: Places) -> float:
    """Share of the places of all rows, every 10 cm, that are in the zone."""
    steps = np.rint(places.y_m / _MIDDLE_STEP_M).astype(np.int64)
    chosen = (places.yaw_rad == 0) & (steps % round(_STEP_M / _MIDDLE_STEP_M) == 0)
    return float(np.mean(excess[chosen] <= 1))


def _rounded(values: NDArray[np.float64], digits: int) -> Curve:
    return tuple(round(float(v), digits) for v in values)

"""The trade in the layout's room: width against depth, zone and loudness, and what to change."""

from __future__ import annotations

from designer.evaluation.room_front import FrontPoint, RoomFront, advice
from designer.report.chart import BEFORE, CENTRE, LEFT, RIGHT, Chart, Trace, chart, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table


def build(data: ReportData) -> Section:
    """Show the points of the knob beside the design, the design without a room, and plain mixing."""
    front = data.card.room_front
    seconds = decimal(data.card.listening.quantised.room.reverberation_time_s, 2, "s")
    lead = paragraph(
        f"In a room, a wide pair costs direct sound. This room reverberates for {seconds}. The setting crosstalk.width "
        "moves along the trade: 0 is the nearest sound, and 1 the widest that such a design can give."
    )
    head = (
        "left and right",
        "heard at",
        "direct over reverberant",
        "steady for a head moved within",
        "loudness against plain mixing",
    )
    tail = table(head, [_row(name, point) for name, point in _points(front)])
    tail += "".join(paragraph(text) for text in advice(front))
    return Section("room", "Width and depth in the room", lead, (_depth(front), _loudness(front)), tail)


def _points(front: RoomFront) -> list[tuple[str, FrontPoint]]:
    knob = [(f"crosstalk.width = {w:g}", point) for w, point in zip(front.width, front.points, strict=True)]
    fixed = [("this design", front.chosen), ("design without a room", front.anechoic), ("plain mixing", front.plain)]
    return [*fixed, *knob]


def _row(name: str, point: FrontPoint) -> tuple[str, ...]:
    return (
        name,
        f"±{decimal(point.azimuth_deg, 0)}°",
        decimal(point.depth_db, 1, "dB"),
        decimal(100 * point.zone_m, 0, "cm"),
        decimal(point.loudness_db, 1, "dB"),
    )


def _depth(front: RoomFront) -> Chart:
    return chart(
        "Where left and right are heard, against their direct sound. Farther up and to the right is better.",
        [
            line("crosstalk.width from 0 to 1", *_curve(front, "depth_db"), LEFT, mode="lines+markers"),
            *_marks(front, "depth_db"),
        ],
        xaxis={"title": {"text": "direct over reverberant sound, dB"}},
        yaxis={"title": {"text": "heard at, degrees"}, "rangemode": "tozero"},
    )


def _loudness(front: RoomFront) -> Chart:
    return chart(
        "Where left and right are heard, against the loudness of music while the limiters work equally hard.",
        [
            line("crosstalk.width from 0 to 1", *_curve(front, "loudness_db"), LEFT, mode="lines+markers"),
            *_marks(front, "loudness_db"),
        ],
        xaxis={"title": {"text": "loudness against plain mixing, dB"}},
        yaxis={"title": {"text": "heard at, degrees"}, "rangemode": "tozero"},
    )


def _curve(front: RoomFront, figure: str) -> tuple[list[float], list[float]]:
    return [getattr(point, figure) for point in front.points], [point.azimuth_deg for point in front.points]


def _marks(front: RoomFront, figure: str) -> list[Trace]:
    marks = (
        ("this design", front.chosen, RIGHT, 14),
        ("design without a room", front.anechoic, CENTRE, 10),
        ("plain mixing", front.plain, BEFORE, 10),
    )
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [getattr(point, figure)],
            "y": [point.azimuth_deg],
            "marker": {"color": colour, "size": size},
        }
        for name, point, colour, size in marks
    ]

"""The loudspeaker as it is described: from above and from the front."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from designer.layout.model import Layout
from designer.layout.sections import Driver
from designer.report.chart import SERIES, Chart, chart
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table

_ARC = np.linspace(0.0, 2 * np.pi, 73)
_SHOWN = 1.35


def build(data: ReportData) -> Section:
    """Draw the layout."""
    layout = data.layout
    rows = [
        (
            d.channel,
            d.name,
            _place(layout, d),
            decimal(1000 * d.radius_m, 1, "mm"),
            f"{d.band_hz[0]:g} – {min(d.band_hz[1], layout.sample_rate_hz / 2):g} Hz",
            ", ".join(d.roles),
        )
        for d in layout.drivers
    ]
    lead = paragraph(
        f"{layout.description or layout.name}. The listener sits {layout.listener.distance_m:g} m in front and may "
        f"move ±{100 * layout.listener.lateral_span_m:g} cm sideways, ±{100 * layout.listener.distance_span_m:g} cm "
        f"back and forth, and turn ±{layout.listener.yaw_span_deg:g}°. Left is always the listener's left."
    )
    tail = table(("channel", "driver", "place", "radius", "band", "takes part in"), rows, words=6)
    return Section("layout", "The loudspeaker", lead, (_top(layout), _front(layout)), tail)


def _place(layout: Layout, driver: Driver) -> str:
    if layout.cabinet.shape == "sphere":
        return f"azimuth {driver.azimuth_deg or 0:+g}°, elevation {driver.elevation_deg or 0:+g}°"
    return f"{100 * (driver.y_m or 0):+g} cm to the left, {100 * (driver.z_m or 0):+g} cm up"


def _extent(layout: Layout) -> float:
    cabinet = layout.cabinet
    return cabinet.radius_m if cabinet.shape == "sphere" else cabinet.width_m / 2


def _top(layout: Layout) -> Chart:
    """From above, the listener below: to the right of the page is the listener's right."""
    reach = _extent(layout)
    if layout.cabinet.shape == "sphere":
        outline = (reach * np.cos(_ARC), reach * np.sin(_ARC))
    else:
        depth = 0.15 * reach
        outline = (np.array([-1, 1, 1, -1, -1]) * reach, np.array([0, 0, 1, 1, 0]) * depth)
    traces = [_outline(*outline)]
    for index, driver in enumerate(layout.drivers):
        if layout.cabinet.shape == "sphere":
            axis = driver.direction
            across = np.array([-axis[1], axis[0]])
            flat = math.hypot(*across)
            # A driver that points up or down is a disc from above; others are seen from the edge.
            if flat < 0.5:
                traces.append(_disc(driver, index, -reach * axis[1], reach * axis[0]))
                continue
            centre = reach * across
            edge = driver.radius_m * np.array([across[1], -across[0]]) / flat
        else:
            centre, edge = np.array([-(driver.y_m or 0.0), 0.0]), np.array([driver.radius_m, 0.0])
        ends = np.stack([centre - edge, centre + edge])
        traces.append(_diaphragm(driver, index, ends[:, 0], ends[:, 1]))
    arrow = {
        "x": 0,
        "y": -1.22 * reach,
        "text": "↓ listener",
        "showarrow": False,
    }
    return chart("Seen from above.", traces, 360, annotations=[arrow], **_axes(reach))


def _front(layout: Layout) -> Chart:
    """As the listener sees it."""
    cabinet, reach = layout.cabinet, _extent(layout)
    if cabinet.shape == "sphere":
        traces = [_outline(reach * np.cos(_ARC), reach * np.sin(_ARC))]
    else:
        traces = [
            _outline(np.array([-1, 1, 1, -1, -1]) * reach, np.array([-1, -1, 1, 1, -1]) * cabinet.height_m / 2),
        ]
    for index, driver in enumerate(layout.drivers):
        if cabinet.shape == "sphere":
            axis = driver.direction
            width, behind = abs(axis[0]), axis[0] > 0.2
            x, y = _tilted_disc(axis, reach, driver.radius_m)
            style: dict[str, Any] = {"dash": "dot"} if behind else {}
            fill = "none" if behind or width < 0.05 else "toself"
            traces.append(_shape(driver, index, x, y, fill, style, " (behind)" if behind else ""))
        else:
            traces.append(_disc(driver, index, -(driver.y_m or 0.0), driver.z_m or 0.0))
    return chart("Seen by the listener.", traces, 360, **_axes(reach))


def _tilted_disc(axis: np.ndarray, reach: float, radius: float) -> tuple[np.ndarray, np.ndarray]:
    helper = np.array([0.0, 0.0, 1.0]) if abs(axis[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    u = np.cross(axis, helper)
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    points = reach * axis + radius * (np.cos(_ARC)[:, None] * u + np.sin(_ARC)[:, None] * v)
    return -points[:, 1], points[:, 2]


def _axes(reach: float) -> dict[str, Any]:
    limit = _SHOWN * reach
    axis = {"showgrid": False, "zeroline": False, "title": {"text": "m"}, "range": [-limit, limit]}
    return {"xaxis": axis, "yaxis": {**axis, "scaleanchor": "x"}, "showlegend": True}


def _outline(x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [round(float(v), 4) for v in x],
        "y": [round(float(v), 4) for v in y],
        "line": {"color": "#7b8794", "width": 2},
        "fill": "toself",
        "fillcolor": "#f1f3f6",
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _shape(
    driver: Driver, index: int, x: np.ndarray, y: np.ndarray, fill: str, style: dict[str, Any], note: str = ""
) -> dict[str, Any]:
    colour = SERIES[index % len(SERIES)]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{driver.name}{note}",
        "x": [round(float(v), 4) for v in x],
        "y": [round(float(v), 4) for v in y],
        "line": {"color": colour, "width": 3, **style},
        "fill": fill,
        "hovertemplate": f"{driver.name}, channel {driver.channel}<extra></extra>",
    }


def _disc(driver: Driver, index: int, x: float, y: float) -> dict[str, Any]:
    return _shape(driver, index, x + driver.radius_m * np.cos(_ARC), y + driver.radius_m * np.sin(_ARC), "toself", {})


def _diaphragm(driver: Driver, index: int, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    return _shape(driver, index, x, y, "none", {"width": 7})

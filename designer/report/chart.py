"""Charts as plain Plotly dictionaries: one style, one palette, no dates and no random names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Trace = dict[str, Any]

# Okabe & Ito's palette: told apart by everyone, and in grey.
LEFT, RIGHT, CENTRE = "#0072B2", "#D55E00", "#009E73"
INPUT_COLOURS = (LEFT, RIGHT, CENTRE)
TARGET, BEFORE, BOUND = "#222222", "#999999", "#CC79A7"
SERIES = (LEFT, RIGHT, CENTRE, "#E69F00", "#56B4E9", "#CC79A7", "#222222", "#999999")
# Dark is loud; monotone in grey.
LEVEL_SCALE = [[0.0, "#fcfdf5"], [0.35, "#b5dcc4"], [0.65, "#4a9fb5"], [1.0, "#12355b"]]

_FONT = {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", "size": 13}
_GRID = {"gridcolor": "#e4e7eb", "zerolinecolor": "#c3c9d1", "linecolor": "#c3c9d1", "automargin": True}
_LEGEND_ROW_PX = 20
_FREQUENCY_TICKS = (100, 200, 500, 1000, 2000, 5000, 10000, 20000)


@dataclass(frozen=True)
class Chart:
    """One chart of the report.

    Attributes
    ----------
    caption : str
        What it shows and how to read it; plain text.
    data : tuple of dict
        Plotly traces.
    layout : dict
        Plotly layout.
    height_px : int
    """

    caption: str
    data: tuple[Trace, ...]
    layout: dict[str, Any]
    height_px: int = 360


def chart(caption: str, data: Sequence[Trace], height_px: int = 360, **layout: Any) -> Chart:
    """Put traces into the common style; keywords are Plotly's, and axes inherit the common grid."""
    style: dict[str, Any] = {
        "font": _FONT,
        "margin": {"l": 56, "r": 16, "t": 36, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "yref": "container", "y": 1.0, "x": 0, "yanchor": "top"},
        "hovermode": "closest",
    }
    # Two names fit side by side on a phone; their rows need room above the plot.
    rows = -(-sum("name" in trace and trace.get("showlegend", True) for trace in data) // 2)
    style["margin"]["t"] += _LEGEND_ROW_PX * max(0, rows - 1)
    height_px += _LEGEND_ROW_PX * max(0, rows - 1)
    for key, value in layout.items():
        style[key] = {**_GRID, **value} if key.startswith(("xaxis", "yaxis")) else value
    return Chart(caption, tuple(data), style, height_px)


def frequency_axis(low_hz: float = 100.0, high_hz: float = 20000.0) -> dict[str, Any]:
    """Logarithmic frequency axis with the ticks that engineers expect."""
    ticks = [f for f in _FREQUENCY_TICKS if low_hz * 0.99 <= f <= high_hz * 1.01]
    return {
        "type": "log",
        "range": [float(np.log10(low_hz)), float(np.log10(high_hz))],
        "tickvals": ticks,
        "ticktext": [f"{f // 1000} k" if f >= 1000 else str(f) for f in ticks],
        "title": {"text": "frequency, Hz"},
    }


def line(name: str, x: Any, y: Any, colour: str, **more: Any) -> Trace:
    """Draw a curve; numbers are rounded to what a screen can show."""
    style = {"color": colour, "width": more.pop("width", 2), "dash": more.pop("dash", "solid")}
    return {"type": "scatter", "mode": "lines", "name": name, "x": numbers(x), "y": numbers(y), "line": style, **more}


def band(name: str, x: Any, low: Any, high: Any, colour: str) -> list[Trace]:
    """Shade between two curves."""
    shape = {"type": "scatter", "mode": "lines", "x": numbers(x), "line": {"width": 0}, "hoverinfo": "skip"}
    return [
        {**shape, "y": numbers(low), "showlegend": False},
        {**shape, "y": numbers(high), "name": name, "fill": "tonexty", "fillcolor": _transparent(colour)},
    ]


def heatmap(x: Any, y: Any, z: NDArray[np.float64], low: float, high: float, unit: str) -> Trace:
    """Draw levels over two axes: z is (len(y), len(x))."""
    return {
        "type": "heatmap",
        "x": numbers(x),
        "y": numbers(y),
        "z": [numbers(row) for row in z],
        "zmin": low,
        "zmax": high,
        "colorscale": LEVEL_SCALE,
        "colorbar": {"title": {"text": unit, "side": "right"}, "thickness": 12, "len": 0.95},
        "hovertemplate": "%{x}, %{y}: %{z:.1f} " + unit + "<extra></extra>",
    }


def numbers(values: Any) -> list[float | None]:
    """Plain numbers of four significant digits, None where there is none."""
    return [float(f"{v:.4g}") if v is not None and np.isfinite(v) else None for v in values]


def _transparent(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"

"""How far the listener may sit from the intended place."""

from __future__ import annotations

import numpy as np

from designer.report.chart import Chart, chart, heatmap
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, tiles

# Half of what a real pair at ±30° gives; below it the stage collapses to the cabinet.
_USEFUL_DB = 6.0


def build(data: ReportData) -> Section:
    """Map the cancellation over places of the head."""
    x, y, after = data.sweet_spot_db(data.dequantised)
    _, _, before = data.sweet_spot_db(data.downmix.impulse_responses)
    middle = after[int(np.argmin(np.abs(x)))]
    width = _width_m(y, middle >= _USEFUL_DB)
    listener = data.layout.listener
    lead = paragraph(
        "Cancellation between 1 and 4 kHz of the worse channel, for each place of the head. The frame is the range of "
        "movement that the layout gives."
    )
    key = tiles(
        [(decimal(100 * width, 0, "cm"), f"width with at least {_USEFUL_DB:g} dB, at the nominal distance", "")]
    )
    frame = {
        "type": "rect",
        "x0": -100 * listener.lateral_span_m,
        "x1": 100 * listener.lateral_span_m,
        "y0": -100 * listener.distance_span_m,
        "y1": 100 * listener.distance_span_m,
        "line": {"color": "#D55E00", "width": 2},
    }
    charts = (
        _map("With the design.", x, y, after, frame),
        _map("With a stereo downmix.", x, y, before, frame),
    )
    return Section("sweetspot", "Listening zone", lead + key, charts)


def _map(caption: str, x: np.ndarray, y: np.ndarray, gain: np.ndarray, frame: dict[str, object]) -> Chart:
    trace = heatmap(-100 * y[::-1], 100 * x, gain[:, ::-1], 0.0, 20.0, "dB")
    trace["zsmooth"] = "best"
    return chart(
        caption,
        [trace],
        330,
        shapes=[frame],
        xaxis={"title": {"text": "to the right, cm"}},
        yaxis={"title": {"text": "nearer, cm"}},
    )


def _width_m(y: np.ndarray, useful: np.ndarray) -> float:
    """Width of the run of useful places that holds the middle."""
    middle = int(np.argmin(np.abs(y)))
    if not useful[middle]:
        return 0.0
    low = high = middle
    while low > 0 and useful[low - 1]:
        low -= 1
    while high < len(y) - 1 and useful[high + 1]:
        high += 1
    return float(y[high] - y[low])

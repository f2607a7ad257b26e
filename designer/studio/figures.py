"""Curves and figures of a design that the page shows, as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.design.model import Design
from designer.evaluation.acoustic import AcousticFigures
from designer.evaluation.cancellation import CancellationFigures, ChannelCancellation
from designer.evaluation.plant import EvaluationPlant, decibels
from designer.evaluation.scorecard import Scorecard
from designer.fixedpoint.bank import FixedPointBank
from designer.report.chart import (
    INPUT_COLOURS,
    LEVEL_SCALE,
    SERIES,
    TARGET,
    Chart,
    chart,
    frequency_axis,
    heatmap,
    line,
    numbers,
)
from designer.report.curves import ListenerCurves
from designer.report.data import ReportData
from designer.report.sections.summary import warnings
from designer.toolchain.boards import BOARDS

_LOW_HZ, _HIGH_HZ = 100, 16000
_PLACED_HZ = (900.0, 5100.0)
_FLOOR_DB = -30.0
_POLAR_HZ = (500.0, 1000.0, 2000.0, 4000.0)
_LIMITED_BOUNDS = 200

Figures = dict[str, Any]


def preview(plant: EvaluationPlant) -> Figures:
    """Compute the cancellation of a design before it has filters: the mean of its nulls over the poses of the head.

    Parameters
    ----------
    plant : EvaluationPlant

    Returns
    -------
    dict
        ``charts``.
    """
    designed = plant.intended
    ears = plant.ears.transfer
    gains = []
    for side, null in enumerate((designed.left, designed.right)):
        power = np.abs((ears @ null.weights[..., None])[..., 0]) ** 2 * np.repeat(plant.heads.weight, 2)
        ratio = power[:, 1 - side :: 2].sum(axis=1) / power[:, side::2].sum(axis=1)
        gains.append(-decibels(plant.band_mean(ratio[:, None])[:, 0]))
    target = plant.band_mean(designed.target_db[:, None])[:, 0]
    return {"charts": {"gain": _plotly(_gain(plant.band_centres_hz, target, gains[0], gains[1]))}}


def acoustics(figures: AcousticFigures) -> Figures:
    """Curves of the quantised filters at the listener, and their key figures."""
    cancellation, beam = figures.cancellation, figures.beam
    centres = cancellation.band_centres_hz
    charts = {
        "gain": _gain(
            centres,
            cancellation.target_gain_db,
            cancellation.left.cancellation_gain_db,
            cancellation.right.cancellation_gain_db,
        ),
        "effort": _pair("effort, dB", cancellation, "effort_db", "Power of all drivers over that of one alone."),
        "ild": _pair("level difference, dB", cancellation, "ild_db", "Own ear over the other ear: the ILD."),
        "timbre": _pair("level, dB", cancellation, "timbre_db", "Spectrum at the own ear, relative to its mean."),
        "beam": chart(
            "Centre beam on axis, and at ±45° and ±90° relative to the axis.",
            [
                line("axis", centres, beam.response_0_deg_db, SERIES[2]),
                line("+45°", centres, beam.response_45_deg_db, SERIES[3]),
                line("+90°", centres, beam.response_90_deg_db, SERIES[0]),
                line("-90°", centres, beam.response_minus_90_deg_db, SERIES[1], dash="dot"),
            ],
            xaxis=frequency_axis(_LOW_HZ, _HIGH_HZ),
            yaxis={"title": {"text": "level, dB"}, "range": [-42, 12]},
        ),
    }
    return {"charts": {name: _plotly(found) for name, found in charts.items()}, "tiles": _tiles(figures)}


def maps(curves: ListenerCurves, responses: NDArray[np.float64]) -> Figures:
    """Beam around the cabinet, and the listening zone.

    Parameters
    ----------
    curves : ListenerCurves
    responses : (D, I, N) float64
        Quantised filters.
    """
    levels, centres = curves.beam_db(responses), curves.plant.band_centres_hz
    theta = curves.beam_azimuths_deg
    x, y, zone = curves.sweet_spot_db(responses)
    charts = {"polar": _polar(theta, centres, levels), "map": _map(theta, centres, levels)}
    listener = curves.layout.listener
    frame = {
        "type": "rect",
        "x0": -100 * listener.lateral_span_m,
        "x1": 100 * listener.lateral_span_m,
        "y0": -100 * listener.distance_span_m,
        "y1": 100 * listener.distance_span_m,
        "line": {"color": "#D55E00", "width": 2},
    }
    spot = {**heatmap(-100 * y[::-1], 100 * x, zone[:, ::-1], 0.0, 20.0, "dB"), "zsmooth": "best"}
    charts["zone"] = chart(
        "Listening zone: cancellation from 1 to 4 kHz of the worse channel, by place of the head. The frame is the "
        "movement that the layout allows for.",
        [spot],
        shapes=[frame],
        xaxis={"title": {"text": "to the right, cm"}},
        yaxis={"title": {"text": "nearer, cm"}},
    )
    return {"charts": {name: _plotly(found) for name, found in charts.items()}}


def budget(fixed: FixedPointBank) -> Figures:
    """Size of the tables and channels of each board; load and memory come from `image_budget`."""
    taps = sum(fir.taps for fir in fixed.firs)
    size = sum(fir.coefficients.nbytes for fir in fixed.firs)
    rows = [
        {
            "board": name,
            "outputs": board.audio_channels,
            "drivers": len(fixed.driver_names),
            "fits": board.is_virtual_only or len(fixed.driver_names) <= board.audio_channels,
        }
        for name, board in sorted(BOARDS.items())
    ]
    return {"budget": {"taps": taps, "filters": len(fixed.firs), "table_bytes": size, "boards": rows}}


def scorecard_figures(design: Design, card: Scorecard) -> Figures:
    """Bounds in plain words, warnings with their remedies, and the figures of room, loudness and proof."""
    data = ReportData(design.layout, design.bank, design.fixed, card)
    room = card.room_limits
    tiles = [
        _tile("direct sound over the room, left", room.left.depth_db, "dB"),
        _tile("the same with the stereo downmix", room.left.plain_depth_db, "dB"),
        _tile("direct sound over the room, centre", room.centre.depth_db, "dB"),
        _tile("loudness of music, against the stereo downmix", card.room_front.chosen.loudness_db, "dB"),
        _tile("common gain", card.common_gain_db, "dB"),
        _tile("latency", card.latency_ms, "ms"),
        {"label": "no overflow", "value": "proved" if card.proof.holds else "not proved", "unit": ""},
    ]
    bounds = [
        {
            "figure": bound.figure,
            "value": round(bound.value, 3),
            "bound": round(bound.bound, 3),
            "unit": bound.unit,
            "met": bound.met,
            "reason": bound.reason,
        }
        for bound in card.bounds[:_LIMITED_BOUNDS]
    ]
    return {
        "room_tiles": tiles,
        "bounds": bounds,
        "warnings": [{"what": what, "remedy": remedy} for what, remedy in warnings(data)],
    }


def _tiles(figures: AcousticFigures) -> list[dict[str, Any]]:
    cancellation, beam = figures.cancellation, figures.beam
    gains = [
        gain
        for f, gain in zip(cancellation.band_centres_hz, cancellation.left.cancellation_gain_db, strict=True)
        if _PLACED_HZ[0] <= f <= _PLACED_HZ[1]
    ]
    return [
        _tile("cancellation, 1 – 5 kHz", sum(gains) / len(gains), "dB"),
        _tile(f"ITD of the left source (target {cancellation.target_itd_us:.0f})", cancellation.left.itd_us, "µs", 0),
        _tile(
            f"ILD of the left source (target {cancellation.target_mean_ild_db:.1f})",
            cancellation.left.mean_ild_db,
            "dB",
        ),
        _tile("null of the centre beam", beam.mean_null_depth_db, "dB"),
        _tile("ripple of its lobe", beam.worst_lobe_ripple_db, "dB"),
        _tile("least white-noise gain", beam.least_white_noise_gain_db, "dB"),
    ]


def _tile(label: str, value: float, unit: str, digits: int = 1) -> dict[str, Any]:
    return {"label": label, "value": f"{value:.{digits}f}", "unit": unit}


def _gain(centres: Any, target: Any, left: Any, right: Any) -> Chart:
    return chart(
        "Cancellation gain: level at the own ear over the other ear, mean over the positions of the head.",
        [
            line("target", centres, target, TARGET, dash="dash"),
            line("left", centres, left, INPUT_COLOURS[0]),
            line("right", centres, right, INPUT_COLOURS[1], dash="dot"),
        ],
        xaxis=frequency_axis(_LOW_HZ, _HIGH_HZ),
        yaxis={"title": {"text": "gain, dB"}, "range": [-3, 27]},
    )


def _pair(title: str, figures: CancellationFigures, name: str, caption: str) -> Chart:
    def curve(channel: ChannelCancellation) -> Any:
        return getattr(channel, name)

    return chart(
        caption,
        [
            line("left", figures.band_centres_hz, curve(figures.left), INPUT_COLOURS[0]),
            line("right", figures.band_centres_hz, curve(figures.right), INPUT_COLOURS[1], dash="dot"),
        ],
        xaxis=frequency_axis(_LOW_HZ, _HIGH_HZ),
        yaxis={"title": {"text": title}},
    )


def _polar(theta: NDArray[np.float64], centres: NDArray[np.float64], levels: NDArray[np.float64]) -> Chart:
    traces = []
    for index, frequency in enumerate(_POLAR_HZ):
        row = int(np.argmin(np.abs(np.log(centres / frequency))))
        traces.append(
            {
                "type": "scatterpolar",
                "mode": "lines",
                "name": f"{frequency / 1000:g} kHz",
                "theta": numbers(theta),
                "r": numbers(np.maximum(levels[row], _FLOOR_DB)),
                "line": {"color": SERIES[index], "width": 2},
            }
        )
    return chart(
        "Centre beam seen from above; the listener is at the bottom.",
        traces,
        polar={
            "radialaxis": {"range": [_FLOOR_DB, 9], "angle": 90, "tickangle": 90},
            "angularaxis": {"rotation": -90, "direction": "counterclockwise", "dtick": 45},
            "bgcolor": "rgba(0,0,0,0)",
        },
        margin={"l": 40, "r": 40, "t": 48, "b": 28},
    )


def _map(theta: NDArray[np.float64], centres: NDArray[np.float64], levels: NDArray[np.float64]) -> Chart:
    trace = {**heatmap(theta, centres, levels, _FLOOR_DB, 6.0, "dB"), "zsmooth": "best", "colorscale": LEVEL_SCALE}
    return chart(
        "Centre beam over azimuth and frequency.",
        [trace],
        xaxis={"title": {"text": "azimuth, degrees (+ is left)"}, "dtick": 45, "autorange": "reversed"},
        yaxis=frequency_axis(_LOW_HZ, _HIGH_HZ),
    )


def _plotly(found: Chart) -> dict[str, Any]:
    """Caption, traces and layout of a chart, as the page draws it."""
    return {"caption": found.caption, "data": found.data, "layout": found.layout}

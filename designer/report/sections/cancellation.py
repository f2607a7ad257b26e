"""Crosstalk cancellation: how much of the left channel stays out of the right ear, and over how much head movement."""

from __future__ import annotations

from typing import Any

from designer.report.chart import BEFORE, BOUND, INPUT_COLOURS, TARGET, Chart, band, chart, frequency_axis, line
from designer.report.data import ReportData
from designer.report.html import Section, paragraph, table_of

_LEAD = (
    "Cancellation gain is the level of a channel at its own ear over its level at the other ear, averaged over where "
    "the head may be. The target is met where the curve lies on it: less gives a narrower stage, more would spend "
    "effort and listening zone on nothing."
)


def build(data: ReportData) -> Section:
    """Plot gain, effort and timbre against their targets."""
    figures = data.card["quantised"]["cancellation"]
    charts = (_gain(data, figures), _effort(data, figures), _timbre(data, figures))
    limits = _limits(data)
    tail = (
        paragraph("Where the target is out of reach:")
        + table_of([{k: v for k, v in row.items() if k != "bands"} for row in limits])
        if limits
        else ""
    )
    return Section("cancellation", "Crosstalk cancellation", paragraph(_LEAD), charts, tail)


def _gain(data: ReportData, figures: dict[str, list[float]]) -> Chart:
    centres = figures["band_centres_hz"]
    poses = data.pose_cancellation_db(data.effective)
    traces = band(
        "left, over all poses of the head", centres, poses[..., 0].min(1), poses[..., 0].max(1), INPUT_COLOURS[0]
    )
    traces.append(
        line(
            "without processing", centres, data.before["cancellation"]["left_cancellation_gain_db"], BEFORE, dash="dot"
        )
    )
    shown = False
    for limit in _limits(data):
        level = limit["reachable_gain_db"]
        traces.append(
            line("the most that can be had", limit["band_hz"], [level, level], BOUND, dash="dash", showlegend=not shown)
        )
        shown = True
    traces.append(line("target", centres, figures["target_gain_db"], TARGET, dash="dash"))
    for side, colour, dash in (("left", INPUT_COLOURS[0], "solid"), ("right", INPUT_COLOURS[1], "dot")):
        traces.append(line(side, centres, figures[f"{side}_cancellation_gain_db"], colour, dash=dash))
    return chart(
        "Cancellation gain from the quantised tables. The shaded band runs from the worst to the best pose.",
        traces,
        420,
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "own ear over other ear, dB"}, "range": [-3, 27]},
    )


def _limits(data: ReportData) -> list[dict[str, Any]]:
    """Bands in which the target cannot be met, each with the best that can be had and why."""
    wanted = {"band_hz", "reachable_gain_db"}
    return [limit for limit in data.card.get("limits", []) if isinstance(limit, dict) and wanted <= limit.keys()]


def _effort(data: ReportData, figures: dict[str, list[float]]) -> Chart:
    centres = figures["band_centres_hz"]
    cap = data.layout.crosstalk.effort_cap_db
    traces = [line("cap", [centres[0], centres[-1]], [cap, cap], TARGET, dash="dash")]
    for side, colour, dash in (("left", INPUT_COLOURS[0], "solid"), ("right", INPUT_COLOURS[1], "dot")):
        traces.append(line(side, centres, figures[f"{side}_effort_db"], colour, dash=dash))
    return chart(
        "Effort: what all drivers together spend, over what the reference driver alone would need for the same level.",
        traces,
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "effort, dB"}},
    )


def _timbre(data: ReportData, figures: dict[str, list[float]]) -> Chart:
    centres = figures["band_centres_hz"]
    traces = [
        line("left", centres, figures["left_timbre_db"], INPUT_COLOURS[0]),
        line("right", centres, figures["right_timbre_db"], INPUT_COLOURS[1], dash="dot"),
        line("without processing", centres, data.before["cancellation"]["left_timbre_db"], BEFORE, dash="dot"),
    ]
    return chart(
        "Timbre: spectrum at the channel's own ear, relative to the virtual source's.",
        traces,
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "level, dB"}, "range": [-15, 15]},
    )

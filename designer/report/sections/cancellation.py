"""Crosstalk cancellation: how much of the left channel stays out of the right ear, and over how much head movement."""

from __future__ import annotations

from designer.evaluation.cancellation import CancellationFigures, ChannelCancellation
from designer.evaluation.limited_bands import LimitedBands
from designer.report.chart import BEFORE, BOUND, INPUT_COLOURS, TARGET, Chart, band, chart, frequency_axis, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table

_LEAD = (
    "Cancellation gain is the level of a channel at its own ear over its level at the other ear. It is averaged over "
    "the positions of the head. A good design lies on the target. Less gain makes the stage narrower. More gain would "
    "cost effort and shrink the listening zone."
)


def build(data: ReportData) -> Section:
    """Plot gain, effort and timbre against their targets."""
    figures = data.card.quantised.cancellation
    charts = (_gain(data, figures), _effort(data, figures), _timbre(data, figures))
    limits = data.card.limits
    tail = paragraph("The target is missed in these bands:") + _limits(limits) if limits else ""
    return Section("cancellation", "Crosstalk cancellation", paragraph(_LEAD), charts, tail)


def _limits(limits: tuple[LimitedBands, ...]) -> str:
    rows = [
        (
            run.channel,
            f"{run.band_hz[0]:.0f} – {run.band_hz[1]:.0f} Hz",
            decimal(run.worst_band_hz, 0, "Hz"),
            decimal(run.target_gain_db, 1, "dB"),
            decimal(run.reachable_gain_db, 1, "dB"),
            decimal(run.achieved_gain_db, 1, "dB"),
            run.reason,
        )
        for run in limits
    ]
    headings = ("channel", "band", "worst third octave", "target there", "reachable", "achieved", "reason")
    return table(headings, rows, words=len(headings))


def _gain(data: ReportData, figures: CancellationFigures) -> Chart:
    centres = figures.band_centres_hz
    poses = data.pose_cancellation_db(data.dequantised)
    downmix = data.downmix_figures.cancellation.left.cancellation_gain_db
    traces = band("left, all head positions", centres, poses[..., 0].min(1), poses[..., 0].max(1), INPUT_COLOURS[0])
    traces.append(line("stereo downmix", centres, downmix, BEFORE, dash="dot"))
    for index, limit in enumerate(data.card.limits):
        level = limit.reachable_gain_db
        first = index == 0
        traces.append(line("reachable", limit.band_hz, [level, level], BOUND, dash="dash", showlegend=first))
    traces.append(line("target", centres, figures.target_gain_db, TARGET, dash="dash"))
    for name, channel, colour, dash in _channels(figures):
        traces.append(line(name, centres, channel.cancellation_gain_db, colour, dash=dash))
    return chart(
        "Cancellation gain of the quantised tables. The shaded area spans the worst and the best head position.",
        traces,
        420,
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "own ear over other ear, dB"}, "range": [-3, 27]},
    )


def _channels(figures: CancellationFigures) -> tuple[tuple[str, ChannelCancellation, str, str], ...]:
    """Name, figures, colour and dash of both channels."""
    return (
        ("left", figures.left, INPUT_COLOURS[0], "solid"),
        ("right", figures.right, INPUT_COLOURS[1], "dot"),
    )


def _effort(data: ReportData, figures: CancellationFigures) -> Chart:
    centres = figures.band_centres_hz
    cap = data.layout.crosstalk.effort_cap_db
    traces = [line("cap", [centres[0], centres[-1]], [cap, cap], TARGET, dash="dash")]
    for name, channel, colour, dash in _channels(figures):
        traces.append(line(name, centres, channel.effort_db, colour, dash=dash))
    return chart(
        "Effort: the power of all drivers over the power that the reference driver alone needs for the same level.",
        traces,
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "effort, dB"}},
    )


def _timbre(data: ReportData, figures: CancellationFigures) -> Chart:
    centres = figures.band_centres_hz
    downmix = data.downmix_figures.cancellation.left.timbre_db
    traces = [
        line(name, centres, channel.timbre_db, colour, dash=dash) for name, channel, colour, dash in _channels(figures)
    ]
    traces.append(line("stereo downmix", centres, downmix, BEFORE, dash="dot"))
    return chart(
        "Timbre: spectrum at the channel's own ear, relative to that of the virtual source.",
        traces,
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "level, dB"}, "range": [-15, 15]},
    )

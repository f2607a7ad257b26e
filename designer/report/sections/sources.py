"""The virtual stereo pair: the time and level differences that the two ears receive."""

from __future__ import annotations

from designer.report.chart import BEFORE, INPUT_COLOURS, chart, frequency_axis, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table

_KEYS = (
    ("itd_us", "time difference, 0.5 – 1.5 kHz", 0, "µs"),
    ("mean_ild_db", "level difference, 1.5 – 6 kHz", 1, "dB"),
)


def build(data: ReportData) -> Section:
    """Compare the virtual sources with real ones in the same place."""
    figures, before = data.card["quantised"]["cancellation"], data.before["cancellation"]
    azimuth = data.layout.virtualisation.azimuth_deg
    rows = [
        (
            label,
            decimal(figures.get(f"target_{key}"), digits, unit),
            decimal(figures.get(f"left_{key}"), digits, unit),
            decimal(figures.get(f"right_{key}"), digits, unit),
            decimal(before.get(f"left_{key}"), digits, unit),
        )
        for key, label, digits, unit in _KEYS
    ]
    lead = paragraph(
        f"Left and right should be heard at ±{azimuth:g}°. Below about 1.5 kHz the ears go by the difference in time, "
        "above it by the difference in level."
    )
    centres = figures["band_centres_hz"]
    ild = chart(
        "Level difference between the ears for each channel, per third octave.",
        [
            line("left", centres, figures["left_ild_db"], INPUT_COLOURS[0]),
            line("right", centres, figures["right_ild_db"], INPUT_COLOURS[1], dash="dot"),
            line("without processing", centres, before["left_ild_db"], BEFORE, dash="dot"),
        ],
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "own ear over other ear, dB"}},
    )
    headings = ("at the ears", "real source", "left", "right", "without processing")
    return Section("sources", "Virtual sources", lead + table(headings, rows), (ild,))

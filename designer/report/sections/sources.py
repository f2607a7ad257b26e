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
    return Section("sources", "Virtual sources", lead + table(headings, rows) + _limit(data), (ild,))


def _limit(data: ReportData) -> str:
    """Say what any drive of this layout could do for the time difference, and at which effort."""
    limits = data.card.get("virtual_limits")
    if not limits:
        return ""
    sides = [limits[side] for side in ("left", "right")]
    cap, real_us = data.layout.crosstalk.effort_cap_db, limits["real_pair_itd_us"]
    both_us, alone_us = (min(side[key] for side in sides) for key in ("nulls_itd_us", "cap_itd_us"))
    spent_db = max(side["greatest_effort_db"] for side in sides)
    needed = [side["effort_for_itd_db"] for side in sides]
    enough = f"{max(needed):g} dB would" if None not in needed else "no effort that was tried would"
    return paragraph(
        f"With {cap:g} dB of effort for the whole channel, any drive of this loudspeaker could give at most "
        f"{alone_us:.0f} µs of a real pair's {real_us:.0f} µs; with {cap:g} dB for each of its two nulls, "
        f"{both_us:.0f} µs. To come within 30 µs, {enough} be enough on every line; at most "
        f"{spent_db:.1f} dB are spent."
    )

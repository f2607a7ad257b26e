"""What the design never saw: a real head, a listener who moves, a room; and when the sound arrives."""

from __future__ import annotations

from collections.abc import Iterator

from designer.report.chart import BEFORE, INPUT_COLOURS, SERIES, TARGET, Chart, chart, frequency_axis, line
from designer.report.data import Card, ReportData
from designer.report.html import Section, decimal, paragraph, table

_ROOM = (
    ("direct_to_reverberant_db", "direct over reverberant sound", 1, "dB"),
    ("clarity_c50_db", "clarity C50", 1, "dB"),
    ("critical_distance_m", "critical distance", 2, "m"),
)
_TIMING = (
    ("arrival_ms", "arrival after the input", 2, "ms"),
    ("pre_ringing_db", "energy ahead of it", 1, "dB"),
    ("pre_ringing_before_1_ms_db", "of that more than 1 ms ahead", 1, "dB"),
)
_CURVES = (
    ("listening_window_db", "listening window"),
    ("early_sides_db", "sides"),
    ("rear_db", "rear"),
    ("horizontal_power_db", "mean over the circle"),
)
_CHANNELS = ("left", "right", "centre")


def build(data: ReportData) -> Section | None:
    """Show the scorecard's listening figures of the quantised tables, beside plain mixing where it has them."""
    listening = data.card.get("listening") or {}
    figures, plain = listening.get("quantised"), listening.get("unprocessed") or {}
    if not isinstance(figures, dict):
        return None
    lead = paragraph(
        "The design knows a sphere with two ears and a few places of it. Here its quantised filters meet a dummy "
        "head's own ears (KEMAR), heads further to the side, and a room."
    )
    charts = tuple(_charts(data, figures))
    tail = "".join([_heads(data, figures), _room(figures.get("room") or {}, plain.get("room") or {}), _timing(figures)])
    return Section("listening", "Other heads, other places, a room", lead, charts, tail)


def _charts(data: ReportData, figures: Card) -> Iterator[Chart]:
    kemar = figures.get("kemar") or {}
    if "band_centres_hz" in kemar:
        own = data.card["quantised"]["cancellation"]
        yield chart(
            "Cancellation on KEMAR, which the design never saw, beside the sphere that it was made for.",
            [
                line("target", kemar["band_centres_hz"], kemar["target_gain_db"], TARGET, dash="dash"),
                line("sphere, left", own["band_centres_hz"], own["left_cancellation_gain_db"], BEFORE, dash="dot"),
                *(
                    line(f"KEMAR, {side}", kemar["band_centres_hz"], kemar[f"{side}_cancellation_gain_db"], colour)
                    for side, colour in zip(("left", "right"), INPUT_COLOURS, strict=False)
                ),
            ],
            xaxis=frequency_axis(100, 16000),
            yaxis={"title": {"text": "own ear over other ear, dB"}, "range": [-8, 27]},
        )
    shift = figures.get("head_shift") or {}
    if "shift_m" in shift:
        yield _shifts(shift, "cancellation_gain_db", "Cancellation for a head moved to its left, 1 to 8 kHz.", "dB")
        yield _shifts(shift, "itd_us", "Time difference of the virtual sources for a head moved to its left.", "µs")
    spread = figures.get("directivity") or {}
    if "band_centres_hz" in spread:
        curves = [
            line(label, spread["band_centres_hz"], spread[key], SERIES[n])
            for n, (key, label) in enumerate(_CURVES)
            if key in spread
        ]
        yield chart(
            "Directivity of the centre channel: level in each zone, relative to the axis.",
            curves,
            xaxis=frequency_axis(100, 16000),
            yaxis={"title": {"text": "level, dB"}},
        )


def _shifts(shift: Card, key: str, caption: str, unit: str) -> Chart:
    centimetres = [100 * value for value in shift["shift_m"]]
    curves = [
        line(side, centimetres, shift[f"{side}_{key}"], colour, mode="lines+markers")
        for side, colour in zip(("left", "right"), INPUT_COLOURS, strict=False)
        if f"{side}_{key}" in shift
    ]
    return chart(caption, curves, 300, xaxis={"title": {"text": "shift, cm"}}, yaxis={"title": {"text": unit}})


def _heads(data: ReportData, figures: Card) -> str:
    kemar, own = figures.get("kemar") or {}, data.card["quantised"]["cancellation"]
    if "not_measured" in kemar:
        return paragraph(f"No figures on KEMAR: {kemar['not_measured']}.")
    rows = [
        (
            label,
            *(decimal(head.get(f"{side}_{key}"), digits, unit) for head in (own, kemar) for side in ("left", "right")),
            decimal(kemar.get(f"real_pair_{key}"), digits, unit),
        )
        for key, label, digits, unit in (
            ("itd_us", "time difference", 0, "µs"),
            ("mean_ild_db", "level difference, 1.5 to 6 kHz", 1, "dB"),
            ("worst_timbre_db", "largest deviation of timbre", 1, "dB"),
        )
    ]
    headings = ("virtual sources", "sphere, left", "right", "KEMAR, left", "right", "KEMAR, real pair")
    return table(headings, rows)


def _room(room: Card, plain: Card) -> str:
    if not room:
        return ""
    rows = [
        (f"{label}, {name}", *(decimal(version.get(f"{name}_{key}"), digits, unit) for version in (room, plain)))
        for key, label, digits, unit in _ROOM
        for name in _CHANNELS
    ]
    lead = paragraph(
        f"In a living room that rings for {decimal(room.get('reverberation_time_s'), 2, 's')}: a narrower beam brings "
        "more direct sound, cancellation costs some of it."
    )
    return lead + table(("in the room", "processed", "plain mixing"), rows)


def _timing(figures: Card) -> str:
    timing = figures.get("timing") or {}
    rows = [
        (label, *(decimal(timing.get(f"{name}_{key}"), digits, unit) for name in _CHANNELS))
        for key, label, digits, unit in _TIMING
    ]
    if not timing:
        return ""
    spread = timing.get("group_delay_spread_samples")
    note = paragraph(f"Left, right and centre arrive together within {decimal(spread, 2)} samples.")
    return table(("at the listener", *_CHANNELS), rows) + note

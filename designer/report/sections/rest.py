"""All other figures of the scorecard, so that nothing is hidden."""

from __future__ import annotations

from typing import Any

from designer.report.chart import SERIES, Chart, chart, frequency_axis, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, details, table, table_of

# Keys that other sections show.
_SHOWN = {"quantisation", "proof", "float", "quantised", "upmix", "limits", "beam_trade", "length", "rtf"}


def build(data: ReportData) -> Section:
    """List the figures of the scorecard that no other section shows."""
    return figures_section(data.card.to_json())


def figures_section(card: dict[str, Any]) -> Section:
    """List figures by their keys in ``scorecard.json``."""
    charts: list[Chart] = []
    body = ""
    for name, value in card.items():
        if isinstance(value, dict) and name not in _SHOWN:
            body += details(_words(name), table(("figure", "value"), _flat(value)))
            charts += _curves(name, value)
    for version in ("float", "quantised"):
        for group, value in card.get(version, {}).items():
            body += details(f"{_words(group)}, {version}", table(("figure", "value"), _flat(value)))
    for name, value in card.items():
        if name not in _SHOWN and _are_records(value):
            body += details(_words(name), table_of(value))
    scalars = [(_words(k), _text(v)) for k, v in card.items() if not isinstance(v, dict) and not _are_records(v)]
    return Section("figures", "All figures", table(("figure", "value"), scalars), tuple(charts), body)


def _are_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, item in value.items():
        if isinstance(item, dict):
            rows += _flat(item, f"{prefix}{_words(key)}, ")
        elif not isinstance(item, list):
            rows.append((prefix + _words(key), _text(item)))
    return rows


def _curves(name: str, value: dict[str, Any]) -> list[Chart]:
    """Plot lists over the group's own third octaves as curves."""
    centres = value.get("band_centres_hz")
    if not isinstance(centres, list) or len(centres) < 2:
        return []
    curves = [
        line(_words(key), centres, item, SERIES[i % len(SERIES)])
        for i, (key, item) in enumerate(value.items())
        if key != "band_centres_hz" and _is_curve(item, len(centres))
    ]
    axis = frequency_axis(max(20.0, float(centres[0])), float(centres[-1]))
    return [chart(f"{_words(name)}, per third octave.", curves, 420, xaxis=axis, yaxis={})] if curves else []


def _is_curve(item: object, size: int) -> bool:
    return isinstance(item, list) and len(item) == size and all(isinstance(v, int | float | None) for v in item)


def _words(key: str) -> str:
    return str(key).replace("_", " ")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return decimal(value, 3)
    return str(value)

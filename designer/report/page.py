"""The page: all sections in one file that needs no network."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

from designer.report.data import ReportData
from designer.report.html import Section
from designer.report.sections import (
    beam,
    beam_limits,
    budget,
    cancellation,
    drawing,
    filters,
    hil,
    lengths,
    limiter,
    listening,
    measured,
    proof,
    rest,
    room,
    sources,
    summary,
    sweetspot,
    upmix,
)
from designer.resources import resource

SECTIONS: tuple[Callable[[ReportData], Section], ...] = (
    summary.build,
    drawing.build,
    measured.build,
    cancellation.build,
    sources.build,
    sweetspot.build,
    room.build,
    listening.build,
    beam.build,
    beam_limits.build,
    upmix.build,
    filters.build,
    lengths.build,
    limiter.build,
    proof.build,
    budget.build,
    hil.build,
    rest.build,
)


def render_report(data: ReportData) -> str:
    """Compose ``report.html``.

    Parameters
    ----------
    data : ReportData

    Returns
    -------
    str
        A whole HTML document: style, script and figures inside; equal to the byte for equal data.
    """
    # A section without content is that of something which this design does not have.
    sections = [found for build in SECTIONS if (found := build(data)).lead or found.charts or found.tail]
    subtitle = f"Proscenium design report · digest {data.card.digest[:16]}"
    return compose(f"{data.layout.name}: design report", data.layout.name, subtitle, sections)


def compose(title: str, heading: str, subtitle: str, sections: list[Section]) -> str:
    """Compose a page of sections; equal to the byte for equal arguments.

    Parameters
    ----------
    title, heading, subtitle : str
        Plain text.
    sections : list of Section

    Returns
    -------
    str
        A whole HTML document: style, script and figures inside.
    """
    from plotly.offline import get_plotlyjs

    assets = resource("templates")
    charts: dict[str, dict[str, Any]] = {}
    body = "".join(_section(section, charts) for section in sections)
    links = "".join(f'<a href="#{s.anchor}">{escape(s.title)}</a>' for s in sections)
    # "</script" inside a script would end it, and after "<!--<script" nothing would.
    figures = json.dumps(charts, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title>'
        f"<style>{(assets / 'report.css').read_text(encoding='utf-8')}</style></head><body>"
        f"<header><h1>{escape(heading)}</h1><p>{escape(subtitle)}</p><nav>{links}</nav></header>"
        f"<main>{body}</main>"
        f"<script>{get_plotlyjs()}</script><script>const charts={figures};\n"
        f"{(assets / 'report.js').read_text(encoding='utf-8')}</script></body></html>\n"
    )


def _section(section: Section, charts: dict[str, dict[str, Any]]) -> str:
    figures = []
    for index, chart in enumerate(section.charts):
        name = f"{section.anchor}-{index}"
        charts[name] = {"data": chart.data, "layout": {**chart.layout, "height": chart.height_px}}
        figures.append(
            f'<figure><div id="{name}" class="chart" style="height:{chart.height_px}px"></div>'
            f"<figcaption>{escape(chart.caption)}</figcaption></figure>"
        )
    grid = f'<div class="charts">{"".join(figures)}</div>' if figures else ""
    return (
        f'<section id="{section.anchor}"><h2>{escape(section.title)}</h2>{section.lead}{grid}{section.tail}</section>'
    )

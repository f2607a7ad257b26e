"""Parts of HTML pages.  Text is escaped only here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from designer.report.chart import Chart


@dataclass(frozen=True)
class Section:
    """One section of the report.

    Attributes
    ----------
    anchor : str
        Its id on the page.
    title : str
    lead : str
        HTML ahead of the charts.
    charts : tuple of Chart
    tail : str
        HTML after the charts.
    """

    anchor: str
    title: str
    lead: str = ""
    charts: tuple[Chart, ...] = ()
    tail: str = ""


def paragraph(text: str) -> str:
    """Plain text as a paragraph."""
    return f"<p>{escape(text)}</p>"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], words: int = 1, stacked: bool = False) -> str:
    """Plain texts as a table.  The first ``words`` columns hold words, the others figures.

    On a narrow screen, a ``stacked`` table shows the first cell of each row, and below it the other cells with their
    headings.  Other tables scroll sideways.
    """

    def cells(row: Sequence[object], tag: str) -> str:
        return "".join(
            f"<{tag}{'' if i < words else ' class=n'}{label(i, tag)}>{escape(str(cell))}</{tag}>"
            for i, cell in enumerate(row)
        )

    def label(column: int, tag: str) -> str:
        return f' data-label="{escape(headings[column])}"' if stacked and tag == "td" else ""

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    kind = ' class="stacked"' if stacked else ""
    head = f"<thead><tr>{cells(headings, 'th')}</tr></thead>"
    return f'<div class="scroll"><table{kind}>{head}<tbody>{body}</tbody></table></div>'


def table_of(rows: Sequence[dict[str, object]]) -> str:
    """Write records as a table: one column for each key that occurs."""
    keys = list(dict.fromkeys(key for row in rows for key in row))

    def cell(value: object) -> str:
        if isinstance(value, float):
            return decimal(value, 2)
        if isinstance(value, list):
            return " – ".join(cell(item) for item in value)
        return "–" if value is None else str(value)

    headings = [key.replace("_", " ") for key in keys]
    return table(headings, ([cell(row.get(key)) for key in keys] for row in rows), words=len(keys))


def details(summary: str, body: str) -> str:
    """Show ``body`` (HTML) when asked for, and in print."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def tiles(items: Iterable[tuple[str, str, str]]) -> str:
    """Key figures: (value, what it is, good, bad or empty)."""
    return (
        '<div class="tiles">'
        + "".join(
            f'<div class="tile {kind}"><b>{escape(v)}</b><span>{escape(label)}</span></div>' for v, label, kind in items
        )
        + "</div>"
    )


def notices(items: Iterable[tuple[str, str]]) -> str:
    """Warnings, each with the problem and what to change."""
    return (
        '<ul class="notices">'
        + "".join(f"<li><b>{escape(what)}</b> {escape(remedy)}</li>" for what, remedy in items)
        + "</ul>"
    )


def decimal(value: object, digits: int = 1, unit: str = "") -> str:
    """Format a figure for people; a dash where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–"
    text = f"{value:,.{digits}f}".replace(",", "\u202f")
    return f"{text} {unit}".strip()

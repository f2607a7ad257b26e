"""What the limiters hold each driver to."""

from __future__ import annotations

from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table


def build(data: ReportData) -> Section | None:
    """Tabulate limits and what the loudest input at all would need."""
    protection = data.card.get("protection")
    if not isinstance(protection, dict):
        return None
    together = "all drivers together, so that nulls and virtual sources stay" if protection["linked"] else "each alone"
    ahead, back = decimal(protection["look_ahead_ms"], 2), decimal(protection["release_ms"], 0)
    lead = paragraph(
        f"No input whatever drives a driver beyond its limit: limiters look {ahead} ms ahead and turn down {together}; "
        f"the gain comes back within about {back} ms. What stays below passes without a changed bit. Music rarely "
        "reaches what a signal matched to the filters can."
    )
    rows = [
        (
            row["driver"],
            decimal(row["limit_db"], 1, "dB"),
            decimal(row["most_ahead_db"], 1, "dB"),
            decimal(row["most_reduction_db"], 1, "dB") if row["most_reduction_db"] < 0 else "never",
        )
        for row in protection["drivers"]
    ]
    headings = ("driver", "limit", "the most that can come", "turned down by")
    return Section("protection", "Protection", lead + table(headings, rows))

"""The limits of the drivers."""

from __future__ import annotations

from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table


def build(data: ReportData) -> Section:
    """Tabulate the limit of each driver and the largest gain reduction that any input needs."""
    limiter = data.card.limiter
    ahead, back = decimal(limiter.look_ahead_ms, 2), decimal(limiter.release_ms, 0)
    together = (
        "They reduce the gain of all drivers together, so nulls and virtual sources stay in place. "
        if limiter.linked
        else "They reduce the gain of each driver on its own. "
    )
    lead = paragraph(
        f"No input drives a driver beyond its limit. The limiters look {ahead} ms ahead. {together}The gain recovers "
        f"within about {back} ms. A signal that stays below the limit passes unchanged, bit for bit. Music rarely "
        "reaches the level of a signal that is matched to the filters."
    )
    rows = [
        (
            row.driver,
            decimal(row.limit_db, 1, "dB"),
            decimal(row.most_ahead_db, 1, "dB"),
            decimal(row.most_reduction_db, 1, "dB") if row.most_reduction_db < 0 else "never",
        )
        for row in limiter.drivers
    ]
    headings = ("driver", "limit", "largest level ahead of the limiter", "largest gain reduction")
    return Section("limiter", "Limiter", lead + table(headings, rows))

"""The proof that nothing overflows, as figures."""

from __future__ import annotations

from designer.report.data import ReportData
from designer.report.html import Section, decimal, details, paragraph, table


def build(data: ReportData) -> Section | None:
    """Tabulate the bounds."""
    proof = data.card.get("proof")
    if not isinstance(proof, dict):
        return None
    lead = paragraph(
        "Every bound is exact integer arithmetic over the tables as stored: with every input within full scale, no "
        "accumulator and no sum can exceed what is stated. Where a driver can exceed its limit, it takes a signal "
        "matched to its filters, and its limiter then turns it down: no input clips."
    )
    drivers = table(
        ("driver", "64-bit sum needs", "peak gain", "output"),
        [
            (
                row.get("driver", "–"),
                f"{row.get('sum_bits', '–')} bits",
                decimal(row.get("peak_gain"), 2),
                "limited" if row.get("is_limited") else "never limited",
            )
            for row in proof.get("drivers", [])
        ],
    )
    paths = table(
        ("stage", "where", "needs", "has"),
        [
            (
                row.get("stage", "–"),
                row.get("where", "–"),
                f"{row.get('bits', '–')} bits",
                f"{row.get('limit_bits', '–')} bits",
            )
            for row in proof.get("bounds", [])
        ],
        words=2,
    )
    verdict = paragraph("The proof holds." if proof.get("holds") else "The proof DOES NOT hold.")
    return Section("proof", "Overflow proof", lead + verdict + drivers, (), details("Every intermediate", paths))

"""The proof that nothing overflows, as figures."""

from __future__ import annotations

from designer.report.data import ReportData
from designer.report.html import Section, decimal, details, paragraph, table


def build(data: ReportData) -> Section:
    """Tabulate the bounds."""
    proof = data.card.proof
    lead = paragraph(
        "Every bound is exact integer arithmetic over the stored tables. It holds for every input within full scale: "
        "no accumulator and no sum exceeds its bound. Only a signal that is matched to the filters of a driver can "
        "exceed its limit. The limiter of that driver then reduces the gain, so no input clips."
    )
    drivers = table(
        ("driver", "64-bit sum needs", "peak gain", "output"),
        [
            (
                row.driver,
                f"{row.sum_bits} bits",
                decimal(row.peak_gain, 2),
                "limited" if row.is_limited else "never limited",
            )
            for row in proof.drivers
        ],
    )
    paths = table(
        ("stage", "where", "needs", "has"),
        [(row.stage, row.where, f"{row.bits} bits", f"{row.limit_bits} bits") for row in proof.bounds],
        words=2,
    )
    verdict = paragraph("The proof holds." if proof.holds else "The proof DOES NOT hold.")
    return Section("proof", "Overflow proof", lead + verdict + drivers, (), details("Every intermediate", paths))

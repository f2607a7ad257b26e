"""Measured drivers: alignment, disturbance, and what was interpolated, extrapolated or taken from the model."""

from __future__ import annotations

from collections.abc import Iterator

from designer.evaluation.measured import Coverage, MeasuredDriver
from designer.report.data import ReportData
from designer.report.html import Section, decimal, notices, paragraph, table


def build(data: ReportData) -> Section:
    """Tabulate the measured drivers; an empty section if all are modelled."""
    found = data.card.measured
    if not found:
        return Section("measured", "Measured drivers")
    lead = paragraph(
        "These drivers have measured responses. Level and delay are relative to the model, with the median of each set "
        "at 0: drivers of one set were measured with one clock. Noise, and the tail after the window, are relative to "
        "the direct sound. The model with the driver's own response explains the given part of the energy."
    )
    headings = (
        "driver",
        "file",
        "set",
        "align",
        "directions",
        "level",
        "delay",
        "polarity",
        "explained",
        "noise",
        "tail",
    )
    lead += table(headings, (_row(each) for each in found), words=4)
    lead += notices((text, "") for each in found for text in each.warnings)
    lead += "".join(paragraph(f"{note}.") for each in found for note in each.notes)
    tail = paragraph(
        "Each driver's field, towards the ears of all head poses and around the cabinet. Interpolated lies between "
        "measured directions. Extrapolated lies beyond them, or outside of the measured band. The rest is the model "
        "with the driver's own response: where nothing was measured, where noise prevails, and below from_hz."
    )
    rows = [row for each in found for where, part in _places(each) for row in _coverage_rows(each, where, part)]
    tail += table(("driver", "where", "band", "interpolated", "extrapolated", "model"), rows, words=3)
    return Section("measured", "Measured drivers", lead, tail=tail)


def _row(each: MeasuredDriver) -> tuple[str, ...]:
    return (
        each.driver,
        each.file,
        each.set,
        each.align,
        str(each.directions),
        decimal(each.level_db, 1, "dB"),
        decimal(each.delay_us, 0, "µs"),
        "inverted" if each.inverted else "normal",
        decimal(each.explained_percent, 0, "%"),
        decimal(each.noise_db, 0, "dB"),
        decimal(each.tail_db, 0, "dB"),
    )


def _places(each: MeasuredDriver) -> tuple[tuple[str, Coverage], ...]:
    return ("at the ears", each.ears), ("around", each.around)


def _coverage_rows(each: MeasuredDriver, where: str, part: Coverage) -> Iterator[tuple[str, ...]]:
    """One row for each run of third octaves with the same parts."""
    parts = [
        tuple(round(value) for value in row)
        for row in zip(part.interpolated, part.extrapolated, part.model, strict=True)
    ]
    first = 0
    for index in range(1, len(parts) + 1):
        if index < len(parts) and parts[index] == parts[first]:
            continue
        low, high = each.band_centres_hz[first], each.band_centres_hz[index - 1]
        band = f"{low:.0f} Hz" if first == index - 1 else f"{low:.0f} – {high:.0f} Hz"
        yield (each.driver, where, band, *(f"{value} %" for value in parts[first]))
        first = index

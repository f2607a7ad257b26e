"""What the layout's beam could do at best: the least ripple of the lobe for each depth of the null."""

from __future__ import annotations

from designer.evaluation.beam_limits.trade_off import BeamConstraints, FrontFigures, SolverComparison, SolverFigures
from designer.evaluation.records import Curve
from designer.report.chart import SERIES, Chart, chart, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table

# As many curves as can be told apart, spread over the band.
_MOST_CURVES = 6


def build(data: ReportData) -> Section:
    """Plot the Pareto front, and name the bands in which null and ripple exclude each other."""
    limits = data.card.beam_limits
    asked = limits.asked
    lead = paragraph(
        f"The layout asks for {decimal(asked.null_depth_db, 0, 'dB')} of null depth and at most "
        f"{decimal(asked.lobe_ripple_db, 0, 'dB')} of ripple in the lobe. The white noise gain must be at least "
        f"{decimal(asked.white_noise_gain_floor_db, 0, 'dB')}. Each curve is the best that any filters could do with "
        "these drivers. No filters reach a point to the left of it."
    )
    tail = _solvers(limits.solvers)
    if limits.infeasible:
        rows = [
            (
                f"{decimal(row.band_hz, 0)} Hz",
                decimal(row.deepest_null_db, 1, "dB"),
                decimal(row.least_ripple_db, 1, "dB"),
            )
            for row in limits.infeasible
        ]
        headings = ("third octave", "deepest null at the ripple asked", "least ripple at the null asked")
        tail = (
            paragraph("No filters can have both the null and the ripple in these bands:") + table(headings, rows) + tail
        )
    return Section("beam-limits", "Limits of the beam", lead, (_front(limits.front, asked),), tail)


def _front(front: FrontFigures, asked: BeamConstraints) -> Chart:
    bands, depths = front.bands_hz, front.null_depths_db
    step = max(1, -(-len(bands) // _MOST_CURVES))
    traces = [
        line(f"{bands[n]:.0f} Hz", front.lobe_ripple_db[n], depths, SERIES[k % len(SERIES)], mode="lines+markers")
        for k, n in enumerate(range(0, len(bands), step))
    ]
    wanted = {"x": [asked.lobe_ripple_db], "y": [asked.null_depth_db], "name": "asked"}
    marker = {"symbol": "star", "size": 14, "color": "#222222"}
    traces.append({"type": "scatter", "mode": "markers", "marker": marker, **wanted})
    return chart(
        "Pareto front: the deepest null for each ripple of the lobe, per third octave.",
        traces,
        380,
        xaxis={"title": {"text": "ripple within the lobe, dB"}, "rangemode": "tozero"},
        yaxis={"title": {"text": "null depth, dB"}},
    )


def _solvers(solvers: SolverComparison) -> str:
    def values(figures: SolverFigures) -> tuple[tuple[str, Curve], ...]:
        return (
            ("null depth", figures.null_depth_db),
            ("lobe ripple", figures.lobe_ripple_db),
            ("white noise gain", figures.white_noise_gain_db),
            ("directivity index", figures.directivity_index_db),
        )

    pairs = zip(values(solvers.pressure_matching), values(solvers.spherical_harmonic), strict=True)
    rows = [
        (f"{name}, {solver}", *(decimal(value, 1) for value in curve))
        for (name, matched), (_, harmonic) in pairs
        for solver, curve in (("pressure matching", matched), ("spherical harmonics", harmonic))
    ]
    lead = paragraph("Two solvers of the beam compared, per octave, in dB. The design uses pressure matching.")
    return lead + table(("", *(f"{f:g} Hz" for f in solvers.octaves_hz)), rows)

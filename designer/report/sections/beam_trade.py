"""What the layout's beam could do at best: the least ripple of the lobe for each depth of the null."""

from __future__ import annotations

from designer.report.chart import SERIES, Chart, chart, line
from designer.report.data import Card, ReportData
from designer.report.html import Section, decimal, paragraph, table

# As many curves as can be told apart, spread over the band.
_MOST_CURVES = 6
_SOLVERS = (("pressure_matching", "pressure matching"), ("spherical_harmonic", "spherical harmonics"))
_FIGURES = (
    ("null_depth_db", "null depth"),
    ("lobe_ripple_db", "lobe ripple"),
    ("white_noise_gain_db", "white noise gain"),
    ("directivity_index_db", "directivity index"),
)


def build(data: ReportData) -> Section | None:
    """Plot the Pareto front, and name the bands that cannot have both."""
    trade = data.card.get("beam_trade")
    if not isinstance(trade, dict) or "front" not in trade:
        return None
    asked = trade.get("asked") or {}
    lead = paragraph(
        f"Asked are {decimal(asked.get('null_depth_db'), 0, 'dB')} of null and at most "
        f"{decimal(asked.get('lobe_ripple_db'), 0, 'dB')} of ripple in the lobe, with a white noise gain of at least "
        f"{decimal(asked.get('white_noise_gain_floor_db'), 0, 'dB')}. Each curve is the best that any filters could do "
        "with these drivers: what lies left of it cannot be had."
    )
    infeasible = trade.get("infeasible") or []
    tail = _solvers(trade.get("solvers") or {})
    if infeasible:
        rows = [
            (
                f"{decimal(row.get('band_hz'), 0)} Hz",
                decimal(row.get("deepest_null_db"), 1, "dB"),
                decimal(row.get("least_ripple_db"), 1, "dB"),
            )
            for row in infeasible
        ]
        headings = ("third octave", "deepest null at the ripple asked", "least ripple at the null asked")
        tail = paragraph("Bands in which null and ripple cannot both be had:") + table(headings, rows) + tail
    return Section("beam-trade", "What the beam trades", lead, (_front(trade["front"], asked),), tail)


def _front(front: Card, asked: Card) -> Chart:
    bands, depths = front["bands_hz"], front["null_depths_db"]
    step = max(1, -(-len(bands) // _MOST_CURVES))
    traces = [
        line(f"{bands[n]:.0f} Hz", front["lobe_ripple_db"][n], depths, SERIES[k % len(SERIES)], mode="lines+markers")
        for k, n in enumerate(range(0, len(bands), step))
    ]
    wanted = {"x": [asked.get("lobe_ripple_db")], "y": [asked.get("null_depth_db")], "name": "asked"}
    marker = {"symbol": "star", "size": 14, "color": "#222222"}
    traces.append({"type": "scatter", "mode": "markers", "marker": marker, **wanted})
    return chart(
        "Null depth that can be had for each ripple of the lobe, third octave by third octave.",
        traces,
        380,
        xaxis={"title": {"text": "ripple within the lobe, dB"}, "rangemode": "tozero"},
        yaxis={"title": {"text": "null depth, dB"}},
    )


def _solvers(solvers: Card) -> str:
    octaves = solvers.get("octaves_hz")
    if not octaves:
        return ""
    rows = [
        (f"{words}, {label}", *(decimal(value, 1) for value in solvers.get(name, {}).get(key, [])))
        for key, words in _FIGURES
        for name, label in _SOLVERS
    ]
    return paragraph("Two ways to solve for the beam, octave by octave, in dB:") + table(
        ("", *(f"{f:g} Hz" for f in octaves)), rows
    )

"""The centre channel's beam: around the cabinet, and over frequency; beside plain mixing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.report.chart import BEFORE, SERIES, TARGET, Chart, chart, frequency_axis, heatmap, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table

_POLAR_HZ = (500.0, 1000.0, 2000.0, 4000.0)
_FLOOR_DB = -30.0
_FIGURES = (
    ("mean_null_depth_db", "null depth (mean power at the worse side)", "dB"),
    ("worst_lobe_ripple_db", "largest ripple within the lobe", "dB"),
    ("least_white_noise_gain_db", "least white noise gain", "dB"),
    ("worst_on_axis_db", "largest deviation on axis", "dB"),
    ("directivity_index_db", "directivity index", "dB"),
)


def build(data: ReportData) -> Section:
    """Plot the beam before and after."""
    after, before = data.beam_db(data.effective), data.beam_db(data.plain.impulse_responses)
    figures, plain = data.card["quantised"]["beam"], data.before["beam"]
    beam = data.layout.beamformer
    lead = paragraph(
        f"The centre channel is meant to fill ±{beam.lobe_half_width_deg:g}° evenly and to leave the sides alone: "
        f"nulls at {', '.join(f'{a:+g}°' for a in beam.null_azimuths_deg)} from {beam.band_hz[0]:g} to "
        f"{beam.band_hz[1]:g} Hz. Plain mixing (every driver the same signal) stands beside it."
    )
    rows = [
        (label, decimal(figures.get(key), 1, unit), decimal(plain.get(key), 1, unit))
        for key, label, unit in _FIGURES
        if isinstance(figures.get(key), int | float)
    ]
    caption = (
        "Beamformer: around the cabinet at the listener's distance, seen from above. The listener is at the bottom "
        "(0°), +90° is the listener's left."
    )
    charts = (
        _polar(data, after, caption),
        _polar(data, before, "Plain mixing, likewise."),
        _map(data, after, "Beamformer: level over azimuth and frequency."),
        _map(data, before, "Plain mixing, likewise."),
        _cut(data, figures, plain),
    )
    return Section(
        "beam", "Centre beam", lead + table(("in the beam's band", "beamformer", "plain mixing"), rows), charts
    )


def _polar(data: ReportData, levels: NDArray[np.float64], caption: str) -> Chart:
    theta, centres = data.beam_azimuths_deg, data.plant.band_centres_hz
    traces = []
    for index, frequency in enumerate(_POLAR_HZ):
        row = int(np.argmin(np.abs(np.log(centres / frequency))))
        traces.append(
            {
                "type": "scatterpolar",
                "mode": "lines",
                "name": f"{frequency / 1000:g} kHz",
                "theta": [float(t) for t in theta],
                "r": [round(float(v), 1) for v in np.maximum(levels[row], _FLOOR_DB)],
                "line": {"color": SERIES[index], "width": 2},
            }
        )
    radial = {"range": [_FLOOR_DB, 9], "ticksuffix": " dB", "angle": 90, "tickangle": 90, "gridcolor": "#e4e7eb"}
    angular = {"rotation": -90, "direction": "counterclockwise", "gridcolor": "#e4e7eb", "dtick": 45}
    return chart(
        caption,
        traces,
        430,
        polar={"radialaxis": radial, "angularaxis": angular, "bgcolor": "rgba(0,0,0,0)"},
        margin={"l": 40, "r": 40, "t": 56, "b": 28},
    )


def _cut(data: ReportData, figures: dict[str, list[float]], plain: dict[str, list[float]]) -> Chart:
    centres = figures["band_centres_hz"]
    low, high = data.layout.beamformer.band_hz
    traces = [
        line("axis", centres, figures["response_0_deg_db"], SERIES[2]),
        line("+45° against axis", centres, figures["response_45_deg_db"], SERIES[3]),
        line("+90° against axis", centres, figures["response_90_deg_db"], SERIES[0]),
        line("-90° against axis", centres, figures["response_minus_90_deg_db"], SERIES[1], dash="dot"),
        line("+90°, plain", centres, plain["response_90_deg_db"], BEFORE, dash="dot"),
    ]
    edges = [
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": f,
            "x1": f,
            "y0": 0,
            "y1": 1,
            "line": {"color": TARGET, "width": 1, "dash": "dot"},
        }
        for f in (low, high)
    ]
    return chart(
        "On axis, at the lobe's edge and in the nulls. Dotted uprights: the beam's band.",
        traces,
        420,
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "level, dB"}, "range": [-42, 12]},
        shapes=edges,
    )


def _map(data: ReportData, levels: NDArray[np.float64], caption: str) -> Chart:
    trace = heatmap(data.beam_azimuths_deg, data.plant.band_centres_hz, levels, _FLOOR_DB, 6.0, "dB")
    trace["zsmooth"] = "best"
    vertical = frequency_axis(100, 16000)
    return chart(
        caption,
        [trace],
        360,
        xaxis={"title": {"text": "azimuth, degrees (+ is the listener's left)"}, "dtick": 45, "autorange": "reversed"},
        yaxis=vertical,
    )

"""The centre channel's beam around the cabinet and over frequency, compared with a stereo downmix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.beam import BeamFigures
from designer.evaluation.directivity import DirectivityFigures
from designer.evaluation.lobe import LobeFigures
from designer.report.chart import BEFORE, SERIES, TARGET, Chart, chart, frequency_axis, heatmap, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table

_POLAR_HZ = (500.0, 1000.0, 2000.0, 4000.0)
_FLOOR_DB = -30.0


def build(data: ReportData) -> Section:
    """Plot the beam and, for comparison, the stereo downmix."""
    after, before = data.beam_db(data.dequantised), data.beam_db(data.downmix.impulse_responses)
    figures, downmix = data.card.quantised.beam, data.downmix_figures.beam
    beam = data.layout.beamformer
    nulls = (
        f"nulls at {', '.join(f'{a:+g}°' for a in beam.null_azimuths_deg)}" if beam.null_azimuths_deg else "no nulls"
    )
    lead = paragraph(
        f"The centre channel should cover ±{beam.lobe_half_width_deg:g}° evenly, with {nulls}. This holds from "
        f"{beam.band_hz[0]:g} to {beam.band_hz[1]:g} Hz. For comparison, the stereo downmix gives every driver the "
        "same signal."
    )
    spread, mixed_spread = data.card.listening.quantised.directivity, data.card.listening.downmix.directivity
    rows = [
        (label, decimal(designed, 1, "dB"), decimal(mixed, 1, "dB"))
        for (label, designed), (_, mixed) in zip(
            _figures(figures, spread), _figures(downmix, mixed_spread), strict=True
        )
    ]
    caption = (
        "Beamformer: level around the cabinet at the listener's distance, seen from above. The listener is at the "
        "bottom (0°). +90° is the listener's left."
    )
    charts = (
        _polar(data, after, caption),
        _polar(data, before, "Stereo downmix, likewise."),
        _map(data, after, "Beamformer: level over azimuth and frequency."),
        _map(data, before, "Stereo downmix, likewise."),
        _cut(data, figures, downmix),
        _evenness(data, spread.lobe),
    )
    return Section(
        "beam", "Centre beam", lead + table(("in the beam's band", "beamformer", "stereo downmix"), rows), charts
    )


def _figures(beam: BeamFigures, spread: DirectivityFigures) -> tuple[tuple[str, float], ...]:
    lobe = spread.lobe
    octaves = zip(spread.octaves_hz, spread.directivity_index_db, strict=True)
    return (
        ("null depth (mean power at the worse side)", beam.mean_null_depth_db),
        ("largest ripple within the lobe, third octaves", lobe.worst_ripple_db),
        ("largest ripple within the lobe, twelfth octaves", lobe.worst_twelfth_ripple_db),
        ("level over the axis that 99 % of the lobe exceeds", lobe.overall_first_percentile_db),
        ("deepest dip in the lobe, single line and degree", lobe.overall_least_level_db),
        ("least white noise gain", beam.least_white_noise_gain_db),
        ("largest deviation on axis", beam.worst_on_axis_db),
        *((f"directivity index, octave at {octave:g} Hz", index) for octave, index in octaves),
    )


def _evenness(data: ReportData, lobe: LobeFigures) -> Chart:
    centres, asked = lobe.band_centres_hz, data.layout.beamformer.lobe_ripple_db
    return chart(
        "Evenness of the lobe, on a grid of 1°. The layout asks for its ripple in third octaves. Narrow dips vanish in "
        "their means.",
        [
            line("ripple asked", [centres[0], centres[-1]], [asked, asked], TARGET, dash="dash"),
            line("ripple, third octaves", centres, lobe.ripple_db, SERIES[0]),
            line("ripple, twelfth octaves", centres, lobe.twelfth_ripple_db, SERIES[1]),
            line("level that 99 % exceed", centres, lobe.first_percentile_db, SERIES[2], dash="dot"),
        ],
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "dB"}, "range": [-30, 30]},
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


def _cut(data: ReportData, figures: BeamFigures, downmix: BeamFigures) -> Chart:
    centres = figures.band_centres_hz
    low, high = data.layout.beamformer.band_hz
    traces = [
        line("axis", centres, figures.response_0_deg_db, SERIES[2]),
        line("+45° relative to axis", centres, figures.response_45_deg_db, SERIES[3]),
        line("+90° relative to axis", centres, figures.response_90_deg_db, SERIES[0]),
        line("-90° relative to axis", centres, figures.response_minus_90_deg_db, SERIES[1], dash="dot"),
        line("+90°, stereo downmix", centres, downmix.response_90_deg_db, BEFORE, dash="dot"),
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
        "Levels on axis, at ±45° and at ±90°. Vertical dotted lines mark the band of the beam.",
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

"""Every filter: impulse response, magnitude, group delay, and what quantisation costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.report.chart import INPUT_COLOURS, Chart, chart, frequency_axis, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, details, paragraph, table

_POINTS = 220
# Below this level a group delay has no meaning.
_HEARD_DB = -40.0


def build(data: ReportData) -> Section:
    """Plot each driver's filters."""
    charts = tuple(
        piece
        for d, name in enumerate(data.bank.driver_names)
        for piece in (_magnitude(data, d, name), _impulse(data, d, name), _group_delay(data, d, name))
    )
    figures = data.card.quantisation
    rows = [
        ("equaliser", part.bus, part.taps, part.delay_samples, part.exponent, "–") for part in figures.equalisers
    ] + [
        (
            path.sum,
            path.bus,
            path.taps,
            path.delay_samples,
            path.exponent,
            decimal(path.coefficient_snr_db, 1, "dB"),
        )
        for path in figures.paths
    ]
    lead = paragraph(
        f"{len(data.bank.driver_names)} drivers times 3 inputs, {data.bank.impulse_responses.shape[2]} taps at "
        f"{data.bank.sample_rate_hz} Hz, number format {data.fixed.number_format}. Solid lines are the float design. "
        "Thin dotted lines, far below, are the error of the quantised tables."
    )
    paths = table(("drivers", "bus", "taps", "delay", "exponent", "coefficients to error"), rows, words=2)
    return Section("filters", "Filters", lead, charts, details("All paths as stored", paths))


def _spectra(data: ReportData, responses: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Spectra on a logarithmic grid: (F,), (F, ..., )."""
    top = min(20000.0, 0.49 * data.bank.sample_rate_hz)
    frequencies = np.geomspace(50.0, top, _POINTS)
    omega = 2 * np.pi * frequencies / data.bank.sample_rate_hz
    return frequencies, np.exp(-1j * omega[:, None] * np.arange(responses.shape[-1])) @ responses.T


def _magnitude(data: ReportData, d: int, name: str) -> Chart:
    frequencies, ideal = _spectra(data, data.bank.impulse_responses[d])
    _, error = _spectra(data, data.dequantised[d] - data.bank.impulse_responses[d])
    traces = []
    for i, source in enumerate(data.bank.input_names):
        traces.append(line(source, frequencies, _db(ideal[:, i]), INPUT_COLOURS[i]))
        traces.append(line(f"{source}, error", frequencies, _db(error[:, i]), INPUT_COLOURS[i], width=1, dash="dot"))
    return chart(
        f"Driver '{name}': magnitude, and the error of its quantised tables.",
        traces,
        xaxis=frequency_axis(50, 20000),
        yaxis={"title": {"text": "level, dB"}},
    )


def _impulse(data: ReportData, d: int, name: str) -> Chart:
    taps = np.arange(data.bank.impulse_responses.shape[2])
    traces = [
        line(source, taps, data.bank.impulse_responses[d, i], INPUT_COLOURS[i], width=1.5)
        for i, source in enumerate(data.bank.input_names)
    ]
    return chart(
        f"Driver '{name}': impulse responses.",
        traces,
        300,
        xaxis={"title": {"text": "sample"}},
        yaxis={"title": {"text": "coefficient"}},
    )


def _group_delay(data: ReportData, d: int, name: str) -> Chart:
    responses = data.bank.impulse_responses[d]
    frequencies, spectrum = _spectra(data, responses)
    _, ramp = _spectra(data, responses * np.arange(responses.shape[1]))
    # −dφ/dω = Re(DFT(n·h)/DFT(h)): Smith, Introduction to Digital Filters (2007), "Numerical Computation of Group
    # Delay".
    heard = _db(spectrum) > _HEARD_DB + _db(spectrum).max()
    with np.errstate(divide="ignore", invalid="ignore"):
        delay = np.where(heard, np.real(ramp / spectrum), np.nan) - data.bank.modelling_delay_samples
    delay_us = 1e6 * delay / data.bank.sample_rate_hz
    traces = [
        line(source, frequencies, delay_us[:, i], INPUT_COLOURS[i], width=1.5)
        for i, source in enumerate(data.bank.input_names)
    ]
    spread = float(np.nanpercentile(np.abs(delay_us), 90)) if heard.any() else 1000.0
    limit = max(500.0, 1.5 * spread)
    return chart(
        f"Driver '{name}': group delay beyond the modelling delay, where the filter is heard.",
        traces,
        300,
        xaxis=frequency_axis(50, 20000),
        yaxis={"title": {"text": "group delay, µs"}, "range": [-limit, limit]},
    )


def _db(values: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.asarray(20 * np.log10(np.maximum(np.abs(values), 1e-9)))

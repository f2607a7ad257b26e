"""The three number formats on every shipped layout: noise, error of the tables, instructions and memory.

Run as ``python -m benchmarks.number_formats [LAYOUT …]``.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.matrix import PIPELINE_GOAL, measure_layout
from benchmarks.table_error import table_error
from designer.design.build import build_design
from designer.dsp.engine import FloatEngine
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.quantise.bank import white_noise_snr_db
from designer.fixedpoint.quantise.error_weights import error_weights
from designer.layout.shipped import find_layout, shipped_layouts

NUMBER_FORMATS = ("q15", "q31x15", "q31")
_SAMPLES = 20000
_SEED = 20261123


def measure_number_format(name: str, number_format: str) -> dict[str, Any]:
    """Measure one layout in one number format.

    Returns
    -------
    dict
        The keys of `measure_layout`, and four more.  ``rounding_noise_dbfs`` is the error of the loudest driver against
        float64 with the *same* coefficients, on white noise at −6 dBFS.  ``rounding_mean_dbfs`` is the magnitude of its
        mean.  ``white_noise_snr_db`` includes errors of the coefficients.  ``worst_in_band_error_db`` is that of the
        worst path (see `table_error`).
    """
    layout = find_layout(name).model_copy(update={"number_format": number_format})
    result, word = build_design(layout), NumberFormat.named(number_format).sample
    samples = word.quantise(np.random.default_rng(_SEED).uniform(-0.5, 0.5, (_SAMPLES, 3)))
    output = word.to_float(PipelineModel(result.fixed).trace(samples, "filters").driver_signal)
    realised = dequantised_impulse_responses(result.fixed, result.bank.impulse_responses.shape[2])
    error = output - FloatEngine(realised).process(word.to_float(samples), "filters")
    tables = table_error(result.bank.impulse_responses, realised, error_weights(layout))
    return measure_layout(name, number_format) | {
        "rounding_noise_dbfs": _decibels(np.sqrt(np.mean(error**2, axis=0)).max()),
        "rounding_mean_dbfs": _decibels(np.abs(error.mean(axis=0)).max()),
        "white_noise_snr_db": white_noise_snr_db(result.bank, result.fixed),
        "worst_in_band_error_db": float(np.nanmax(tables.in_band_db)),
    }


def best_number_format(rows: list[dict[str, Any]]) -> str:
    """Choose the format of least error that leaves the board half of its time.  If none does, choose the quickest."""
    affordable = [row for row in rows if row["pipeline"] <= PIPELINE_GOAL]
    if affordable:
        return str(max(affordable, key=lambda row: row["white_noise_snr_db"])["number_format"])
    return str(min(rows, key=lambda row: row["pipeline"])["number_format"])


def describe_choice(rows: list[dict[str, Any]], shipped: str) -> str:
    """Say which format that is, whether it leaves half of the board's time, and which format the layout ships in."""
    best = best_number_format(rows)
    if any(row["pipeline"] <= PIPELINE_GOAL for row in rows):
        return f"least error within {PIPELINE_GOAL} a frame: {best}; ships in {shipped}"
    return f"none within {PIPELINE_GOAL} a frame; the quickest: {best}; ships in {shipped}"


def _decibels(value: float) -> float:
    return float(20 * np.log10(max(value, 1e-15)))


def number_format_table(rows: list[dict[str, Any]]) -> Table:
    """Format the figures as a table."""
    table = Table(title="Number formats: error, instructions a frame on the Cortex-M4, memory", title_justify="left")
    for heading in ("layout", "format", "noise", "mean", "SNR", "in-band", "filters", "pipeline", "flash", "RAM"):
        table.add_column(heading, justify="left" if heading in ("layout", "format") else "right")
    for row in rows:
        table.add_row(
            row["layout"],
            row["number_format"],
            f"{row['rounding_noise_dbfs']:.0f} dBFS",
            f"{row['rounding_mean_dbfs']:.0f} dBFS",
            f"{row['white_noise_snr_db']:.0f} dB",
            f"{row['worst_in_band_error_db']:.0f} dB",
            f"{row['filters']:.0f}",
            f"{row['pipeline']:.0f}",
            f"{row['flash_bytes']}",
            f"{row['ram_bytes']}",
        )
    return table


def main() -> None:
    """Print the table for the named layouts, or for all."""
    console = Console(width=120)
    for name in sys.argv[1:] or shipped_layouts():
        rows = [measure_number_format(name, number_format) for number_format in NUMBER_FORMATS]
        console.print(number_format_table(rows))
        console.print(f"{name}: {describe_choice(rows, find_layout(name).number_format)}")


if __name__ == "__main__":
    main()

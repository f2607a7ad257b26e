"""Error of our tables and of rounded ones: fifteen filters of a published suite, and the shipped layouts.

Run as ``python -m benchmarks.quantiser``.  The suite is that of Brisebarre, Filip & Hanrot (IEEE Trans. Signal Process.
66, 2018, 2673).  Its rounded errors check our computation.  The paper gives 3.17e-5 for D125/22, 1.86e-6 after LLL and
4.14e-8 in float.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.integer_minimax import quantise_minimax
from benchmarks.minimax import BandSpec, largest_error, minimax_fir
from benchmarks.table_error import over_rounding_db, table_error
from designer.design.build import build_design
from designer.evaluation.acoustic import acoustic_figures
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.fixedpoint.number_format import Q15
from designer.fixedpoint.quantise.bank import quantise_bank, quantise_matrix, white_noise_snr_db
from designer.fixedpoint.quantise.error_weights import error_weights
from designer.layout.shipped import find_layout, shipped_layouts

_LOWPASS, _BANDSTOP = ((0.0, 0.4), (0.5, 1.0)), ((0.0, 0.24), (0.4, 0.68), (0.84, 1.0))
SPECS = {
    "A": BandSpec(_LOWPASS, (1.0, 0.0), (1.0, 1.0)),
    "B": BandSpec(_LOWPASS, (1.0, 0.0), (1.0, 10.0)),
    "C": BandSpec(_BANDSTOP, (1.0, 0.0, 1.0), (1.0, 1.0, 1.0)),
    "D": BandSpec(_BANDSTOP, (1.0, 0.0, 1.0), (1.0, 10.0, 1.0)),
    "E": BandSpec(((0.02, 0.42), (0.52, 0.98)), (1.0, 0.0), (1.0, 1.0)),
}
# Taps and bits of each type.  The bits include the sign.
SUITE = tuple(
    (name, taps, bits)
    for name, short, long in (("A", 8, 21), ("B", 9, 22), ("C", 8, 21), ("D", 9, 22), ("E", 8, 21))
    for taps, bits in ((35, short), (45, short), (125, long))
)
REFERENCE_GAIN_DB = 6.8


def measure_suite(block_size: int = 0) -> dict[str, Any]:
    """Measure the error of each filter of the suite: minimax, rounded and ours.

    Returns
    -------
    dict
        ``filters`` and ``mean_gain_db``.
    """
    rows = []
    for name, taps, bits in SUITE:
        spec, scale = SPECS[name], 2.0 ** (bits - 1)
        began = time.perf_counter()
        half, least = minimax_fir(spec, (taps + 1) // 2)
        rounded = largest_error(spec, np.floor(np.asarray(half * scale, dtype=np.float64) + 0.5) / scale)
        ours = largest_error(spec, quantise_minimax(spec, half, scale, block_size=block_size) / scale)
        rows.append(
            {
                "filter": f"{name}{taps}/{bits}",
                "minimax_error": least,
                "rounded_error": rounded,
                "our_error": ours,
                "gain_db": 20 * float(np.log10(rounded / ours)),
                "seconds": time.perf_counter() - began,
            }
        )
    return {
        "filters": rows,
        "mean_gain_db": float(np.mean([row["gain_db"] for row in rows])),
        "reference_gain_db": REFERENCE_GAIN_DB,
    }


def measure_layouts() -> dict[str, Any]:
    """Measure the q15 tables of each shipped layout, ours and rounded, and their effect on the acoustic figures.

    Layouts that ship in another number format are marked.  They are measured in q15 as well.

    Returns
    -------
    dict
        By layout.  Gains are the error of rounding over ours in dB.  Paths without energy are left out.
    """
    return {name: _measure_layout(name) for name in shipped_layouts()}


def _measure_layout(name: str) -> dict[str, Any]:
    shipped = find_layout(name)
    layout = shipped.model_copy(update={"number_format": "q15"})
    bank, weights = build_design(layout).bank, error_weights(layout)
    wanted = bank.impulse_responses
    began = time.perf_counter()
    ours = quantise_bank(bank, Q15, weights)
    seconds = time.perf_counter() - began
    rounded = quantise_bank(bank, Q15)
    tables = [dequantised_impulse_responses(fixed, wanted.shape[2]) for fixed in (ours, rounded)]
    errors = [table_error(wanted, table, weights) for table in tables]
    gains = errors[1].in_band_db - errors[0].in_band_db
    # An error 40 dB below the rounding of the output has no effect.
    heard = over_rounding_db(wanted, tables[1], weights) >= -40.0
    in_band = np.where(heard, gains, np.nan)
    whole = quantise_matrix(bank, Q15, weights.power)
    whole_db = table_error(wanted, dequantised_impulse_responses(whole, wanted.shape[2]), weights).in_band_db
    reference = acoustic_figures(layout, wanted).to_json()
    differences = [largest_difference_db(reference, acoustic_figures(layout, table).to_json()) for table in tables]
    return {
        "shipped_in": shipped.number_format,
        "paths_with_nothing_to_gain": int(np.sum(~heard & ~np.isnan(gains))),
        "worst_in_band_gain_db": float(np.nanmin(in_band)),
        "whole_weight_worst_gain_db": float(np.nanmin(np.where(heard, errors[1].in_band_db - whole_db, np.nan))),
        "whole_weight_noise_snr_db": white_noise_snr_db(bank, whole),
        "mean_in_band_gain_db": float(np.nanmean(in_band)),
        "worst_in_band_error_db": float(np.nanmax(errors[0].in_band_db)),
        "worst_rounded_in_band_error_db": float(np.nanmax(errors[1].in_band_db)),
        "mean_colour_gain_db": float(np.nanmean(errors[1].colour_db - errors[0].colour_db)),
        "worst_colour_error_db": float(np.nanmax(errors[0].colour_db)),
        "mean_inaudible_gain_db": float(np.nanmean(errors[1].inaudible_db - errors[0].inaudible_db)),
        "worst_inaudible_error_db": float(np.nanmax(errors[0].inaudible_db)),
        "mean_flat_gain_db": float(np.nanmean(errors[1].flat_db - errors[0].flat_db)),
        "worst_flat_error_db": float(np.nanmax(errors[0].flat_db)),
        "white_noise_snr_db": white_noise_snr_db(bank, ours),
        "rounded_white_noise_snr_db": white_noise_snr_db(bank, rounded),
        "largest_acoustic_difference_db": differences[0],
        "rounded_largest_acoustic_difference_db": differences[1],
        "seconds": seconds,
    }


def largest_difference_db(reference: dict[str, Any], other: dict[str, Any]) -> float:
    """Largest difference of any figure in dB between two evaluations of one layout (`AcousticFigures.to_json`)."""
    return max(
        float(np.max(np.abs(np.subtract(other[part][key], value))))
        for part, figures in reference.items()
        for key, value in figures.items()
        if key.endswith("_db")
    )


def measure() -> dict[str, Any]:
    """Return all results, for ``make bench``."""
    return {"minimax_suite": measure_suite(), "layouts": measure_layouts()}


def show(result: dict[str, Any], console: Console) -> None:
    """Print the tables."""
    suite = result["minimax_suite"]
    table = Table(title="Largest weighted error, linear-phase suite (taps/bits)")
    for column in ("filter", "minimax (float)", "rounded", "ours", "gain, dB", "s"):
        table.add_column(column, justify="left" if column == "filter" else "right")
    for row in suite["filters"]:
        table.add_row(
            row["filter"],
            *(f"{row[key]:.3e}" for key in ("minimax_error", "rounded_error", "our_error")),
            f"{row['gain_db']:.2f}",
            f"{row['seconds']:.1f}",
        )
    table.add_row("mean", "", "", "", f"{suite['mean_gain_db']:.2f}", "")
    console.print(table)
    table = Table(title="q15 tables, our error below rounding's, dB (in-band: what each path serves)")
    for column in (
        "layout",
        "in-band worst",
        "mean",
        "rest to 16 kHz",
        "above",
        "all",
        "noise SNR",
        "rounded",
        "acoustics",
    ):
        table.add_column(column, justify="left" if column == "layout" else "right")
    for name, row in result["layouts"].items():
        table.add_row(
            name if row["shipped_in"] == "q15" else f"{name} (ships in {row['shipped_in']})",
            f"{row['worst_in_band_gain_db']:+.1f}",
            f"{row['mean_in_band_gain_db']:+.1f}",
            f"{row['mean_colour_gain_db']:+.1f}",
            f"{row['mean_inaudible_gain_db']:+.1f}",
            f"{row['mean_flat_gain_db']:+.1f}",
            f"{row['white_noise_snr_db']:.1f}",
            f"{row['rounded_white_noise_snr_db']:.1f}",
            f"{row['largest_acoustic_difference_db']:.3f}",
        )
    console.print(table)


if __name__ == "__main__":
    show(measure(), Console(width=120))

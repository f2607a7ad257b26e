"""All measurements: ``make bench`` writes ``build/bench.json`` and prints tables and goals.

Instructions are counted in QEMU, so they do not depend on the machine.  Wall times do, and are marked as such.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import quantiser
from benchmarks.band_limits import band_table, measure_band_limits
from benchmarks.cycles import cycle_table, estimate_cycles
from benchmarks.engines import engine_goals, engine_table, measure_engines
from benchmarks.kernels import goals_met, kernel_table, measure_kernels, show_goals
from benchmarks.matrix import (
    DEFAULT_LAYOUT,
    FILTER_RATIO_GOALS,
    HELIUM_BOARD,
    HELIUM_GOAL,
    PIPELINE_GOAL,
    REST_GOAL,
    explain_filters,
    matrix_table,
    measure_peers,
    measure_pipeline,
)
from benchmarks.number_formats import NUMBER_FORMATS, describe_choice, measure_number_format, number_format_table
from designer.files import replace_file
from designer.fixedpoint.number_format import Q15
from designer.layout.shipped import find_layout, shipped_layouts
from designer.toolchain.compiler import compiler_version

OUT = Path("build") / "bench.json"


def measure_wall_times(names: list[str]) -> dict[str, dict[str, float]]:
    """Time ``proscenium design`` of each layout, with the start of the interpreter.

    Returns
    -------
    dict
        Seconds by layout.  ``warm`` has each layout.  ``cold`` has the default one, without any compiled Python, as on
        a first run.
    """
    times: dict[str, dict[str, float]] = {}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="proscenium-bench-") as scratch:
            empty = os.environ | {"PYTHONPYCACHEPREFIX": str(Path(scratch) / "bytecode")}
            kinds = {"cold": empty, "warm": None} if name == DEFAULT_LAYOUT else {"warm": None}
            times[name] = {}
            for kind, environment in kinds.items():
                command = [sys.executable, "-m", "designer.cli", "design", name, "--out", str(Path(scratch) / kind)]
                began = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True, timeout=600, env=environment)
                times[name][kind] = time.perf_counter() - began
    return times


def layout_goals(number_formats: list[dict[str, Any]], peers: dict[str, float], shipped: str) -> dict[str, bool]:
    """Compare the default layout with its goals, in its own number format and in the quickest one."""
    goals: dict[str, bool] = {}
    quickest = min(number_formats, key=lambda row: row["filters"])
    ships = next(row for row in number_formats if row["number_format"] == shipped)
    for row in [ships] if ships is quickest else [ships, quickest]:
        what, ratio = f"{DEFAULT_LAYOUT} in {row['number_format']}", peers["arm_fir_q15"] / row["filters"]
        goal, rest = FILTER_RATIO_GOALS[row["number_format"]], row["pipeline"] - row["filters"]
        goals |= {
            f"{what}: pipeline {row['pipeline']:.0f} <= {PIPELINE_GOAL} instructions a frame": row["pipeline"]
            <= PIPELINE_GOAL,
            f"{what}: filters {ratio:.2f} >= {goal:.0f} times fewer than arm_fir_q15": ratio >= goal,
            f"{what}: all but the filters {rest:.0f} <= {REST_GOAL} instructions a frame": rest <= REST_GOAL,
        }
    return goals


def table_goals(tables: dict[str, Any]) -> dict[str, bool]:
    """Compare our tables with rounded ones: the mean over the suite, and acoustic figures of the layouts."""
    suite = tables["minimax_suite"]
    furthest = max(row["largest_acoustic_difference_db"] for row in tables["layouts"].values())
    return {
        f"suite of 15 filters: {suite['mean_gain_db']:.2f} >= {quantiser.REFERENCE_GAIN_DB} dB below rounding": (
            suite["mean_gain_db"] >= quantiser.REFERENCE_GAIN_DB
        ),
        f"q15 tables: acoustic figures within {furthest:.3f} <= 0.2 dB of float": furthest <= 0.2,
        **{_in_band_goal(name, row): row["worst_in_band_gain_db"] >= 10.0 for name, row in tables["layouts"].items()},
    }


def _in_band_goal(name: str, row: dict[str, Any]) -> str:
    ships = "" if row["shipped_in"] == "q15" else f" (which ships in {row['shipped_in']})"
    text = f"q15 tables of {name}{ships}: in-band error {row['worst_in_band_gain_db']:.1f} >= 10 dB below rounding"
    if row["paths_with_nothing_to_gain"]:
        text += f" but for {row['paths_with_nothing_to_gain']} path 40 dB below the output's own rounding"
    if row["worst_in_band_gain_db"] < 10.0:
        text += (
            f"; the whole weight gives {row['whole_weight_worst_gain_db']:.1f} dB, but leaves "
            f"{row['whole_weight_noise_snr_db']:.1f} of {Q15.noise_snr_db:.0f} dB on white noise"
        )
    return text


def main() -> None:
    """Run all measurements, print them and write the file."""
    console, say = Console(width=120), Console(stderr=True)
    names = sorted(shipped_layouts())
    say.print("==> kernels on three cores")
    kernels = measure_kernels()
    console.print(kernel_table(kernels))
    cycles = estimate_cycles()
    console.print(cycle_table(cycles))
    number_formats, matrices = {}, []
    for name in names:
        say.print(f"==> layout '{name}': three number formats, and the peers' matrix")
        number_formats[name] = [measure_number_format(name, number_format) for number_format in NUMBER_FORMATS]
        console.print(number_format_table(number_formats[name]))
        shipped = find_layout(name).number_format
        console.print(describe_choice(number_formats[name], shipped))
        ours = next(row for row in number_formats[name] if row["number_format"] == shipped)
        matrices.append(ours | measure_peers(name))
    console.print(matrix_table(matrices))
    helium = measure_pipeline(DEFAULT_LAYOUT, HELIUM_BOARD)
    peers = next(row for row in matrices if row["layout"] == DEFAULT_LAYOUT)
    for row in number_formats[DEFAULT_LAYOUT]:
        console.print(explain_filters(row, peers["arm_fir_q15"]), highlight=False)
    bands = {name: measure_band_limits(name) for name in names}
    console.print(band_table(bands))
    say.print("==> tables beside rounding")
    tables = quantiser.measure()
    quantiser.show(tables, console)
    say.print("==> engines")
    engines = [measure_engines(DEFAULT_LAYOUT)]
    console.print(engine_table(engines))
    say.print("==> wall time of 'proscenium design'")
    seconds = measure_wall_times(names)
    table = Table(title="proscenium design, wall time on this machine", title_justify="left")
    table.add_column("layout")
    for kind in ("cold", "warm"):
        table.add_column(f"{kind}, s", justify="right")
    for name, found in seconds.items():
        table.add_row(name, *(f"{found[kind]:.1f}" if kind in found else "" for kind in ("cold", "warm")))
    console.print(table)
    goals = goals_met(kernels) | table_goals(tables) | engine_goals(engines)
    goals |= layout_goals(number_formats[DEFAULT_LAYOUT], peers, find_layout(DEFAULT_LAYOUT).number_format)
    goals[f"{DEFAULT_LAYOUT} on the Cortex-M55: pipeline {helium:.0f} <= {HELIUM_GOAL:.0f} instructions a frame"] = (
        helium <= HELIUM_GOAL
    )
    show_goals(console, goals)
    result = {
        "compiler": compiler_version(),
        "instructions_per_tap": kernels,
        "estimated_cycles": cycles,
        "number_formats": number_formats,
        "instructions_per_frame": matrices,
        "instructions_per_frame_m55": helium,
        "band_limits": bands,
        "tables": tables,
        "engines": engines,
        "design_seconds": seconds,
        "goals": goals,
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=2) + "\n"
    replace_file(OUT, lambda file: file.write(text.encode()))
    console.print(f"written to {OUT}")


if __name__ == "__main__":
    main()

"""Everything that is measured, in one go: ``make bench`` writes ``build/bench.json`` and prints the tables and goals.

Instructions are counted in QEMU, so that they do not depend on the machine; wall times do, and are said as such.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import quantiser
from benchmarks.arithmetic import ARITHMETICS, arithmetic_table, best_arithmetic, measure_arithmetic
from benchmarks.cycles import cycle_table, estimate_cycles
from benchmarks.kernels import goals_met, kernel_table, measure_kernels, show_goals
from benchmarks.matrix import DEFAULT_LAYOUT, FILTER_RATIO_GOAL, PIPELINE_GOAL, matrix_table, measure_peers
from designer.files import replace_file
from designer.pipeline import find_layout, shipped_layouts
from designer.toolchain.compiler import compiler_version

OUT = Path("build") / "bench.json"


def measure_wall_times(names: list[str]) -> dict[str, float]:
    """Time ``proscenium design`` of each layout, the interpreter's start included.

    Returns
    -------
    dict
        Seconds by layout.
    """
    times = {}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="proscenium-bench-") as scratch:
            command = [sys.executable, "-m", "designer.cli", "design", name, "--out", scratch]
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, timeout=600)
            times[name] = time.perf_counter() - began
    return times


def layout_goals(rows: list[dict[str, Any]]) -> dict[str, bool]:
    """Compare the default layout, in the arithmetic that it ships in, with its goals."""
    row = next(row for row in rows if row["layout"] == DEFAULT_LAYOUT)
    ratio = row["arm_fir_q15"] / row["filters"]
    return {
        f"{DEFAULT_LAYOUT}: pipeline {row['pipeline']:.0f} <= {PIPELINE_GOAL} instructions a frame": row["pipeline"]
        <= PIPELINE_GOAL,
        f"{DEFAULT_LAYOUT}: filters {ratio:.2f} >= {FILTER_RATIO_GOAL:.0f} times fewer than arm_fir_q15": ratio
        >= FILTER_RATIO_GOAL,
    }


def main() -> None:
    """Measure, print, write."""
    console, say = Console(width=120), Console(stderr=True)
    names = sorted(shipped_layouts())
    say.print("==> kernels on three cores")
    kernels = measure_kernels()
    console.print(kernel_table(kernels))
    cycles = estimate_cycles()
    console.print(cycle_table(cycles))
    arithmetics, matrices = {}, []
    for name in names:
        say.print(f"==> layout '{name}': three arithmetics, and the peers' matrix")
        arithmetics[name] = [measure_arithmetic(name, arithmetic) for arithmetic in ARITHMETICS]
        console.print(arithmetic_table(arithmetics[name]))
        shipped = find_layout(name).arithmetic
        console.print(
            f"least error within {PIPELINE_GOAL} a frame: {best_arithmetic(arithmetics[name])}; ships in {shipped}"
        )
        ours = next(row for row in arithmetics[name] if row["arithmetic"] == shipped)
        matrices.append(ours | measure_peers(name))
    console.print(matrix_table(matrices))
    say.print("==> tables beside rounding")
    tables = quantiser.measure()
    quantiser.show(tables, console)
    say.print("==> wall time of 'proscenium design'")
    seconds = measure_wall_times(names)
    table = Table(title="proscenium design, wall time on this machine", title_justify="left")
    table.add_column("layout")
    table.add_column("seconds", justify="right")
    for name, value in seconds.items():
        table.add_row(name, f"{value:.1f}")
    console.print(table)
    goals = goals_met(kernels) | layout_goals(matrices)
    show_goals(console, goals)
    result = {
        "compiler": compiler_version(),
        "instructions_per_tap": kernels,
        "estimated_cycles": cycles,
        "arithmetics": arithmetics,
        "instructions_per_frame": matrices,
        "tables": tables,
        "design_seconds": seconds,
        "goals": goals,
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=2) + "\n"
    replace_file(OUT, lambda file: file.write(text.encode()))
    console.print(f"written to {OUT}")


if __name__ == "__main__":
    main()

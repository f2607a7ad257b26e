"""Instructions per tap of every FIR kernel on each core, ours and those of CMSIS-DSP.

Run as ``python -m benchmarks.kernels``.  QEMU counts them with ``-icount``.  They are instructions, not cycles.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bare_image import BARE, CODE_ORIGINS, CORES, build_bare, run_bare
from benchmarks.limits import ITERATIONS, least_instructions

BLOCK = 64
OURS = ("ours q15", "ours q31x15", "ours q31")
PEERS = {
    "ours q15": ("arm_fir_q15", "arm_fir_fast_q15"),
    "ours q31x15": (),
    "ours q31": ("arm_fir_q31", "arm_fir_fast_q31"),
}
# Goals on the Cortex-M4, for 128 and for 256 taps.  On the M55 the goal is at most the count of CMSIS-DSP with Helium.
GOALS = {"ours q15": 0.80, "ours q31x15": 1.40, "ours q31": 1.50}
HELIUM_GOALS = {"ours q15": 0.36, "ours q31": 0.60}
# Most times the least instructions of benchmarks/limits.py, on the Cortex-M4.
LIMIT_RATIO_GOALS = {"ours q15": 1.15}
_FIRS = ("q15", "fast_q15", "q31", "fast_q31", "f32", "init_q15", "init_q31", "init_f32")
LIBRARY = tuple(f"FilteringFunctions/arm_fir_{name}.c" for name in _FIRS)


def measure_kernels() -> dict[str, dict[str, dict[str, float]]]:
    """Count on each core.

    Returns
    -------
    dict
        Instructions per tap, by core, number of taps and kernel.
    """
    result = {}
    with tempfile.TemporaryDirectory(prefix="proscenium-bench-") as scratch:
        for board in CODE_ORIGINS:
            elf = build_bare(board, [BARE / "kernels.c"], LIBRARY, Path(scratch) / board / "kernels.elf")
            per_tick, runs, taps = 0.0, 1, 0
            found: dict[str, dict[str, float]] = {}
            for line in run_bare(board, elf, count_instructions=True):
                if line.name.startswith("calibrate"):
                    per_tick = int(line.name.split()[1]) / line.value
                elif line.name == "runs":
                    runs = line.value
                elif line.name == "taps":
                    taps = line.value
                    found[str(taps)] = {}
                else:
                    found[str(taps)][line.name] = line.value * per_tick / runs / BLOCK / taps
            result[CORES[board]] = found
    return result


def goals_met(measured: dict[str, dict[str, dict[str, float]]]) -> dict[str, bool]:
    """Compare with the goals: figures on the M4, and on the M55 the best of CMSIS-DSP with the same sample format."""
    met = {
        f"Cortex-M4 {kernel} <= {goal:.2f}": all(row[kernel] <= goal for row in measured["Cortex-M4"].values())
        for kernel, goal in GOALS.items()
    }
    met |= {
        f"Cortex-M4 {kernel} <= {ratio:.2f} x its limit": all(
            row[kernel] <= ratio * least_instructions("Cortex-M4", kernel, int(taps))
            for taps, row in measured["Cortex-M4"].items()
        )
        for kernel, ratio in LIMIT_RATIO_GOALS.items()
    }
    met |= {
        f"Cortex-M55 {kernel} <= {goal:.2f}": all(row[kernel] <= goal for row in measured["Cortex-M55"].values())
        for kernel, goal in HELIUM_GOALS.items()
    }
    for kernel, peers in PEERS.items():
        if peers:
            rows = measured["Cortex-M55"].values()
            met[f"Cortex-M55 {kernel} <= CMSIS-DSP"] = all(row[kernel] <= min(row[p] for p in peers) for row in rows)
    return met


def kernel_table(measured: dict[str, dict[str, dict[str, float]]]) -> Table:
    """Format the figures as a table."""
    table = Table(title="Instructions a tap, blocks of 64", title_justify="left")
    table.add_column("kernel")
    columns = [(core, taps) for core, found in measured.items() for taps in found]
    for core, taps in columns:
        table.add_column(f"{core.removeprefix('Cortex-')}, {taps}", justify="right")
    for kernel in next(iter(measured["Cortex-M4"].values())):
        table.add_row(kernel, *(f"{measured[core][taps][kernel]:.3f}" for core, taps in columns))
        if kernel in ITERATIONS["Cortex-M4"]:
            least = (least_instructions(core, kernel, int(taps)) for core, taps in columns)
            table.add_row("  least", *(f"{value:.3f}" for value in least))
    return table


def main() -> None:
    """Print the table and the goals."""
    measured = measure_kernels()
    console = Console(width=110)
    console.print(kernel_table(measured))
    show_goals(console, goals_met(measured))


def show_goals(console: Console, goals: dict[str, Any]) -> None:
    """Say whether each goal is met."""
    for goal, met in goals.items():
        console.print(f"{'met    ' if met else 'NOT MET'}  {goal}", highlight=False)


if __name__ == "__main__":
    main()

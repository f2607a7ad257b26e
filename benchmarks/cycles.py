"""Estimates the cycles of the kernels' inner loops with ``llvm-mca``, from the compiler's model of each core.

Run as ``python -m benchmarks.cycles``.  This is not a measurement: flash wait states, alignment and the bus are left
out.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from designer.errors import BuildError
from designer.toolchain.boards import BOARDS, FIRMWARE_ROOT
from designer.toolchain.compiler import CROSS_COMPILER
from designer.toolchain.process import run_tool

# Loops by the instruction that only they have, in their order in a function, and products of one iteration.
_TURN_PRODUCTS = {"q15": 16 * 18, "q31": 16 * 9, "q31x15": 16 * 16}
_FUNCTIONS = {"q15": "ps_fir_q15", "q31": "ps_fir_q31_subfilters", "q31x15": "ps_fir_q31x15"}
_CORES = {"cortex-m4": "stm32f405", "cortex-m7": "stm32h743"}
_ITERATIONS = 100
_INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t(.+)$")


def estimate_cycles() -> dict[str, dict[str, dict[str, float]]]:
    """Estimate the unrolled loop of each kernel that computes most outputs at a time.

    Returns
    -------
    dict
        By core and kernel: ``instructions_per_tap`` and ``estimated_cycles_per_tap`` of the loop alone.

    Raises
    ------
    BuildError
        If the compiler or ``llvm-mca`` is missing or fails.
    """
    result: dict[str, dict[str, dict[str, float]]] = {}
    for core, board in _CORES.items():
        text = _assembly(board)
        result[core] = {}
        for kernel, function in _FUNCTIONS.items():
            loop = first_loop(text, function)
            cycles = _mca(loop, core) / _ITERATIONS
            products = _TURN_PRODUCTS[kernel]
            result[core][kernel] = {
                "instructions_per_tap": len(loop) / products,
                "estimated_cycles_per_tap": cycles / products,
            }
    return result


def first_loop(disassembly: str, function: str) -> list[str]:
    """Return the instructions of a function's first unrolled loop, which its first backward branch repeats."""
    body = disassembly[disassembly.index(f"<{function}>:\n") :]
    lines: list[tuple[int, str]] = []
    for line in body.splitlines()[1:]:
        if (match := _INSTRUCTION.match(line)) is None:
            continue
        address, text = int(match[1], 16), match[2].replace("\t", " ").split("@")[0].split(";")[0].strip()
        branch = re.match(r"bne(?:\.[nw])? ([0-9a-f]+) ", text)
        if branch and int(branch[1], 16) < address:
            start = int(branch[1], 16)
            return [known for at, known in lines if at >= start]
        lines.append((address, text))
    raise BuildError(f"{function}: no loop in its instructions")


def _assembly(board: str) -> str:
    with tempfile.TemporaryDirectory(prefix="proscenium-bench-") as scratch:
        out = Path(scratch) / "kernels.o"
        source = FIRMWARE_ROOT / "core" / "dsp" / "fir_kernels_m4.S"
        command = [CROSS_COMPILER, *BOARDS[board].cpu_flags, "-c", str(source), "-o", str(out)]
        run_tool(command, "assembling the kernels")
        return run_tool(["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(out)], "reading the kernels")


def _mca(loop: list[str], core: str) -> int:
    command = ["llvm-mca", "-mtriple=thumbv7em-none-eabi", f"-mcpu={core}", f"-iterations={_ITERATIONS}"]
    try:
        result = subprocess.run(command, input="\n".join(loop), capture_output=True, text=True, timeout=60, check=True)
    except FileNotFoundError as error:
        raise BuildError("'llvm-mca' was not found on the PATH: apt-get install llvm") from error
    except subprocess.CalledProcessError as error:
        raise BuildError(f"llvm-mca: {error.stderr.strip()[:500]}") from error
    found = re.search(r"Total Cycles:\s+(\d+)", result.stdout)
    if found is None:
        raise BuildError("llvm-mca: no total of cycles in its answer")
    return int(found[1])


def cycle_table(estimated: dict[str, dict[str, dict[str, float]]]) -> Table:
    """Format the figures as a table."""
    table = Table(title="Inner loops: cycles a tap ESTIMATED by llvm-mca, not measured", title_justify="left")
    for heading in ("core", "kernel", "instructions a tap", "estimated cycles a tap"):
        table.add_column(heading, justify="left" if heading in ("core", "kernel") else "right")
    for core, kernels in estimated.items():
        for kernel, row in kernels.items():
            table.add_row(core, kernel, *(f"{row[key]:.3f}" for key in row))
    return table


def main() -> None:
    """Print the table."""
    Console(width=110).print(cycle_table(estimate_cycles()))


if __name__ == "__main__":
    main()

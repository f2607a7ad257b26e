"""Instructions per frame on the Cortex-M4, of our pipeline and filters, and of the same matrix made by peers.

Run as ``python -m benchmarks.matrix [LAYOUT …]``.  The peers have filters of the lengths that were designed:

* (a) is one ``arm_fir_q15`` for each driver and input, added up by ``arm_add_q15``, with the best flags.
* (b) is the C that Faust generates in float, compiled with ``-O3 -ffast-math``.

All are compiled by the same compiler for the same core.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.bare_image import BARE, build_bare, run_bare
from designer.board.open import measure_instructions
from designer.design.build import build_design
from designer.design.model import Design
from designer.design.store import save_design
from designer.dsp.engine import InjectionPoint
from designer.errors import BuildError
from designer.layout.model import Layout
from designer.layout.shipped import find_layout, shipped_layouts
from designer.toolchain.boards import find_board
from designer.toolchain.compiler import build_image

BOARD = "stm32f405"
LIBRARY = (
    "FilteringFunctions/arm_fir_q15.c",
    "FilteringFunctions/arm_fir_init_q15.c",
    "BasicMathFunctions/arm_add_q15.c",
)
# Goals for the default layout: least ratio of the instructions of (a) to those of our filters, and most instructions
# per frame of the pipeline.
FILTER_RATIO_GOALS = {"q15": 4.0, "q31x15": 4.0, "q31": 3.0}
PIPELINE_GOAL = 1400
# Most instructions per frame of all but the filters: upmix, volume, and the moves of samples.
REST_GOAL = 330
# Most instructions per frame of the default layout on the M55: 1.8 times fewer than before the upmix had vectors.
HELIUM_BOARD = "mps3-an547"
HELIUM_GOAL = 1015 / 1.8
DEFAULT_LAYOUT = "front3"


def measure_layout(name: str, number_format: str | None = None) -> dict[str, Any]:
    """Count one layout.

    Parameters
    ----------
    name : str
    number_format : str, optional
        By default the layout's own.

    Returns
    -------
    dict
        ``pipeline`` and ``filters`` are instructions per frame, the latter from the three inputs to the drivers.
        Others are ``flash_bytes``, ``ram_bytes``, and ``firs`` and ``taps``, as they run and as designed.
    """
    layout = find_layout(name)
    layout = layout.model_copy(update={"number_format": number_format or layout.number_format})
    result, plain = build_design(layout), build_design(in_one_stage(layout))
    with tempfile.TemporaryDirectory(prefix="proscenium-bench-") as scratch:
        directory = Path(scratch)
        save_design(result, directory / "ours")
        image = build_image(directory / "ours" / "generated", BOARD, directory / "ours" / "firmware.elf")
        entries: tuple[tuple[str, InjectionPoint], ...] = (("pipeline", "program"), ("filters", "filters"))
        ours = {
            key: measure_instructions(image.elf, result.digest, layout, injection_point) / layout.block_samples
            for key, injection_point in entries
        }
    return {
        "layout": name,
        "number_format": layout.number_format,
        **ours,
        "flash_bytes": image.flash_bytes,
        "ram_bytes": image.ram_bytes,
        "firs_designed": plain.savings[0].firs,
        "taps_designed": plain.savings[0].taps,
        "firs": result.savings[-1].firs,
        "taps": result.savings[-1].taps,
    }


def measure_pipeline(name: str, board: str) -> float:
    """Count the instructions per frame of a shipped layout's pipeline on one of the virtual boards in QEMU."""
    layout, result = find_layout(name), build_design(find_layout(name))
    with tempfile.TemporaryDirectory(prefix="proscenium-bench-") as scratch:
        directory = Path(scratch)
        save_design(result, directory / "ours")
        image = build_image(directory / "ours" / "generated", board, directory / "ours" / "firmware.elf")
        instructions = measure_instructions(image.elf, result.digest, layout, target=find_board(board))
    return instructions / layout.block_samples


def in_one_stage(layout: Layout) -> Layout:
    """Return one filter from each input to each driver, which a peer gets."""
    return layout.model_copy(update={"filters": layout.filters.model_copy(update={"form": "direct"})})


def measure_peers(name: str) -> dict[str, float]:
    """Count the instructions of the peers for one layout.

    Returns
    -------
    dict
        ``arm_fir_q15`` and ``faust_float``, instructions per frame.
    """
    result = build_design(in_one_stage(find_layout(name)))
    with tempfile.TemporaryDirectory(prefix="proscenium-bench-") as scratch:
        directory = Path(scratch)
        (directory / "matrix_tables.h").write_text(_tables(result))
        _run_faust(result, directory)
        sources = [BARE / "matrix.c", BARE / "faust_wrap.c"]
        elf = build_bare(BOARD, sources, LIBRARY, directory / "matrix.elf", [directory])
        lines = {line.name: line.value for line in run_bare(BOARD, elf, count_instructions=True)}
    calibrate = next(key for key in lines if key.startswith("calibrate"))
    per_frame = int(calibrate.split()[1]) / lines[calibrate] / lines["runs"] / result.layout.block_samples
    return {
        "arm_fir_q15": lines["arm_fir_q15 matrix"] * per_frame,
        "faust_float": lines["faust float matrix"] * per_frame,
    }


def _spans(result: Design) -> list[list[np.ndarray]]:
    """Return each filter as designed, without the zeros at its ends."""
    return [[np.trim_zeros(response) for response in row] for row in result.designed.impulse_responses]


def _tables(result: Design) -> str:
    """Write the tables for arm_fir_q15: Q0.15, time-reversed and of even length."""
    spans = _spans(result)
    lines = [
        f"#define DRIVERS {len(spans)}",
        "#define INPUTS 3",
        f"#define BLOCK {result.layout.block_samples}",
        f"#define TAPS_MAX {max(max(h.size for h in row) for row in spans) + 1}",
        "#include <stdint.h>",
    ]
    names, lengths = [], []
    for d, row in enumerate(spans):
        for i, response in enumerate(row):
            taps = np.clip(np.round(response[::-1] * 32768), -32767, 32767).astype(int).tolist()
            taps += [0] * max(4 - len(taps), len(taps) % 2)
            lines.append(f"static const int16_t h{d}_{i}[{len(taps)}] = {{{', '.join(map(str, taps))}}};")
            names.append(f"h{d}_{i}")
            lengths.append(str(len(taps)))
    pointers = ", ".join(f"{{{', '.join(names[3 * d : 3 * d + 3])}}}" for d in range(len(spans)))
    sizes = ", ".join(f"{{{', '.join(lengths[3 * d : 3 * d + 3])}}}" for d in range(len(spans)))
    unused = "__attribute__((unused))"
    lines.append(f"static const int16_t *const tables[DRIVERS][INPUTS] {unused} = {{{pointers}}};")
    lines.append(f"static const uint16_t lengths[DRIVERS][INPUTS] {unused} = {{{sizes}}};")
    return "\n".join(lines) + "\n"


def _run_faust(result: Design, directory: Path) -> None:
    """Describe the matrix in Faust and let it write C."""
    rows = []
    for row in _spans(result):
        filters = [f"fi.fir(({', '.join(f'{tap:.9e}' for tap in response)}))" for response in row]
        rows.append(f"({', '.join(filters)} :> _)")
    source = directory / "matrix.dsp"
    source.write_text(f'import("stdfaust.lib");\nprocess = _, _, _ <: {", ".join(rows)};\n')
    command = ["faust", "-lang", "c", "-single", str(source), "-o", str(directory / "matrix_faust.inc")]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    except FileNotFoundError as error:
        raise BuildError("'faust' was not found on the PATH: apt-get install faust") from error
    except subprocess.SubprocessError as error:
        raise BuildError(f"faust: {error}") from error


def matrix_table(rows: list[dict[str, Any]]) -> Table:
    """Format the figures as a table."""
    table = Table(title="Instructions a frame on the Cortex-M4, blocks of 64", title_justify="left")
    for heading in ("layout", "format", "FIRs", "taps", "pipeline", "filters", "arm_fir_q15", "Faust", "ratio"):
        table.add_column(heading, justify="left" if heading in ("layout", "format") else "right")
    for row in rows:
        stock, faust = row["arm_fir_q15"], row["faust_float"]
        table.add_row(
            row["layout"],
            row["number_format"],
            f"{row['firs_designed']} → {row['firs']}",
            f"{row['taps_designed']} → {row['taps']}",
            f"{row['pipeline']:.0f}",
            f"{row['filters']:.0f}",
            f"{stock:.0f}",
            f"{faust:.0f}",
            f"{stock / row['filters']:.2f}",
        )
    return table


# Instructions per tap of the kernels' loops alone, and the part of products that remains.  q31 uses the fast FIR.
_LOOP = {"q15": 11 / 18, "q31": 11 / 9 * 9 / 16, "q31x15": 18 / 16}


def explain_filters(row: dict[str, Any], stock: float) -> str:
    """Say what the filters' instructions are used for, and how near the figure is to the goal.

    Parameters
    ----------
    row : dict
        Of `measure_layout`.
    stock : float
        Instructions per frame of the matrix of ``arm_fir_q15``.
    """
    loops = row["taps"] * _LOOP[row["number_format"]]
    ratio = FILTER_RATIO_GOALS[row["number_format"]]
    goal = stock / ratio
    return (
        f"{row['layout']} in {row['number_format']}: {row['filters']:.0f} instructions a frame from the three buses to "
        f"the drivers, limiters included, of which {loops:.0f} are products and their loads ({row['taps']} taps at "
        f"{_LOOP[row['number_format']]:.3f}), the rest loops' ends, sums, buses and limiters; "
        f"{stock:.0f} / {ratio:.0f} = {goal:.0f} would be the goal"
    )


def main() -> None:
    """Print the table for the named layouts, or for all."""
    rows = [measure_layout(name) | measure_peers(name) for name in sys.argv[1:] or shipped_layouts()]
    console = Console(width=120)
    console.print(matrix_table(rows))
    console.print(f"{DEFAULT_LAYOUT} on {HELIUM_BOARD}: {measure_pipeline(DEFAULT_LAYOUT, HELIUM_BOARD):.0f} a frame")


if __name__ == "__main__":
    main()

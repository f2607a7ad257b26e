"""Small programs that boot in QEMU without the firmware, on each core.  They count instructions or check kernels."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cmsis import CMSIS_FLAGS, find_cmsis_dsp
from designer.errors import BuildError
from designer.toolchain.boards import BOARDS, FIRMWARE_ROOT
from designer.toolchain.compiler import CROSS_COMPILER, OWN_FLAGS
from designer.toolchain.process import run_tool

BARE = Path(__file__).parent / "bare"
# Address at which each machine starts.
CODE_ORIGINS = {"stm32f405": 0x08000000, "mps2-an500": 0, "mps3-an547": 0}
CORES = {"stm32f405": "Cortex-M4", "mps2-an500": "Cortex-M7", "mps3-an547": "Cortex-M55"}
RUN_TIMEOUT_S = 300
# Faust unrolls a whole matrix into one function.  GCC takes most of a minute for it on an idle machine.
COMPILE_TIMEOUT_S = 600
_LINE = re.compile(r"(.+) (\d+)")


@dataclass(frozen=True)
class Measured:
    """A line that a program printed: a name and its number."""

    name: str
    value: int


def build_bare(
    board: str, own: Sequence[Path], library: Sequence[str], out: Path, includes: Sequence[Path] = ()
) -> Path:
    """Compile and link a program for one board.

    Parameters
    ----------
    board : str
        A key of `CODE_ORIGINS`.
    own : sequence of Path
        Our sources.  The firmware's kernels and the start-up code are added.
    library : sequence of str
        Sources of CMSIS-DSP, below its ``Source``.
    out : Path
        The ELF file.  Objects are written to the same directory.
    includes : sequence of Path, optional
        Further directories of headers.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    BuildError
        If the program does not compile or link.
    """
    cmsis, cpu = find_cmsis_dsp(), BOARDS[board].cpu_flags
    headers: tuple[str, ...] = ("-isystem", str(BARE / "cmsis_core"), "-isystem", str(cmsis / "Include"))
    headers += ("-isystem", str(cmsis / "PrivateInclude"), f"-I{FIRMWARE_ROOT / 'core'}", f"-I{BARE}")
    # As system headers, because code of other tools need not pass our warnings.
    headers += tuple(part for path in includes for part in ("-isystem", str(path)))
    kernels = sorted((FIRMWARE_ROOT / "core" / "dsp").glob("fir_kernels*.[cS]"))
    out.parent.mkdir(parents=True, exist_ok=True)
    objects = []
    for source, flags in (
        *((path, OWN_FLAGS) for path in (*own, *kernels, BARE / "bare.c")),
        *((cmsis / "Source" / name, CMSIS_FLAGS) for name in library),
    ):
        target = out.parent / f"{out.stem}-{source.name}.o"
        command = [CROSS_COMPILER, *cpu, *flags, *headers, "-c", str(source), "-o", str(target)]
        run_tool(command, f"compiling '{source.name}'", COMPILE_TIMEOUT_S)
        objects.append(str(target))
    link = [CROSS_COMPILER, *cpu, "-nostartfiles", "-Wl,--gc-sections,--no-warn-rwx-segments"]
    link += [
        f"-Wl,--defsym=CODE_ORIGIN={CODE_ORIGINS[board]:#x}",
        f"-T{BARE / 'bare.ld'}",
        *objects,
        "-lm",
        "-o",
        str(out),
    ]
    run_tool(link, f"linking '{out.name}'")
    return out


def run_bare(board: str, elf: Path, *, count_instructions: bool = False) -> list[Measured]:
    """Boot a program and collect what it prints until it ends.

    Parameters
    ----------
    board : str
    elf : Path
    count_instructions : bool
        Let each instruction take a nanosecond of virtual time, which SysTick counts.

    Raises
    ------
    BuildError
        If the program faults, fails or does not end.
    """
    command = ["qemu-system-arm", "-M", BOARDS[board].qemu_machine, "-display", "none", "-monitor", "none"]
    command += ["-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel", str(elf)]
    command += ["-icount", "shift=0"] if count_instructions else []
    try:
        # Semihosting prints to stderr.
        result = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False)
    except (subprocess.TimeoutExpired, OSError) as error:
        raise BuildError(f"'{elf.name}' on {board}: {error}") from error
    found = [Measured(m[1], int(m[2])) for line in result.stderr.splitlines() if (m := _LINE.fullmatch(line))]
    if result.returncode != 0:
        raise BuildError(f"'{elf.name}' on {board} ended with {result.returncode}:\n{result.stderr[-500:]}")
    return found

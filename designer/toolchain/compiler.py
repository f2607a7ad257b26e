"""Compile and link: the image of a board, or the core as a shared library of the host."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from designer.errors import BuildError
from designer.temporary import temporary_directory
from designer.toolchain.boards import FIRMWARE_ROOT, BoardTarget, find_board
from designer.toolchain.image import Image, read_image
from designer.toolchain.objects import CALLS_SUFFIX, Unit, compile_units
from designer.toolchain.process import find_tool, run_tool, tool_version
from designer.toolchain.table_crc import write_table_crc

CROSS_COMPILER = "arm-none-eabi-gcc"
HOST_COMPILER = "gcc"
# GCC writes frames and calls next to each object, for designer/toolchain/stack.py.
CALL_FLAGS = ("-fcallgraph-info=su,da",)
FUZZ_COMPILER = "clang"
SANITIZER_FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
FUZZER_FLAGS = (*SANITIZER_FLAGS, "-fsanitize=fuzzer")
# Arithmetic on samples does not depend on the bytes of a request.  It is sanitized like the rest, but its branches do
# not count as coverage.  Counting them took most of a run's time.
UNSTEERED = frozenset(
    {
        *("crc32", "generator", "limiter", "volume", "upmix", "analysis", "kernels"),
        *("fir", "fir_q15", "fir_q31", "fir_q31x15"),
        *("fir_kernels", "fir_kernels_mve", "fast_fir", "shift"),
    }
)

_FORMAT = re.compile(r'^#include "dsp/format_(\w+)\.h"$', re.MULTILINE)

WARNING_FLAGS = (
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wshadow",
    "-Wconversion",
    "-Wdouble-promotion",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
)
OWN_FLAGS = ("-std=gnu11", "-O2", "-g", "-fno-common", "-ffunction-sections", "-fdata-sections", *WARNING_FLAGS)


# The only source that a public key changes.
KEY_SOURCE = "signature.c"


def build_image(generated_dir: Path, board: str, out: Path, public_key: bytes | None = None) -> Image:
    """Compile and link the firmware with a generated design.

    Parameters
    ----------
    generated_dir : Path
        Holds ``design.h``, ``design.c``, ``upmix_tables.c`` and ``protocol.h``.
    board : str
        ``stm32f405``, or ``virtual`` for the same.
    out : Path
        The ELF file to write; the linker's map and GCC's graph of calls (``.ci``) go beside it.
    public_key : bytes, optional
        Ed25519, 32 bytes: the board then takes only tables that the other half of this key has signed.

    Returns
    -------
    Image
        The image, with the digest that is in the ELF file.

    Raises
    ------
    BoardNotFoundError
        If the board is unknown.
    BuildError
        If a compiler is missing, something does not compile, or it does not fit the board.
    """
    target = find_board(board)
    ports = target.source_directories
    sources = [*_core_sources(generated_dir), *sorted((FIRMWARE_ROOT / "core").glob("*/*.S"))]
    sources += sorted((FIRMWARE_ROOT / "app").glob("*.c"))
    sources += [source for port in ports for source in sorted(port.glob("*.c"))]
    includes = (generated_dir, FIRMWARE_ROOT / "core", FIRMWARE_ROOT / "app", FIRMWARE_ROOT / "port", *ports)
    units = _units(sources, (*target.cpu_flags, *CALL_FLAGS), includes)
    if public_key is not None:
        flag = public_key_flag(public_key)
        units = [replace(unit, flags=(*unit.flags, flag)) if unit.source.name == KEY_SOURCE else unit for unit in units]
    # A build that fails or is interrupted must not leave the image of an earlier design.
    out.unlink(missing_ok=True)
    objects = compile_units(CROSS_COMPILER, units)
    with _placed_whole(out) as fresh:
        _link_image(target, objects, fresh)
        write_table_crc(fresh)
        _name_final_place(fresh.with_suffix(".map"), fresh, out)
        # Assembly has no such file.
        graphs = [graph for found in objects if (graph := found.with_suffix(CALLS_SUFFIX)).is_file()]
        fresh.with_suffix(CALLS_SUFFIX).write_text("".join(graph.read_text(encoding="utf-8") for graph in graphs))
    return read_image(out)


def build_host_library(generated_dir: Path, out: Path, flags: Sequence[str] = ()) -> Path:
    """Compile the core with a generated design into a shared library for this machine.

    Parameters
    ----------
    generated_dir : Path
        As for `build_image`.
    out : Path
        The ``.so`` file to write.
    flags : sequence of str, optional
        Added to every call, such as ``-fsanitize=undefined``.

    Raises
    ------
    BuildError
        If the compiler is missing, or something does not compile.
    """
    host = FIRMWARE_ROOT / "port" / "host"
    sources = [*_core_sources(generated_dir), *sorted(host.glob("*.c"))]
    common = ("-fPIC", "-fvisibility=hidden", *flags)
    units = _units(sources, common, (generated_dir, FIRMWARE_ROOT / "core", host))
    objects = compile_units(HOST_COMPILER, units)
    # A process that has loaded the old library keeps its file, because a new file takes the place of the old one.
    with _placed_whole(out) as fresh:
        command = [find_tool(HOST_COMPILER), "-shared", *flags, *map(str, objects), "-o", str(fresh)]
        run_tool(command, f"linking '{out.name}'")
    return out


def build_fuzzer(generated_dir: Path, out: Path) -> Path:
    """Compile ``firmware/fuzz`` and the core with a generated design into a libFuzzer program, with sanitizers.

    Parameters
    ----------
    generated_dir : Path
        As for `build_image`.
    out : Path
        The program to write.

    Raises
    ------
    BuildError
        If clang is missing, or something does not compile.
    """
    sources = [*_core_sources(generated_dir), *sorted((FIRMWARE_ROOT / "fuzz").glob("*.c"))]
    units = _units(sources, (), (generated_dir, FIRMWARE_ROOT / "core"))
    units = [
        replace(unit, flags=(*(SANITIZER_FLAGS if unit.source.stem in UNSTEERED else FUZZER_FLAGS), *unit.flags))
        for unit in units
    ]
    objects = compile_units(FUZZ_COMPILER, units)
    with _placed_whole(out) as fresh:
        command = [find_tool(FUZZ_COMPILER), *FUZZER_FLAGS, *map(str, objects), "-o", str(fresh)]
        run_tool(command, f"linking '{out.name}'")
    return out


def compiler_version(compiler: str = CROSS_COMPILER) -> str:
    """First line of the compiler's version message, for reports."""
    return tool_version(find_tool(compiler))


@contextmanager
def _placed_whole(out: Path) -> Iterator[Path]:
    """Give a path in a scratch directory; at the end, move all files from there to the directory of ``out``.

    ``out`` itself comes last, so that where it is, the files beside it are of the same build.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with temporary_directory(f".{out.stem}", out.parent) as scratch:
        fresh = scratch / out.name
        yield fresh
        for file in sorted(fresh.parent.iterdir(), key=lambda file: file == fresh):
            file.replace(out.parent / file.name)


def _name_final_place(file: Path, fresh: Path, out: Path) -> None:
    """Name the image in the linker's map by the place that it is moved to: equal builds give equal maps."""
    text = file.read_bytes()
    file.write_bytes(text.replace(os.fsencode(fresh), os.fsencode(out)))


def _core_sources(generated_dir: Path) -> list[Path]:
    tables = [generated_dir / name for name in ("design.c", "upmix_tables.c")]
    for table in tables:
        if not table.is_file():
            raise BuildError(f"'{table}' is missing: generate the design first")
    return [*tables, *core_sources(_number_format(generated_dir))]


def core_sources(number_format: str) -> list[Path]:
    """List the sources of ``firmware/core``, with the ``fir_*.c`` of one number format only."""
    core = FIRMWARE_ROOT / "core"
    formats = {header.stem.removeprefix("format_") for header in core.glob("dsp/format_*.h")}
    others = {f"fir_{name}.c" for name in formats - {number_format}}
    return [source for source in sorted(core.glob("*/*.c")) if source.name not in others]


def _number_format(generated_dir: Path) -> str:
    """Find the number format that the generated ``design.h`` includes."""
    header = generated_dir / "design.h"
    match = _FORMAT.search(header.read_text(encoding="utf-8")) if header.is_file() else None
    if match is None:
        raise BuildError(f"'{header}' is missing or names no number format: generate the design first")
    return match[1]


def public_key_flag(public_key: bytes) -> str:
    """Option of the compiler that builds a public key into `KEY_SOURCE`."""
    return "-DPS_PUBLIC_KEY=" + ",".join(f"0x{byte:02X}" for byte in public_key)


def _units(sources: Sequence[Path], target_flags: tuple[str, ...], includes: tuple[Path, ...]) -> list[Unit]:
    return [Unit(source, (*target_flags, *OWN_FLAGS), includes) for source in sources]


def _link_image(target: BoardTarget, objects: Sequence[Path], out: Path) -> None:
    command = [
        find_tool(CROSS_COMPILER),
        *target.cpu_flags,
        "-nostartfiles",
        "-Wl,--gc-sections,--fatal-warnings,--build-id=none,--no-warn-rwx-segments",
        f"-Wl,-Map={out.with_suffix('.map')}",
        *(f"-L{port}" for port in target.source_directories),
        f"-T{target.linker_script}",
        *map(str, objects),
        "-o",
        str(out),
    ]
    try:
        run_tool(command, f"linking for {target.name}")
    except BuildError as error:
        if "do not fit" not in str(error) and "overflowed" not in str(error):
            raise
        raise BuildError(
            f"the design does not fit {target.name} ({target.flash_bytes // 1024} KiB flash, "
            f"{target.ram_bytes // 1024} KiB RAM): use fewer taps, shorter delays, fewer drivers or q15\n{error}"
        ) from error

"""Compile and link: the image of a board, or the core as a shared library of the host."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from designer.errors import BuildError
from designer.toolchain.boards import FIRMWARE_ROOT, PROJECT_ROOT, BoardTarget, find_board
from designer.toolchain.cmsis import CMSIS_SOURCES, find_cmsis_dsp
from designer.toolchain.image import Image, read_image

CROSS_COMPILER = "arm-none-eabi-gcc"
HOST_COMPILER = "gcc"
CACHE_DIRECTORY = PROJECT_ROOT / "build" / "cache"
JOBS = 2
COMPILER_TIMEOUT_S = 120

_PACKAGES = {CROSS_COMPILER: "gcc-arm-none-eabi libnewlib-arm-none-eabi", HOST_COMPILER: "gcc libc6-dev"}

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
# CMSIS-DSP's own best: without LOOPUNROLL its kernels leave the dual multiply-accumulate unused.
CMSIS_FLAGS = ("-O3", "-g", "-w", "-ffunction-sections", "-DARM_MATH_LOOPUNROLL")
# __GNUC_PYTHON__ is CMSIS-DSP's switch for a compiler without CMSIS-Core: portable C only.
HOST_CMSIS_FLAGS = ("-D__GNUC_PYTHON__",)


@dataclass(frozen=True)
class _Unit:
    """One call of the compiler: a source, its flags, and the directories that its includes come from."""

    source: Path
    flags: tuple[str, ...]
    includes: tuple[Path, ...]


def build_image(generated_dir: Path, board: str, out: Path) -> Image:
    """Compile and link the firmware with a generated design.

    Parameters
    ----------
    generated_dir : Path
        Holds ``design.h``, ``design.c`` and ``protocol.h``.
    board : str
        ``stm32f405``, or ``virtual`` for the same.
    out : Path
        The ELF file to write; the linker's map goes beside it.

    Returns
    -------
    Image
        With the digest as the ELF carries it.

    Raises
    ------
    BoardNotFoundError
        If the board is unknown.
    BuildError
        If a compiler or CMSIS-DSP is missing, something does not compile, or it does not fit the board.
    """
    target = find_board(board)
    own_includes = (generated_dir, FIRMWARE_ROOT / "core", FIRMWARE_ROOT / "port", target.port_directory)
    sources = [
        *_own_sources(generated_dir),
        FIRMWARE_ROOT / "app" / "main.c",
        *sorted(target.port_directory.glob("*.c")),
    ]
    units = _units(sources, target.cpu_flags, own_includes, (FIRMWARE_ROOT / "cmsis_shim",))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="proscenium-") as scratch:
        objects = _compile_all(CROSS_COMPILER, units, Path(scratch))
        _link_image(target, objects, out)
    return read_image(out)


def build_host_library(generated_dir: Path, out: Path, flags: Sequence[str] = ()) -> Path:
    """Compile the core with a generated design into a shared library for the machine at hand.

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
        If the compiler or CMSIS-DSP is missing, or something does not compile.
    """
    host = FIRMWARE_ROOT / "port" / "host"
    common = ("-fPIC", "-fvisibility=hidden", *flags)
    includes = (generated_dir, FIRMWARE_ROOT / "core", host)
    units = _units([*_own_sources(generated_dir), host / "host.c"], (*common, *HOST_CMSIS_FLAGS), includes, ())
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="proscenium-") as scratch:
        objects = _compile_all(HOST_COMPILER, units, Path(scratch))
        _run([HOST_COMPILER, "-shared", *flags, *map(str, objects), "-o", str(out)], f"linking '{out.name}'")
    return out


def compiler_version(compiler: str = CROSS_COMPILER) -> str:
    """First line of what the compiler says of itself, for reports."""
    return _version(_find(compiler))


def _own_sources(generated_dir: Path) -> list[Path]:
    design = generated_dir / "design.c"
    if not design.is_file():
        raise BuildError(f"'{design}' is missing: generate the design first")
    return [design, *sorted((FIRMWARE_ROOT / "core").glob("*.c"))]


def _units(
    own: Sequence[Path], target_flags: tuple[str, ...], includes: tuple[Path, ...], shims: tuple[Path, ...]
) -> list[_Unit]:
    cmsis = find_cmsis_dsp()
    library_includes = (*shims, cmsis / "Include", cmsis / "PrivateInclude")
    units = [_Unit(source, (*target_flags, *OWN_FLAGS), (*includes, *library_includes)) for source in own]
    return units + [
        _Unit(cmsis / "Source" / name, (*target_flags, *CMSIS_FLAGS), library_includes) for name in CMSIS_SOURCES
    ]


def _compile_all(compiler: str, units: Sequence[_Unit], scratch: Path) -> list[Path]:
    executable = _find(compiler)
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(lambda unit: _compile(executable, unit, scratch), units))


def _compile(executable: str, unit: _Unit, scratch: Path) -> Path:
    """Compile one source, or take its object from the cache: the key covers all that the object depends on."""
    # Library headers are searched as system headers: our warnings do not apply to them.
    options = [
        *unit.flags,
        *(part for path in unit.includes for part in (("-I" if _is_own(path) else "-isystem"), str(path))),
    ]
    # Debug information names this directory, not the one that the build happens to run in.
    options += [f"-ffile-prefix-map={PROJECT_ROOT}=.", "-c", str(unit.source)]
    preprocessed = _run([executable, *options, "-E", "-P"], f"compiling '{unit.source.name}'")
    key = hashlib.sha256("\0".join([_version(executable), *unit.flags, unit.source.name, preprocessed]).encode())
    cached = CACHE_DIRECTORY / f"{unit.source.stem}-{key.hexdigest()[:32]}.o"
    if not cached.is_file():
        fresh = scratch / cached.name
        _run([executable, *options, "-o", str(fresh)], f"compiling '{unit.source.name}'")
        CACHE_DIRECTORY.mkdir(parents=True, exist_ok=True)
        placed = CACHE_DIRECTORY / f".{cached.name}.{os.getpid()}"
        shutil.copyfile(fresh, placed)
        placed.replace(cached)
    return cached


def _is_own(path: Path) -> bool:
    return "cmsis" not in path.as_posix()


def _link_image(target: BoardTarget, objects: Sequence[Path], out: Path) -> None:
    command = [
        _find(CROSS_COMPILER),
        *target.cpu_flags,
        "-nostartfiles",
        "-Wl,--gc-sections,--fatal-warnings,--build-id=none,--no-warn-rwx-segments",
        f"-Wl,-Map={out.with_suffix('.map')}",
        f"-T{target.linker_script}",
        *map(str, objects),
        "-o",
        str(out),
    ]
    out.unlink(missing_ok=True)
    try:
        _run(command, f"linking for {target.name}")
    except BuildError as error:
        if "do not fit" not in str(error) and "overflowed" not in str(error):
            raise
        raise BuildError(
            f"the design does not fit {target.name} ({target.flash_bytes // 1024} KiB flash, "
            f"{target.ram_bytes // 1024} KiB RAM): use fewer taps, shorter delays, fewer drivers or q15\n{error}"
        ) from error


def _find(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        raise BuildError(f"'{tool}' was not found on the PATH: apt-get install {_PACKAGES[tool]}")
    return path


@lru_cache
def _version(executable: str) -> str:
    return _run([executable, "--version"], f"asking {executable} for its version").splitlines()[0]


def _run(command: Sequence[str], doing: str) -> str:
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=COMPILER_TIMEOUT_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{doing}: no end after {COMPILER_TIMEOUT_S} s") from error
    if result.returncode != 0:
        raise BuildError(f"{doing} failed:\n{(result.stderr or result.stdout).strip()}")
    return result.stdout

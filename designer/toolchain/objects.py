"""Compile sources, two at a time, and cache the objects.  The same text and flags are compiled only once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from designer.files import replace_file
from designer.resources import cache_directory, source_root
from designer.temporary import temporary_directory
from designer.toolchain.process import find_tool, run_tool, tool_version

JOBS = 2
# File next to an object with the frames and calls of its functions, if GCC was asked for it.
CALLS_SUFFIX = ".ci"


@dataclass(frozen=True)
class Unit:
    """One call of the compiler.

    Attributes
    ----------
    source : Path
    flags : tuple of str
    includes : tuple of Path
        Directories of headers.
    """

    source: Path
    flags: tuple[str, ...]
    includes: tuple[Path, ...] = ()

    @property
    def options(self) -> list[str]:
        """Everything but the output, for the command line."""
        options = list(self.flags)
        for directory in self.includes:
            options += ["-I", str(directory)]
        # Debug information must not depend on the directory of the project.
        return [*options, f"-ffile-prefix-map={source_root()}=.", "-c", str(self.source)]


def compile_units(compiler: str, units: Sequence[Unit]) -> list[Path]:
    """Compile every unit and return the objects in the same order.

    Raises
    ------
    BuildError
        If the compiler is missing or refuses a source, or if there is no place for the cache.
    """
    executable = find_tool(compiler)
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(lambda unit: _compile(executable, unit, cache), units))


def _compile(executable: str, unit: Unit, cache: Path) -> Path:
    """Compile one source, or find its object.

    The key covers the preprocessed text, and so every header.  It also covers the path in the project, which GCC's call
    graph and the debug information contain.
    """
    doing = f"compiling '{unit.source.name}'"
    text = run_tool([executable, *unit.options, "-E", "-P"], doing)
    key = hashlib.sha256("\0".join((tool_version(executable), *unit.flags, _place(unit.source), text)).encode())
    kept = cache / f"{unit.source.stem}-{key.hexdigest()[:32]}.o"
    if not kept.is_file():
        with temporary_directory("proscenium-objects") as scratch:
            fresh = scratch / kept.name
            run_tool([executable, *unit.options, "-o", str(fresh)], doing)
            # Files are moved into place whole, the object last, because another build may look for it at the same time.
            for file in (fresh.with_suffix(CALLS_SUFFIX), fresh):
                if file.is_file():
                    content = file.read_bytes()
                    replace_file(cache / file.name, partial(_fill, content))
    return kept


def _place(source: Path) -> str:
    """Path in the project.  For a file elsewhere, such as a generated one, only the name."""
    root = source_root()
    return str(source.relative_to(root)) if source.is_relative_to(root) else source.name


def _fill(content: bytes, file: BinaryIO) -> None:
    file.write(content)

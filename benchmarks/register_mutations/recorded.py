"""The test of the order of writes (tests/toolchain/firmware/test_registers_written.py), on a mutated record.

The record is the recorder's text. A mutation is found in it by register and value.
"""

from __future__ import annotations

import importlib.util
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.register_mutations.bus import EXCHANGED, LEFT_OUT, Mutation
from benchmarks.register_mutations.chips import STM32F405
from benchmarks.register_mutations.sites import Site

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests" / "toolchain" / "firmware"


def load_helpers() -> None:
    """Make the tests' helpers importable, as tests/conftest.py does."""
    path = str(ROOT / "tests" / "helpers")
    if path not in sys.path:
        sys.path.insert(0, path)


class Record:
    """The test, and the recorder's program, built once.

    Parameters
    ----------
    factory : object
        Has ``mktemp(name) -> Path``, as pytest's.
    test : str
        File name of the test.

    Raises
    ------
    RuntimeError
        If the test fails without a mutation: it would seem to catch every one.
    """

    def __init__(self, factory: Any, test: str = STM32F405.record) -> None:
        load_helpers()
        self._test = _load(TESTS / test)
        self._run = cache(_plain(self._test.recorder)(factory))
        self._names = _plain(self._test.names)()
        failing = self._failing(self._run)
        if failing is not None:
            raise RuntimeError(f"{test}: {failing} fails without a mutation: mend it first")

    def catches(self, site: Site, mutation: Mutation) -> str | None:
        """Give the name of the test that fails, or None."""

        def recorder(*works: str) -> list[str]:
            return mutated(self._run(*works), site, mutation)

        return self._failing(recorder)

    def _failing(self, recorder: Callable[[str], list[str]]) -> str | None:
        """Give the name of the first test that fails on a record, or None."""
        for name, call in _calls(self._test):
            try:
                call(recorder, self._names)
            except AssertionError:
                return name
            except (ValueError, IndexError, KeyError) as error:
                return f"{name}: {error}"
        return None


def mutated(lines: list[str], site: Site, mutation: Mutation) -> list[str]:
    """Apply a mutation to the record's text."""
    found, held = [], None
    texts = {f"{site.address:08x} {size} {value:08x}" for value, _ in site.values for size in (1, 4)}
    if texts.isdisjoint(lines):  # addresses of memory are others on the host
        texts = {line for line in lines if line.startswith(f"{site.address:08x} ")}
    for line in lines:
        changed = line
        if line in texts:
            if mutation.kind == LEFT_OUT:
                continue
            if mutation.kind == EXCHANGED and held is None:
                held = line
                continue
            if mutation.kind != EXCHANGED:
                changed = f"{line[:-8]}{int(line[-8:], 16) ^ mutation.bit:08x}"
        found.append(changed)
        if held is not None and line[8:9] == " ":
            found.append(held)
            held = None
    return found


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _plain(fixture: Any) -> Callable[..., Any]:
    """Take the function out of a fixture."""
    function: Callable[..., Any] = getattr(fixture, "_fixture_function", None) or fixture.__wrapped__
    return function


def _calls(test: ModuleType) -> Iterator[tuple[str, Callable[[Any, Any], None]]]:
    """Every test of the module with each of its parameters."""
    for name, function in vars(test).items():
        if not name.startswith("test_"):
            continue
        marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
        for chosen in itertools.product(*map(_choices, marks)):
            arguments = {key: value for part in chosen for key, value in part.items()}
            yield name, partial(_call, function, arguments)


def _call(function: Callable[..., None], arguments: dict[str, Any], recorder: Any, names: Any) -> None:
    fixtures = {"recorder": recorder, "names": names}
    wanted = inspect.signature(function).parameters
    function(**{name: value for name, value in fixtures.items() if name in wanted}, **arguments)


def _choices(mark: Any) -> list[dict[str, Any]]:
    """Arguments of each case of a ``parametrize`` mark."""
    names = [name.strip() for name in mark.args[0].split(",")] if isinstance(mark.args[0], str) else list(mark.args[0])
    return [dict(zip(names, case if len(names) > 1 else (case,), strict=True)) for case in mark.args[1]]

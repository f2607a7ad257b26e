"""Runs of tests in a forked process: with a mutant in place of a module, or with a record of the lines that run.

A fork starts with NumPy, SciPy and pytest loaded.  The package under test is loaded anew.  The mutant exists in memory
only, so that neither the files nor other processes see it.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.abc
import importlib.util
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest

# A mutant may ask for any amount of memory.
_MEMORY_BYTES = 6 << 30
_POLL_S = 0.02
TIMED_OUT = -1
NO_TESTS = int(pytest.ExitCode.NO_TESTS_COLLECTED)
_QUIET = (
    "-q",
    "-x",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--no-header",
    "--tb=no",
    "--assert=plain",
    "-W",
    "ignore",
)


class _Loader(SourceFileLoader):
    """Loads one module from a syntax tree."""

    def __init__(self, name: str, path: str, tree: ast.Module):
        super().__init__(name, path)
        self._tree = tree

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._tree, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, path: Path, tree: ast.Module):
        self._name, self._loader = name, _Loader(name, str(path), tree)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._loader.path, loader=self._loader)


class _Recorder:
    """A plugin of pytest that records the lines that each test runs.

    Lines that a fixture runs count for all tests of the file, because fixtures are shared.
    """

    def __init__(self, root: Path, files: frozenset[str]):
        self._root, self._files = root, files
        self._lines: set[tuple[str, int]] = set()
        self.tests: dict[str, dict[str, Any]] = {}
        self.passed = True

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename not in self._files:
            return None
        self._lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._trace

    def start(self) -> None:
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed &= not report.failed
        kept = self.tests.setdefault(report.nodeid, {"seconds": 0.0, "fixtures": [], "lines": []})
        kept["seconds"] += report.duration
        lines, self._lines = self._lines, set()
        found = sorted((str(Path(path).relative_to(self._root)), line) for path, line in lines)
        kept["lines" if report.when == "call" else "fixtures"] += found


def warm_up(tests: list[str]) -> None:
    """Load what the tests load, so that each fork finds it."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        pytest.main([*_QUIET, "--collect-only", *tests])


def run_tests(name: str, path: Path, tree: ast.Module, tests: list[str], cpu_s: int, wall_s: float) -> int:
    """Run tests with a mutant, and return pytest's exit code, or `TIMED_OUT`."""

    def work() -> int:
        _forget_modules(import_root(name, path))
        sys.meta_path.insert(0, _Finder(name, path, tree))
        return int(pytest.main([*_QUIET, *tests]))

    return _forked(work, cpu_s, wall_s)


def import_root(name: str, path: Path) -> Path:
    """Return the folder from which a module or a package (its ``__init__.py``) is imported."""
    return path.parents[name.count(".") + (path.name == "__init__.py")]


def record_lines(root: Path, files: list[Path], tests: list[str], to: Path) -> bool:
    """Run tests on the code as it is, and write the lines of ``files`` that each runs; return whether all passed."""

    def work() -> int:
        _forget_modules(root)
        recorder = _Recorder(root, frozenset(map(str, files)))
        recorder.start()
        code = int(pytest.main([*_QUIET, *tests], plugins=[recorder]))
        sys.settrace(None)
        to.write_text(json.dumps(recorder.tests), encoding="utf-8")
        return code

    return _forked(work, 3600, 7200.0) == 0


def _forked(work: Callable[[], int], cpu_s: int, wall_s: float) -> int:
    child = os.fork()
    if child == 0:
        code = 3
        try:
            _isolate(cpu_s)
            code = work()
        finally:
            os._exit(code)
    return _await(child, wall_s)


def _isolate(cpu_s: int) -> None:
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def _forget_modules(root: Path) -> None:
    """Forget the modules of package and tests, so that they are loaded anew; this package stays."""
    own = (f"{root}/designer/", f"{root}/tests/", f"{root}/hil_tests/")
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(own):
            del sys.modules[name]


def _await(child: int, wall_s: float) -> int:
    deadline, timed_out = time.monotonic() + wall_s, False
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            timed_out = True
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        time.sleep(_POLL_S)
    # What tests have started goes with them.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if timed_out or os.WIFSIGNALED(status):
        return TIMED_OUT
    return os.waitstatus_to_exitcode(status)

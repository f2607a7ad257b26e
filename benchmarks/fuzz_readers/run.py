"""Runs of cases: Hypothesis turns bytes into a case.  The bytes are random, or Atheris makes them by coverage."""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz_readers.readers import READERS
from designer.errors import ProsceniumError

# A case that takes more processor time than this, or a slice that takes more memory, is a fault.
MOST_CPU_S = 30
MOST_MEMORY_BYTES = 6 << 30
# Cases of one process.
SLICE_CASES = 5000
_CASE_BYTES = (50, 200, 800)


@dataclass(frozen=True)
class Counts:
    """Cases by how they ended.

    Attributes
    ----------
    read, refused : int
    slowest_s : float
        The longest case.
    """

    read: int = 0
    refused: int = 0
    slowest_s: float = 0.0

    @property
    def total(self) -> int:
        """All cases."""
        return self.read + self.refused

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.read + other.read, self.refused + other.refused, max(self.slowest_s, other.slowest_s))


class CaseError(Exception):
    """A reader raised what it must not, or ended its process.  The message has the trace."""


def case_of(name: str, folder: Path, counts: Counter[str]) -> Callable[[Any], None]:
    """Return a function that runs one case, whose choices Hypothesis draws, and counts it."""
    read = READERS[name](folder)

    def run(data: Any) -> None:
        began = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(data)
            counts["read"] += 1
        except ProsceniumError:
            counts["refused"] += 1
        # In ms, because counters hold whole numbers.
        counts["slowest_ms"] = max(counts["slowest_ms"], round(1000 * (time.monotonic() - began)))

    return run


def _test_of(name: str, folder: Path, counts: Counter[str]) -> Callable[[bytes], object]:
    """Return a function that turns bytes into a case and runs it; bytes that are too few make none."""
    run = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))(
        given(st.data())(case_of(name, folder, counts))
    )
    return cast(Callable[[bytes], object], run.hypothesis.fuzz_one_input)  # type: ignore[attr-defined]


def fuzz(name: str, cases: int, folder: Path, number: int = 0) -> Counts:
    """Run cases of one reader in this process.

    Parameters
    ----------
    name : str
        Of `READERS`.
    cases : int
    folder : Path
        For the files of the cases; the bytes of the present one are in ``case``.
    number : int
        Seed: the same number makes the same cases.

    Raises
    ------
    Exception
        What the reader raised, if it was no `ProsceniumError`.
    """
    counts: Counter[str] = Counter()
    test, choices = _test_of(name, folder, counts), random.Random(f"{name} {number}")
    while counts["read"] + counts["refused"] < cases:
        case = choices.randbytes(choices.choice(_CASE_BYTES))
        (folder / "case").write_bytes(case)
        signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S)
        test(case)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return Counts(counts["read"], counts["refused"], counts["slowest_ms"] / 1000)


def fuzz_in_process(name: str, cases: int, folder: Path, number: int) -> Counts:
    """Run cases as `fuzz` does, in a process of their own, which a C library may end.

    Raises
    ------
    CaseError
        If a case failed or ended the process.  The folder has the last case.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            result = fuzz(name, cases, folder, number)
            with os.fdopen(writing, "w", encoding="utf-8") as pipe:
                pipe.write(json.dumps([result.read, result.refused, result.slowest_s]))
            code = 0
        except BaseException:
            with os.fdopen(writing, "w", encoding="utf-8", errors="backslashreplace") as pipe:
                pipe.write(traceback.format_exc(limit=-8))
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        text = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        raise CaseError(f"{name}, seed {number}: ended by {signal.Signals(-code).name}")
    if code != 0:
        raise CaseError(f"{name}, seed {number}:\n{text}")
    return Counts(*json.loads(text))


def fuzz_with_atheris(name: str, cases: int, folder: Path) -> None:
    """Let Atheris make the cases from what they reach in the code; it ends the process when it is done.

    Raises
    ------
    ImportError
        If Atheris is not installed: there is none for every Python.
    """
    atheris = importlib.import_module("atheris")
    for function in [each for each in gc.get_objects() if isinstance(each, FunctionType)]:
        if str(function.__module__).startswith("designer."):
            atheris.instrument_func(function)
    test = _test_of(name, folder, Counter())
    atheris.Setup([sys.argv[0], f"-runs={cases}", f"-max_len={_CASE_BYTES[-1]}", "-timeout=60"], test)
    atheris.Fuzz()

"""The firmware's core under libFuzzer: ``make fuzz``, or ``python -m hil_tests.harness.fuzz [--runs N]``."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from designer.design.build import build_design
from designer.design.store import save_design
from designer.errors import HilError, ProsceniumError
from designer.layout.shipped import find_layout
from designer.resources import resource
from designer.toolchain.compiler import build_fuzzer

MAX_INPUT_BYTES = 2048
SESSION_RUNS = 200_000
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERAGE = re.compile(r"cov: (\d+)")


@dataclass(frozen=True)
class FuzzReport:
    """What came of it: executions, seconds and covered edges; a fault would have raised."""

    runs: int
    seconds: int
    edges: int


def fuzz(program: Path, runs: int, seed: int = 1, keep: Path | None = None, timeout_s: float = 36000.0) -> FuzzReport:
    """Run a fuzzer on the corpus that the project keeps.

    Parameters
    ----------
    program : Path
        As `designer.toolchain.compiler.build_fuzzer` makes it.
    runs : int
        Executions.
    seed : int
    keep : Path, optional
        Where new inputs go; by default nowhere.
    timeout_s : float

    Raises
    ------
    HilError
        If an input broke something: with the sanitizer's words and the input in hexadecimal.
    """
    corpus = resource("firmware") / "fuzz" / "corpus"
    with tempfile.TemporaryDirectory(prefix="proscenium-fuzz-") as scratch:
        found = keep or Path(scratch) / "found"
        found.mkdir(parents=True, exist_ok=True)
        command = [str(program.resolve()), str(found), str(corpus), f"-runs={runs}", f"-seed={seed}"]
        command += [f"-max_len={MAX_INPUT_BYTES}", "-timeout=20", "-print_final_stats=0"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=timeout_s, check=False)
        said = done.stderr
        finished = _DONE.search(said)
        if done.returncode != 0 or finished is None:
            inputs = [path.read_bytes().hex() for path in sorted(Path(scratch).glob("*-*"))]
            raise HilError(f"fuzzing found a fault (exit code {done.returncode}):\n{said[-4000:]}\ninput: {inputs}")
    return FuzzReport(int(finished[1]), int(finished[2]), max(int(n) for n in _COVERAGE.findall(said)))


def fuzz_in_sessions(program: Path, runs: int, keep: Path | None = None) -> FuzzReport:
    """Run a number of executions on all cores, in sessions that have their own seeds and start from the kept corpus.

    A fuzzer collects inputs that cover more code, and these are long.  One session of ten million executions ends at a
    quarter of its first speed, and tries the same few hundred inputs again and again.

    Returns
    -------
    FuzzReport
        Sums of executions and seconds; the most edges that a session covered.

    Raises
    ------
    HilError
        As for `fuzz`.
    """
    sizes = [min(SESSION_RUNS, runs - done) for done in range(0, runs, SESSION_RUNS)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sessions = [pool.submit(fuzz, program, size, seed, keep) for seed, size in enumerate(sizes, 1)]
        reports = [session.result() for session in sessions]
    return FuzzReport(
        sum(report.runs for report in reports),
        sum(report.seconds for report in reports),
        max(report.edges for report in reports),
    )


def main() -> None:
    """Build for a layout, run, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--layout", default="front3", help="one with equalisers has most to break")
    parser.add_argument("--keep", type=Path, help="where new inputs go")
    arguments = parser.parse_args()
    try:
        layout = find_layout(arguments.layout)
        directory = Path("build") / layout.name
        save_design(build_design(layout), directory)
        program = build_fuzzer(directory / "generated", directory / "fuzzer")
        report = fuzz_in_sessions(program, arguments.runs, arguments.keep)
    except ProsceniumError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(f"{report.runs} executions in {report.seconds} s, {report.edges} edges, no fault\n")


if __name__ == "__main__":
    main()

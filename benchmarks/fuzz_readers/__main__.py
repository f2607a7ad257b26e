"""Feed the host's readers with damaged input: each case ends in a result or in a `ProsceniumError`.

Run as ``python -m benchmarks.fuzz_readers --cases 10000``, so many cases for each reader; ``--readers`` names some of
them.  Hypothesis turns random bytes into damage of valid input; the same ``--seed`` makes the same cases.  Each slice
of cases has a process of its own, because C libraries read SOFA and audio files.  With ``--atheris``, the bytes of one
reader's cases are made by coverage.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.fuzz_readers.readers import READERS
from benchmarks.fuzz_readers.run import SLICE_CASES, CaseError, Counts, fuzz_in_process, fuzz_with_atheris

_KEPT = Path("build/fuzz_readers")
_SLICES_A_LINE = 5


def main() -> int:
    """Run the readers and print their counts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_readers", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=1000, help="for each reader")
    parser.add_argument("--readers", nargs="+", choices=sorted(READERS), default=sorted(READERS))
    parser.add_argument("--seed", type=int, default=0, help="of the first slice; each slice has the next one")
    parser.add_argument("--atheris", action="store_true", help="cases of the first reader, made by Atheris")
    arguments = parser.parse_args()
    if arguments.atheris:
        with tempfile.TemporaryDirectory(prefix="proscenium-fuzz-") as folder:
            fuzz_with_atheris(arguments.readers[0], arguments.cases, Path(folder))
    faults = 0
    for name in arguments.readers:
        faults += _run(name, arguments.cases, arguments.seed)
    return 1 if faults else 0


def _run(name: str, cases: int, seed: int) -> int:
    """Run a reader's cases and print what became of them; return the number of slices that failed."""
    found, faults, began = Counts(), 0, time.monotonic()
    for number, first in enumerate(range(0, cases, SLICE_CASES), seed):
        with tempfile.TemporaryDirectory(prefix="proscenium-fuzz-") as folder:
            try:
                found += fuzz_in_process(name, min(SLICE_CASES, cases - first), Path(folder), number)
            except CaseError as error:
                faults += 1
                kept = _KEPT / f"{name}-{number}"
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(folder, kept)
                print(f"{error}\nthe case is in {kept}", flush=True)
            except KeyboardInterrupt:
                print(f"interrupted {_text(name, found, faults)}", flush=True)
                raise
        if (number - seed) % _SLICES_A_LINE == _SLICES_A_LINE - 1 and first + SLICE_CASES < cases:
            print(f"so far {_text(name, found, faults)}", flush=True)
    speed = found.total / (time.monotonic() - began)
    print(f"{_text(name, found, faults)}, {speed:.0f} a second", flush=True)
    return faults


def _text(name: str, found: Counts, faults: int) -> str:
    return (
        f"{name}: {found.read} read, {found.refused} refused, {faults} slices failed; slowest {found.slowest_s:.2f} s"
    )


if __name__ == "__main__":
    sys.exit(main())

"""Let commands meet faults, and look at what they leave and at what the next run makes of it.

Run as ``python -m benchmarks.fault_injection``.  ``--commands`` and ``--faults`` name some; ``--every N`` takes each
N-th change of files only.  After each fault, every file must be as it was or as it is to be, with no temporary beside
it unless the process was killed.  A command that does not end with 0 must say why.  The next run must then be right.

Designs are made once, and so are the measurements of ``hil``: what is tested is what is written.  A full disk is a
small tmpfs.  Where mounting is not allowed, only the limit of a file's size stands for it.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from designer.numerics.threads import limit_blas_threads

limit_blas_threads()

from benchmarks.fault_injection.check import Expectation, files_in  # noqa: E402
from benchmarks.fault_injection.faults import Fault, Outcome, mounted, run, unmount  # noqa: E402
from benchmarks.fault_injection.scenarios import (  # noqa: E402
    KINDS,
    SCENARIOS,
    Scenario,
    keep_designs,
    keep_measurements,
    load_everything,
    make_designs,
    write_inputs,
)
from designer.layout.load import load_layout  # noqa: E402
from designer.layout.model import Layout  # noqa: E402
from designer.sweep.plan import parse_axis, plan_points  # noqa: E402

_SIZES = 12
# Moments of a run at which its board is killed.
_TIMES = 10
_PAGE = 4096
_ROOMY = 1 << 30


class Campaign:
    """Runs of one command.

    Parameters
    ----------
    scenario : Scenario
    root : Path
        Scratch directory.
    every : int
        Each so many-th change of files is a kill.
    """

    def __init__(self, scenario: Scenario, root: Path, every: int) -> None:
        self._scenario, self._every = scenario, every
        self._old, self.place = root / "old", root / "run" / "place"
        self._old.mkdir(parents=True)
        self.place.mkdir(parents=True)
        write_inputs(self._old)
        for arguments in scenario.before:
            outcome = run(arguments, self._old, Fault(), scenario.own_cache)
            if outcome.code != 0:
                raise SystemExit(f"{' '.join(arguments)}: exit code {outcome.code}: {outcome.said}")
        before = files_in(self._old)
        seen = []
        for _ in range(2):
            self._lay_out()
            outcome = self._run(Fault())
            if outcome.code != 0:
                raise SystemExit(f"{scenario.name}: exit code {outcome.code}: {outcome.said}")
            seen.append(files_in(self.place))
        self.changes, self._seconds = outcome.changes, outcome.seconds
        varying = frozenset(name for name in seen[0] if seen[0][name] != seen[1].get(name))
        self._expected = Expectation(before, seen[1], varying)
        # Of what the command writes.
        self._sizes = [len(data) for name, data in seen[1].items() if before.get(name) != data]
        if scenario.own_cache:
            self._sizes += [path.stat().st_size for path in (self.place / "cache").rglob("*") if path.is_file()]

    def _lay_out(self, size: int | None = None) -> None:
        unmount(self.place)
        shutil.rmtree(self.place)
        self.place.mkdir()
        if size is not None and not mounted(self.place, _ROOMY):
            raise PermissionError("mounting is not allowed here")
        shutil.copytree(self._old, self.place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("cache"))

    def _run(self, fault: Fault) -> Outcome:
        return run(self._scenario.arguments, self.place, fault, self._scenario.own_cache)

    def faults(self, kind: str) -> Iterator[Fault]:
        """List the faults of a kind."""
        if kind == "kill":
            yield from (Fault(kind, number) for number in range(1, self.changes + 1, self._every))
        elif kind in ("cut", "large"):
            yield from (Fault(kind, max(self._sizes) * n // _SIZES) for n in range(1, _SIZES + 1))
        elif kind == "disk":
            yield from (Fault(kind, _PAGE + sum(self._sizes) * n // _SIZES) for n in range(_SIZES + 1))
        elif kind == "worker":
            yield from (Fault(kind, number) for number in range(1, self._scenario.workers + 1))
        elif kind == "board":
            yield from (Fault(kind, round(1000 * self._seconds * n / _TIMES)) for n in range(_TIMES))
        else:
            yield Fault(kind)

    def meet(self, fault: Fault) -> list[str]:
        """Run with a fault, and then without; return what was wrong."""
        self._lay_out(fault.value if fault.kind == "disk" else None)
        if fault.kind == "disk":
            disk = os.statvfs(self.place)
            mounted(self.place, (disk.f_blocks - disk.f_bfree) * disk.f_frsize + fault.value)
        outcome = self._run(fault)
        found = self._expected.faults_at_once(fault, outcome, self.place)
        if fault.kind == "disk":
            mounted(self.place, _ROOMY)
        outcome = self._run(Fault())
        return found + self._expected.faults_afterwards(outcome, self.place)

    def close(self) -> None:
        """Take the disk away."""
        unmount(self.place)


def main() -> int:
    """Run the campaign and print its counts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fault_injection", description=__doc__.split("\n")[0])
    parser.add_argument("--commands", nargs="+", choices=sorted(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--faults", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--every", type=int, default=1, help="kill at each so many-th change of files")
    parser.add_argument("--skip", type=int, default=0, help="so many faults of each kind, met before")
    arguments = parser.parse_args()
    cases = faulty = 0
    with tempfile.TemporaryDirectory(prefix="proscenium-faults-") as folder:
        root = Path(folder)
        layouts = _prepare(root)
        for name in (each for each in SCENARIOS if each in arguments.commands):
            if name == "hil":
                keep_measurements(layouts, root)
            campaign = Campaign(SCENARIOS[name], root / name, arguments.every)
            try:
                for kind in (kind for kind in arguments.faults if kind in SCENARIOS[name].kinds):
                    tried, wrong = _meet_all(campaign, name, kind, arguments.skip)
                    cases, faulty = cases + tried, faulty + wrong
            finally:
                campaign.close()
    print(f"{cases} faults, {faulty} with something wrong")
    return 1 if faulty else 0


def _prepare(root: Path) -> list[Layout]:
    load_everything()
    keep_designs()
    write_inputs(root)
    layouts: list[Layout] = [load_layout(root / name) for name in ("old.toml", "new.toml")]
    points = plan_points(layouts[1], [parse_axis("listener.distance_m=1.0,1.2")])
    make_designs([*layouts, *(Layout.model_validate(point.layout) for point in points)])
    return layouts


def _meet_all(campaign: Campaign, name: str, kind: str, skip: int) -> tuple[int, int]:
    """Let a command meet all faults of a kind; return their number and that of those after which something is wrong."""
    tried = wrong = 0
    try:
        for fault in itertools.islice(campaign.faults(kind), skip, None):
            found = campaign.meet(fault)
            tried += 1
            wrong += bool(found)
            for line in found:
                print(f"{name}, {fault}: {line}", flush=True)
    except PermissionError as error:
        print(f"{name}, {kind}: not tried: {error}", flush=True)
    finally:
        # Also of a campaign that is interrupted.
        if tried:
            print(f"{name}, {kind}: {tried} faults, {wrong} with something wrong", flush=True)
    return tried, wrong


if __name__ == "__main__":
    sys.exit(main())

"""Put small faults into packages and count those that the unit tests do not notice.

Run as ``python -m benchmarks.mutation designer/protocol designer/fixedpoint/proof``.  Each argument is a package or a
module.  A mutant meets the tests that run its line: those below `tests/unit` in the same place, or those that
``--tests`` names.  ``--sample N`` takes N mutants by a fixed seed, and ``--again`` those that survived before.

Results are kept in ``build/mutation``.  A second run continues the first, and repeats what has changed.  The exit code
is 1 if a mutant survives that ``benchmarks/mutation/equivalent.toml`` does not name.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.mutation.child import NO_TESTS, TIMED_OUT, record_lines, run_tests, warm_up
from benchmarks.mutation.mutants import Mutant, mutants, mutate

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
RESULTS = ROOT / "build/mutation"
# Loaded once, before the forks.
_PRELOADED = ("numpy", "scipy.signal", "scipy.linalg", "hypothesis", "pydantic", "jinja2")
_ALIVE = ("survived", "untested")
# So many of the quickest tests go first: they kill most mutants.
_QUICK_TESTS = 12
# Processor time: that of the tests, several times over, because a mutant may take a longer way.
_CPU_FACTOR, _CPU_START_S, _WALL_FACTOR = 4, 20, 15


@dataclass(frozen=True)
class Module:
    """A module under test: its file, its source, and what each test runs of it."""

    path: str
    source: str
    tests: dict[str, dict[str, Any]]
    digest: str

    def selected(self, mutant: Mutant) -> list[str]:
        """Return the tests that can notice a mutant, the quickest first."""
        whole = mutant.cached or not any(self._runs(found, mutant.line, ("lines",)) for found in self.tests.values())
        shared = {
            test.split("::")[0] for test, found in self.tests.items() if self._runs(found, mutant.line, ("fixtures",))
        }
        chosen = [
            test
            for test, found in self.tests.items()
            if test.split("::")[0] in shared
            or self._runs(found, None if whole else mutant.line, ("lines", "fixtures") if whole else ("lines",))
        ]
        return sorted(chosen, key=lambda test: (round(self.tests[test]["seconds"], 1), test))

    def _runs(self, found: dict[str, Any], line: int | None, kinds: tuple[str, ...]) -> bool:
        return any(path == self.path and line in (None, at) for kind in kinds for path, at in found[kind])


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__.split("\n")[0])
    parser.add_argument("packages", nargs="+", help="packages or modules, as paths")
    parser.add_argument("--tests", nargs="+", help="test files or folders in place of those in the mirrored place")
    parser.add_argument("--sample", type=int, help="so many mutants of all, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="only what survived when it was last tried")
    arguments = parser.parse_args()
    for name in _PRELOADED:
        __import__(name)
    files = [file for package in arguments.packages for file in _modules(ROOT / package)]
    tests = arguments.tests or sorted({_mirror(file) for file in files})
    warm_up(tests)
    modules = _record(files, tests)
    work = [(module, mutant) for module in modules for mutant in mutants(module.source)]
    total = len(work)
    if arguments.again:
        survived = {place for place, result in _earlier().items() if result in _ALIVE}
        work = [(module, mutant) for module, mutant in work if _place(module, mutant) in survived]
        total = len(work)
    if arguments.sample is not None and arguments.sample < total:
        chosen = sorted(random.Random(arguments.seed).sample(range(total), arguments.sample))
        work = [work[n] for n in chosen]
    print(f"{len(work)} of {total} mutants of {len(modules)} modules; tests: {' '.join(tests)}", flush=True)
    named = _named()
    return _report(work, _run(work, named))


def _modules(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def _mirror(file: Path) -> str:
    """Return the folder of unit tests that mirrors a module's."""
    folder = ROOT / "tests/unit" / file.parent.relative_to(ROOT / "designer")
    while not folder.is_dir():
        folder = folder.parent
    return str(folder.relative_to(ROOT))


def _record(files: list[Path], tests: list[str]) -> list[Module]:
    """Run the tests once on the code as it is, to see what each runs; kept for the next call."""
    sources = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}
    test_files = sorted(path for test in tests for path in _modules(ROOT / test.split("::")[0]))
    helpers = [*sorted((ROOT / "tests/helpers").glob("*.py")), ROOT / "tests/conftest.py"]
    code = "".join(path.read_text(encoding="utf-8") for path in [*test_files, *helpers])
    digest = hashlib.sha256(json.dumps([sources, tests, code]).encode()).hexdigest()
    kept = RESULTS / f"lines-{digest[:16]}.json"
    if not kept.exists():
        RESULTS.mkdir(parents=True, exist_ok=True)
        beside = kept.with_suffix(".new")
        if not record_lines(ROOT, files, tests, beside):
            raise SystemExit(f"the tests fail without any mutant: {' '.join(tests)}")
        beside.rename(kept)
    recorded = json.loads(kept.read_text(encoding="utf-8"))
    return [
        Module(path, source, recorded, hashlib.sha256((source + code).encode()).hexdigest())
        for path, source in sources.items()
    ]


def _place(module: Module, mutant: Mutant) -> tuple[str, str]:
    return f"{module.path}:{mutant.line}:{mutant.column}", mutant.change


def _lines() -> list[dict[str, str]]:
    kept = RESULTS / "results.jsonl"
    return [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.exists() else []


def _earlier() -> dict[tuple[str, str], str]:
    """Return the last result of each mutant, whatever the tests were."""
    return {(line["place"], line["change"]): line["result"] for line in _lines()}


def _named() -> set[tuple[str, str, str]]:
    """Return the mutants that change nothing that can be seen, by module, line of code and change."""
    found = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
    return {(entry["module"], entry["code"], entry["change"]) for entry in found}


def _name(module: Module, mutant: Mutant) -> tuple[str, str, str]:
    return module.path, module.source.splitlines()[mutant.line - 1].strip(), mutant.change


def _run(work: list[tuple[Module, Mutant]], named: set[tuple[str, str, str]]) -> list[str]:
    """Return the result of each mutant: killed, timed out, survived, untested, or equivalent, which meets no test."""
    known = {line["key"]: line["result"] for line in _lines()}
    results = []
    with (RESULTS / "results.jsonl").open("a", encoding="utf-8") as file:
        for n, (module, mutant) in enumerate(work):
            if _name(module, mutant) in named:
                results.append("equivalent")
                continue
            key = f"{module.digest}:{mutant.index}"
            if key not in known:
                known[key] = _meet(module, mutant)
                place, change = _place(module, mutant)
                line = {"key": key, "result": known[key], "place": place, "change": change}
                file.write(json.dumps(line) + "\n")
                file.flush()
                if known[key] in _ALIVE:
                    print(f"[{n + 1}/{len(work)}] {known[key]}: {place}: {change}", flush=True)
            results.append(known[key])
    return results


def _meet(module: Module, mutant: Mutant) -> str:
    tests = module.selected(mutant)
    if not tests:
        return "untested"
    name = module.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    tree = mutate(module.source, mutant.index)
    for some in (tests[:_QUICK_TESTS], tests[_QUICK_TESTS:]):
        cpu_s = _CPU_START_S + int(_CPU_FACTOR * sum(module.tests[test]["seconds"] for test in some))
        code = run_tests(name, ROOT / module.path, tree, some, cpu_s, float(_WALL_FACTOR * cpu_s)) if some else 0
        if code == NO_TESTS:
            raise SystemExit(f"{module.path}:{mutant.line}: no test was found of {len(some)}")
        if code != 0:
            return "timed out" if code == TIMED_OUT else "killed"
    return "survived"


def _report(work: list[tuple[Module, Mutant]], results: list[str]) -> int:
    counts: Counter[str] = Counter()
    per_module: dict[str, Counter[str]] = {}
    survivors = []
    for (module, mutant), result in zip(work, results, strict=True):
        if result in _ALIVE:
            survivors.append(f"{module.path}:{mutant.line}: {result}: {mutant.change}")
        counts[result] += 1
        per_module.setdefault(module.path, Counter())[result] += 1
    for path, found in per_module.items():
        print(f"{path}: {', '.join(f'{count} {result}' for result, count in sorted(found.items()))}")
    for line in survivors:
        print(line)
    share = 100 * len(survivors) / max(len(work) - counts["equivalent"], 1)
    print(
        f"{len(work)} mutants: {', '.join(f'{n} {what}' for what, n in sorted(counts.items()))}; {share:.1f} % survive"
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

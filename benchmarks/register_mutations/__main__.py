"""``python -m benchmarks.register_mutations``: make the list, apply each mutation, say what is caught."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from benchmarks.register_mutations.chips import CHIPS, STM32F405, Chip
from benchmarks.register_mutations.equivalent import reason
from benchmarks.register_mutations.recorded import Record, load_helpers
from benchmarks.register_mutations.sites import Site, find_sites, mutations_of, source_writes
from benchmarks.register_mutations.verdict import Observation, Subject, caught_by, observe
from designer.codegen.digest import design_digest
from designer.codegen.table_set import pack
from designer.toolchain.compiler import build_image

# With a sound clock, a store that these reach is the same in all cases.
COMMON = ("boot", "faults", "commit", "resets")


class _Directories:
    """Gives directories, as pytest's factory does."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def mktemp(self, name: str) -> Path:
        """Make a directory."""
        return Path(tempfile.mkdtemp(prefix=name, dir=self._root))


def build_subject(directory: Path, chip: Chip = STM32F405) -> Subject:
    """Build a small image whose drivers need all outputs."""
    load_helpers()
    designs = importlib.import_module("designs")
    layout, bank, _ = designs.generate_small(
        "q15", directory / "generated", equalised=(True, False, True), **chip.layout
    )
    other = designs.retuned_bank(layout, bank, 2)
    elf = build_image(directory / "generated", chip.name, directory / "firmware.elf").elf
    return Subject(chip, elf, pack(layout, other, design_digest(layout, other)))


def unreached(sites: Iterable[Site], chip: Chip = STM32F405) -> list[str]:
    """Give the statements of the sources that write a register and that no case reaches."""
    reached = {(site.file, site.line) for site in sites}
    return [
        f"{file}:{first}"
        for (file, first), last in source_writes(chip).items()
        if not any((file, line) in reached for line in range(first, last + 1))
    ]


def cases_of(site: Site, chip: Chip) -> list[str]:
    """Cases to run: the short ones first, and those of other clocks only for what they alone reach."""
    common = [case for case in COMMON if case in site.cases]
    return common or [case for case in chip.cases if case in site.cases]


def judge(subject: Subject, record: Record, chosen: slice = slice(None), place: str = "") -> Counter[str]:
    """Apply the mutations, or some of them; prints each that nothing catches, and its reason.

    Parameters
    ----------
    subject : Subject
    record : Record
    chosen : slice
        Of the list of mutations.
    place : str
        Only sites whose file, line and register contain this.
    """
    chip, sites = subject.chip, find_sites(subject)

    @cache
    def sound(case: str) -> list[Observation]:
        return list(observe(subject, case))

    counts: Counter[str] = Counter(
        writes=len(source_writes(chip)), sites=len(sites), unreached=len(unreached(sites.values(), chip))
    )
    for write in unreached(sites.values(), chip):
        print(f"not reached    {write}")
    mutations = [
        (site, mutation) for key, site in sites.items() for mutation in mutations_of(key, site) if place in str(site)
    ]
    print(
        f"{len(mutations)} mutations of {len(sites)} stores, of which {len(mutations[chosen])} are applied", flush=True
    )
    for n, (site, mutation) in enumerate(mutations[chosen], 1):
        first, *others = cases_of(site, chip)
        if caught_by(subject, {first: sound(first)}, mutation):
            verdict = "board"
        elif record.catches(site, mutation):
            verdict = "record"
        else:
            verdict = "board" if caught_by(subject, {case: sound(case) for case in others}, mutation) else ""
        why = "" if verdict else reason(site, mutation)
        counts[verdict or ("equivalent" if why else "survived")] += 1
        if not verdict:
            print(
                f"{'equivalent' if why else 'SURVIVED':14} {site}: {mutation.kind} 0x{mutation.bit:X} {why}", flush=True
            )
        if n % 25 == 0:
            print(f"{n} applied: {counts['board']} caught by the board, {counts['record']} by the record", flush=True)
    return counts


def main() -> None:
    """Print every mutation that nothing catches, and how many are caught."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.register_mutations", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="apply only each N-th mutation")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="begin with the N-th mutation of the list")
    parser.add_argument("--place", default="", help="only sites whose file, line and register contain this")
    parser.add_argument("--board", choices=tuple(CHIPS), default="stm32f405", help="whose port")
    options = parser.parse_args()
    chip = CHIPS[options.board]
    with tempfile.TemporaryDirectory(prefix="proscenium-mutations-") as scratch:
        directory = Path(scratch)
        chosen = slice(options.first - 1, None, options.every)
        counts = judge(
            build_subject(directory, chip), Record(_Directories(directory), chip.record), chosen, options.place
        )
    caught = counts["board"] + counts["record"]
    total = caught + counts["equivalent"] + counts["survived"]
    print(f"{counts['writes']} register writes in the sources, {counts['unreached']} of them not reached")
    print(f"{counts['sites']} stores in the image, {total} mutations: {caught} caught")
    print(f"    by the executed board {counts['board']}, by the record of the order {counts['record']}")
    print(f"    equivalent {counts['equivalent']}, survived {counts['survived']}")
    sys.exit(1 if counts["survived"] or counts["unreached"] else 0)


if __name__ == "__main__":
    main()

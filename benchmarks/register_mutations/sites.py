"""The sites: which line of the port wrote which register, and the mutations that follow from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from unicorn import UC_HOOK_BLOCK, UC_HOOK_CODE

from benchmarks.register_mutations.bus import EXCHANGED, LEFT_OUT, WRONG_BIT, Bus, Key, Mutation
from benchmarks.register_mutations.chips import STM32F405, Chip
from benchmarks.register_mutations.verdict import Run, Subject, steps_of
from designer.toolchain.boards import FIRMWARE_ROOT
from designer.toolchain.process import find_tool, run_tool

ADDR2LINE = "arm-none-eabi-addr2line"
# Bits inverted at each site: of those that the write changes, so many at each end.
_EACH_END = 1
_WRITE = re.compile(r"^\s*(?:\*control|[A-Z]\w*?_\w+(?:\([^=]*\))?) (?:\||&)?= ")


@dataclass
class Site:
    """A store to a register.

    Attributes
    ----------
    file, line : str, int
        Where it stands in the source.
    register : str
    address : int
    values : set of (int, int)
        What was written, and what the register held.
    cases : set of str
        Where it happens.
    has_neighbour : bool
        Whether the same function writes another register next.
    """

    file: str
    line: int
    register: str
    address: int
    values: set[tuple[int, int]] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)
    has_neighbour: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.register}"


def _directories(chip: Chip) -> list[Path]:
    return [FIRMWARE_ROOT / "port" / name for name in chip.ports]


def source_writes(chip: Chip = STM32F405) -> dict[tuple[str, int], int]:
    """Find the statements of the port's sources that write a register: (file, first line) -> last line."""
    found = {}
    for path in sorted(path for directory in _directories(chip) for path in directory.glob("*.c")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, text in enumerate(lines, 1):
            if _WRITE.match(text):
                end = next(
                    n
                    for n in range(number, len(lines) + 1)
                    if lines[n - 1].rstrip().split("/*")[0].rstrip().endswith(";")
                )
                found[path.name, number] = end
    return found


def register_names(chip: Chip) -> dict[int, str]:
    """Name of each register by its address, from the port's headers."""
    text = "".join((FIRMWARE_ROOT / "port" / name).read_text(encoding="utf-8") for name in chip.headers)
    plain = {
        int(address, 16): name for name, address in re.findall(r"^#define (\w+) +REGISTER\((0x\w+)u\)", text, re.M)
    }
    arrays = {0xE000E100: "ISER", 0xE000E200: "ISPR"}
    numbered = {base + 4 * n: f"NVIC_{name}{n}" for base, name in arrays.items() for n in range(5)}
    return {**plain, **numbered, **{0xE000E400 + n: f"NVIC_IPR{n}" for n in range(chip.interrupts)}}


def find_sites(subject: Subject, cases: Iterable[str] = ()) -> dict[Key, Site]:
    """Run cases once, all by default, and give the stores of the port's own lines."""
    stores: dict[Key, tuple[int, int]] = {}
    noted: list[tuple[str, Key, int, int, int]] = []
    for case in cases or subject.chip.cases:
        _trace(subject, case, stores, noted)
    lines = _lines_of(subject.elf, sorted({code for code, _ in stores.values()}))
    names, sites = register_names(subject.chip), dict[Key, Site]()
    for key, (code, address) in stores.items():
        function, file, line = lines[code]
        if any((directory / file).is_file() for directory in _directories(subject.chip)):
            sites[key] = Site(file, line, names.get(address, f"0x{address:08X} ({function})"), address)
    for n, (case, key, _, value, before) in enumerate(noted):
        if key in sites:
            sites[key].values.add((value, before))
            sites[key].cases.add(case)
            after = noted[n + 1] if n + 1 < len(noted) else None
            if after is not None and after[0] == case and after[1] in sites and after[1] != key:
                same = lines[stores[key][0]][0] == lines[stores[after[1]][0]][0]
                sites[key].has_neighbour |= same
    return sites


def _trace(
    subject: Subject, case: str, stores: dict[Key, tuple[int, int]], noted: list[tuple[str, Key, int, int, int]]
) -> None:
    board = subject.board(case)
    engine = board.machine.cpu.engine
    place = {"block": 0, "code": 0}
    engine.hook_add(UC_HOOK_BLOCK, lambda _engine, address, _size, _data: place.update(block=address))
    engine.hook_add(
        UC_HOOK_CODE, lambda _engine, address, _size, _data: place.update(code=address), None, *_port_range(subject.elf)
    )

    def note(key: Key, address: int, value: int, before: int) -> None:
        stores.setdefault(key, (place["code"], address))
        noted.append((case, key, address, value, before))

    bus = Bus(board, note=note)
    bus.block_of = lambda: place["block"]
    for _ in steps_of(Run(subject, board, bus), case):
        pass


def _port_range(elf: Path) -> tuple[int, int]:
    """First and last address of the functions that write registers."""
    listing = run_tool([find_tool("arm-none-eabi-nm"), "-l", "-n", str(elf)], "reading the symbols")
    found = [int(line.split()[0], 16) for line in listing.splitlines() if re.search(r" [tT] .*/port/", line)]
    return min(found), max(found) + 0x400


def _lines_of(elf: Path, addresses: list[int]) -> dict[int, tuple[str, str, int]]:
    """Find function, file and line of each address."""
    command = [find_tool(ADDR2LINE), "-f", "-e", str(elf), *map(hex, addresses)]
    said = run_tool(command, "reading the lines").splitlines()
    found = {}
    for address, function, place in zip(addresses, said[::2], said[1::2], strict=True):
        file, _, line = place.partition(" ")[0].rpartition(":")
        found[address] = (function, Path(file).name, int(line) if line.isdigit() else 0)
    return found


def mutations_of(key: Key, site: Site) -> list[Mutation]:
    """List the mutations of a site: left out, each wrong bit, exchanged."""
    bits: set[int] = set()
    for value, before in site.values:
        changed = value ^ before or value
        masks = [1 << n for n in range(32) if changed >> n & 1]
        bits |= {*masks[:_EACH_END], *masks[-_EACH_END:]}
    found = [Mutation(key, LEFT_OUT), *(Mutation(key, WRONG_BIT, bit) for bit in sorted(bits))]
    return [*found, Mutation(key, EXCHANGED)] if site.has_neighbour else found

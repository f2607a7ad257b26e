"""Upper bound of the stack's depth, from GCC's frames (``-fstack-usage``), the calls of the image, and interrupts.

Every path from the program's start and from every interrupt is followed through the linked code.  A call through a
pointer is followed to every function that the caller's file holds pointers to.  `POINTERS` lists these.  A caller that
is not listed, a recursion, or a frame without a bound is an error.  So the figure is always an upper bound.  Frames of
our own C functions are GCC's figures.  Those of the C library and of our assembly (``.S``) are read from their
instructions.  In these, ``mov pc`` is a jump within a function, into the middle of an unrolled loop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from designer.errors import BuildError
from designer.toolchain.image import Image
from designer.toolchain.process import find_tool, run_tool

OBJDUMP = "arm-none-eabi-objdump"
NM = "arm-none-eabi-nm"

# Files with calls through pointers, and the functions that these may point to.
POINTERS: dict[str, tuple[str, ...]] = {
    "app/audio.c": (
        "ticks_now",
        "tick_hz",
        "read_temperature",
        "audio_start",
        "audio_clock",
        "audio_restart",
        "audio_errors",
    ),
    "app/main.c": (
        "start_board",
        "clock_source",
        "ticks_now",
        "tick_hz",
        "serial_receive",
        "serial_send",
        "serial_idle",
        "watchdog_feed",
        "flash_has_slots",
        "is_simulated",
        "audio_mute",
        "rom_enter",
    ),
    "app/semihosting.c": ("is_simulated",),
    "core/link/link.c": ("write_reply",),
    "core/link/command.c": ("semihosting_open", "claim_pipeline", "release_pipeline", "request_bootloader"),
    "core/link/command_report.c": ("ticks_now", "serial_overruns", "write_health"),
    "core/link/command_run.c": ("ticks_now", "claim_pipeline", "watchdog_feed"),
    "core/play/player.c": (
        "ticks_now",
        "audio_read",
        "audio_write",
        "audio_has_time",
        "audio_mute",
        "audio_pause",
        "audio_resume",
    ),
    "core/tables/slots.c": ("slot_address", "slot_is_readable", "slot_erase", "slot_program"),
    "cortex_m/fault.c": ("audio_mute",),
    "cortex_m/ticks.c": ("stand_in_half_complete",),
    "stm32/audio.c": ("on_half_complete", "on_process", "on_restarted"),
}

# Interrupts from the lowest priority to the highest (cpu.h).  Each may interrupt all before it once.
LEVELS: dict[str, tuple[str, ...]] = {
    "program": ("reset_handler",),
    "audio's work": ("pendsv_handler",),
    "audio": ("systick_handler", "converters_handler"),
    "serial line": ("serial_handler", "uart_receive_handler"),
    "clock security": ("nmi_handler",),
}

# What the core puts on the stack for an interrupt: 26 words with the FPU's registers, and one to align (PM0214 2.3.7).
# A fault needs one as well, and then has a stack of its own.
EXCEPTION_FRAME_BYTES = 112

_FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
_INSTRUCTION = re.compile(r"^\s*[0-9a-f]+:\t(\S+)(?:\t(.*))?$")
_NODE = re.compile(r'^node: \{ title: "(?:[^"]*:)?([^":]+)" label: "[^"]*?\\n([^"\\]*?):\d+:\d+\\n(\d+) bytes \((\w+)')
_INDIRECT = re.compile(r'^edge: \{ sourcename: "(?:[^"]*:)?([^":]+)" targetname: "__indirect_call"')


@dataclass(frozen=True)
class StackBound:
    """Upper bound of the stack's depth.

    Attributes
    ----------
    bytes : int
        Depth if the program and every interrupt are at their deepest at the same time.
    reserved_bytes : int
        What the linker script reserves, without the guard.
    paths : dict of str to (int, tuple of str)
        For each level its depth in bytes and the functions that lead there.
    """

    bytes: int
    reserved_bytes: int
    paths: Mapping[str, tuple[int, tuple[str, ...]]]


@dataclass
class _Function:
    frame: int = 0
    known: bool = False
    unbounded: bool = False
    calls: set[str] = field(default_factory=set)
    indirect: bool = False
    files: set[str] = field(default_factory=set)


def stack_bound(elf: Path) -> StackBound:
    """Bound the stack of a linked image.  The call graph of GCC is next to it, in ``.ci``.

    Raises
    ------
    BuildError
        If there is no bound: recursion, a frame of unknown size, or a call through a pointer that is not listed.
    """
    functions = _disassembled(run_tool([find_tool(OBJDUMP), "-d", "--no-show-raw-insn", str(elf)], "reading the code"))
    _take_frames(functions, elf.with_suffix(".ci").read_text(encoding="utf-8"))
    paths = {}
    for level, roots in LEVELS.items():
        found = [_deepest(functions, root, ()) for root in roots if root in functions]
        if found:
            paths[level] = max(found)
    interrupts = len(paths) - 1
    total = sum(depth for depth, _ in paths.values()) + (interrupts + 1) * EXCEPTION_FRAME_BYTES
    return StackBound(total, _reserved(elf), paths)


def sizes_of(image: Image) -> dict[str, int]:
    """Return the sizes of an image for reports, in bytes: flash, RAM, bound of the stack, and reserved stack.

    Raises
    ------
    BuildError
        If the stack has no bound.
    """
    stack = stack_bound(image.elf)
    return {
        "flash_bytes": image.flash_bytes,
        "ram_bytes": image.ram_bytes,
        "stack_bound_bytes": stack.bytes,
        "stack_reserved_bytes": stack.reserved_bytes,
    }


def _reserved(elf: Path) -> int:
    symbols = run_tool([find_tool(NM), str(elf)], "reading the symbols")
    at = {name: int(address, 16) for address, _, name in (line.split() for line in symbols.splitlines())}
    return at["linker_stack_top"] - at["linker_stack_low"]


def _disassembled(text: str) -> dict[str, _Function]:
    """Read frames from the instructions, and calls."""
    functions: dict[str, _Function] = {}
    now = _Function()
    for line in text.splitlines():
        if match := _FUNCTION.match(line):
            name = match[1]
            now = functions.setdefault(name, _Function())
        elif match := _INSTRUCTION.match(line):
            _take_instruction(now, match[1], (match[2] or "").split("@")[0].split(";")[0].strip())
    for name, function in functions.items():
        function.calls.discard(name)  # a loop's branch
    return functions


def _take_instruction(function: _Function, name: str, operands: str) -> None:
    mnemonic = name.removesuffix(".w").removesuffix(".n")
    if mnemonic in ("push", "vpush", "stmdb") and (mnemonic != "stmdb" or operands.startswith("sp!")):
        function.frame += _registers_bytes(operands[operands.index("{") + 1 : operands.index("}")])
    elif mnemonic in ("sub", "subw") and operands.startswith("sp,"):
        size = re.search(r"#(\d+)$", operands)
        function.frame += int(size[1]) if size else 0
        function.unbounded |= size is None
    elif (match := re.search(r"\[sp, #-(\d+)\]!$", operands)) is not None:
        function.frame += int(match[1])
    elif mnemonic == "blx" or (mnemonic == "bx" and operands != "lr"):
        function.indirect = True
    elif mnemonic.startswith("b") and (match := re.search(r"<([^>+]+)>", operands)) is not None:
        # A call, or a jump to the start of another function.  A jump to name+offset stays within this function.
        function.calls.add(match[1])


def _registers_bytes(text: str) -> int:
    size = 0
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        count = int(last[1:]) - int(first[1:]) + 1 if last else 1
        size += count * (8 if first.startswith("d") else 4)
    return size


def _take_frames(functions: dict[str, _Function], text: str) -> None:
    """Replace frames from instructions by GCC's figures.  Functions of equal name share the largest one."""
    indirect = {match[1] for line in text.splitlines() if (match := _INDIRECT.match(line))}
    for line in text.splitlines():
        if (match := _NODE.match(line)) is None or match[1] not in functions:
            continue
        function = functions[match[1]]
        function.frame = max(int(match[3]), function.frame if function.known else 0)
        function.unbounded = (function.known and function.unbounded) or match[4] != "static"
        function.known = True
        # GCC says which functions have indirect calls.  In the instructions, a jump by a register within assembly looks
        # alike.
        function.indirect = match[1] in indirect
        function.files.add(match[2])


def _deepest(functions: dict[str, _Function], name: str, above: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    function = functions[name]
    if name in above:
        raise BuildError(f"stack: no bound, as {' > '.join((*above, name))} is a recursion")
    if function.unbounded:
        raise BuildError(f"stack: no bound, as the frame of {name}() depends on the data")
    calls = {called for called in function.calls if called in functions}
    if function.indirect:
        calls |= {called for called in _pointed_to(function, name) if called in functions}
    below = max((_deepest(functions, called, (*above, name)) for called in sorted(calls)), default=(0, ()))
    return function.frame + below[0], (name, *below[1])


def _pointed_to(function: _Function, name: str) -> tuple[str, ...]:
    found = [targets for file, targets in POINTERS.items() if any(known.endswith(file) for known in function.files)]
    if not found:
        where = ", ".join(sorted(function.files)) or "the C library"
        raise BuildError(f"stack: no bound, as {name}() ({where}) calls through a pointer that stack.POINTERS lacks")
    return tuple(target for targets in found for target in targets)

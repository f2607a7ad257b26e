"""What a board does in short: it boots, plays, answers, keeps tables, and stands its faults.

Every observation of a mutated board is compared with that of the sound one; the first that differs is the verdict.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

import numpy as np
from unicorn.arm_const import UC_ARM_REG_PC, UC_ARM_REG_PRIMASK, UC_ARM_REG_SP

from benchmarks.register_mutations.bus import Bus, Mutation
from benchmarks.register_mutations.chips import AnyBoard, Chip
from designer import protocol
from designer.board.session import Board
from designer.board.tune import commit, tables_of, tune_board
from designer.board.virtual.events import SECOND
from designer.board.virtual.transport import VirtualTransport
from designer.codegen.table_set import TableSet

Observation = tuple[str, object]
# A board that needs longer has lost its way.
_MOST_S = 30
_LOOP = 0x2001E000
_PENDS_PENDSV = (0xE000ED04, 1 << 28)


@dataclass(frozen=True)
class Subject:
    """An image whose drivers need all outputs, and tables that fit it."""

    chip: Chip
    elf: Path
    tables: TableSet

    def board(self, case: str) -> AnyBoard:
        """Make the board of a case, ahead of its first instruction; no register is answered in C."""
        return self.chip.board(self.elf, serial_in_c=False, **self.chip.cases[case][1])


@dataclass
class Run:
    """A board under observation."""

    subject: Subject
    board: AnyBoard
    bus: Bus

    def wait(self) -> bool:
        """Run until the serial line listens, or for half a second."""
        return bool(self.board.machine.run(SECOND // 2, lambda: self.board.usart.is_listening))

    def talk(self) -> Board:
        """Begin a conversation."""
        return Board(VirtualTransport(self.board))

    def health(self, board: Board) -> tuple[object, ...]:
        """Give the fields that do not change from one microsecond to the next."""
        health = board.health()
        names = ("player", "audio_clock", "clock_source", "temperature", "underruns", "overruns", "deadline_misses")
        return (*(health[name] for name in names), health["peak_left"], health["peak_right"], tuple(health["peaks"]))

    def heard(self, seconds: float = 0.01) -> tuple[object, ...]:
        """Play noise, and give what all DACs have heard and how the mute pin stands."""
        noise = np.random.default_rng(1).integers(-(2**29), 2**29, (round(seconds * 48000), 2)).astype(np.int32)
        for dac in self.board.dacs:
            dac.take()
        self.board.adc.feed(noise, 64)
        self.board.run(seconds)
        digests = [hashlib.sha256(dac.take().tobytes()).hexdigest() for dac in self.board.dacs]
        return (*digests, self.muted())

    def muted(self) -> object:
        """How the mute pin stands."""
        return self.board.pins.output(self.subject.chip.mute_pin)

    def clocks(self) -> tuple[object, ...]:
        """Frequencies of the core, the buses and the converters."""
        return self.subject.chip.clocks(self.board)

    def sleep(self) -> None:
        """Run until the program sleeps."""
        self.board.machine.run(SECOND // 10, lambda: self.board.machine.is_asleep)


def core_writes(bus: Bus) -> list[tuple[int, int]]:
    """Give the writes to the core's registers up to the first audio interrupt, which pends PendSV."""
    places = [n for n, write in enumerate(bus.core) if write == _PENDS_PENDSV]
    return bus.core[: places[0] + 1] if places else bus.core


def _boot(run: Run) -> Iterator[Observation]:
    board = run.board
    yield "listens", run.wait()
    link = run.talk()
    info = link.info
    yield "hello", (info.clock_source, info.reset_cause)
    yield "registers of the core", tuple(core_writes(run.bus))
    yield "clocks", run.clocks()
    yield "output at the start", run.heard(0.004)
    yield "health", run.health(link)
    yield "accesses without a clock", tuple(board.ignored)
    yield "start of the other converters", run.subject.chip.starts(board)
    yield "output", run.heard(0.02)
    yield "health while playing", run.health(link)
    samples = np.random.default_rng(2).integers(-(2**15), 2**15, (100, 2))
    yield "serial line", link.process(samples).tobytes()
    yield "output while a host has the pipeline", run.heard(0.004)
    link.play()
    yield "output afterwards", run.heard(0.01)


def _commit(run: Run) -> Iterator[Observation]:
    yield "listens", run.wait()
    link = run.talk()
    tune_board(link, run.subject.tables)
    before, begun = int(link.health()["uptime_ms"]), run.board.machine.now
    yield "commit", commit(link.link)
    passed_ms = (run.board.machine.now - begun) / SECOND * 1000
    yield "uptime", abs(int(link.health()["uptime_ms"]) - before - passed_ms) < 3
    yield "flash", [(operation.address, operation.new) for operation in run.board.flash.log]
    yield "caches", run.board.flash.values["ACR"]
    run.board.power_on()
    yield "listens again", run.wait()
    tables = tables_of(run.talk().link)
    yield "tables", (tables.digest, tables.source, tables.committed)
    run.board.reset()
    run.wait()
    yield "cause of the second start", run.talk().info.reset_cause


def _faults(run: Run) -> Iterator[Observation]:
    yield "listens", run.wait()
    board = run.board
    link = run.talk()
    for name, action in run.subject.chip.faults(board).items():
        board.run(0.0103)
        action()
        board.run(0.0002)
        yield f"mute at {name}", run.muted()
        yield f"output after {name}", run.heard(0.06 if "clock" in name else 0.006)
        yield f"health after {name}", run.health(link)
    yield "clocks without the crystal", (*run.clocks(), board.rcc.values["CR"])


def _resets(run: Run) -> Iterator[Observation]:
    yield "listens", run.wait()
    cpu = run.board.machine.cpu
    run.sleep()
    cpu.engine.reg_write(UC_ARM_REG_SP, 0x20000110)
    run.board.run(0.05)
    fields = run.talk().link.hello()
    names = ("reset_cause", "fault_exception", "faults", "fault_status", "fault_address")
    yield "stack in the guard", tuple(fields[name] for name in names)
    cpu.write(_LOOP, b"\x30\xbf\xfd\xe7")  # WFI for ever
    run.sleep()
    cpu.engine.reg_write(UC_ARM_REG_PC, _LOOP | 1)
    cpu.engine.reg_write(UC_ARM_REG_PRIMASK, 0)
    run.board.machine.exceptions.enabled.clear()
    begun, starts = run.board.machine.now, run.board.machine.restarts
    run.board.machine.run(4 * SECOND, lambda: run.board.machine.restarts != starts)
    yield "a program that hangs is reset after", round((run.board.machine.now - begun) / SECOND, 1)
    info = run.talk().info
    yield "a program that hangs", (info.reset_cause, run.talk().link.hello()["faults"])


def _other_clocks(run: Run) -> Iterator[Observation]:
    yield "listens", run.wait()
    link = run.talk()
    yield (
        "hello without a crystal or PLL",
        (link.info.clock_source, run.clocks()[0], run.board.rcc.values["CR"]),
    )
    yield "registers of the core", tuple(core_writes(run.bus))
    yield "output without an audio clock", run.heard(0.01)
    yield "health without an audio clock", run.health(link)
    yield "accesses without a clock", tuple(run.board.ignored)


def _lost_clock(run: Run) -> Iterator[Observation]:
    yield "listens", run.wait()
    board = run.board
    run.subject.chip.lose_pll(board)
    board.rcc.lose_crystal()
    board.run(0.3)
    yield "listens again", run.wait()
    yield "cause of the second start", run.talk().info.reset_cause


def _bootloader(run: Run) -> Iterator[Observation]:
    yield "listens", run.wait()
    board, link = run.board, run.talk()
    restarts = board.machine.restarts
    payload = protocol.ENTER_BOOTLOADER.payload.pack(
        magic=protocol.ENTER_BOOTLOADER_MAGIC, digest=bytes.fromhex(link.info.digest)
    )
    yield "reply", link.link.request(protocol.ENTER_BOOTLOADER, payload)
    board.run(0.02)
    yield "in the ROM", board.rom.is_running
    yield "restarts", board.machine.restarts - restarts
    yield "memory at address 0", dict(board.syscfg.values)
    yield "last registers of the core", tuple(run.bus.core[-4:])
    yield "accesses without a clock", tuple(board.ignored)
    board.run(3.0)
    yield "restarts later", board.machine.restarts - restarts


_STEPS: dict[str, Callable[[Run], Iterator[Observation]]] = {
    "boot": _boot,
    "commit": _commit,
    "faults": _faults,
    "other clocks": _other_clocks,
    "lost clock": _lost_clock,
    "resets": _resets,
    "bootloader": _bootloader,
}


def steps_of(run: Run, case: str) -> Iterator[Observation]:
    """Run the steps of a case."""
    return _STEPS[run.subject.chip.cases[case][0]](run)


def observe(subject: Subject, case: str, mutation: Mutation | None = None) -> Iterator[Observation]:
    """Run a case, mutated or not."""
    board = subject.board(case)
    yield from steps_of(Run(subject, board, Bus(board, mutation)), case)


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"no end within {_MOST_S} s of processor time")


def caught_by(subject: Subject, sound: dict[str, list[Observation]], mutation: Mutation) -> str | None:
    """Give the first observation that differs from the sound board's, or None.

    A process of its own executes the mutated board, because a program that has lost its way can end the emulator.

    Parameters
    ----------
    subject : Subject
    sound : dict of str to list
        The sound board's observations of each case that is to be run.
    mutation : Mutation
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_judge, args=(sender, subject, sound, mutation))
    process.start()
    sender.close()
    try:
        verdict: str | None = receiver.recv()
        process.join()
    except EOFError:
        process.join()
        verdict = f"the emulator ended with code {process.exitcode}"
    return verdict


def _judge(sender: Connection, subject: Subject, sound: dict[str, list[Observation]], mutation: Mutation) -> None:
    # Processor time does not depend on what else the machine does.
    signal.signal(signal.SIGVTALRM, _too_long)
    sender.send(_difference(subject, sound, mutation))


def _difference(subject: Subject, sound: dict[str, list[Observation]], mutation: Mutation) -> str | None:
    for case, expected in sound.items():
        # Again each second: an exception within a call-back of Unicorn may be lost.
        signal.setitimer(signal.ITIMER_VIRTUAL, _MOST_S, 1)
        seen = observe(subject, case, mutation)
        try:
            for name, value in expected:
                if next(seen) != (name, value):
                    return f"{case}: {name}"
        except Exception as error:  # a board that has lost its way fails in any way
            return f"{case}: {type(error).__name__}: {str(error)[:80]}"
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return None

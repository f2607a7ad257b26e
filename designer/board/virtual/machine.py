"""The machine: processor, exceptions, registers and events on one virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from designer.board.virtual.cpu import CORTEX_M4, CompiledRegisters, Core, Cpu, Stop
from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.events import SECOND, EventQueue
from designer.board.virtual.exceptions import Exceptions, Number
from designer.board.virtual.registers import RegisterBlock

_ENTRY_CYCLES = 12  # ARM 100166, 3.9: interrupt latency
# While something pending is masked, the processor runs block by block: CPSIE, MSR and ISB end a block, so that an
# exception comes right behind the instruction that lets it in.
_MASKED_SLICE = 1
# Ranges of peripherals are multiples of this.
_BLOCK_BYTES = 0x10
_FAULT_BITS = {Number.MEMORY_FAULT: 16, Number.BUS_FAULT: 17, Number.USAGE_FAULT: 18}


class Counter(Protocol):
    """What counts periods of a clock that may change."""

    def pause(self) -> None:
        """Take the present count over, ahead of a change of the clocks."""

    def resume(self) -> None:
        """Go on from there, with the new clock."""


class Machine:
    """What every board is made of; `stm32f405` and `stm32h743` add the blocks of one.

    Parameters
    ----------
    in_c : bool
        Whether instructions are counted by the hook in C.
    core : Core
    """

    def __init__(self, in_c: bool = True, core: Core = CORTEX_M4) -> None:
        self.cpu = Cpu(core, in_c)
        self._cycles_per_4 = core.cycles_per_4_instructions
        self.exceptions = Exceptions(self.cpu)
        self.events = EventQueue()
        self.core_hz = 16_000_000
        self._blocks: dict[int, RegisterBlock] = {}
        self._anchor_time = 0
        self._anchor_executed = 0
        self._stalled_until = 0
        self._sleeping = False
        self.sleeps = 0
        # Set at a breakpoint: nothing runs until a debugger takes it back.
        self.halted = False
        self.restarts = 0
        self._reset_wanted: Callable[[], None] | None = None
        # Counters that follow a change of the clocks.
        self.counters: list[Counter] = []
        # Told when the core goes to sleep, and of all that may change what a block does: writes, clocks.
        self.on_sleep: Callable[[], None] = _do_nothing
        self.on_change: Callable[[], None] = _do_nothing
        # The system control block's fault registers, filled in by `peripherals.scb`.
        self.is_guarded: Callable[[int, int], bool] = lambda address, size: False
        self.on_fault: Callable[[Number, int, int | None], Number] = _refuse_fault

    # --- time

    @property
    def now(self) -> int:
        """Virtual time since power-on, in femtoseconds."""
        executed = self.cpu.counter.executed - self._anchor_executed
        return self._anchor_time + executed * self._cycles_per_4 * SECOND // (4 * self.core_hz)

    @property
    def is_asleep(self) -> bool:
        """Whether the core waits for an interrupt."""
        return self._sleeping

    def wake(self) -> None:
        """End the core's sleep, as a debugger does that moves its program counter."""
        self._sleeping = False

    def cycles(self, count: int) -> int:
        """Femtoseconds of so many cycles of the core."""
        return count * SECOND // self.core_hz

    @contextmanager
    def changing_clocks(self) -> Iterator[None]:
        """Let every counter keep its count while clocks change."""
        for counter in self.counters:
            counter.pause()
        yield
        for counter in self.counters:
            counter.resume()

    def set_core_hz(self, core_hz: int) -> None:
        """Change the core's clock from now on."""
        self._move_to(self.now)
        self.core_hz = core_hz
        self.on_change()
        self.cpu.stop_soon()

    def stall(self, duration: int) -> None:
        """Let the core stand still, as while it waits for the flash; everything else goes on."""
        self._stalled_until = max(self._stalled_until, self.now + duration)
        self.cpu.stop_soon()

    def after(self, duration: int, action: Callable[[], None]) -> None:
        """Schedule a call so many femtoseconds from now."""
        self.events.at(self.now + duration, action)
        self.cpu.stop_soon()

    def _move_to(self, time: int) -> None:
        self._anchor_time = max(time, self._anchor_time)
        self._anchor_executed = self.cpu.counter.executed

    def _instructions_until(self, time: int) -> int:
        rest = max(0, time - self.now)
        return -(-rest * 4 * self.core_hz // (self._cycles_per_4 * SECOND))

    # --- registers

    def add(self, block: RegisterBlock, size: int = 0x400, offset: int = 0) -> None:
        """Put `size` bytes of a peripheral into the memory map, from `offset` on."""
        for address in range(block.base + offset, block.base + offset + size, _BLOCK_BYTES):
            self._blocks[address // _BLOCK_BYTES] = block

    def map_registers(self, address: int, size: int, compiled: CompiledRegisters | None = None) -> None:
        """Let a range of addresses reach the peripherals."""
        self.cpu.map_registers(address, size, self._read, self._write, compiled)

    def _block(self, address: int) -> RegisterBlock:
        block = self._blocks.get(address // _BLOCK_BYTES)
        if block is None:
            raise HardwareRefusalError(f"0x{address:08X}: no peripheral is modelled there (pc 0x{self.cpu.pc:08X})")
        return block

    def read_register(self, address: int, size: int) -> int:
        """Read a register as the processor does, and as a debugger may."""
        return self._read(address, size)

    def write_register(self, address: int, size: int, value: int) -> None:
        """Write a register as the processor does, and as a debugger may."""
        self._write(address, size, value)

    def _read(self, address: int, size: int) -> int:
        block = self._block(address)
        return block.read(address - block.base, size)

    def _write(self, address: int, size: int, value: int) -> None:
        block = self._block(address)
        block.write(address - block.base, size, value)
        self.on_change()

    # --- the run

    def restart(self, vectors: int) -> None:
        """Begin at a vector table, with events and exceptions forgotten; time goes on."""
        self._move_to(self.now)
        self.restarts += 1
        self._stalled_until = 0
        self._sleeping = False
        self._reset_wanted = None
        self.events.clear()
        self.exceptions.reset()
        self.exceptions.vectors = vectors
        stack, entry = (int.from_bytes(self.cpu.read(vectors + offset, 4), "little") for offset in (0, 4))
        self.cpu.reset(stack, entry)

    def want_reset(self, action: Callable[[], None]) -> None:
        """Do a reset ahead of the next instruction."""
        self._reset_wanted = action
        self.cpu.stop_soon()

    def run(self, duration: int, done: Callable[[], bool] = lambda: False) -> bool:
        """Run for a virtual time, or until `done`, which is asked at each stop; returns whether it was.

        Raises
        ------
        HardwareRefusalError
            If the image does what the hardware does not take.
        """
        end = self.now + duration
        while not done():
            now = self.now
            if now >= end or self.halted:
                return False
            if self._reset_wanted is not None:
                self._reset_wanted()
                continue
            due = self.events.take_due(now)
            if due is not None:
                due.action()
                continue
            self._advance(now, end)
        return True

    def _advance(self, now: int, end: int) -> None:
        """Take one step: stand still, enter an exception, sleep, or execute up to the next event."""
        next_time = self.events.next_time()
        horizon = end if next_time is None else min(end, next_time)
        if self._stalled_until > now:
            self._move_to(min(horizon, self._stalled_until))
            return
        exceptions = self.exceptions
        masked = False
        if exceptions.pending:
            number = exceptions.due()
            if number is not None:
                self._sleeping = False
                exceptions.enter(number)
                self._move_to(now + self.cycles(_ENTRY_CYCLES))
                return
            masked = exceptions.candidate() is not None
        if self._sleeping:
            if not (masked and exceptions.wakes()):
                self._move_to(horizon)
                return
            self._sleeping = False
        budget = self._instructions_until(horizon)
        self.handle(self.cpu.run(min(budget, _MASKED_SLICE) if masked else budget))

    def handle(self, stop: Stop) -> None:
        """Do what follows from a stop of the processor."""
        if stop is Stop.SLEEP:
            self._sleeping = True
            self.sleeps += 1
            self.on_sleep()
        elif stop is Stop.EXCEPTION_RETURN:
            self._move_to(self.now + self.cycles(self.exceptions.leave()))
        elif stop is Stop.SUPERVISOR_CALL:
            self.exceptions.pend(Number.SUPERVISOR_CALL)
        elif stop is Stop.BREAKPOINT:
            self.halted = True
        elif stop not in (Stop.LIMIT, Stop.STEP):
            self._fault(stop)

    def _fault(self, stop: Stop) -> None:
        """Enter the handler of a fault, or of a hard fault where that one is masked (DDI 0403 B1.5.14)."""
        if stop is Stop.UNDEFINED:
            number, bits, address = Number.USAGE_FAULT, 1 << 16, None  # UNDEFINSTR
        elif stop is Stop.FETCH_FAULT:
            number, bits, address = Number.BUS_FAULT, 1 << 8, None  # IBUSERR
        elif self.is_guarded(self.cpu.fault_address, 4):
            # DACCVIOL, MMARVALID
            number, bits, address = Number.MEMORY_FAULT, 1 << 1 | 1 << 7, self.cpu.fault_address
        else:
            number, bits, address = Number.BUS_FAULT, 1 << 9 | 1 << 15, self.cpu.fault_address  # PRECISERR, BFARVALID
        chosen = self.on_fault(number, bits, address)
        if self.exceptions.execution_priority() <= -1:
            raise HardwareRefusalError(f"lock-up: a fault within a hard fault at pc 0x{self.cpu.pc:08X}")
        self.exceptions.enter(chosen)


def _do_nothing() -> None:
    pass


def _refuse_fault(number: Number, bits: int, address: int | None) -> Number:
    raise HardwareRefusalError(f"{number.name}, status 0x{bits:08X}, address {address}: no system control block")

"""Exceptions of Armv7-M: which one comes next, entry, return, tail-chaining, faults (DDI 0403 B1.5).

The STM32F405 has four bits of priority (PM0214 4.3.7), the upper ones of each byte. Floating-point state is stacked at
once where the architecture may do so later (lazily): a program cannot tell, as long as it leaves FPCCR alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum

from unicorn.arm_const import (
    UC_ARM_REG_BASEPRI,
    UC_ARM_REG_CONTROL,
    UC_ARM_REG_D0,
    UC_ARM_REG_FAULTMASK,
    UC_ARM_REG_FPSCR,
    UC_ARM_REG_LR,
    UC_ARM_REG_MSP,
    UC_ARM_REG_PC,
    UC_ARM_REG_PRIMASK,
    UC_ARM_REG_PSP,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_R3,
    UC_ARM_REG_R12,
    UC_ARM_REG_XPSR,
)

from designer.board.virtual.cpu import Cpu
from designer.board.virtual.errors import HardwareRefusalError

LOWEST = 256  # below every priority: thread mode
_PRIORITY_BITS = 0xF0
_BASIC = struct.Struct("<8I")
_FLOATING = struct.Struct("<8Q2I")
_INTEGERS = (UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R12, UC_ARM_REG_LR)
_DOUBLES = tuple(UC_ARM_REG_D0 + n for n in range(8))
_CONTROL_SPSEL, _CONTROL_FPCA = 2, 4
_XPSR_THUMB, _XPSR_ALIGNED, _XPSR_EXCEPTION = 1 << 24, 1 << 9, 0x1FF
# DDI 0403 table B1-8: return to handler, to thread with MSP, with PSP; each with a basic or an extended frame.
_RETURNS = {0xF1, 0xF9, 0xFD, 0xE1, 0xE9, 0xED}


class Number(IntEnum):
    """Exceptions of the core itself (DDI 0403 B1.5.2)."""

    RESET = 1
    NMI = 2
    HARD_FAULT = 3
    MEMORY_FAULT = 4
    BUS_FAULT = 5
    USAGE_FAULT = 6
    SUPERVISOR_CALL = 11
    PENDSV = 14
    SYSTICK = 15


FIRST_INTERRUPT = 16
_FIXED_PRIORITY = {Number.RESET: -3, Number.NMI: -2, Number.HARD_FAULT: -1}


def _ignore(_number: int) -> None:
    pass


class Exceptions:
    """State of the interrupt controller and the sequences of entry and return.

    Parameters
    ----------
    cpu : Cpu
    """

    def __init__(self, cpu: Cpu) -> None:
        self._cpu = cpu
        # Whether the memory protection unit forbids a write; and what becomes of a frame that cannot be stacked.
        self.forbids: Callable[[int, int], bool] = lambda address, size: False
        self.on_stack_fault: Callable[[], int] = lambda: Number.HARD_FAULT
        # Told of handlers that begin and end, as for a trace.
        self.on_begin: Callable[[int], None] = _ignore
        self.on_end: Callable[[int], None] = _ignore
        # Whether CPACR lets the program use the FPU.
        self.has_fpu: Callable[[], bool] = lambda: True
        self.reset()

    def reset(self) -> None:
        """Return to the state after reset."""
        self.pending: set[int] = set()
        self.enabled: set[int] = set()
        self.active: list[int] = []
        self._levels: set[int] = set()
        self.priorities: dict[int, int] = {}
        self.vectors = 0
        self.group_bits = 0  # AIRCR.PRIGROUP
        self.entries = 0

    def stop_soon(self) -> None:
        """Have the machine look what is due."""
        self._cpu.stop_soon()

    def pend(self, number: int) -> None:
        """Make an exception pending, and have the machine look."""
        self.pending.add(number)
        self._cpu.stop_soon()

    def set_level(self, interrupt: int, is_high: bool) -> None:
        """Drive an interrupt's line: what is still high at the handler's end comes again (PM0214 4.3.9)."""
        number = FIRST_INTERRUPT + interrupt
        if not is_high:
            self._levels.discard(number)
            return
        if number not in self._levels:
            self._levels.add(number)
            # An edge is remembered while the handler runs as well.
            self.pend(number)

    def unpend(self, numbers: set[int]) -> None:
        """Take back what is pending; an interrupt whose line is high stays so (PM0214 4.3.5)."""
        self.pending -= numbers - (self._levels - set(self.active))

    def priority(self, number: int) -> int:
        """Priority of an exception; lower is more urgent."""
        fixed = _FIXED_PRIORITY.get(Number(number)) if number < FIRST_INTERRUPT and number in set(Number) else None
        return self.priorities.get(number, 0) if fixed is None else fixed

    def set_priority(self, number: int, value: int) -> None:
        """Set a priority; the lower four bits do not exist."""
        self.priorities[number] = value & _PRIORITY_BITS
        self._cpu.stop_soon()

    def _group(self, priority: int) -> int:
        """Part of a priority that preempts (DDI 0403 B1.5.4)."""
        return priority if priority < 0 else priority >> (self.group_bits + 1) << (self.group_bits + 1)

    def candidate(self) -> int | None:
        """Give the most urgent exception that is pending and enabled, whatever masks it."""
        ready = [number for number in self.pending if number < FIRST_INTERRUPT or number in self.enabled]
        return min(ready, key=lambda number: (self.priority(number), number)) if ready else None

    def _active_priority(self) -> int:
        return min((self._group(self.priority(number)) for number in self.active), default=LOWEST)

    def execution_priority(self, masks: bool = True) -> int:
        """Priority of what runs (DDI 0403 B1.5.4), with or without PRIMASK's part in it."""
        read, priority = self._cpu.registers.get, self._active_priority()
        base = read(UC_ARM_REG_BASEPRI) & _PRIORITY_BITS
        if base:
            priority = min(priority, self._group(base))
        if masks and read(UC_ARM_REG_PRIMASK) & 1:
            priority = min(priority, 0)
        return min(priority, -1) if read(UC_ARM_REG_FAULTMASK) & 1 else priority

    def wakes(self) -> bool:
        """Whether something is pending that ends WFI, PRIMASK or not (PM0214 2.5.2)."""
        number = self.candidate()
        return number is not None and self._group(self.priority(number)) < self.execution_priority(masks=False)

    def due(self) -> int | None:
        """Give the exception that is to be entered now, or None."""
        number = self.candidate()
        if number is None or self._group(self.priority(number)) >= self.execution_priority():
            return None
        return number

    def enter(self, number: int) -> None:
        """Stack a frame and begin a handler (DDI 0403 B1.5.6)."""
        registers = self._cpu.registers
        control = registers.get(UC_ARM_REG_CONTROL)
        on_process_stack = not self.active and bool(control & _CONTROL_SPSEL)
        stack_register = UC_ARM_REG_PSP if on_process_stack else UC_ARM_REG_MSP
        stack = registers.get(stack_register)
        if control & _CONTROL_FPCA and not self.has_fpu():
            raise HardwareRefusalError("a floating-point instruction while CPACR denies it (PM0214 4.6.1)")
        frame, extended = self._frame(bool(control & _CONTROL_FPCA), bool(stack & 4))
        base = (stack - len(frame)) & ~7
        if self.forbids(base, len(frame)):
            number = self._after_stack_fault(number)
        else:
            self._cpu.write(base, frame)
        registers.set(stack_register, base)
        code = 0xF1 if self.active else 0xFD if on_process_stack else 0xF9
        registers.set(UC_ARM_REG_LR, 0xFFFFFF00 | (code & ~0x10 if extended else code))
        self._begin(number)

    def _after_stack_fault(self, number: int) -> int:
        """Choose between an exception and the fault that its stacking was (DDI 0403 B1.5.11)."""
        fault = self.on_stack_fault()
        if self.priority(fault) < self.priority(number):
            return fault
        if fault != number:
            self.pending.add(fault)
        return number

    def _frame(self, extended: bool, misaligned: bool) -> tuple[bytes, bool]:
        core = self._cpu.registers
        status = core.get(UC_ARM_REG_XPSR) & ~_XPSR_ALIGNED | _XPSR_THUMB
        status = status & ~_XPSR_EXCEPTION | (self.active[-1] if self.active else 0)
        registers = core.get_all(_INTEGERS)
        frame = _BASIC.pack(*registers, self._cpu.pc & ~1, status | (_XPSR_ALIGNED if misaligned else 0))
        if extended:
            doubles = core.get_all(_DOUBLES)
            frame += _FLOATING.pack(*doubles, core.get(UC_ARM_REG_FPSCR), 0)
        return frame, extended

    def _begin(self, number: int) -> None:
        """Enter the handler, its frame being on the stack."""
        registers = self._cpu.registers
        self.pending.discard(number)
        self.active.append(number)
        self.entries += 1
        self.on_begin(number)
        status = registers.get(UC_ARM_REG_XPSR) & ~_XPSR_EXCEPTION
        registers.set(UC_ARM_REG_XPSR, status | number | _XPSR_THUMB)
        registers.set(UC_ARM_REG_CONTROL, registers.get(UC_ARM_REG_CONTROL) & 1)
        entry = int.from_bytes(self._cpu.read(self.vectors + 4 * number, 4), "little")
        if not entry & 1:
            raise HardwareRefusalError(f"vector {number}: 0x{entry:08X} is no Thumb address: the core would fault")
        registers.set(UC_ARM_REG_PC, entry)

    def leave(self) -> int:
        """End a handler: chain to the next one, or unstack (DDI 0403 B1.5.8); returns the cycles that it took."""
        registers = self._cpu.registers
        code = self._cpu.pc & 0xFF | 1
        if not self.active or code not in _RETURNS:
            raise HardwareRefusalError(f"exception return 0xFFFFFF{code:02X}: none is active, or no such code")
        number = self.active.pop()
        self.on_end(number)
        if number != Number.NMI:
            registers.set(UC_ARM_REG_FAULTMASK, 0)
        if number in self._levels:
            self.pending.add(number)
        if (code & 0xF == 1) != bool(self.active):
            raise HardwareRefusalError(f"exception return 0xFFFFFF{code:02X}: {len(self.active)} others are active")
        following = self.due()
        if following is not None:
            # Tail-chaining, B1.5.12: the frame stays where it is.
            registers.set(UC_ARM_REG_LR, 0xFFFFFF00 | code)
            self._begin(following)
            return 6
        self._unstack(code)
        return 10

    def _unstack(self, code: int) -> None:
        registers = self._cpu.registers
        register = UC_ARM_REG_PSP if code & 0xF == 0xD else UC_ARM_REG_MSP
        base, extended = registers.get(register), not code & 0x10
        *integers, pc, status = _BASIC.unpack(self._cpu.read(base, _BASIC.size))
        size = _BASIC.size
        if extended:
            *doubles, fpscr, _ = _FLOATING.unpack(self._cpu.read(base + size, _FLOATING.size))
            registers.set_all(_DOUBLES, doubles)
            registers.set(UC_ARM_REG_FPSCR, fpscr)
            size += _FLOATING.size
        # A register that the frame holds is written last of all: writing the status may bank the stack pointers.
        registers.set(UC_ARM_REG_XPSR, status & ~_XPSR_ALIGNED)
        control = registers.get(UC_ARM_REG_CONTROL) & 1
        control |= (_CONTROL_SPSEL if code & 0xF == 0xD else 0) | (_CONTROL_FPCA if extended else 0)
        registers.set(UC_ARM_REG_CONTROL, control)
        registers.set(register, base + size + (4 if status & _XPSR_ALIGNED else 0))
        registers.set_all(_INTEGERS, integers)
        registers.set(UC_ARM_REG_PC, pc | 1)

"""System control block, PM0214 4.4: pending of PendSV and SysTick, vectors, priorities, faults, reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.exceptions import Exceptions, Number
from designer.board.virtual.registers import Register, RegisterBlock

_PENDSVSET, _PENDSVCLR, _PENDSTSET, _PENDSTCLR, _NMIPENDSET = 1 << 28, 1 << 27, 1 << 26, 1 << 25, 1 << 31
_ENABLE_BITS = {Number.MEMORY_FAULT: 16, Number.BUS_FAULT: 17, Number.USAGE_FAULT: 18}
_KEY, _SYSRESETREQ = 0x05FA, 1 << 2
_UNALIGN_TRP, _DIV_0_TRP, _BFHFNMIGN, _STKALIGN = 1 << 3, 1 << 4, 1 << 8, 1 << 9
_FORCED = 1 << 30


class Scb(RegisterBlock):
    """Registers from 0xE000ED00 on, those of the FPU included (PM0214 4.6)."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CPUID", 0x410FC241, 0),
        0x04: Register("ICSR", 0, 0, 0x9E4DFBFF),
        0x08: Register("VTOR", 0, 0x3FFFFE00),
        0x0C: Register("AIRCR", 0xFA050000, 0x700, 0xFFFF0007),
        0x10: Register("SCR", 0, 0x16),
        0x14: Register("CCR", 0x200, 0x31B),
        0x18: Register("SHPR1", 0, 0x00F0F0F0, 0x00FFFFFF),
        0x1C: Register("SHPR2", 0, 0xF0000000, 0xFF000000),
        0x20: Register("SHPR3", 0, 0xF0F00000, 0xFFFF0000),
        0x24: Register("SHCSR", 0, 0x70000, 0xFD8B),
        0x28: Register("CFSR", 0, 0, 0x030FBFBB),
        0x2C: Register("HFSR", 0, 0, 0xC0000002),
        0x34: Register("MMFAR"),
        0x38: Register("BFAR"),
        0x88: Register("CPACR", 0, 0x00F00000),
        0x234: Register("FPCCR", 0xC0000000, 0xC0000000, 0x17B),
    }

    def __init__(self, exceptions: Exceptions, reset_system: Callable[[], None]) -> None:
        self._exceptions = exceptions
        exceptions.has_fpu = lambda: self.values["CPACR"] >> 20 & 0xF == 0xF
        self._reset_system = reset_system
        super().__init__("SCB", 0xE000ED00)

    def read_ICSR(self) -> int:
        """Put together what is pending and active (4.4.3)."""
        pending, active = self._exceptions.pending, self._exceptions.active
        candidate = self._exceptions.candidate() or 0
        value = (active[-1] if active else 0) | candidate << 12
        value |= _PENDSVSET if Number.PENDSV in pending else 0
        value |= _PENDSTSET if Number.SYSTICK in pending else 0
        return value | (1 << 11 if len(active) <= 1 else 0) | (1 << 22 if any(n >= 16 for n in pending) else 0)

    def write_ICSR(self, value: int, before: int) -> None:
        """Pend or clear PendSV, SysTick, NMI (4.4.3)."""
        for bit, number in ((_PENDSVSET, Number.PENDSV), (_PENDSTSET, Number.SYSTICK), (_NMIPENDSET, Number.NMI)):
            if value & bit:
                self._exceptions.pend(number)
        for bit, number in ((_PENDSVCLR, Number.PENDSV), (_PENDSTCLR, Number.SYSTICK)):
            if value & bit:
                self._exceptions.pending.discard(number)

    def write_SCR(self, value: int, before: int) -> None:
        """Refuse what would make of WFI something else than a sleep (4.4.6)."""
        if value:
            raise self.refusal(f"SCR = 0x{value:02X}: only plain sleep is modelled (4.4.6)")

    def write_CCR(self, value: int, before: int) -> None:
        """Refuse traps and stack frames that are not modelled (4.4.7)."""
        if (value ^ self.registers[0x14].reset) & (_UNALIGN_TRP | _DIV_0_TRP | _BFHFNMIGN | _STKALIGN):
            raise self.refusal(f"CCR = 0x{value:04X}: traps and frames of four bytes are not modelled (4.4.7)")

    def write_VTOR(self, value: int, before: int) -> None:
        """Move the vector table (4.4.4)."""
        self._exceptions.vectors = self.values["VTOR"]

    def write_AIRCR(self, value: int, before: int) -> None:
        """Group priorities, or reset (4.4.5); without the key nothing happens."""
        if value >> 16 != _KEY:
            raise self.refusal(f"AIRCR = 0x{value:08X}: without the key 0x05FA (4.4.5)")
        self._exceptions.group_bits = value >> 8 & 7
        if value & _SYSRESETREQ:
            self._reset_system()

    def _set_priorities(self, first: int, value: int) -> None:
        for n, priority in enumerate(value.to_bytes(4, "little")):
            self._exceptions.set_priority(first + n, priority)

    def write_SHPR1(self, value: int, before: int) -> None:
        """Priorities of exceptions 4 to 6 (4.4.8)."""
        self._set_priorities(4, self.values["SHPR1"])

    def write_SHPR2(self, value: int, before: int) -> None:
        """Priority of exception 11 (4.4.8)."""
        self._set_priorities(8, self.values["SHPR2"])

    def write_SHPR3(self, value: int, before: int) -> None:
        """Priorities of exceptions 14 and 15 (4.4.8)."""
        self._set_priorities(12, self.values["SHPR3"])

    def write_CFSR(self, value: int, before: int) -> None:
        """Clear by writing ones (4.4.10)."""
        self.values["CFSR"] &= ~value

    def write_HFSR(self, value: int, before: int) -> None:
        """Clear by writing ones (4.4.14)."""
        self.values["HFSR"] &= ~value

    def note_fault(self, number: Number, bits: int, address: int | None) -> Number:
        """Keep a fault's status and address, and give the exception that it becomes (DDI 0403 B1.5.14)."""
        self.values["CFSR"] |= bits
        if address is not None:
            self.values["MMFAR" if number is Number.MEMORY_FAULT else "BFAR"] = address & 0xFFFFFFFF
        enabled = self.values["SHCSR"] >> _ENABLE_BITS[number] & 1
        if enabled and self._exceptions.priority(number) < self._exceptions.execution_priority():
            return number
        self.values["HFSR"] |= _FORCED
        return Number.HARD_FAULT

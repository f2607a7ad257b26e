"""Cycle counter of the debug unit, DDI 0403 C1.8, and its enable in DEMCR, C1.6.5."""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.registers import Register, RegisterBlock

_CYCCNTENA, _TRCENA = 1 << 0, 1 << 24


class CoreDebug(RegisterBlock):
    """DEMCR only: no debugger is attached."""

    registers: ClassVar[dict[int, Register]] = {0x0C: Register("DEMCR", 0, 0x010F07F1)}

    def __init__(self) -> None:
        super().__init__("CoreDebug", 0xE000EDF0)


class Dwt(RegisterBlock):
    """CTRL and CYCCNT."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CTRL", 0x40000000, _CYCCNTENA, 0xFFFFFFFF),
        0x04: Register("CYCCNT"),
    }

    def __init__(self, machine: Machine, debug: CoreDebug) -> None:
        self._machine = machine
        self._begun = 0
        super().__init__("DWT", 0xE0001000)
        self.is_clocked = lambda: bool(debug.values["DEMCR"] & _TRCENA)
        machine.counters.append(self)

    def pause(self) -> None:
        """Take the present count over, ahead of a change of the clocks."""
        if self.values["CTRL"] & _CYCCNTENA:
            self.values["CYCCNT"] = self._count()

    def resume(self) -> None:
        """Go on from there, with the new clock."""
        self._begun = self._machine.now

    def write_CTRL(self, value: int, before: int) -> None:
        """Start or stop the counter, which keeps its value."""
        if before & _CYCCNTENA and not value & _CYCCNTENA:
            self.values["CYCCNT"] = self._count()
        self._begun = self._machine.now

    def write_CYCCNT(self, value: int, before: int) -> None:
        """Set the count."""
        self._begun = self._machine.now

    def read_CYCCNT(self) -> int:
        """Give the count."""
        return self._count() if self.values["CTRL"] & _CYCCNTENA else self.values["CYCCNT"]

    def _count(self) -> int:
        passed = (self._machine.now - self._begun) * self._machine.core_hz // SECOND
        return (self.values["CYCCNT"] + passed) & 0xFFFFFFFF

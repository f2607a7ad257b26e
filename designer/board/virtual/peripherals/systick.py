"""SysTick, PM0214 4.5: a 24-bit counter that counts down with the core's clock."""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.events import SECOND, Event
from designer.board.virtual.exceptions import Number
from designer.board.virtual.machine import Machine
from designer.board.virtual.registers import Register, RegisterBlock

_ENABLE, _TICKINT, _CLKSOURCE, _COUNTFLAG = 1 << 0, 1 << 1, 1 << 2, 1 << 16


class SysTick(RegisterBlock):
    """The counter; its value is that of virtual time, and each wrap is an event."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CTRL", 0, 7, _COUNTFLAG),
        0x04: Register("LOAD", 0, 0x00FFFFFF),
        0x08: Register("VAL", 0, 0, 0xFFFFFFFF),
        0x0C: Register("CALIB", 0x40002904, 0, 0xC0FFFFFF),
    }

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._wrap: Event | None = None
        super().__init__("SYST", 0xE000E010)
        machine.counters.append(self)

    def reset(self) -> None:
        """Stop."""
        super().reset()
        self._begun = 0  # when the counter was last at its reload value
        self._paused_at: int | None = None
        self._reloaded = 0  # what that was: a write to LOAD counts from the next reload on (4.5.2)
        self._stop()

    def _stop(self) -> None:
        if self._wrap is not None:
            self._wrap.cancelled = True
            self._wrap = None

    def _hz(self) -> int:
        """Without CLKSOURCE, an eighth of HCLK (4.5.1)."""
        return self._machine.core_hz if self.values["CTRL"] & _CLKSOURCE else self._machine.core_hz // 8

    def _start(self, time: int) -> None:
        """Reload at a time."""
        self._stop()
        if self.values["CTRL"] & _ENABLE and self.values["LOAD"]:
            self._begun, self._reloaded = time, self.values["LOAD"]
            self._await_wrap(time + (self.values["LOAD"] + 1) * SECOND // self._hz())

    def pause(self) -> None:
        """Take the present count over, ahead of a change of the clocks."""
        self._paused_at = self.read_VAL() if self._wrap is not None else None

    def resume(self) -> None:
        """Go on from there, with the new clock."""
        if self._paused_at is None:
            return
        now, hz = self._machine.now, self._hz()
        self._stop()
        self._begun = now + (self._paused_at - self._reloaded) * SECOND // hz
        self._await_wrap(now + (self._paused_at + 1) * SECOND // hz)

    def _await_wrap(self, time: int) -> None:
        self._wrap = self._machine.events.at(time, self._on_wrap)
        self._machine.cpu.stop_soon()

    def _on_wrap(self) -> None:
        due = self._wrap.time if self._wrap is not None else self._machine.now
        self.values["CTRL"] |= _COUNTFLAG
        if self.values["CTRL"] & _TICKINT:
            self._machine.exceptions.pend(Number.SYSTICK)
        self._start(due)

    def read_CTRL(self) -> int:
        """Give and clear COUNTFLAG (4.5.1)."""
        value = self.values["CTRL"]
        self.values["CTRL"] &= ~_COUNTFLAG
        return value

    def write_CTRL(self, value: int, before: int) -> None:
        """Start or stop."""
        if (value ^ before) & (_ENABLE | _CLKSOURCE):
            self._start(self._machine.now)

    def write_VAL(self, value: int, before: int) -> None:
        """Clear the counter whatever is written; it reloads with the next clock (4.5.3)."""
        self.values["CTRL"] &= ~_COUNTFLAG
        self._start(self._machine.now)

    def read_VAL(self) -> int:
        """Compute the count: cycles since the reload, and none beyond a wrap that is still to be told."""
        if self._wrap is None:
            return 0
        passed = (self._machine.now - self._begun) * self._hz() // SECOND
        return max(0, self._reloaded - passed)

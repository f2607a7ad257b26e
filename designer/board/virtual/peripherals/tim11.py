"""TIM11, RM0090 19.5: a 16-bit counter that can capture edges of the crystal's clock, divided for the RTC (7.2.11).

Edges need no events: what a capture would hold is computed from virtual time when the program reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.registers import Register, RegisterBlock

_CEN, _UG, _CC1IF, _CC1E = 1 << 0, 1 << 0, 1 << 1, 1 << 0
_HSE_RTC = 2  # 19.5.11, TI1_RMP


class Tim11(RegisterBlock):
    """The counter, its prescaler, and input capture of the crystal on channel 1."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR1", 0, 0x0387),
        0x0C: Register("DIER", 0, 0x0003),
        0x10: Register("SR", 0, 0, 0x0203),
        0x14: Register("EGR", 0, 0, 0x0003),
        0x18: Register("CCMR1_Input", 0, 0x00FF),
        0x20: Register("CCER", 0, 0x000B),
        0x24: Register("CNT", 0, 0xFFFF),
        0x28: Register("PSC", 0, 0xFFFF),
        0x2C: Register("ARR", 0, 0xFFFF),
        0x34: Register("CCR1", 0, 0, 0xFFFF),
        0x50: Register("OR", 0, 0x0003),
    }

    def __init__(
        self,
        machine: Machine,
        gate: Callable[[], bool],
        timer_hz: Callable[[], int],
        crystal_hz: Callable[[], int],
        name: str = "TIM11",
    ) -> None:
        self._machine = machine
        # Frequencies that it counts and that it captures.
        self._timer_hz = timer_hz
        self._crystal_hz = crystal_hz
        super().__init__(name, 0x40014800)
        self.is_clocked = gate
        machine.counters.append(self)

    def reset(self) -> None:
        """Stop."""
        super().reset()
        self._begun = 0
        self._divider = 1  # PSC + 1 as it was taken over by the last update event (19.3.1)
        self._captures_from = 0
        self._captures_seen = 0

    def pause(self) -> None:
        """Take the present count over, ahead of a change of the clocks."""
        if self.values["CR1"] & _CEN:
            self.values["CNT"] = self._count(self._machine.now)

    def resume(self) -> None:
        """Go on from there, with the new clock."""
        self._begun = self._machine.now

    def _count(self, time: int) -> int:
        """Counter's value at a time; it stands still while ARR is 0 (19.3.1)."""
        if not self.values["CR1"] & _CEN:
            return self.values["CNT"]
        passed = (time - self._begun) * self._timer_hz() // (SECOND * self._divider)
        return (self.values["CNT"] + passed) % (self.values["ARR"] + 1)

    def read_CNT(self) -> int:
        """Give the count."""
        return self._count(self._machine.now)

    def write_CNT(self, value: int, before: int) -> None:
        """Set the count."""
        self._begun = self._machine.now

    def write_CR1(self, value: int, before: int) -> None:
        """Start or stop, keeping the count (19.5.1)."""
        if before & _CEN and not value & _CEN:
            self.values["CR1"] = before
            self.values["CNT"] = self._count(self._machine.now)
            self.values["CR1"] = value
        self._begun = self._machine.now

    def write_EGR(self, value: int, before: int) -> None:
        """Begin anew, with the prescaler taken over (19.5.4)."""
        if value & _UG:
            self._divider = self.values["PSC"] + 1
            self.values["CNT"] = 0
            self._begun = self._machine.now

    def write_CCER(self, value: int, before: int) -> None:
        """Switch the capture on: edges count from here on (19.5.6)."""
        if self.values["CCMR1_Input"] & 3 == 0 and value & _CC1E:
            raise self.refusal("CCER: CC1E with the channel as an output is not modelled")
        self._captures_from, self._captures_seen = self._machine.now, 0

    def write_CCMR1_Input(self, value: int, before: int) -> None:
        """Choose the input; CC1S is written while the channel is off (19.5.5)."""
        if self.values["CCER"] & _CC1E:
            raise self.refusal("CCMR1: CC1S is written while CC1E is set (19.5.5)")
        if value & 3 not in (0, 1):
            raise self.refusal(f"CCMR1 = 0x{value:04X}: CC1S is reserved (19.5.5)")

    def _captures_crystal(self) -> bool:
        """Whether the input is the crystal's clock (19.5.11)."""
        return self.values["OR"] & 3 == _HSE_RTC

    def _captured(self) -> tuple[int, int]:
        """Count the captures since the channel is on, and give the time of the last one."""
        source_hz = self._crystal_hz() if self._captures_crystal() else 0
        if not (self.values["CCER"] & _CC1E and self.values["CR1"] & _CEN and source_hz):
            return 0, 0
        edges = 1 << (self.values["CCMR1_Input"] >> 2 & 3)
        count = (self._machine.now - self._captures_from) * source_hz // (SECOND * edges)
        return count, self._captures_from + count * edges * SECOND // source_hz

    def read_SR(self) -> int:
        """Tell whether there is a capture that was not read (19.5.3)."""
        return _CC1IF if self._captured()[0] > self._captures_seen else 0

    def read_CCR1(self) -> int:
        """Give the last capture, which clears CC1IF (19.5.10)."""
        self._captures_seen, time = self._captured()
        return self._count(time) if self._captures_seen else 0

"""Independent watchdog, RM0090 21: a counter of the internal 32 kHz oscillator that resets the board."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.events import SECOND, Event
from designer.board.virtual.machine import Machine
from designer.board.virtual.registers import Register, RegisterBlock

LSI_HZ = 32_000
_FEED, _UNLOCK, _START = 0xAAAA, 0x5555, 0xCCCC
_PVU, _RVU = 1 << 0, 1 << 1
# 21.4.4: up to five cycles of the oscillator until a value is taken over
_UPDATE = 5 * SECOND // LSI_HZ


class Iwdg(RegisterBlock):
    """The watchdog; once started it cannot be stopped."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("KR", 0, 0, 0xFFFF),
        0x04: Register("PR", 0, 7),
        0x08: Register("RLR", 0xFFF, 0xFFF),
        0x0C: Register("SR", 0, 0, 3),
    }

    def __init__(self, machine: Machine, on_timeout: Callable[[], None], base: int = 0x40003000) -> None:
        self._machine = machine
        self._on_timeout = on_timeout
        self._timeout: Event | None = None
        super().__init__("IWDG", base)

    def reset(self) -> None:
        """Stop, as only a reset can."""
        super().reset()
        self._unlocked = False
        self._runs = False
        # What the counter uses: the registers' values as they have been taken over.
        self._divider_code, self._reload = 0, 0xFFF
        self._timeout = None

    def write_KR(self, value: int, before: int) -> None:
        """Unlock, start or feed (21.4.1)."""
        self._unlocked = value == _UNLOCK
        if value == _START:
            self._runs = True
            self._machine.cpu.stop_soon()
        if value in (_START, _FEED):
            self._feed()
        elif value != _UNLOCK:
            raise self.refusal(f"KR = 0x{value:04X}: no such key (21.4.1)")

    def write_PR(self, value: int, before: int) -> None:
        """Set the divider (21.4.2)."""
        self._update("PR", _PVU)

    def write_RLR(self, value: int, before: int) -> None:
        """Set the reload value (21.4.3)."""
        self._update("RLR", _RVU)

    def _update(self, name: str, flag: int) -> None:
        if not self._unlocked:
            raise self.refusal(f"{name} is written without the key 0x5555 (21.3.2)")
        if self.values["SR"] & flag:
            raise self.refusal(f"{name} is written while its update is under way (21.4.4)")
        self.values["SR"] |= flag
        self._machine.after(_UPDATE, lambda: self._take_over(name, flag))

    def _take_over(self, name: str, flag: int) -> None:
        self.values["SR"] &= ~flag
        if name == "PR":
            self._divider_code = self.values["PR"]
        else:
            self._reload = self.values["RLR"]

    def _feed(self) -> None:
        if not self._runs:
            return
        if self._timeout is not None:
            self._timeout.cancelled = True
        duration = (self._reload + 1) * (4 << min(self._divider_code, 6)) * SECOND // LSI_HZ
        self._timeout = self._machine.events.at(self._machine.now + duration, self._on_timeout)

"""IWDG1, RM0433 45: the STM32F405's watchdog with a window."""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.peripherals.iwdg import Iwdg as CommonIwdg
from designer.board.virtual.registers import Register

_ALL, _WVU = 0xFFF, 1 << 2


class Iwdg(CommonIwdg):
    """The watchdog; a window below 0xFFF is not modelled."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("KR", 0, 0, 0xFFFF),
        0x04: Register("PR", 0, 7),
        0x08: Register("RLR", 0xFFF, 0xFFF),
        0x0C: Register("SR", 0, 0, 7),
        0x10: Register("WINR", _ALL, _ALL),
    }

    def write_WINR(self, value: int, before: int) -> None:
        """Keep the window open; writing it feeds as well (45.4.5)."""
        if value != _ALL:
            raise self.refusal(f"WINR = 0x{value:03X}: a window is not modelled")
        self._update("WINR", _WVU)
        self._feed()

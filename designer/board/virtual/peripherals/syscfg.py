"""System configuration controller, RM0090 9.2: which memory lies at address 0.

The virtual board has no memory there: nothing that runs on it reads address 0.
"""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.peripherals.rcc import Rcc
from designer.board.virtual.registers import Register, RegisterBlock


class Syscfg(RegisterBlock):
    """The one register that an image may write."""

    registers: ClassVar[dict[int, Register]] = {0x00: Register("MEMRM", 0, 0x3)}

    def __init__(self, rcc: Rcc) -> None:
        super().__init__("SYSCFG", 0x40013800)
        self.is_clocked = rcc.gate("APB2ENR", 14)

"""TIM16 and TIM17, RM0433 41.6: TIM11's counter, whose input TISEL chooses, the crystal's clock among them."""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.peripherals.tim11 import Tim11
from designer.board.virtual.registers import Register

BASES = {"TIM16": 0x40014400, "TIM17": 0x40014800}
_HSE_1MHZ = 2  # 41.6.20, TIM17's TI1SEL: HSE behind RTCPRE


class Tim17(Tim11):
    """TIM17 with input capture of the crystal on channel 1."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR1", 0, 0x0B8F),
        0x04: Register("CR2", 0, 0x030D),
        0x0C: Register("DIER", 0, 0x23A3),
        0x10: Register("SR", 0, 0, 0x02A3),
        0x14: Register("EGR", 0, 0, 0x00A3),
        0x18: Register("CCMR1_Input", 0, 0x00FF),
        0x20: Register("CCER", 0, 0x000F),
        0x24: Register("CNT", 0, 0xFFFF, 0x80000000),
        0x28: Register("PSC", 0, 0xFFFF),
        0x2C: Register("ARR", 0xFFFF, 0xFFFF),
        0x34: Register("CCR1", 0, 0, 0xFFFF),
        0x68: Register("TIM17_TISEL", 0, 0x000F),
    }

    def _captures_crystal(self) -> bool:
        """Whether the input is HSE_1MHz (41.6.20)."""
        return self.values["TIM17_TISEL"] & 0xF == _HSE_1MHZ

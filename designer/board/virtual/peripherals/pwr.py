"""Power controller, RM0090 5.4: the regulator's scale."""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.peripherals.rcc import Rcc
from designer.board.virtual.registers import Register, RegisterBlock

_VOS = 1 << 14
_PLLON = 1 << 24
# RM0090 5.1.3: HCLK's limit in scale 2
SCALE_2_HZ = 144_000_000


class Pwr(RegisterBlock):
    """The regulator; bits for low power are not modelled."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR", _VOS, _VOS | 0x100),
        0x04: Register("CSR", _VOS, 0, _VOS),
    }

    def __init__(self, rcc: Rcc) -> None:
        self._rcc = rcc
        super().__init__("PWR", 0x40007000)
        self.is_clocked = rcc.gate("APB1ENR", 28)

    def write_CR(self, value: int, before: int) -> None:
        """Choose the scale, which the PLL must be off for (5.4.1)."""
        if (value ^ before) & _VOS and self._rcc.values["CR"] & _PLLON:
            raise self.refusal("CR: VOS is changed while the PLL is on (5.4.1)")

    def check(self, hclk_hz: int) -> None:
        """Refuse a clock beyond what the scale allows (5.1.3)."""
        if hclk_hz > SCALE_2_HZ and not self.values["CR"] & _VOS:
            raise self.refusal(f"CR: scale 2 with HCLK at {hclk_hz / 1e6:g} MHz, at most 144 (5.1.3)")

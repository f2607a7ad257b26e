"""An STM32F407: the same chip as the STM32F405, with the serial line on USART3, as the STM32F4DISCOVERY needs it."""

from __future__ import annotations

from typing import ClassVar

from designer import protocol
from designer.board.virtual.peripherals.usart import Usart
from designer.board.virtual.stm32f405 import Stm32f405


class Usart3(Usart):
    """USART3, RM0090 30.6, whose page of 4 KiB begins 0x800 ahead."""

    line_name: ClassVar[str] = "USART3"
    line_base: ClassVar[int] = 0x40004800
    interrupt: ClassVar[int] = 39  # RM0090 12.1.3
    offsets: ClassVar[tuple[int, int, int]] = (0x800, 0x804, 0x804)


class Stm32f407(Stm32f405):
    """The board; it takes the same arguments."""

    def _serial_line(self) -> Usart:
        gate = self.rcc.gate("APB1ENR", 18)
        return Usart3(self.machine, gate, lambda: self.rcc.apb1_hz, self.pins, protocol.BAUD_RATE)

    interrupt_names: ClassVar[dict[int, str]] = {
        **{n: name for n, name in Stm32f405.interrupt_names.items() if name != "USART1"},
        Usart3.interrupt: Usart3.line_name,
    }

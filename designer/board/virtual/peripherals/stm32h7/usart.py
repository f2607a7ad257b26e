"""USART3, RM0433 48: the serial line to the ST-Link, with the bursts of the STM32F405's model."""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.peripherals.usart import RXNE, TC, TXE
from designer.board.virtual.peripherals.usart import Usart as CommonUsart
from designer.board.virtual.registers import Register

INTERRUPT = 39  # RM0433 table 136
_UE, _RE, _TE, _RXNEIE, _OVER8, _FIFOEN = 1 << 0, 1 << 2, 1 << 3, 1 << 5, 1 << 15, 1 << 29
_TEACK, _REACK = 1 << 21, 1 << 22
_PRESCALERS = (1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256)


class Usart(CommonUsart):
    """The line; its FIFO mode is not modelled."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR1", 0, 0xFFFFFFFF),
        0x04: Register("CR2", 0, 0xFFFFFF79),
        0x08: Register("CR3", 0, 0xFFFEFFFF),
        0x0C: Register("BRR", 0, 0xFFFF),
        0x10: Register("GTPR", 0, 0xFFFF),
        0x14: Register("RTOR"),
        0x18: Register("RQR", 0, 0, 0x1F),
        0x1C: Register("ISR", 0x000000C0, 0, 0x0FFFFFFF),
        0x20: Register("ICR", 0, 0, 0x00123BFF),
        0x24: Register("RDR", 0, 0, 0x1FF),
        0x28: Register("TDR", 0, 0x1FF),
        0x2C: Register("PRESC", 0, 0xF),
    }
    line_name: ClassVar[str] = "USART3"
    line_base: ClassVar[int] = 0x40004800
    interrupt: ClassVar[int] = INTERRUPT
    enable: ClassVar[int] = _UE
    # Its page of 4 KiB begins 0x800 ahead.
    offsets: ClassVar[tuple[int, int, int]] = (0x81C, 0x824, 0x828)
    idle_status: ClassVar[int] = TXE | TC | _TEACK | _REACK

    def _check_off(self, name: str) -> None:
        """Refuse what is set up ahead of UE (48.7.3, 48.7.5, 48.7.14)."""
        if self.values["CR1"] & _UE:
            raise self.refusal(f"{name} is written while UE is set (48.7)")

    def write_BRR(self, value: int, before: int) -> None:
        """Set the baud rate."""
        self._check_off("BRR")

    def write_CR2(self, value: int, before: int) -> None:
        """Set the format."""
        self._check_off("CR2")

    def write_PRESC(self, value: int, before: int) -> None:
        """Set the prescaler."""
        self._check_off("PRESC")

    def _works(self, direction: int) -> bool:
        """Whether the block is on and the baud rate near enough to the host's (48.5.7, 48.5.8)."""
        if self.values["CR1"] & _OVER8 or self.values["BRR"] < 16 or self.values["PRESC"] >= len(_PRESCALERS):
            return False
        return super()._works(direction)

    def write_CR1(self, value: int, before: int) -> None:
        """Follow the interrupt's enable."""
        if value & _FIFOEN:
            raise self.refusal("CR1: FIFOEN is not modelled")
        super().write_CR1(value, before)

    def line_hz(self) -> int:
        """Clock behind the prescaler (48.7.14)."""
        return self._clock_hz() // _PRESCALERS[self.values["PRESC"]]

    def read_ISR(self) -> int:
        """Give the state; both ends acknowledge as soon as they are on (48.7.10)."""
        self._check()
        control = self.values["CR1"]
        is_on = control & _UE
        status = TXE | TC | (RXNE if self._buffers.waiting else 0)
        return status | (_TEACK if is_on and control & _TE else 0) | (_REACK if is_on and control & _RE else 0)

    def read_RDR(self) -> int:
        """Take the oldest byte."""
        return self.read_DR()

    def write_TDR(self, value: int, before: int) -> None:
        """Send a byte."""
        self.write_DR(value, before)

    def write_RQR(self, value: int, before: int) -> None:
        """Flush what was received (48.7.8, RXFRQ)."""
        if value & 8:
            self._buffers.waiting = 0
            self._set_line()

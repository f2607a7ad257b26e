"""USART1, RM0090 30.6: a serial line without loss in bursts, as a host with flow of its own sees it.

A byte of the host is offered as soon as the one before has been read, and sent bytes are gone at once.  The protocol
does not depend on byte times, which would only make a run longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.exceptions import Exceptions
from designer.board.virtual.peripherals.gpio import Pins
from designer.board.virtual.peripherals.rcc import Rcc
from designer.board.virtual.registers import Register, RegisterBlock

INTERRUPT = 37  # RM0090 table 61
_RXNE, _TC, _TXE = 1 << 5, 1 << 6, 1 << 7
_RE, _TE, _RXNEIE, _UE = 1 << 2, 1 << 3, 1 << 5, 1 << 13
# A receiver samples the stop bit's middle, 9.5 bits on: half a bit is 5 %, of which 30.3.5 leaves about 3.75 %.
_TOLERANCE = 0.0375


class Usart(RegisterBlock):
    """The line.

    Parameters
    ----------
    exceptions, rcc, pins
    baud_rate : int
        Of the host.
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("SR", 0x000000C0, 0, 0x3FF),
        0x04: Register("DR", 0, 0, 0x1FF),
        0x08: Register("BRR", 0, 0xFFFF),
        0x0C: Register("CR1", 0, 0xBFFF),
        0x10: Register("CR2", 0, 0x7F6F),
        0x14: Register("CR3", 0, 0x0FFF),
    }

    def __init__(self, exceptions: Exceptions, rcc: Rcc, pins: Pins, baud_rate: int) -> None:
        self._exceptions = exceptions
        self._rcc = rcc
        self._pins = pins
        self._host_baud_rate = baud_rate
        self._to_board: deque[int] = deque()
        self.sent = bytearray()
        # Called for every byte that the board sends, such as to stop a run that waits for one.
        self.on_sent: Callable[[], None] = lambda: None
        super().__init__("USART1", 0x40011000)
        self.is_clocked = rcc.gate("APB2ENR", 4)

    def reset(self) -> None:
        """Forget what is on the line."""
        super().reset()
        self._to_board.clear()

    def feed(self, data: bytes) -> None:
        """Put bytes on the line to the board; without a receiver they are lost."""
        if self.is_listening:
            self._to_board.extend(data)
            self._set_line()

    @property
    def is_listening(self) -> bool:
        """Whether the receiver hears the line."""
        return self._works(_RE) and self._pins.carries("USART1_RX")

    def _works(self, direction: int) -> bool:
        """Whether the block is on and the baud rate near enough to the host's (30.3.4)."""
        divider = self.values["BRR"]
        if not (self.is_clocked() and self.values["CR1"] & _UE and self.values["CR1"] & direction and divider):
            return False
        rate = self._rcc.apb2_hz / divider
        return abs(rate / self._host_baud_rate - 1) < _TOLERANCE

    def _set_line(self) -> None:
        self._exceptions.set_level(INTERRUPT, bool(self._to_board and self.values["CR1"] & _RXNEIE))

    def read_SR(self) -> int:
        """Give the state: the transmitter is always ready."""
        return _TXE | _TC | (_RXNE if self._to_board else 0)

    def read_DR(self) -> int:
        """Take the oldest byte (30.6.2)."""
        byte = self._to_board.popleft() if self._to_board else 0
        self._set_line()
        return byte

    def write_DR(self, value: int, before: int) -> None:
        """Send a byte (30.6.2)."""
        if not self.values["CR1"] & _UE or not self.values["CR1"] & _TE:
            raise self.refusal("DR is written while the transmitter is off (30.3.2)")
        if self._works(_TE) and self._pins.carries("USART1_TX"):
            self.sent.append(value & 0xFF)
            self.on_sent()

    def write_CR1(self, value: int, before: int) -> None:
        """Follow the interrupt's enable."""
        self._set_line()

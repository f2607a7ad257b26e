"""USART1, RM0090 30.6: a serial line without loss, as a host with flow control sees it.

Bytes of the host come in bursts: within one, the next byte is offered as soon as the one before has been read. The next
burst comes when the core goes to sleep, at the latest after the line time of a burst. Sent bytes are gone at once. So a
line carries at least as much as a real one, and the program never has to read more than a burst without a pause.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.compiled import compiled_functions
from designer.board.virtual.cpu import CompiledRegisters
from designer.board.virtual.events import SECOND, Event
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.gpio import Pins
from designer.board.virtual.registers import Register, RegisterBlock

INTERRUPT = 37  # RM0090 12.1.3
RXNE, TC, TXE = 1 << 5, 1 << 6, 1 << 7
_RE, _TE, _RXNEIE = 1 << 2, 1 << 3, 1 << 5
# Oversampling by 8, 9 bits, parity; stop bits, LIN; flow control, smartcard, half-duplex, IrDA.
_OTHER_FORMATS = {
    "CR1": 1 << 15 | 1 << 12 | 1 << 10,
    "CR2": 3 << 12 | 1 << 14,
    "CR3": 1 << 9 | 1 << 8 | 1 << 5 | 1 << 3 | 1 << 1,
}
# A receiver samples the stop bit's middle, 9.5 bits on: half a bit is 5 %, of which 30.3.5 leaves about 3.75 %.
_TOLERANCE = 0.0375
_BURST_BYTES, _SENT_BYTES = 1024, 65536
_BITS_PER_BYTE = 10


class _Buffers(ctypes.Structure):
    """As in serial_registers.c."""

    _fields_ = (
        ("works", ctypes.c_uint64),
        ("first", ctypes.c_uint64),
        ("waiting", ctypes.c_uint64),
        ("sent", ctypes.c_uint64),
        ("status_offset", ctypes.c_uint64),
        ("receive_offset", ctypes.c_uint64),
        ("transmit_offset", ctypes.c_uint64),
        ("idle_status", ctypes.c_uint64),
        ("read", ctypes.c_void_p),
        ("write", ctypes.c_void_p),
        ("to_board", ctypes.c_uint8 * _BURST_BYTES),
        ("from_board", ctypes.c_uint8 * _SENT_BYTES),
    )


class Usart(RegisterBlock):
    """The line.

    Parameters
    ----------
    machine : Machine
    gate : callable
        Whether its clock is on.
    clock_hz : callable
        Frequency that its baud rate is made of.
    pins : Pins
    baud_rate : int
        Of the host.
    """

    # What the registers of other chips have otherwise: name, address, interrupt; the enable bit in CR1; where status
    # and data are, from the begin of their page on, and the status of an idle line.
    line_name: ClassVar[str] = "USART1"
    line_base: ClassVar[int] = 0x40011000
    interrupt: ClassVar[int] = INTERRUPT
    enable: ClassVar[int] = 1 << 13
    offsets: ClassVar[tuple[int, int, int]] = (0x00, 0x04, 0x04)
    idle_status: ClassVar[int] = TXE | TC

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("SR", 0x000000C0, 0, 0x3FF),
        0x04: Register("DR", 0, 0, 0x1FF),
        0x08: Register("BRR", 0, 0xFFFF),
        0x0C: Register("CR1", 0, 0xBFFF),
        0x10: Register("CR2", 0, 0x7F6F),
        0x14: Register("CR3", 0, 0x0FFF),
    }

    def __init__(
        self,
        machine: Machine,
        gate: Callable[[], bool],
        clock_hz: Callable[[], int],
        pins: Pins,
        baud_rate: int,
    ) -> None:
        self._machine = machine
        self._clock_hz = clock_hz
        self._pins = pins
        self._host_baud_rate = baud_rate
        self._buffers = buffers = _Buffers()
        buffers.status_offset, buffers.receive_offset, buffers.transmit_offset = self.offsets
        buffers.idle_status = self.idle_status
        self._to_board = bytearray()
        self._sent = bytearray()
        self._next_burst: Event | None = None
        # What hears the line in the program's place, and answers: the bootloader in the ROM.
        self.listener: Callable[[bytes], bytes] | None = None
        super().__init__(self.line_name, self.line_base)
        self.is_clocked = gate

    def reset(self) -> None:
        """Forget what is on the line."""
        super().reset()
        self._to_board.clear()
        self._buffers.waiting = 0
        self._buffers.works = 0
        self._next_burst = None
        self.listener = None

    def compiled_registers(self) -> CompiledRegisters | None:
        """Functions in C for what is read and written most; None where there is no compiler."""
        library = compiled_functions()
        if library is None:
            return None
        return CompiledRegisters(library.serial_read, library.serial_write, self._buffers)

    # --- the host's end

    def feed(self, data: bytes) -> None:
        """Put bytes on the line to the board; without a receiver they are lost."""
        if self.listener is not None:
            self._sent += self.listener(data)
        elif self.is_listening:
            self._to_board += data
            if self._next_burst is None:
                self.offer()

    @property
    def waiting_bytes(self) -> int:
        """Bytes to the board that it has not read."""
        return len(self._to_board) + int(self._buffers.waiting)

    @property
    def sent_bytes(self) -> int:
        """Bytes from the board that the host has not taken."""
        return len(self._sent) + int(self._buffers.sent)

    def take_sent(self) -> bytes:
        """Take what the board has sent."""
        self._collect()
        taken = bytes(self._sent)
        self._sent.clear()
        return taken

    def _collect(self) -> None:
        self._sent += ctypes.string_at(self._buffers.from_board, self._buffers.sent)
        self._buffers.sent = 0

    @property
    def is_listening(self) -> bool:
        """Whether the receiver hears the line."""
        return self._works(_RE) and self._pins.carries(f"{self.line_name}_RX")

    # --- the board's end

    def _works(self, direction: int) -> bool:
        """Whether the block is on and the baud rate near enough to the host's (30.3.4)."""
        divider = self.values["BRR"]
        if not (self.is_clocked() and self.values["CR1"] & self.enable and self.values["CR1"] & direction and divider):
            return False
        rate = self.line_hz() / divider
        return abs(rate / self._host_baud_rate - 1) < _TOLERANCE

    def line_hz(self) -> int:
        """Frequency that the baud rate's divider divides."""
        return self._clock_hz()

    def forget_checks(self) -> None:
        """Check clocks and pins again at the next access: something has changed."""
        self._buffers.works = 0

    def _check(self) -> bool:
        """Find out whether both directions work, once until something changes."""
        if not self._buffers.works:
            works = self.is_listening and self._works(_TE) and self._pins.carries(f"{self.line_name}_TX")
            self._buffers.works = int(works)
        return bool(self._buffers.works)

    def offer(self) -> None:
        """Begin the next burst, if the one before has been read."""
        buffers = self._buffers
        if self._to_board and not buffers.waiting:
            if self._next_burst is not None:
                self._next_burst.cancelled = True
            count = min(len(self._to_board), _BURST_BYTES)
            ctypes.memmove(buffers.to_board, bytes(self._to_board[:count]), count)
            del self._to_board[:count]
            buffers.first, buffers.waiting = 0, count
            line_time = count * _BITS_PER_BYTE * SECOND // self._host_baud_rate
            self._next_burst = self._machine.events.at(self._machine.now + line_time, self._end_burst)
        self._set_line()

    def _end_burst(self) -> None:
        self._next_burst = None
        self.offer()

    def _set_line(self) -> None:
        is_high = bool(self._buffers.waiting and self.values["CR1"] & _RXNEIE)
        self._machine.exceptions.set_level(self.interrupt, is_high)

    def read_SR(self) -> int:
        """Give the state: the transmitter is always ready."""
        self._check()
        return self.idle_status | (RXNE if self._buffers.waiting else 0)

    def read_DR(self) -> int:
        """Take the oldest byte (30.6.2)."""
        self._check()
        buffers = self._buffers
        if not buffers.waiting:
            return 0
        byte = buffers.to_board[buffers.first]
        buffers.first += 1
        buffers.waiting -= 1
        if self._to_board and self._next_burst is None:
            self.offer()
        self._set_line()
        return int(byte)

    def write_DR(self, value: int, before: int) -> None:
        """Send a byte (30.6.2)."""
        if not self.values["CR1"] & self.enable or not self.values["CR1"] & _TE:
            raise self.refusal("DR is written while the transmitter is off (30.3.2)")
        if self._check() or (self._works(_TE) and self._pins.carries(f"{self.line_name}_TX")):
            self._collect()
            self._sent.append(value & 0xFF)

    def _refuse_format(self) -> None:
        """Refuse frames of another kind than the host's (30.6.4 to 30.6.6)."""
        if not self.values["CR1"] & self.enable:
            return
        for name, mask in _OTHER_FORMATS.items():
            if self.values[name] & mask:
                raise self.refusal(f"{name} = 0x{self.values[name]:04X}: only 8 bits, no parity, 1 stop bit")

    def write_CR2(self, value: int, before: int) -> None:
        """Refuse other frames (30.6.5)."""
        self._refuse_format()

    def write_CR3(self, value: int, before: int) -> None:
        """Refuse other frames and flow control (30.6.6)."""
        self._refuse_format()

    def write_CR1(self, value: int, before: int) -> None:
        """Refuse other frames, and follow the interrupt's enable (30.6.4)."""
        self._refuse_format()
        self._set_line()

"""The bootloader in the ROM of an STM32, as it speaks over USART: AN3155, byte by byte.

Every request is answered with ACK or NACK.  A command is one byte and its complement; an address is four bytes, the
highest first, and their exclusive or.  What a write leaves in flash is what a real one does: it clears bits only.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import reduce
from operator import xor
from typing import Protocol

ACK, NACK = 0x79, 0x1F
SYNCHRONISE = 0x7F
VERSION = 0x31
GET, GET_VERSION, GET_ID, READ, GO, WRITE = 0x00, 0x01, 0x02, 0x11, 0x21, 0x31
EXTENDED_ERASE, WRITE_UNPROTECT, READOUT_PROTECT, READOUT_UNPROTECT = 0x44, 0x73, 0x82, 0x92
COMMANDS = (
    GET, GET_VERSION, GET_ID, READ, GO, WRITE, EXTENDED_ERASE, WRITE_UNPROTECT, READOUT_PROTECT, READOUT_UNPROTECT,
)  # fmt: skip
# AN3155, section 3.7: codes from here on erase whole banks.
_SPECIAL_ERASE = 0xFFF0
_WHOLE = 0xFFFF


class Memory(Protocol):
    """The chip around the ROM."""

    device_id: int

    @property
    def is_read_protected(self) -> bool:
        """Whether read-out protection is on."""

    def read(self, address: int, size: int) -> bytes | None:
        """Read memory; None where there is none."""

    def write(self, address: int, data: bytes) -> bool:
        """Program flash or write RAM; returns whether the chip takes it."""

    def erase(self, sector: int) -> bool:
        """Erase a sector; returns whether the chip does."""

    def erase_all(self) -> None:
        """Erase the flash."""

    def protect_reading(self, on: bool) -> None:
        """Set read-out protection to level 1 or 0; the chip then restarts.  Level 0 erases the flash."""

    def unprotect_writing(self) -> None:
        """Remove write protection from all sectors; the chip then restarts."""

    def go(self, address: int) -> bool:
        """Start at a vector table; returns whether there is memory."""


# Yields the answer to what it has heard, is sent the next byte, and returns the last answer.
_Conversation = Generator[bytes, int, bytes]
_ACK, _NACK = bytes([ACK]), bytes([NACK])


class RomBootloader:
    """A conversation with a host.

    Parameters
    ----------
    memory : Memory
        The chip.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._commands: dict[int, Callable[[], _Conversation]] = {
            READ: self._read, GO: self._go, WRITE: self._write, EXTENDED_ERASE: self._erase,
        }  # fmt: skip
        # Those that hear nothing more.
        self._answers: dict[int, Callable[[], bytes]] = {
            GET: lambda: bytes([ACK, len(COMMANDS), VERSION, *COMMANDS, ACK]),
            GET_VERSION: lambda: bytes([ACK, VERSION, 0, 0, ACK]),
            GET_ID: lambda: bytes([ACK, 1, *memory.device_id.to_bytes(2, "big"), ACK]),
            WRITE_UNPROTECT: self._write_unprotect,
            READOUT_PROTECT: self._readout_protect,
            READOUT_UNPROTECT: self._readout_unprotect,
        }
        self._conversation = self._converse()
        next(self._conversation)

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the host and give the answer to them."""
        return b"".join(self._conversation.send(byte) for byte in data)

    def _converse(self) -> Generator[bytes, int, None]:
        # Section 2: until it has heard 0x7F it does not know the baud rate.
        while (yield b"") != SYNCHRONISE:
            pass
        answer = _ACK
        while True:
            code = yield answer
            complement = yield b""
            if code ^ complement != 0xFF:
                # A second 0x7F and the byte behind it, too: the host sees that it is heard.
                answer = _NACK
            elif code in self._answers:
                answer = self._answers[code]()
            elif code in self._commands and not self._memory.is_read_protected:
                answer = yield from self._commands[code]()
            else:
                answer = _NACK

    def _read(self) -> _Conversation:
        address = yield from _address()
        if address is None or self._memory.read(address, 1) is None:
            return _NACK
        count = yield _ACK
        complement = yield b""
        data = self._memory.read(address, count + 1)
        return _NACK if count ^ complement != 0xFF or data is None else _ACK + data

    def _write(self) -> _Conversation:
        address = yield from _address()
        # Section 3.6: the address is a multiple of 4.
        if address is None or address % 4 or self._memory.read(address, 1) is None:
            return _NACK
        count = yield _ACK
        data = bytearray()
        for _ in range(count + 1):
            data.append((yield b""))
        check = yield b""
        is_sound = reduce(xor, data, count) == check and (count + 1) % 4 == 0
        return _ACK if is_sound and self._memory.write(address, bytes(data)) else _NACK

    def _erase(self) -> _Conversation:
        codes = bytearray()
        codes.append((yield _ACK))
        codes.append((yield b""))
        count = int.from_bytes(codes, "big")
        if count < _SPECIAL_ERASE:
            for _ in range(2 * (count + 1)):
                codes.append((yield b""))
        check = yield b""
        if reduce(xor, codes, 0) != check or _SPECIAL_ERASE <= count < _WHOLE:
            return _NACK
        if count == _WHOLE:
            self._memory.erase_all()
            return _ACK
        sectors = [int.from_bytes(codes[n : n + 2], "big") for n in range(2, len(codes), 2)]
        return _ACK if all(self._memory.erase(sector) for sector in sectors) else _NACK

    def _go(self) -> _Conversation:
        address = yield from _address()
        return _ACK if address is not None and self._memory.go(address) else _NACK

    def _write_unprotect(self) -> bytes:
        if self._memory.is_read_protected:
            return _NACK
        self._memory.unprotect_writing()
        return _ACK + _ACK

    def _readout_protect(self) -> bytes:
        if self._memory.is_read_protected:
            return _NACK
        self._memory.protect_reading(on=True)
        return _ACK + _ACK

    def _readout_unprotect(self) -> bytes:
        self._memory.protect_reading(on=False)
        return _ACK + _ACK


def _address() -> Generator[bytes, int, int | None]:
    """Acknowledge the command and hear an address; None if its check is wrong."""
    data = bytearray()
    data.append((yield _ACK))
    for _ in range(4):
        data.append((yield b""))
    return None if reduce(xor, data, 0) else int.from_bytes(data[:4], "big")

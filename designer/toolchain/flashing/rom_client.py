"""The host's end of the bootloader in the ROM of an STM32, over a serial line: AN3155.

8 bits, even parity, 1 stop bit.  Each command is one byte and its complement, and ends with ACK or NACK.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import reduce
from operator import xor
from typing import Protocol

from designer.errors import FlashError
from designer.toolchain.flashing.failures import Cause

ACK, NACK = 0x79, 0x1F
# The rate is measured from this byte: AN3155, section 2.  AN2606 allows at least 115200 with the internal oscillator.
SYNCHRONISE = 0x7F
BAUD_RATE = 115200
BLOCK_BYTES = 256
_GET, _GET_ID, _READ, _GO, _WRITE = 0x00, 0x02, 0x11, 0x21, 0x31
_EXTENDED_ERASE, _READOUT_PROTECT, _READOUT_UNPROTECT = 0x44, 0x82, 0x92
_REPLY_S = 1.0
_SYNCHRONISE_S = 0.5
# DS8626, table 40: a sector of 128 KiB takes at most 4 s.  DS12110, table 57, has the same for the STM32H743.
_ERASE_S_PER_SECTOR = 5.0
# At most a mass erase: DS8626, table 40, has 32 s.
_UNPROTECT_S = 40.0


class Port(Protocol):
    """The part of a serial port that is used."""

    timeout: float | None

    def read(self, size: int = 1) -> bytes:
        """Read `size` bytes, or fewer after `timeout` seconds."""

    def write(self, data: bytes) -> int | None:
        """Send all of `data`."""


class RomRefusalError(FlashError):
    """The bootloader has answered NACK, or not at all."""


class RomClient:
    """A conversation with a bootloader.

    Parameters
    ----------
    port : Port
        Open at `BAUD_RATE` with even parity.
    """

    def __init__(self, port: Port) -> None:
        self._port = port

    def synchronise(self) -> bool:
        """Say hello; returns whether a bootloader answers.

        One that has been spoken to before answers NACK, or waits for the second byte of a command.
        """
        for _ in range(2):
            self._port.timeout = _SYNCHRONISE_S
            self._port.write(bytes([SYNCHRONISE]))
            answer = self._port.read(1)
            if answer in (bytes([ACK]), bytes([NACK])):
                return True
        return False

    def commands(self) -> bytes:
        """Ask for the codes of its commands."""
        self._command(_GET, "Get")
        count = self._read(1)[0]
        codes = self._read(count + 1)[1:]
        self._acknowledge("Get")
        return codes

    def device_id(self) -> int:
        """Ask for the chip's product number, 12 bits."""
        self._command(_GET_ID, "Get ID")
        count = self._read(1)[0]
        number = int.from_bytes(self._read(count + 1), "big")
        self._acknowledge("Get ID")
        return number

    def read_memory(self, address: int, size: int) -> bytes:
        """Read 1 to 256 bytes."""
        what = f"Read Memory at {address:#010x}"
        self._command(_READ, what)
        self._address(address, what)
        self._send(bytes([size - 1, (size - 1) ^ 0xFF]), what)
        return self._read(size)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write 4 to 256 bytes, a multiple of 4, to an address that is one, too."""
        what = f"Write Memory at {address:#010x}"
        self._command(_WRITE, what)
        self._address(address, what)
        body = bytes([len(data) - 1]) + data
        self._send(body + bytes([reduce(xor, body)]), what)

    def erase(self, sectors: Iterable[int]) -> None:
        """Erase sectors, by their numbers."""
        numbers = list(sectors)
        body = (len(numbers) - 1).to_bytes(2, "big") + b"".join(number.to_bytes(2, "big") for number in numbers)
        self._command(_EXTENDED_ERASE, "Extended Erase")
        self._send(body + bytes([reduce(xor, body)]), "Extended Erase", _ERASE_S_PER_SECTOR * len(numbers) + _REPLY_S)

    def go(self, address: int) -> None:
        """Start at a vector table."""
        self._command(_GO, "Go")
        self._address(address, "Go")

    def protect_reading(self, on: bool) -> None:
        """Set read-out protection to level 1, or to 0, which erases the flash.  The chip then restarts."""
        code, what = (_READOUT_PROTECT, "Readout Protect") if on else (_READOUT_UNPROTECT, "Readout Unprotect")
        self._command(code, what)
        self._acknowledge(what, _UNPROTECT_S)

    def _command(self, code: int, what: str) -> None:
        self._send(bytes([code, code ^ 0xFF]), what)

    def _address(self, address: int, what: str) -> None:
        data = address.to_bytes(4, "big")
        self._send(data + bytes([reduce(xor, data)]), what)

    def _send(self, data: bytes, what: str, within_s: float = _REPLY_S) -> None:
        self._port.write(data)
        self._acknowledge(what, within_s)

    def _acknowledge(self, what: str, within_s: float = _REPLY_S) -> None:
        """Wait for ACK."""
        self._port.timeout = within_s
        answer = self._port.read(1)
        if answer == bytes([NACK]):
            raise RomRefusalError(f"the bootloader refuses {what}", Cause.UNKNOWN.value)
        if answer != bytes([ACK]):
            heard = f"answers 0x{answer[0]:02X}" if answer else "does not answer"
            raise RomRefusalError(
                f"the bootloader {heard} to {what}: restart the board and try again", Cause.NO_TARGET.value
            )

    def _read(self, size: int) -> bytes:
        self._port.timeout = _REPLY_S
        data = b""
        deadline = time.monotonic() + _REPLY_S
        while len(data) < size:
            part = self._port.read(size - len(data))
            if not part and time.monotonic() >= deadline:
                raise RomRefusalError(
                    f"the bootloader sent {len(data)} of {size} bytes: check the line, and try again",
                    Cause.NO_TARGET.value,
                )
            data += part
        return data

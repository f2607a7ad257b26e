"""The ROM of an STM32: its bootloader takes over the serial line when the image jumps there (AN2606, AN3155).

The code in it only sleeps.  What the bootloader does, `RomBootloader` does in its place.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.usart import Usart
from designer.board.virtual.rom_bootloader import RomBootloader

# The byte RDP of the option bytes, as both chips keep it: RM0090 3.7.3, RM0433 4.5.3.
_LEVEL_0, _LEVEL_1 = 0xAA00, 0x5500


@dataclass(frozen=True)
class Rom:
    """Where a chip has its ROM.

    Attributes
    ----------
    start, size : int
    vectors : int
        Where the bootloader's vectors are.
    device_id : int
        What the bootloader reports.
    factory : tuple of (int, bytes)
        What the factory has written into the same memory: addresses and contents.
    """

    start: int
    size: int
    vectors: int
    device_id: int
    factory: tuple[tuple[int, bytes], ...] = ()

    def contents(self) -> bytes:
        """Stack, entry, and there WFI and a branch to it."""
        contents = bytearray(b"\xff" * self.size)
        code = struct.pack("<IIHH", 0x20002000, self.vectors + 8 | 1, 0xBF30, 0xE7FD)
        for address, data in ((self.vectors, code), *self.factory):
            contents[address - self.start : address - self.start + len(data)] = data
        return bytes(contents)

    def holds(self, address: int) -> bool:
        """Whether an address lies in it."""
        return self.start <= address < self.start + self.size


class ProgrammableFlash(Protocol):
    """What the bootloader asks of a flash memory.

    Attributes
    ----------
    options : int
        Option bytes; bits 15 to 8 are RDP.
    """

    options: int

    @property
    def sectors(self) -> tuple[tuple[int, int], ...]:
        """First byte and size of each sector."""

    def is_protected(self, address: int) -> bool:
        """Whether the sector of an address is write-protected."""

    def takes(self, address: int, data: bytes) -> bool:
        """Whether programming gives the data, as the cells are now."""

    def replace(self, address: int, data: bytes) -> None:
        """Let whole operations leave the data."""

    def unprotect_writing(self) -> None:
        """Remove write protection from all sectors."""


class SystemMemory:
    """The ROM and what its bootloader reaches.

    Parameters
    ----------
    machine, rom, flash, usart
    reset : callable
        A reset of the chip by itself.
    is_wired : bool
        Whether the host's line is wired to pins at which the bootloader listens.
    """

    def __init__(
        self,
        machine: Machine,
        rom: Rom,
        flash: ProgrammableFlash,
        usart: Usart,
        reset: Callable[[], None],
        is_wired: bool = True,
    ) -> None:
        self._machine = machine
        self._rom = rom
        self._flash = flash
        self._usart = usart
        self._reset = reset
        self._is_wired = is_wired
        self.device_id = rom.device_id
        machine.cpu.map_memory(rom.start, rom.contents(), writable=False, executable=True)

    @property
    def is_running(self) -> bool:
        """Whether the core executes the ROM."""
        return self._rom.holds(self._machine.cpu.pc)

    def sleep(self) -> None:
        """Follow the core to sleep: in the ROM, the bootloader begins to listen; elsewhere the next burst comes."""
        if not self.is_running:
            self._usart.offer()
        elif self._is_wired:
            self._usart.listener = RomBootloader(self).receive

    @property
    def is_read_protected(self) -> bool:
        """Whether read-out protection is on."""
        return self._flash.options & 0xFF00 != _LEVEL_0

    def read(self, address: int, size: int) -> bytes | None:
        """Read memory; None where there is none."""
        cpu = self._machine.cpu
        return cpu.read(address, size) if cpu.has_memory(address, size) else None

    def write(self, address: int, data: bytes) -> bool:
        """Write RAM, or program the flash; returns whether that gives the data."""
        cpu = self._machine.cpu
        if not cpu.has_memory(address, len(data)) or self._rom.holds(address):
            return False
        if any(first <= address < first + size for first, size in self._flash.sectors):
            if self._flash.is_protected(address) or not self._flash.takes(address, data):
                return False
            self._flash.replace(address, data)
        else:
            cpu.write(address, data)
        self._forget_code()
        return True

    def erase(self, sector: int) -> bool:
        """Erase a sector that is not protected."""
        if sector >= len(self._flash.sectors) or self._flash.is_protected(self._flash.sectors[sector][0]):
            return False
        self._erase(sector)
        return True

    def erase_all(self) -> None:
        """Erase all sectors."""
        for sector in range(len(self._flash.sectors)):
            self._erase(sector)

    def protect_reading(self, on: bool) -> None:
        """Set the level of read-out protection to 1 or 0, which erases the flash and reset."""
        if not on:
            self.erase_all()
        self._flash.options = self._flash.options & ~0xFF00 | (_LEVEL_1 if on else _LEVEL_0)
        self._restart()

    def unprotect_writing(self) -> None:
        """Remove write protection from all sectors, and reset."""
        self._flash.unprotect_writing()
        self._restart()

    def go(self, address: int) -> bool:
        """Start at a vector table."""
        cpu = self._machine.cpu
        if not cpu.has_memory(address, 8):
            return False
        stack, entry = struct.unpack("<II", cpu.read(address, 8))
        self._usart.listener = None
        cpu.reset(stack, entry)
        self._machine.wake()
        return True

    def _erase(self, sector: int) -> None:
        first, size = self._flash.sectors[sector]
        self._flash.replace(first, b"\xff" * size)
        self._forget_code()

    def _forget_code(self) -> None:
        """Translate anew what was written: it may be code."""
        self._machine.cpu.engine.ctl_flush_tb()

    def _restart(self) -> None:
        self._machine.want_reset(self._reset)

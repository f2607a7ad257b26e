"""The ROM of an STM32F405: its bootloader takes over the serial line when the image jumps there (AN2606, AN3155).

The code in it only sleeps.  What the bootloader does, `RomBootloader` does in its place.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals import flash as flash_module
from designer.board.virtual.peripherals.flash import Flash
from designer.board.virtual.peripherals.usart import Usart
from designer.board.virtual.rom_bootloader import RomBootloader

# RM0090 2.4, table 2
START, BYTES = 0x1FFF0000, 0x1000
# Stack, entry, and there WFI and a branch to it
CONTENTS = struct.pack("<IIHH", 0x20002000, START + 8 | 1, 0xBF30, 0xE7FD).ljust(BYTES, b"\xff")
_LEVEL_0, _LEVEL_1 = 0xAA00, 0x5500


class SystemMemory:
    """The ROM and what its bootloader reaches.

    Parameters
    ----------
    machine, flash, usart
    reset : callable
        A reset of the chip by itself.
    """

    device_id = 0x413

    def __init__(self, machine: Machine, flash: Flash, usart: Usart, reset: Callable[[], None]) -> None:
        self._machine = machine
        self._flash = flash
        self._usart = usart
        self._reset = reset
        machine.cpu.map_memory(START, CONTENTS, writable=False, executable=True)

    def sleep(self) -> None:
        """Follow the core to sleep: in the ROM, the bootloader begins to listen; elsewhere the next burst comes."""
        if START <= self._machine.cpu.pc < START + BYTES:
            self._usart.listener = RomBootloader(self).receive
        else:
            self._usart.offer()

    @property
    def is_read_protected(self) -> bool:
        """Whether read-out protection is on (RM0090 3.7.3)."""
        return self._flash.options & 0xFF00 != _LEVEL_0

    def read(self, address: int, size: int) -> bytes | None:
        """Read memory; None where there is none."""
        cpu = self._machine.cpu
        return cpu.read(address, size) if cpu.has_memory(address, size) else None

    def write(self, address: int, data: bytes) -> bool:
        """Write RAM, or clear bits in the flash; returns whether that gives the data."""
        cpu = self._machine.cpu
        if not cpu.has_memory(address, len(data)) or START <= address < START + BYTES:
            return False
        if self._flash.holds(address):
            old = cpu.read(address, len(data))
            if self._flash.is_protected(address) or any(new & ~before for new, before in zip(data, old, strict=True)):
                return False
        self._change(address, data)
        return True

    def erase(self, sector: int) -> bool:
        """Erase a sector that is not protected."""
        sectors = flash_module.SECTORS
        if not sector < len(sectors) - 1 or self._flash.is_protected(flash_module.START + sectors[sector]):
            return False
        size = sectors[sector + 1] - sectors[sector]
        self._change(flash_module.START + sectors[sector], b"\xff" * size)
        return True

    def erase_all(self) -> None:
        """Erase all sectors."""
        self._change(flash_module.START, b"\xff" * flash_module.BYTES)

    def protect_reading(self, on: bool) -> None:
        """Set the level of read-out protection to 1 or 0, which erases the flash (RM0090 3.7.3), and reset."""
        if not on:
            self.erase_all()
        self._flash.options = self._flash.options & ~0xFF00 | (_LEVEL_1 if on else _LEVEL_0)
        self._restart()

    def unprotect_writing(self) -> None:
        """Remove write protection from all sectors, and reset."""
        self._flash.options |= 0x0FFF0000
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

    def _change(self, address: int, data: bytes) -> None:
        """Write what may be code: Unicorn's translation of what was there is stale."""
        self._machine.cpu.write(address, data)
        self._machine.cpu.engine.ctl_flush_tb()

    def _restart(self) -> None:
        self._machine.want_reset(self._reset)

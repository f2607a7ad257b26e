"""Flash memory and its interface, RM0090 3: wait states, unlocking, erasing, programming.

The core stands still during an operation, as it executes from the same flash (3.6). A supply that fails during an
operation leaves a sector partly erased, or a word partly programmed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.flash_cells import FlashCells
from designer.board.virtual.registers import Register

START, BYTES = 0x08000000, 1 << 20
# 3.3, table 5: first byte of each sector, and the end
SECTORS = (0, *range(0x4000, 0x10000, 0x4000), 0x10000, *range(0x20000, BYTES + 1, 0x20000))
SHIPPED_OPTIONS = 0x0FFFAAED  # level 0, nothing protected
_KEYS = (0x45670123, 0xCDEF89AB)
_PG, _SER, _MER, _STRT, _LOCK = 1 << 0, 1 << 1, 1 << 2, 1 << 16, 1 << 31
_EOP, _WRPERR, _PGAERR, _PGPERR, _PGSERR, _BSY = 1 << 0, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 16
_ERRORS = 0xF2
# DS8626, "Flash memory programming", typical at x32: 16 us a word; erasing 16, 64 and 128 KiB.
_PROGRAM = 16 * SECOND // 10**6
_ERASE_MS = {0x4000: 250, 0x10000: 550, 0x20000: 1000}
# 3.5.1, at 2.7 to 3.6 V: a wait state more for each 30 MHz
_HZ_PER_STATE = 30_000_000


class Flash(FlashCells):
    """The interface, and operations on the memory.

    Parameters
    ----------
    machine : Machine
    seed : int
        Of what a cut supply leaves.
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("ACR", 0, 0x1F07),
        0x04: Register("KEYR", 0, 0, 0xFFFFFFFF),
        0x0C: Register("SR", 0, 0, 0x100F3),
        0x10: Register("CR", _LOCK, 0x0301037F, _LOCK),
        0x14: Register("OPTCR", SHIPPED_OPTIONS, 0, 0x0FFFFFEF),
    }

    shipped_options: ClassVar[int] = SHIPPED_OPTIONS

    def __init__(self, machine: Machine, seed: int) -> None:
        # HCLK, which the board fills in.
        self.hclk_hz: Callable[[], int] = lambda: 0
        super().__init__("FLASH", 0x40023C00, machine, seed)

    def reset(self) -> None:
        """Lock."""
        super().reset()
        self.values["OPTCR"] = self.options
        self._keys_seen = 0
        self._blocked = False

    def protect_writing(self, sector: int) -> None:
        """Protect a sector: its bit of nWRP is 0 (3.7.4)."""
        self.options &= ~(1 << 16 + sector)

    def unprotect_writing(self) -> None:
        """Remove write protection from all sectors (3.7.4)."""
        self.options |= 0x0FFF0000

    def is_protected(self, address: int) -> bool:
        """Whether the sector of an address is write-protected (3.7.4)."""
        sector = next(n for n, end in enumerate(SECTORS[1:]) if address - START < end)
        return not self.values["OPTCR"] >> 16 + sector & 1

    sectors: ClassVar[tuple[tuple[int, int], ...]] = tuple(
        (START + first, end - first) for first, end in itertools.pairwise(SECTORS)
    )

    def takes(self, address: int, data: bytes) -> bool:
        """Whether programming gives the data: it clears bits only (3.6.4)."""
        old = self._machine.cpu.read(address, len(data))
        return not any(new & ~before for new, before in zip(data, old, strict=True))

    def replace(self, address: int, data: bytes) -> None:
        """Let whole operations leave the data."""
        self._machine.cpu.write(address, data)

    def check_wait_states(self, hclk_hz: int) -> None:
        """Refuse a clock that the wait states are too few for (3.5.1)."""
        states = self.values["ACR"] & 7
        if hclk_hz > (states + 1) * _HZ_PER_STATE:
            raise self.refusal(f"ACR: {states} wait states at {hclk_hz / 1e6:g} MHz (3.5.1)")

    def write_ACR(self, value: int, before: int) -> None:
        """Check the wait states; caches are flushed only while off (3.9.1)."""
        self.check_wait_states(self.hclk_hz())
        for reset, enable, name in ((1 << 11, 1 << 9, "instruction"), (1 << 12, 1 << 10, "data")):
            if value & reset and value & enable:
                raise self.refusal(f"ACR: the {name} cache is flushed while it is on (3.9.1)")

    def write_KEYR(self, value: int, before: int) -> None:
        """Unlock CR; a wrong key blocks it until reset (3.6.1)."""
        if self._blocked or not self.values["CR"] & _LOCK or value != _KEYS[self._keys_seen]:
            self._blocked = True
            raise self.refusal(f"KEYR = 0x{value:08X}: wrong key, or CR is open: bus error (3.6.1)")
        self._keys_seen += 1
        if self._keys_seen == len(_KEYS):
            self._keys_seen = 0
            self.values["CR"] &= ~_LOCK

    def write_SR(self, value: int, before: int) -> None:
        """Clear flags by writing ones (3.9.5)."""
        self.values["SR"] &= ~(value & (_EOP | _ERRORS))

    def write_CR(self, value: int, before: int) -> None:
        """Choose an operation; STRT begins an erasure (3.6.3)."""
        if before & _LOCK:
            self.values["CR"] = before
            raise self.refusal("CR is written while it is locked (3.6.1)")
        if self.values["SR"] & _BSY:
            raise self.refusal("CR is written while an operation is under way (3.9.7)")
        if value & _LOCK:
            self.values["CR"] |= _LOCK
        if value & _STRT:
            self._erase(value)

    def _erase(self, value: int) -> None:
        self.values["CR"] &= ~_STRT
        sector = value >> 3 & 0xF
        if not value & _SER or value & (_PG | _MER) or sector >= len(SECTORS) - 1:
            raise self.refusal(f"CR = 0x{value:08X}: STRT without one sector alone (3.6.3)")
        if self.values["SR"] & _ERRORS:
            raise self.refusal("CR: STRT with errors pending (3.9.5)")
        first, end = SECTORS[sector], SECTORS[sector + 1]
        if self.is_protected(START + first):
            self.values["SR"] |= _WRPERR
            return
        self._operate(START + first, b"\xff" * (end - first), _ERASE_MS[end - first] * SECOND // 1000)

    def program(self, address: int, size: int, value: int) -> bool:
        """Take a write of the processor to the flash (3.6.4); False where it is no write at all."""
        control = self.values["CR"]
        if control & _LOCK or not control & _PG:
            self.values["SR"] |= _PGSERR
            return True
        if 1 << (control >> 8 & 3) != size:
            self.values["SR"] |= _PGPERR
            return True
        if address % size:
            self.values["SR"] |= _PGAERR
            return True
        if self.is_protected(address):
            self.values["SR"] |= _WRPERR
            return True
        old = int.from_bytes(self._machine.cpu.read(address, size), "little")
        new = old & value
        if new != value:
            raise self.refusal(f"0x{address:08X}: 0x{value:X} onto 0x{old:X}: only an erasure sets bits (3.6.4)")
        self._operate(address, new.to_bytes(size, "little"), _PROGRAM)
        return True

    def _operate(self, address: int, new: bytes, duration: int) -> None:
        """Change the memory and be busy for a time, the core standing still."""
        self._begin(address, new, partial(self.replace, address))
        self.replace(address, new)
        self.values["SR"] |= _BSY
        self._machine.after(duration, self._finish)
        self._machine.stall(duration)

    def _finish(self) -> None:
        self.values["SR"] &= ~_BSY

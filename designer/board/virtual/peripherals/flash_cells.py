"""What the flash memories of all STM32 have alike: counted operations, supplies that fail in one, option bytes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from designer.board.virtual.errors import PowerCutError
from designer.board.virtual.machine import Machine
from designer.board.virtual.registers import RegisterBlock


@dataclass(frozen=True)
class Operation:
    """An erasure or a word that was programmed.

    Attributes
    ----------
    address : int
    torn : bytes
        What would be there had the supply failed in the middle.
    new : bytes
        What is there.
    """

    address: int
    torn: bytes
    new: bytes


class FlashCells(RegisterBlock):
    """An interface with its memory.

    Parameters
    ----------
    name : str
    base : int
    machine : Machine
    seed : int
        Of what a cut supply leaves.
    """

    shipped_options: ClassVar[int]

    def __init__(self, name: str, base: int, machine: Machine, seed: int) -> None:
        self._machine = machine
        self._random = random.Random(seed)
        self.operations = 0
        self.log: list[Operation] = []
        self.cut_at: int | None = None
        # Bits 15 to 8 are RDP, the level of read-out protection: RM0090 3.7.3, RM0433 4.5.3.
        self.options = self.shipped_options
        super().__init__(name, base)

    def power_on(self) -> None:
        """Count operations from the beginning; the supply does not fail."""
        self.operations = 0
        self.log.clear()
        self.cut_at = None

    def protect_reading(self) -> None:
        """Set read-out protection, level 1: RDP is neither 0xAA nor 0xCC."""
        self.options = self.options & ~0xFF00 | 0x5500

    def _begin(self, address: int, new: bytes, tear: Callable[[bytes], None]) -> None:
        """Count an operation.  If the supply fails in it, `tear` leaves some of the bits that change as they were."""
        self.operations += 1
        kept = int.from_bytes(self._random.randbytes(len(new)), "little")
        before = int.from_bytes(self._machine.cpu.read(address, len(new)), "little")
        after = int.from_bytes(new, "little")
        torn = (after ^ (before ^ after) & kept).to_bytes(len(new), "little")
        self.log.append(Operation(address, torn, new))
        if self.operations == self.cut_at:
            tear(torn)
            raise PowerCutError(f"the supply failed at flash operation {self.operations}, at 0x{address:08X}")

"""SAI1 to SAI4, RM0433 51: two blocks each, as master or synchronous to another block (`sai_block`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.stm32h7.dma import Dma
from designer.board.virtual.peripherals.stm32h7.rcc import Rcc
from designer.board.virtual.peripherals.stm32h7.sai_block import SaiBlock
from designer.board.virtual.registers import Register, RegisterBlock

BASES = {1: 0x40015800, 2: 0x40015C00, 3: 0x40016000, 4: 0x58005400}
INTERRUPTS = {1: 87, 2: 91, 3: 114, 4: 146}
_FFLUSH = 1 << 3


def _block_registers(letter: str, base: int) -> dict[int, Register]:
    prefix = f"SAI_{letter}"
    return {
        base: Register(f"{prefix}CR1", 0x40, 0x0CFB3FEF),
        base + 0x04: Register(f"{prefix}CR2", 0, 0xFFF7, _FFLUSH),
        base + 0x08: Register(f"{prefix}FRCR", 0x7, 0x00077FFF),
        base + 0x0C: Register(f"{prefix}SLOTR", 0, 0xFFFF0FDF),
        base + 0x10: Register(f"{prefix}IM", 0, 0x7F),
        base + 0x14: Register(f"{prefix}SR", 0x8, 0, 0x0007007F),
        base + 0x18: Register(f"{prefix}CLRFR", 0, 0, 0x77),
        base + 0x1C: Register(f"{prefix}DR"),
    }


class Sai(RegisterBlock):
    """A unit with its blocks A and B.

    Parameters
    ----------
    number : int
    machine, rcc
    gate : callable
        Whether its clock is on.
    streams : list of Dma
        That may serve it.
    revision : str
        Of the silicon: revision Y has no MCKEN.
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("SAI_GCR", 0, 0x33),
        **_block_registers("A", 0x04),
        **_block_registers("B", 0x24),
    }

    def __init__(
        self,
        number: int,
        machine: Machine,
        rcc: Rcc,
        gate: Callable[[], bool],
        streams: list[Dma],
        revision: str,
    ) -> None:
        self.number = number
        self._machine = machine
        self.units: dict[int, Sai] = {number: self}
        self.blocks = {letter: SaiBlock(self, letter, machine, rcc, streams, revision) for letter in "AB"}
        super().__init__(f"SAI{number}", BASES[number])
        self.is_clocked = gate
        for letter, base in (("A", 0x04), ("B", 0x24)):
            block = self.blocks[letter]
            for offset, method in ((0, block.write_control), (4, block.write_control2), (0x18, block.clear)):
                self._writes[base + offset] = method
            for offset, name in ((8, "FRCR"), (0x0C, "SLOTR")):
                self._writes[base + offset] = partial(block.check_off, name)
            self._writes[base + 0x10] = lambda value, before: self.set_line()
            self._writes[base + 0x1C] = block.push
            self._reads[base + 0x14] = block.status
            self._reads[base + 0x1C] = block.pull
            self._reads[base + 0x18] = lambda: 0

    def reset(self) -> None:
        """Stop both blocks."""
        super().reset()
        for block in self.blocks.values():
            block.stop()
        self.set_line()

    def write_SAI_GCR(self, value: int, before: int) -> None:
        """Choose who is synchronous to whom (51.6.1)."""
        if value != before and any(block.is_on for block in self.blocks.values()):
            raise self.refusal("SAI_GCR is written while a block is on (51.6.1)")
        if value >> 4 & 3 == 3:
            raise self.refusal("SAI_GCR: SYNCOUT 3 is reserved (51.6.1)")

    def external_source(self) -> SaiBlock:
        """Give the block of another unit that SYNCIN names (51.4.4, table 422)."""
        number = (self.values["SAI_GCR"] & 3) + 1
        unit = self.units.get(number)
        if unit is None or unit is self:
            raise self.refusal(f"SAI_GCR: SYNCIN {number - 1} names no other unit (51.4.4)")
        choice = unit.values["SAI_GCR"] >> 4 & 3
        if choice == 0:
            raise self.refusal(f"SAI_GCR: SYNCIN names {unit.name}, whose SYNCOUT is 0 (51.4.4)")
        return unit.blocks["AB"[choice - 1]]

    def set_line(self) -> None:
        """Drive the interrupt."""
        pending = any(block.pending() for block in self.blocks.values())
        self._machine.exceptions.set_level(INTERRUPTS[self.number], pending)

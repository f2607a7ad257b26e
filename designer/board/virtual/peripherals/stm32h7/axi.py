"""The AXI interconnect's registers, RM0433 2.2.4: what the AXI SRAM's port is told."""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.registers import Register, RegisterBlock


class Axi(RegisterBlock):
    """How many reads the AXI SRAM is given at a time: revision Y needs one (errata ES0392 2.2.9)."""

    registers: ClassVar[dict[int, Register]] = {0x108: Register("AXI_TARG7_FN_MOD", 0, 0x3)}

    def __init__(self) -> None:
        super().__init__("AXI", 0x51008000)

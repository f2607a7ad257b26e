"""What the reset and clock controls of all STM32 have alike: resets of blocks, and flags of what reset the chip."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from designer.board.virtual.registers import RegisterBlock


class ResetControl(RegisterBlock):
    """The part of RCC that is about resets; RM0090 7.3.5 to 7.3.9 and 7.3.21, RM0433 8.7.28 to 8.7.39."""

    # The register with the flags, its flags, and the bit that clears them.
    flags_register: ClassVar[str]
    flags: ClassVar[int]
    forget: ClassVar[int]
    # The registers whose bits reset blocks that are modelled.
    reset_registers: ClassVar[tuple[str, ...]]

    def __init__(self, name: str, base: int) -> None:
        # What to reset for each bit of a reset register: the board fills it in.
        self.blocks_of: dict[tuple[str, int], tuple[RegisterBlock, ...]] = {}
        super().__init__(name, base)
        for offset, register in self.registers.items():
            if register.name in self.reset_registers:
                self._writes[offset] = partial(self._reset_blocks, register.name)
            elif register.name == self.flags_register:
                self._writes[offset] = self._forget_flags

    def reset(self) -> None:
        """Return to the values after reset; the flags of the causes stay."""
        kept = self.values.get(self.flags_register)
        super().reset()
        self.values[self.flags_register] = (self.values[self.flags_register] if kept is None else kept) & self.flags

    def note_reset(self, cause: int) -> None:
        """Add to the flags of the causes."""
        self.values[self.flags_register] |= cause

    def forget_resets(self) -> None:
        """Clear the flags, as without a supply."""
        self.values[self.flags_register] = 0

    def _forget_flags(self, value: int, _before: int) -> None:
        if value & self.forget:
            self.values[self.flags_register] &= ~self.flags

    def _reset_blocks(self, register: str, value: int, _before: int) -> None:
        for bit in range(32):
            if value >> bit & 1:
                if (register, bit) not in self.blocks_of:
                    raise self.refusal(f"{register}: bit {bit} resets a block that is not modelled")
                for block in self.blocks_of[register, bit]:
                    block.reset()

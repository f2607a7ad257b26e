"""Interrupt controller's registers, PM0214 4.3; the logic is `designer.board.virtual.exceptions`."""

from __future__ import annotations

from designer.board.virtual.exceptions import FIRST_INTERRUPT, Exceptions
from designer.board.virtual.registers import RegisterBlock


class Nvic(RegisterBlock):
    """Offsets 0x000 (ISER) to 0x4FF (IPR) from 0xE000E100.

    Parameters
    ----------
    exceptions : Exceptions
    interrupts : int
        How many there are.
    """

    def __init__(self, exceptions: Exceptions, interrupts: int) -> None:
        self._exceptions = exceptions
        self._interrupts = interrupts
        super().__init__("NVIC", 0xE000E100)

    def read(self, offset: int, size: int) -> int:
        """Answer a read; priorities may be read by the byte."""
        if offset >= 0x300:
            values = [self._exceptions.priority(self._number(offset - 0x300 + n)) for n in range(size)]
            return int.from_bytes(bytes(values), "little")
        chosen = {0: "enabled", 1: "enabled", 2: "pending", 3: "pending", 4: "active"}.get(offset >> 7)
        if chosen is None or size != 4:
            raise self.refusal(f"offset 0x{offset:03X}: no register, or access of {size} bytes")
        members = getattr(self._exceptions, chosen)
        first = FIRST_INTERRUPT + (offset & 0x7F) * 8
        return sum(1 << n for n in range(32) if first + n in members)

    def write(self, offset: int, size: int, value: int) -> None:
        """Enable, disable, pend, clear; priorities by the byte."""
        exceptions = self._exceptions
        if offset >= 0x300:
            for n, priority in enumerate(value.to_bytes(size, "little")):
                exceptions.set_priority(self._number(offset - 0x300 + n), priority)
            return
        if size != 4 or offset >= 0x200:
            raise self.refusal(f"offset 0x{offset:03X}: no register, or access of {size} bytes")
        numbers = {self._number((offset & 0x7F) * 8 + n) for n in range(32) if value >> n & 1}
        if offset < 0x80:
            exceptions.enabled |= numbers
        elif offset < 0x100:
            exceptions.enabled -= numbers
        elif offset < 0x180:
            exceptions.pending |= numbers
        else:
            exceptions.unpend(numbers)
        exceptions.stop_soon()

    def _number(self, interrupt: int) -> int:
        if interrupt >= self._interrupts:
            raise self.refusal(f"interrupt {interrupt}: there are {self._interrupts}")
        return FIRST_INTERRUPT + interrupt

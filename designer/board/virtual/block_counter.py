"""Counting instructions: a hook ahead of each block of code, in C where a compiler is at hand, else in Python.

Unicorn's own count cannot be read, so the machine's clock is this one. Both hooks count alike: whole blocks, ahead of
their execution, so that virtual time is the same with either.
"""

from __future__ import annotations

import ctypes

from unicorn import UC_HOOK_BLOCK
from unicorn.unicorn_py3.unicorn import Uc, uclib

from designer.board.virtual.compiled import compiled_functions

_ENTRIES = 16384


class _Block(ctypes.Structure):
    _fields_ = (("address", ctypes.c_uint32), ("size", ctypes.c_uint32), ("instructions", ctypes.c_uint32))


class _Counter(ctypes.Structure):
    _fields_ = (
        ("executed", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("stopped", ctypes.c_uint64),
        ("stop", ctypes.c_void_p),
        ("read", ctypes.c_void_p),
        ("blocks", _Block * _ENTRIES),
    )


class BlockCounter:
    """Instructions executed, and a limit at which the processor stops.

    Parameters
    ----------
    engine : Uc
    in_c : bool, optional
        False chooses the hook in Python.
    """

    def __init__(self, engine: Uc, in_c: bool = True) -> None:
        self.state = _Counter()
        library = compiled_functions() if in_c else None
        self.is_compiled = library is not None
        if library is None:
            self._lengths: dict[tuple[int, int], int] = {}
            engine.hook_add(UC_HOOK_BLOCK, self._count)
            return
        self.state.stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p).value
        self.state.read = ctypes.cast(uclib.uc_mem_read, ctypes.c_void_p).value
        self._library = library
        handle = ctypes.c_size_t()
        status = uclib.uc_hook_add(
            engine._uch,
            ctypes.byref(handle),
            UC_HOOK_BLOCK,
            ctypes.cast(library.count_block, ctypes.c_void_p),
            ctypes.cast(ctypes.pointer(self.state), ctypes.c_void_p),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if status != 0:
            raise RuntimeError(f"Unicorn takes no hook: status {status}")

    @property
    def executed(self) -> int:
        """Instructions since power-on."""
        return int(self.state.executed)

    def _count(self, engine: Uc, address: int, size: int, _data: object) -> None:
        state = self.state
        if state.executed >= state.limit:
            state.stopped = 1
            engine.emu_stop()
            return
        instructions = self._lengths.get((address, size))
        if instructions is None:
            instructions = _count_instructions(bytes(engine.mem_read(address, size)))
            self._lengths[address, size] = instructions
        state.executed += instructions


def _count_instructions(code: bytes) -> int:
    """Count Thumb instructions (Armv7-M A5.1: halfwords from 0b11101 on begin 32 bits)."""
    position = instructions = 0
    while position < len(code):
        position += 4 if code[position + 1] >> 3 >= 0x1D else 2
        instructions += 1
    return instructions

"""The processor: Unicorn's Cortex-M4 or Cortex-M7, its memory, and why it stopped.

Armv7-M facts that Unicorn 2.1.4 leaves to its user: there is no interrupt controller, an exception return is a jump to
0xFFFFFFxx (DDI 0403 B1.5.8), and WFI returns as if the end had been reached.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from unicorn import (
    UC_ARCH_ARM,
    UC_HOOK_INTR,
    UC_HOOK_MEM_INVALID,
    UC_HOOK_MEM_READ_PROT,
    UC_HOOK_MEM_WRITE_PROT,
    UC_MODE_THUMB,
    UC_PROT_EXEC,
    UC_PROT_NONE,
    UC_PROT_READ,
    UC_PROT_WRITE,
)
from unicorn.arm_const import (
    UC_ARM_REG_BASEPRI,
    UC_ARM_REG_CONTROL,
    UC_ARM_REG_FAULTMASK,
    UC_ARM_REG_MSP,
    UC_ARM_REG_PC,
    UC_ARM_REG_PRIMASK,
    UC_ARM_REG_R0,
    UC_ARM_REG_XPSR,
    UC_CPU_ARM_CORTEX_M4,
    UC_CPU_ARM_CORTEX_M7,
)
from unicorn.unicorn_const import (
    UC_CTL_IO_WRITE,
    UC_CTL_TLB_FLUSH,
    UC_MEM_FETCH,
    UC_MEM_FETCH_PROT,
    UC_MEM_FETCH_UNMAPPED,
)
from unicorn.unicorn_py3.unicorn import Uc, UcError, uclib

from designer.board.virtual.block_counter import BlockCounter
from designer.board.virtual.core_registers import CoreRegisters
from designer.board.virtual.errors import HardwareRefusalError

# An address that no jump reaches: emu_start() wants one to end at.
_NOWHERE = 0xA0000000
_RETURN = 0xFFFFFF00
_WFI = b"\x30\xbf"
_BREAKPOINT = 0xBE00
# More than any block has.
_BLOCK_AND_MORE = 1 << 20
_FETCHES = (UC_MEM_FETCH, UC_MEM_FETCH_PROT, UC_MEM_FETCH_UNMAPPED)


# Unicorn's types of the calls, uc_cb_mmio_read_t and uc_cb_mmio_write_t of its unicorn.h.
_READ = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint, ctypes.c_void_p)
_WRITE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint64, ctypes.c_void_p)


def _map(*arguments: object) -> int:
    """Call uc_mmio_map, whose call-backs the binding would not let be functions in C."""
    types = (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t, *[ctypes.c_void_p] * 4)
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, *types)
    function = prototype(ctypes.cast(uclib.uc_mmio_map, ctypes.c_void_p).value or 0)
    return int(function(*arguments))


@dataclass
class CompiledRegisters:
    """Functions in C for a page of registers.

    Attributes
    ----------
    read, write : function of a library
    buffers : ctypes.Structure
        What both are given; its members ``read`` and ``write`` are set to Python's functions.
    """

    read: Any
    write: Any
    buffers: Any


@dataclass
class _Memory:
    """A range of memory that Unicorn and this file share."""

    start: int
    end: int
    keep: Any
    view: memoryview
    is_ram: bool


class Stop(Enum):
    """Why the processor stopped."""

    LIMIT = auto()
    SLEEP = auto()
    EXCEPTION_RETURN = auto()
    FETCH_FAULT = auto()
    DATA_FAULT = auto()
    UNDEFINED = auto()
    SUPERVISOR_CALL = auto()
    BREAKPOINT = auto()
    STEP = auto()


@dataclass(frozen=True)
class Core:
    """A model of processor.

    Attributes
    ----------
    name : str
    model : int
        Unicorn's number of it.
    cycles_per_4_instructions : int
        In the mean over this firmware: four times the cycles of one instruction, so that virtual time stays exact.
    """

    name: str
    model: int
    cycles_per_4_instructions: int


CORTEX_M4 = Core("Cortex-M4", UC_CPU_ARM_CORTEX_M4, 5)
# It issues up to two instructions a cycle; loads, branches and dependences take that gain back in part.
CORTEX_M7 = Core("Cortex-M7", UC_CPU_ARM_CORTEX_M7, 4)


class Cpu:
    """A processor with its memory.

    Parameters
    ----------
    core : Core
    in_c : bool
        Whether instructions are counted by the hook in C.
    """

    def __init__(self, core: Core = CORTEX_M4, in_c: bool = True) -> None:
        self.engine = Uc(UC_ARCH_ARM, UC_MODE_THUMB, cpu=core.model)
        if self.engine.ctl_get_cpu_model() != core.model:
            raise RuntimeError(f"Unicorn has chosen another processor than the {core.name}")
        self.counter = BlockCounter(self.engine, in_c)
        self.registers = CoreRegisters(self.engine)
        self._calls: list[Any] = []
        self._memories: list[_Memory] = []
        self.fault_address = 0
        # What writes to memory that is read-only for the program do; returns whether hardware accepts the write.
        self.on_protected_write: Callable[[int, int, int], bool] = lambda address, size, value: False
        # What reads of memory that `forbid_reads` has closed do; returns whether they give the memory's contents. What
        # follows from one that did, such as closing its page again.
        self.on_protected_read: Callable[[int, int], bool] = lambda address, size: False
        self.after_protected_read: Callable[[int, int], None] = lambda address, size: None
        self.has_debugger = False
        self._broken = False
        self._failure: BaseException | None = None
        self._interrupt: int | None = None
        self._fetching = False
        self.engine.hook_add(UC_HOOK_INTR, self._note_interrupt)
        others = UC_HOOK_MEM_INVALID & ~UC_HOOK_MEM_WRITE_PROT & ~UC_HOOK_MEM_READ_PROT
        self.engine.hook_add(others, self._note_fault)
        self.engine.hook_add(UC_HOOK_MEM_READ_PROT, self._read_protected)
        self.engine.hook_add(UC_HOOK_MEM_WRITE_PROT, self._write_protected)

    def map_memory(self, address: int, data: bytes, writable: bool, executable: bool = False) -> None:
        """Map RAM or flash with its first contents."""
        rights = UC_PROT_READ | (UC_PROT_WRITE if writable else 0) | (UC_PROT_EXEC if executable else 0)
        memory = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        self.engine.mem_map_ptr(address, len(data), rights, ctypes.addressof(memory))
        self._memories.append(_Memory(address, address + len(data), memory, memoryview(memory).cast("B"), writable))

    def map_registers(
        self,
        address: int,
        size: int,
        read: Callable[[int, int], int],
        write: Callable[[int, int, int], None],
        compiled: CompiledRegisters | None = None,
    ) -> None:
        """Map registers; an exception in a call-back stops the processor and comes out of `run`.

        Parameters
        ----------
        address, size : int
            Whole pages of 4 KiB.
        read, write : callable
            Of address, size and value.
        compiled : CompiledRegisters, optional
            Functions in C that are asked first, and call the others for what they do not know.
        """

        def on_read(_engine: int, offset: int, count: int, _data: int) -> int:
            try:
                return read(address + offset, count)
            except BaseException as error:
                self.fail(error)
                return 0

        def on_write(_engine: int, offset: int, count: int, value: int, _data: int) -> None:
            try:
                write(address + offset, count, value)
            except BaseException as error:
                self.fail(error)

        calls = _READ(on_read), _WRITE(on_write)
        self._calls += calls
        pointers, data = [ctypes.cast(call, ctypes.c_void_p) for call in calls], None
        if compiled is not None:
            compiled.buffers.read, compiled.buffers.write = (pointer.value for pointer in pointers)
            pointers = [ctypes.cast(call, ctypes.c_void_p) for call in (compiled.read, compiled.write)]
            data = ctypes.cast(ctypes.pointer(compiled.buffers), ctypes.c_void_p)
        status = _map(self.engine._uch, address, size, pointers[0], data, pointers[1], data)
        if status != 0:
            raise RuntimeError(f"Unicorn maps no registers at 0x{address:08X}: status {status}")

    def ask_for_writes(self, address: int, size: int, asked: bool) -> None:
        """Have writes to the pages of a range of RAM go through `on_protected_write`, or end that."""
        page = self.engine.ctl_get_page_size()
        first, end = address // page * page, -(-(address + size) // page) * page
        rights = UC_PROT_READ | UC_PROT_EXEC | (0 if asked else UC_PROT_WRITE)
        self.engine.mem_protect(first, end - first, rights)

    def close(self, address: int, size: int) -> None:
        """Have every access to pages of a memory ask, as while the memory has no clock."""
        self.engine.mem_protect(address, size, UC_PROT_NONE)
        self.engine.ctl(UC_CTL_TLB_FLUSH, UC_CTL_IO_WRITE)

    def forbid_reads(self, address: int, size: int, forbidden: bool) -> None:
        """Have reads of the pages of a range of flash go through `on_protected_read`, or end that."""
        page = self.engine.ctl_get_page_size()
        first, end = address // page * page, -(-(address + size) // page) * page
        self.engine.mem_protect(first, end - first, UC_PROT_EXEC | (0 if forbidden else UC_PROT_READ))
        # What has been read before would else stay readable.
        self.engine.ctl(UC_CTL_TLB_FLUSH, UC_CTL_IO_WRITE)

    def fail(self, error: BaseException) -> None:
        """Keep an exception of a call-back for `run`, and stop."""
        self._failure = self._failure or error
        self.engine.emu_stop()

    def stop_soon(self) -> None:
        """End the present run ahead of the next block."""
        self.counter.state.limit = 0

    def break_here(self) -> None:
        """End the present run ahead of the present instruction, as a breakpoint does."""
        self._broken = True
        self.engine.emu_stop()

    def run(self, instructions: int) -> Stop:
        """Run about so many instructions, always whole blocks, and say why it ended."""
        return self._run(instructions, 0)

    def step(self) -> Stop:
        """Run one instruction, whose place in virtual time is that of its block."""
        is_sleep = self.read(self.pc, 2) == _WFI
        # A block that is translated already would run as a whole.
        self.engine.ctl_flush_tb()
        stop = self._run(_BLOCK_AND_MORE, 1)
        return Stop.SLEEP if is_sleep and stop is Stop.STEP else stop

    def _run(self, instructions: int, count: int) -> Stop:
        state = self.counter.state
        state.limit = state.executed + instructions
        state.stopped = 0
        self._interrupt = None
        self._fetching = self._broken = False
        self.fault_address = -1
        self._closed_read: tuple[int, int] | None = None
        failed: UcError | None = None
        try:
            self.engine.emu_start(self.pc | 1, _NOWHERE, count=count)
        except UcError as error:
            failed = error
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if failed is not None and self._closed_read is not None:
            return self._read_closed(*self._closed_read)
        return self._cause(failed, count != 0)

    def _cause(self, failed: UcError | None, is_step: bool) -> Stop:
        pc = self.pc
        if self._broken:
            return Stop.BREAKPOINT
        if pc >= _RETURN:
            return Stop.EXCEPTION_RETURN
        if failed is not None:
            if self._fetching:
                return Stop.FETCH_FAULT
            return Stop.DATA_FAULT if self.fault_address >= 0 else Stop.UNDEFINED
        if self._interrupt is not None:
            code = int.from_bytes(self.read(pc, 2), "little")
            if code & 0xFF00 == _BREAKPOINT:
                if self.has_debugger:
                    return Stop.BREAKPOINT
                raise HardwareRefusalError(f"breakpoint at 0x{pc:08X}, and no debugger")
            return Stop.SUPERVISOR_CALL
        if self.counter.state.stopped:
            return Stop.LIMIT
        if is_step:
            return Stop.STEP
        if self.read(pc - 2, 2) == _WFI:
            return Stop.SLEEP
        raise HardwareRefusalError(f"the processor stopped at 0x{pc:08X} for no known reason")

    @property
    def pc(self) -> int:
        """The program counter."""
        return self.registers.get(UC_ARM_REG_PC)

    def reset(self, stack: int, entry: int) -> None:
        """Begin at a reset vector (DDI 0403 B1.5.5)."""
        registers = self.registers
        for register in range(13):
            registers.set(UC_ARM_REG_R0 + register, 0)
        for register in (UC_ARM_REG_CONTROL, UC_ARM_REG_PRIMASK, UC_ARM_REG_BASEPRI, UC_ARM_REG_FAULTMASK):
            registers.set(register, 0)
        registers.set(UC_ARM_REG_XPSR, 1 << 24)
        registers.set(UC_ARM_REG_MSP, stack & ~3)
        registers.set(UC_ARM_REG_PC, entry | 1)

    def has_memory(self, address: int, size: int) -> bool:
        """Whether a range lies in one memory."""
        return any(memory.start <= address and address + size <= memory.end for memory in self._memories)

    def read(self, address: int, size: int) -> bytes:
        """Read memory, whatever its rights."""
        memory = self._find(address, size)
        return bytes(memory.view[address - memory.start : address - memory.start + size])

    def write(self, address: int, data: bytes) -> None:
        """Write memory, whatever its rights."""
        memory = self._find(address, len(data))
        if memory.is_ram:
            # What was translated stays: no image writes code to RAM by DMA or by stacking.
            memory.view[address - memory.start : address - memory.start + len(data)] = data
        else:
            self.engine.mem_write(address, data)

    def poke(self, address: int, data: bytes) -> None:
        """Write memory that holds no code, as a call-back may in the middle of an instruction."""
        memory = self._find(address, len(data))
        memory.view[address - memory.start : address - memory.start + len(data)] = data

    def _find(self, address: int, size: int) -> _Memory:
        for memory in self._memories:
            if memory.start <= address and address + size <= memory.end:
                return memory
        raise HardwareRefusalError(f"0x{address:08X}, {size} bytes: no memory there")

    def _note_interrupt(self, engine: Uc, number: int, _data: object) -> None:
        self._interrupt = number
        engine.emu_stop()

    def _note_fault(self, _engine: Uc, access: int, address: int, _size: int, _value: int, _data: object) -> bool:
        self.fault_address = address
        self._fetching = access in _FETCHES
        return False

    def _write_protected(self, _engine: Uc, _access: int, address: int, size: int, value: int, _data: object) -> bool:
        self.fault_address = address
        try:
            return self.on_protected_write(address, size, value)
        except BaseException as error:
            self.fail(error)
            return True

    def _read_protected(self, _engine: Uc, _access: int, address: int, size: int, _value: int, _data: object) -> bool:
        # Unicorn cannot let such a read pass; it can end ahead of the instruction.
        self.fault_address = address
        self._closed_read = (address, size)
        return False

    def _read_closed(self, address: int, size: int) -> Stop:
        """Fault, or execute the one instruction that reads with its page open."""
        if not self.on_protected_read(address, size):
            return Stop.DATA_FAULT
        self.forbid_reads(address, size, False)
        try:
            return self.step()
        finally:
            self.after_protected_read(address, size)

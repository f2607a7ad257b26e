"""What a debugger sees of the board: registers, memory, breakpoints, one instruction at a time.

Sources: GDB's manual, E.1 "Overview" and G.5.3 "ARM Features"; DDI 0403 B1.4 for the registers.
"""

from __future__ import annotations

from unicorn import UC_HOOK_CODE
from unicorn.arm_const import (
    UC_ARM_REG_BASEPRI,
    UC_ARM_REG_CONTROL,
    UC_ARM_REG_D0,
    UC_ARM_REG_FAULTMASK,
    UC_ARM_REG_FPSCR,
    UC_ARM_REG_LR,
    UC_ARM_REG_MSP,
    UC_ARM_REG_PC,
    UC_ARM_REG_PRIMASK,
    UC_ARM_REG_PSP,
    UC_ARM_REG_R0,
    UC_ARM_REG_SP,
    UC_ARM_REG_XPSR,
)

from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine

# (name, bytes, Unicorn's number), in the order of their numbers in the protocol.
_CORE = (
    *((f"r{n}", 4, UC_ARM_REG_R0 + n) for n in range(13)),
    ("sp", 4, UC_ARM_REG_SP),
    ("lr", 4, UC_ARM_REG_LR),
    ("pc", 4, UC_ARM_REG_PC),
    ("xpsr", 4, UC_ARM_REG_XPSR),
)
_SYSTEM = (
    ("msp", 4, UC_ARM_REG_MSP),
    ("psp", 4, UC_ARM_REG_PSP),
    ("primask", 4, UC_ARM_REG_PRIMASK),
    ("basepri", 4, UC_ARM_REG_BASEPRI),
    ("faultmask", 4, UC_ARM_REG_FAULTMASK),
    ("control", 4, UC_ARM_REG_CONTROL),
)
_FLOATING = (*((f"d{n}", 8, UC_ARM_REG_D0 + n) for n in range(16)), ("fpscr", 4, UC_ARM_REG_FPSCR))
REGISTERS = (*_CORE, *_SYSTEM, *_FLOATING)
CORE_COUNT = len(_CORE)
_TYPES = {"sp": "data_ptr", "lr": "code_ptr", "pc": "code_ptr", "msp": "data_ptr", "psp": "data_ptr"}
_LONGEST_SLEEP = 10 * SECOND


def description() -> str:
    """Describe the registers in XML (GDB's manual, G.2 "Target Description Format")."""

    def feature(name: str, registers: tuple[tuple[str, int, int], ...]) -> str:
        lines = (
            f'<reg name="{register}" bitsize="{8 * size}" '
            f'type="{"ieee_double" if size == 8 else _TYPES.get(register, "uint32")}"/>'
            for register, size, _ in registers
        )
        return f'<feature name="{name}">{"".join(lines)}</feature>'

    return (
        '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">'
        "<architecture>arm</architecture>"
        f"{feature('org.gnu.gdb.arm.m-profile', _CORE)}{feature('org.gnu.gdb.arm.m-system', _SYSTEM)}"
        f"{feature('org.gnu.gdb.arm.vfp', _FLOATING)}</target>"
    )


class Target:
    """A machine in the hands of a debugger.

    Parameters
    ----------
    machine : Machine
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._breakpoints: dict[int, int] = {}
        machine.cpu.has_debugger = True

    def close(self) -> None:
        """Take every breakpoint away."""
        for address in list(self._breakpoints):
            self.clear(address)
        self._machine.cpu.has_debugger = False

    def register(self, number: int) -> bytes:
        """Read a register, as little-endian bytes."""
        _, size, register = REGISTERS[number]
        value = self._machine.cpu.registers.get(register)
        return value.to_bytes(8, "little")[:size]

    def set_register(self, number: int, data: bytes) -> None:
        """Write a register."""
        name, _, register = REGISTERS[number]
        value = int.from_bytes(data, "little")
        self._machine.cpu.registers.set(register, value | 1 if name == "pc" else value)
        if name == "pc":
            self._machine.wake()

    def read(self, address: int, size: int) -> bytes:
        """Read memory or registers of peripherals.

        Raises
        ------
        HardwareRefusalError
            If nothing is there.
        """
        cpu = self._machine.cpu
        if cpu.has_memory(address, size):
            return cpu.read(address, size)
        if size not in (1, 2, 4) or address % size:
            raise HardwareRefusalError(f"0x{address:08X}, {size} bytes: registers are read one at a time")
        return self._machine.read_register(address, size).to_bytes(size, "little")

    def write(self, address: int, data: bytes) -> None:
        """Write memory or registers of peripherals."""
        cpu = self._machine.cpu
        if cpu.has_memory(address, len(data)):
            cpu.write(address, data)
            cpu.engine.ctl_flush_tb()
        elif len(data) in (1, 2, 4):
            self._machine.write_register(address, len(data), int.from_bytes(data, "little"))

    def set(self, address: int) -> None:
        """Stop ahead of the instruction at an address."""
        if address not in self._breakpoints:
            engine = self._machine.cpu.engine
            hook = engine.hook_add(UC_HOOK_CODE, self._reach, begin=address, end=address)
            self._breakpoints[address] = hook
            # Code that is translated already has no hook.
            engine.ctl_flush_tb()

    def clear(self, address: int) -> None:
        """Do so no longer."""
        hook = self._breakpoints.pop(address, None)
        if hook is not None:
            self._machine.cpu.engine.hook_del(hook)
            self._machine.cpu.engine.ctl_flush_tb()

    def _reach(self, _engine: object, _address: int, _size: int, _data: object) -> None:
        self._machine.cpu.break_here()

    def step(self) -> None:
        """Execute one instruction, or a whole IT block.

        Interrupts wait. A core that sleeps does so until its next event.
        """
        machine = self._machine
        if machine.is_asleep:
            machine.run(_LONGEST_SLEEP, lambda: not machine.is_asleep)
        else:
            machine.handle(machine.cpu.step())
        machine.halted = False

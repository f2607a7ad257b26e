"""I2C1 to I2C4 as masters, RM0433 47: transfers to devices on the bus, with a transcript of all that went over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.gpio import Pins
from designer.board.virtual.registers import Register, RegisterBlock

BASES = {1: 0x40005400, 2: 0x40005800, 3: 0x40005C00, 4: 0x58001C00}
_PE = 1 << 0
_RD_WRN, _ADD10, _START, _STOP, _RELOAD, _AUTOEND = 1 << 10, 1 << 11, 1 << 13, 1 << 14, 1 << 24, 1 << 25
_TXE, _TXIS, _RXNE, _NACKF, _STOPF, _TC, _BUSY = 1 << 0, 1 << 1, 1 << 2, 1 << 4, 1 << 5, 1 << 6, 1 << 15
_BITS_PER_BYTE = 9
# The fast mode's limit, with the 5 % that the bus's specification leaves for its edges (UM10204 table 10).
_MOST_HZ = 400_000 * 1.05


class Device(Protocol):
    """A device on the bus."""

    def begin(self, reads: bool) -> bool:
        """Take a start with its address; whether it acknowledges."""

    def write(self, byte: int) -> bool:
        """Take a byte; whether it acknowledges."""

    def read(self) -> int:
        """Give the next byte."""


@dataclass
class Transfer:
    """What went over the bus from a start to the next start or stop.

    Attributes
    ----------
    address : int
        Of seven bits.
    reads : bool
    data : bytearray
    is_acknowledged : bool
        Whether address and bytes were.
    """

    address: int
    reads: bool
    data: bytearray = field(default_factory=bytearray)
    is_acknowledged: bool = True


class I2c(RegisterBlock):
    """A master on a bus with pull-ups.

    Parameters
    ----------
    number : int
    machine : Machine
    gate : callable
        Whether its clock is on.
    clock_hz : callable
        Its kernel clock.
    pins : Pins
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR1", 0, 0x00FFDFFF),
        0x04: Register("CR2", 0, 0x07FFFFFF),
        0x08: Register("OAR1", 0, 0x000087FF),
        0x0C: Register("OAR2", 0, 0x000087FE),
        0x10: Register("TIMINGR", 0, 0xF0FFFFFF),
        0x14: Register("TIMEOUTR", 0, 0x8FFF9FFF),
        0x18: Register("ISR", 0x1, 0x3, 0x00FFBFFF),
        0x1C: Register("ICR", 0, 0, 0x00003F38),
        0x24: Register("RXDR", 0, 0, 0xFF),
        0x28: Register("TXDR", 0, 0xFF),
    }

    def __init__(
        self, number: int, machine: Machine, gate: Callable[[], bool], clock_hz: Callable[[], int], pins: Pins
    ) -> None:
        self._machine, self._clock_hz, self._pins = machine, clock_hz, pins
        self.devices: dict[int, Device] = {}
        self.transcript: list[Transfer] = []
        super().__init__(f"I2C{number}", BASES[number])
        self.is_clocked = gate

    def reset(self) -> None:
        """Release the bus."""
        super().reset()
        self._left = 0
        self._transfer: Transfer | None = None

    def write_CR1(self, value: int, before: int) -> None:
        """Switch on, or clear the state by switching off (47.4.5)."""
        if value & ~(_PE | 0x1F00):
            raise self.refusal(f"CR1 = 0x{value:08X}: only PE and the filters are modelled")
        if before & _PE and not value & _PE:
            self.values["ISR"], self.values["CR2"] = 0x1, self.values["CR2"] & ~(_START | _STOP)
            self._transfer = None
        if value & _PE & ~before:
            self._check_rate()

    def write_TIMINGR(self, value: int, before: int) -> None:
        """Set the timing, while off (47.7.5)."""
        if self.values["CR1"] & _PE:
            raise self.refusal("TIMINGR is written while PE is set (47.7.5)")

    @property
    def rate_hz(self) -> float:
        """Rate of SCL without its edges' times (47.7.5)."""
        timing = self.values["TIMINGR"]
        periods = ((timing & 0xFF) + 1 + (timing >> 8 & 0xFF) + 1) * ((timing >> 28) + 1)
        return self._clock_hz() / periods

    def _check_rate(self) -> None:
        if self._clock_hz() == 0:
            raise self.refusal("CR1: PE without a kernel clock (8.7.21)")
        if self.rate_hz > _MOST_HZ:
            raise self.refusal(f"TIMINGR: SCL at {self.rate_hz / 1e3:g} kHz, at most 400 (UM10204)")

    def write_CR2(self, value: int, before: int) -> None:
        """Start or stop a transfer (47.4.8)."""
        if not self.values["CR1"] & _PE and value & (_START | _STOP):
            raise self.refusal("CR2: START or STOP while PE is 0 (47.7.2)")
        if value & (_ADD10 | _RELOAD | 1 << 26):
            raise self.refusal(f"CR2 = 0x{value:08X}: ADD10, RELOAD and PEC are not modelled")
        if value & _STOP and self._transfer is not None:
            self._after_bytes(1, self._end)
        if value & _START and not before & _START:
            self._begin(value)

    def _after_bytes(self, count: int, action: Callable[[], None]) -> None:
        self._machine.after(round(count * _BITS_PER_BYTE * SECOND / self.rate_hz), action)

    def _begin(self, control: int) -> None:
        reads, address = bool(control & _RD_WRN), control >> 1 & 0x7F
        is_wired = self._pins.carries(f"{self.name}_SCL") and self._pins.carries(f"{self.name}_SDA")
        device = self.devices.get(address) if is_wired else None
        self._left = control >> 16 & 0xFF
        self._transfer = Transfer(address, reads)
        self.transcript.append(self._transfer)
        self.values["ISR"] = (self.values["ISR"] & ~_TC) | _BUSY
        answered = device is not None and device.begin(reads)
        self._after_bytes(1, self._next if answered else self._refuse)

    def _next(self) -> None:
        """Ask for the next byte, bring it, or end (47.4.8)."""
        self.values["CR2"] &= ~_START
        if self._left:
            if self._transfer is not None and self._transfer.reads:
                self._after_bytes(1, self._bring)
            else:
                self.values["ISR"] |= _TXIS | _TXE
        elif self.values["CR2"] & _AUTOEND:
            self._end()
        else:
            self.values["ISR"] |= _TC

    def _refuse(self) -> None:
        """Take that nobody acknowledges: a stop follows by itself (47.4.8)."""
        self.values["CR2"] &= ~_START
        if self._transfer is not None:
            self._transfer.is_acknowledged = False
        self.values["ISR"] |= _NACKF
        self._end()

    def _end(self) -> None:
        self.values["CR2"] &= ~_STOP
        self.values["ISR"] = (self.values["ISR"] & ~(_BUSY | _TC | _TXIS)) | _STOPF
        self._transfer = None

    def _bring(self) -> None:
        transfer = self._transfer
        if transfer is None:
            return
        self._left -= 1
        self.values["RXDR"] = self.devices[transfer.address].read() & 0xFF
        transfer.data.append(self.values["RXDR"])
        self.values["ISR"] |= _RXNE

    def read_RXDR(self) -> int:
        """Take a byte, which lets the next one come."""
        if self.values["ISR"] & _RXNE:
            self.values["ISR"] &= ~_RXNE
            self._next()
        return self.values["RXDR"]

    def write_TXDR(self, value: int, before: int) -> None:
        """Send a byte."""
        transfer = self._transfer
        if transfer is None or not self.values["ISR"] & _TXIS:
            raise self.refusal("TXDR is written while TXIS is 0 (47.4.8)")
        self.values["ISR"] &= ~(_TXIS | _TXE)
        self._left -= 1
        transfer.data.append(value & 0xFF)
        taken = self.devices[transfer.address].write(value & 0xFF)
        self._after_bytes(1, self._next if taken else self._refuse)

    def write_ICR(self, value: int, before: int) -> None:
        """Clear flags (47.7.8)."""
        self.values["ISR"] &= ~(value & 0x3F38)

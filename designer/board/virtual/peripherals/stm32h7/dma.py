"""DMA1, DMA2 and DMAMUX1, RM0433 16 and 18: streams whose requests a multiplexer routes.

The streams are those of the STM32F405, with items of 32 bits for the SAIs. Two things are new. DMA1 and DMA2 reach
neither ITCM nor DTCM (2.1.1). The core has a data cache, which DMA knows nothing of: a stream that moves memory which
the cache may hold is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from designer.board.virtual.exceptions import Exceptions
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.dma import STREAMS
from designer.board.virtual.peripherals.dma import Dma as CommonDma
from designer.board.virtual.registers import Register, RegisterBlock

# RM0433 table 121, the part that belongs to audio. SAI4 has requests of BDMA alone.
REQUESTS = {87: "SAI1_A", 88: "SAI1_B", 89: "SAI2_A", 90: "SAI2_B", 113: "SAI3_A", 114: "SAI3_B"}
# RM0433 table 136
INTERRUPTS = {1: (11, 12, 13, 14, 15, 16, 17, 47), 2: (56, 57, 58, 59, 60, 68, 69, 70)}
_BASES = {1: 0x40020000, 2: 0x40020400}
_DMAREQ = 0x7F
# 2.3.2: what DMA1 and DMA2 reach, by name.
_REACHED = {
    "flash": range(0x08000000, 0x08200000),
    "AXI SRAM": range(0x24000000, 0x24080000),
    "SRAM1 to SRAM3": range(0x30000000, 0x30048000),
    "SRAM4": range(0x38000000, 0x38010000),
}


class Dmamux(RegisterBlock):
    """Which request each of sixteen channels takes: 0 to 7 for DMA1, 8 to 15 for DMA2 (18.3)."""

    registers: ClassVar[dict[int, Register]] = {
        **{4 * n: Register(f"C{n}CR", 0, 0x1FFF03FF) for n in range(16)},
        0x80: Register("CSR", 0, 0, 0xFFFF),
        0x84: Register("CFR", 0, 0, 0xFFFF),
    }

    def __init__(self, gates: tuple[Callable[[], bool], Callable[[], bool]]) -> None:
        super().__init__("DMAMUX1", 0x40020800)
        # It has the clock of either controller (8.7.41).
        self.is_clocked = lambda: gates[0]() or gates[1]()
        # Told of a channel ahead of a change.
        self.check_stopped: Callable[[int], None] = lambda channel: None
        for n in range(16):
            self._writes[4 * n] = partial(self._write_channel, n)

    def _write_channel(self, n: int, value: int, before: int) -> None:
        if value & ~_DMAREQ:
            raise self.refusal(f"C{n}CR = 0x{value:08X}: synchronisation and events are not modelled")
        if value != before:
            self.check_stopped(n)

    def request(self, channel: int) -> int:
        """Give the number of the request that a channel takes."""
        return self.values[f"C{channel}CR"] & _DMAREQ


class Dma(CommonDma):
    """One of both controllers.

    Parameters
    ----------
    machine, exceptions
    gate : callable
        Whether its clock is on.
    number : int
        1 or 2.
    multiplexer : Dmamux
    is_cacheable : callable
        Whether the data cache may hold any of `size` bytes at `address`.
    has_memory_clock : callable
        Whether the memory at an address has a clock.
    """

    # No CHSEL (16.5.5): the multiplexer has its place. TRBUFF, for serial lines, is not modelled.
    registers: ClassVar[dict[int, Register]] = {
        **CommonDma.registers,
        **{0x10 + 0x18 * n: Register(f"S{n}CR", 0, 0x01EFFFFF) for n in range(STREAMS)},
    }
    item_bytes: ClassVar[int] = 4

    def __init__(
        self,
        machine: Machine,
        exceptions: Exceptions,
        gate: Callable[[], bool],
        number: int,
        multiplexer: Dmamux,
        is_cacheable: Callable[[int, int], bool],
        has_memory_clock: Callable[[int], bool],
    ) -> None:
        self.number = number
        self.interrupts = INTERRUPTS[number]  # type: ignore[misc]
        self._multiplexer = multiplexer
        self._is_cacheable = is_cacheable
        self._has_memory_clock = has_memory_clock
        super().__init__(machine, exceptions, gate, f"DMA{number}", _BASES[number])

    def is_enabled(self, n: int) -> bool:
        """Whether a stream runs."""
        return bool(self.values[f"S{n}CR"] & 1)

    def request_of(self, n: int) -> str | None:
        """Give the request that the multiplexer routes to a stream (table 121)."""
        return REQUESTS.get(self._multiplexer.request(self._channel(n)))

    def _channel(self, n: int) -> int:
        return 8 * (self.number - 1) + n

    def describe_request(self, n: int) -> str:
        """Say how the stream's request is chosen."""
        channel = self._channel(n)
        return f"request {self._multiplexer.request(channel)} at channel {channel} of DMAMUX1"

    def check_reach(self, n: int, memory: int, size: int) -> None:
        """Refuse memory that the controller does not reach, that has no clock, or that the cache may hold."""
        if not any(memory in where and memory + size - 1 in where for where in _REACHED.values()):
            raise self.refusal(f"S{n}M0AR = 0x{memory:08X}, {size} bytes: {self.name} does not reach it (2.1.1)")
        if not self._has_memory_clock(memory):
            raise self.refusal(f"S{n}M0AR = 0x{memory:08X}: that memory has no clock (8.7.42)")
        self._check_cache(n, memory, size)

    def _check_cache(self, n: int, memory: int, size: int) -> None:
        if self._is_cacheable(memory, size):
            raise self.refusal(
                f"S{n}M0AR = 0x{memory:08X}, {size} bytes: the data cache may hold them, and DMA does not see it: "
                "make the region non-cacheable (PM0253 4.6)"
            )

    def check_coherency(self) -> None:
        """Refuse running streams whose memory the cache may hold from now on: MPU or cache have changed."""
        for n in range(STREAMS):
            if self.is_enabled(n):
                self._check_cache(n, self.values[f"S{n}M0AR"], self._item_bytes(n) * self._counts[n])

"""DMA1, RM0090 10: streams between memory and the peripherals of APB1.

Requests are routed by CHSEL (10.3.3), data by PAR: a stream that serves a request with the address of another
register is refused. Direct mode, single transfers, one memory; that is what this firmware uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from designer.board.virtual.exceptions import Exceptions
from designer.board.virtual.machine import Machine
from designer.board.virtual.registers import Register, RegisterBlock

STREAMS = 8
# RM0090 10.3.3, "DMA1 request mapping", the part that belongs to I2S: (stream, channel) -> request
REQUESTS = {
    (0, 0): "SPI3_RX",
    (2, 0): "SPI3_RX",
    (2, 3): "I2S3_EXT_RX",
    (0, 3): "I2S3_EXT_RX",
    (3, 0): "SPI2_RX",
    (3, 3): "I2S2_EXT_RX",
    (4, 0): "SPI2_TX",
    (4, 2): "I2S2_EXT_TX",
    (5, 0): "SPI3_TX",
    (5, 2): "I2S3_EXT_TX",
    (7, 0): "SPI3_TX",
}
INTERRUPTS = (11, 12, 13, 14, 15, 16, 17, 47)  # RM0090 12.1.3
_FLAG_SHIFTS = (0, 6, 16, 22)
FIFO_ERROR, DIRECT_ERROR, TRANSFER_ERROR, HALF, COMPLETE = 1 << 0, 1 << 2, 1 << 3, 1 << 4, 1 << 5
_EN, _DMEIE, _TEIE, _HTIE, _TCIE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4
HALF_ENABLED = _HTIE | _TCIE
_CIRC, _PINC, _MINC = 1 << 8, 1 << 9, 1 << 10
# Written while EN is set (10.5.5): the interrupt enables, and EN itself.
_ALWAYS = _EN | _DMEIE | _TEIE | _HTIE | _TCIE
_SRAM = range(0x20000000, 0x20020000)
_FLASH = range(0x08000000, 0x08100000)


def _stream_registers(n: int) -> dict[int, Register]:
    base = 0x10 + 0x18 * n
    return {
        base: Register(f"S{n}CR", 0, 0x0FEFFFFF),
        base + 0x04: Register(f"S{n}NDTR", 0, 0xFFFF),
        base + 0x08: Register(f"S{n}PAR"),
        base + 0x0C: Register(f"S{n}M0AR"),
        base + 0x10: Register(f"S{n}M1AR"),
        base + 0x14: Register(f"S{n}FCR", 0x21, 0x87, 0x38),
    }


class Dma(RegisterBlock):
    """The controller; peripherals ask it to move items."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("LISR", 0, 0, 0x0F7D0F7D),
        0x04: Register("HISR", 0, 0, 0x0F7D0F7D),
        0x08: Register("LIFCR", 0, 0, 0x0F7D0F7D),
        0x0C: Register("HIFCR", 0, 0, 0x0F7D0F7D),
        **{offset: register for n in range(STREAMS) for offset, register in _stream_registers(n).items()},
    }

    # Bytes of the data registers that it serves, and numbers of the streams' interrupts.
    item_bytes: ClassVar[int] = 2
    interrupts: ClassVar[tuple[int, ...]] = INTERRUPTS

    def __init__(
        self,
        machine: Machine,
        exceptions: Exceptions,
        gate: Callable[[], bool],
        name: str = "DMA1",
        base: int = 0x40026000,
    ) -> None:
        self._machine = machine
        self._exceptions = exceptions
        super().__init__(name, base)
        self.is_clocked = gate
        # Told of each flag that a stream sets, as for a trace.
        self.on_flag: Callable[[int, int], None] = lambda n, flag: None
        for n in range(STREAMS):
            base = 0x10 + 0x18 * n
            self._writes[base] = partial(self._write_control, n)
            self._reads[base + 0x04] = partial(self._read_count, n)
            for offset, name in ((4, "NDTR"), (8, "PAR"), (12, "M0AR"), (16, "M1AR"), (20, "FCR")):
                self._writes[base + offset] = partial(self._check_stopped, n, name)

    def reset(self) -> None:
        """Stop every stream."""
        super().reset()
        self._counts = [0] * STREAMS
        # Items that a requester has moved beyond what it last told; for reads of NDTR in the middle of a half.
        self.progress: dict[int, Callable[[], int]] = {}
        self._set_lines(range(STREAMS))

    # --- registers

    def write_LIFCR(self, value: int, before: int) -> None:
        """Clear flags of streams 0 to 3 (10.5.3)."""
        self.values["LISR"] &= ~value
        self._set_lines(range(4))

    def write_HIFCR(self, value: int, before: int) -> None:
        """Clear flags of streams 4 to 7 (10.5.4)."""
        self.values["HISR"] &= ~value
        self._set_lines(range(4, STREAMS))

    def _check_stopped(self, n: int, name: str, _value: int, _before: int) -> None:
        if self.values[f"S{n}CR"] & _EN:
            raise self.refusal(f"S{n}{name} is written while the stream runs (10.3.17)")

    def _write_control(self, n: int, value: int, before: int) -> None:
        if before & _EN and (value ^ before) & ~_ALWAYS:
            raise self.refusal(f"S{n}CR = 0x{value:08X} while the stream runs (10.5.5)")
        if value & _EN and not before & _EN:
            self._enable(n)
        if before & _EN and not value & _EN:
            self._set(n, COMPLETE)  # 10.3.14: it tells the end of a transfer that is stopped, too
        self._set_lines((n,))

    def _enable(self, n: int) -> None:
        control, memory = self.values[f"S{n}CR"], self.values[f"S{n}M0AR"]
        size, count = self._item_bytes(n), self.values[f"S{n}NDTR"]
        if count == 0 or memory % size:
            raise self.refusal(f"S{n}: {count} items at 0x{memory:08X}, {size} bytes each (10.3.8)")
        self.check_reach(n, memory, size * count)
        if not control & _MINC or control & _PINC or control >> 11 & 3 != control >> 13 & 3:
            raise self.refusal(f"S{n}CR = 0x{control:08X}: MINC and equal sizes only are modelled")
        if control >> 6 & 3 > 1 or control >> 18 & 1 or self.values[f"S{n}FCR"] & 4:
            raise self.refusal(f"S{n}CR = 0x{control:08X}: FIFO, two memories and memory to memory are not modelled")
        if self.flags(n):
            raise self.refusal(f"S{n}CR: EN while flags 0x{self.flags(n):02X} are set (10.3.17)")
        if self.request_of(n) is None:
            raise self.refusal(f"S{n}CR: {self.describe_request(n)} serves nothing that is modelled")
        self._counts[n] = count

    def check_reach(self, n: int, memory: int, size: int) -> None:
        """Refuse memory that the stream does not reach."""
        where = _FLASH if self._reads_memory(n) and memory in _FLASH else _SRAM
        if memory not in where or memory + size - 1 not in where:
            raise self.refusal(f"S{n}M0AR = 0x{memory:08X}, {size} bytes: DMA1 does not reach it (2.1, figure 1)")

    def describe_request(self, n: int) -> str:
        """Say how the stream's request is chosen."""
        return f"channel {self.values[f'S{n}CR'] >> 25 & 7} of stream {n}"

    def _read_count(self, n: int) -> int:
        count = self.values[f"S{n}NDTR"]
        if self.values[f"S{n}CR"] & _EN and n in self.progress:
            # A circle's counter is reloaded when it reaches 0 (10.3.8).
            return (count - self.progress[n]() - 1) % self._counts[n] + 1
        return count

    def request_of(self, n: int) -> str | None:
        """Give the request that a stream serves by its channel (10.3.3)."""
        return REQUESTS.get((n, self.values[f"S{n}CR"] >> 25 & 7))

    def _reads_memory(self, n: int) -> bool:
        return self.values[f"S{n}CR"] >> 6 & 3 == 1

    def _item_bytes(self, n: int) -> int:
        return 1 << (self.values[f"S{n}CR"] >> 11 & 3)

    # --- what peripherals ask

    def serving(self, request: str, address: int, reads_memory: bool) -> int | None:
        """Give the stream that runs and serves a request, or None.

        Parameters
        ----------
        request : str
            As in 10.3.3.
        address : int
            Of the register that is to be read or written.
        reads_memory : bool
            Direction that the request needs.

        Raises
        ------
        HardwareRefusalError
            If the stream moves data of another register, or the other way.
        """
        for n in range(STREAMS):
            if self.values[f"S{n}CR"] & _EN and self.request_of(n) == request:
                if self.values[f"S{n}PAR"] != address or self._reads_memory(n) != reads_memory:
                    raise self.refusal(f"S{n}PAR = 0x{self.values[f'S{n}PAR']:08X}: {request} is at 0x{address:08X}")
                if self._item_bytes(n) != self.item_bytes:
                    raise self.refusal(
                        f"S{n}CR: items of {self._item_bytes(n)} bytes for a data register of {self.item_bytes}"
                    )
                return n
        return None

    def serving_still(self, n: int) -> bool:
        """Whether a stream still runs."""
        return bool(self.values[f"S{n}CR"] & _EN)

    def items_to_mark(self, n: int) -> int:
        """Items until the stream's next half or end."""
        count, half = self.values[f"S{n}NDTR"], self._counts[n] // 2
        return count - half if count > half else count

    def _address(self, n: int) -> int:
        return self.values[f"S{n}M0AR"] + self._item_bytes(n) * (self._counts[n] - self.values[f"S{n}NDTR"])

    def peek(self, n: int, count: int) -> bytes:
        """Read the next items of memory without moving on; at most those up to the mark."""
        return self._machine.cpu.read(self._address(n), count * self._item_bytes(n))

    def peek_ahead(self, n: int, ahead: int) -> bytes:
        """Read the one item of memory that is so many ahead of the next, around the circle."""
        size, count = self._item_bytes(n), self._counts[n]
        position = (count - self.values[f"S{n}NDTR"] + ahead) % count
        return self._machine.cpu.read(self.values[f"S{n}M0AR"] + size * position, size)

    def store(self, n: int, data: bytes) -> None:
        """Write the next items to memory without moving on."""
        self._machine.cpu.write(self._address(n), data)

    def advance(self, n: int, count: int) -> None:
        """Count items as moved, with what follows from it: flags, interrupts, the circle's turn."""
        left, half = self.values[f"S{n}NDTR"] - count, self._counts[n] // 2
        if left < 0:
            raise self.refusal(f"S{n}: more items than are left")
        crosses = left <= half < self.values[f"S{n}NDTR"]
        self.values[f"S{n}NDTR"] = left
        if crosses:
            self._flag(n, HALF)
        if left == 0:
            if self.values[f"S{n}CR"] & _CIRC:
                self.values[f"S{n}NDTR"] = self._counts[n]
            else:
                self.values[f"S{n}CR"] &= ~_EN
            self._flag(n, COMPLETE)

    def fail(self, n: int) -> None:
        """Let a transfer end in a bus error: the stream stops (10.3.18)."""
        self.values[f"S{n}CR"] &= ~_EN
        self._flag(n, TRANSFER_ERROR)

    # --- flags

    def flags(self, n: int) -> int:
        """Give the flags of a stream, its lowest at bit 0."""
        return self.values["LISR" if n < 4 else "HISR"] >> _FLAG_SHIFTS[n % 4] & 0x3D

    def _set(self, n: int, flag: int) -> None:
        self.values["LISR" if n < 4 else "HISR"] |= flag << _FLAG_SHIFTS[n % 4]

    def _flag(self, n: int, flag: int) -> None:
        self._set(n, flag)
        self.on_flag(n, flag)
        self._set_lines((n,))

    def _set_lines(self, streams: Iterable[int]) -> None:
        for n in streams:
            control, flags = self.values[f"S{n}CR"], self.flags(n)
            wanted = (
                (flags & HALF and control & _HTIE)
                or (flags & COMPLETE and control & _TCIE)
                or (flags & TRANSFER_ERROR and control & _TEIE)
                or (flags & DIRECT_ERROR and control & _DMEIE)
                or (flags & FIFO_ERROR and self.values[f"S{n}FCR"] & 0x80)
            )
            self._exceptions.set_level(self.interrupts[n], bool(wanted))

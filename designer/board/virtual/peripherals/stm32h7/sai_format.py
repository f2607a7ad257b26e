"""Format and clock of one block of a SAI, RM0433 51: what follows from its registers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.peripherals.stm32h7.rcc import Rcc
from designer.board.virtual.peripherals.stm32h7.wire import Wire

SAIEN, NODIV, OSR, MCKEN = 1 << 16, 1 << 19, 1 << 26, 1 << 27
_MASTER_TRANSMIT, _MASTER_RECEIVE, _SLAVE_TRANSMIT, _SLAVE_RECEIVE = range(4)
_DATA_BITS = {2: 8, 3: 10, 4: 16, 5: 20, 6: 24, 7: 32}


class Unit(Protocol):
    """What a block needs of its unit."""

    number: int
    base: int
    values: dict[str, int]

    @property
    def units(self) -> Mapping[int, Unit]:
        """All units, by number."""

    @property
    def blocks(self) -> Mapping[str, SaiFormat]:
        """Both blocks, by letter."""

    def external_source(self) -> SaiFormat:
        """Give the block of another unit that SYNCIN names."""

    def set_line(self) -> None:
        """Drive the interrupt."""

    def refusal(self, text: str) -> HardwareRefusalError:
        """Make the error that a forbidden access raises."""


class SaiFormat:
    """What the registers of block A or B of a unit say."""

    def __init__(self, unit: Unit, letter: str, rcc: Rcc, revision: str) -> None:
        self._unit, self._letter = unit, letter
        self._rcc, self._revision = rcc, revision
        self.name = f"SAI{unit.number}_{letter}"
        self._rate, self._rate_generation = (0, 1), -1

    def _value(self, register: str) -> int:
        return self._unit.values[f"SAI_{self._letter}{register}"]

    def _refusal(self, text: str) -> HardwareRefusalError:
        return self._unit.refusal(f"{self._letter}: {text}")

    @property
    def is_on(self) -> bool:
        """Whether SAIEN reads 1."""
        return bool(self._value("CR1") & SAIEN)

    @property
    def mode(self) -> int:
        """0 to 3: master transmitter and receiver, slave transmitter and receiver."""
        return self._value("CR1") & 3

    @property
    def transmits(self) -> bool:
        """Whether the block sends."""
        return self.mode in (_MASTER_TRANSMIT, _SLAVE_TRANSMIT)

    @property
    def is_master(self) -> bool:
        """Whether the block makes clock and frame."""
        return self.mode in (_MASTER_TRANSMIT, _MASTER_RECEIVE)

    def wire(self) -> Wire:
        """Take the format out of the registers (51.4.6, 51.4.7).

        Raises
        ------
        HardwareRefusalError
            Where the manual forbids the combination.
        """
        control, frame, slots = self._value("CR1"), self._value("FRCR"), self._value("SLOTR")
        data_bits = _DATA_BITS.get(control >> 5 & 7)
        if data_bits is None or control >> 2 & 3 or control >> 8 & 1 or control >> 12 & 3:
            raise self._refusal(
                f"CR1 = 0x{control:08X}: DS is reserved, or protocol, LSBFIRST, MONO, OUTDRIV are not modelled"
            )
        frame_bits, active_bits = (frame & 0xFF) + 1, (frame >> 8 & 0x7F) + 1
        slot_bits = {0: data_bits, 1: 16, 2: 32}.get(slots >> 6 & 3, 0)
        count, enabled, first_bit = (slots >> 8 & 0xF) + 1, slots >> 16, slots & 0x1F
        is_split = bool(frame >> 16 & 1)
        if slot_bits < data_bits or first_bit + data_bits > slot_bits:
            raise self._refusal(f"SLOTR: {data_bits} bits from bit {first_bit} on in a slot of {slot_bits} (51.4.7)")
        if frame_bits < 8 or count * slot_bits > frame_bits or active_bits >= frame_bits:
            raise self._refusal(f"FRCR: {count} slots of {slot_bits} bits in a frame of {frame_bits} (51.4.6)")
        if is_split and (count % 2 or frame_bits != 2 * active_bits):
            raise self._refusal("FRCR: FSDEF wants an even number of slots, and FS that halves the frame (51.4.6)")
        half = count // 2
        at = [active_bits + (n - half) * slot_bits if is_split and n >= half else n * slot_bits for n in range(count)]
        starts = tuple(at[n] for n in range(count) if enabled >> n & 1)
        if not starts:
            raise self._refusal("SLOTR: no slot is enabled (51.4.7)")
        return Wire(
            frame_bits, active_bits, bool(frame >> 17 & 1), bool(frame >> 18 & 1), starts, slot_bits, data_bits,
            first_bit, bool(control >> 9 & 1),
        )  # fmt: skip

    def frame_rate(self) -> tuple[int, int]:
        """Frames a second as a fraction (51.4.8); 0 without a kernel clock."""
        if self._rate_generation != self._rcc.generation or not self.is_on:
            self._rate, self._rate_generation = self._frame_rate(), self._rcc.generation
        return self._rate

    def _frame_rate(self) -> tuple[int, int]:
        if not self.is_master:
            master = self.master()
            return master.frame_rate() if master is not None else (0, 1)
        numerator, denominator = self._rcc.sai_clock(self.name)
        control = self._value("CR1")
        divider = max(1, control >> 20 & 0x3F)
        if control & NODIV:
            return numerator, denominator * divider * ((self._value("FRCR") & 0xFF) + 1)
        return numerator, denominator * divider * (512 if control & OSR else 256)

    def master(self) -> SaiFormat | None:
        """Give the block that makes this one's clock and frame; itself for a master (51.4.4)."""
        if self.is_master:
            return self
        synchronous = self._value("CR1") >> 10 & 3
        if synchronous == 1:
            return self._unit.blocks["B" if self._letter == "A" else "A"]
        return self._unit.external_source() if synchronous == 2 else None

    @property
    def has_master_clock(self) -> bool:
        """Whether the block puts out 256 or 512 times the sample rate at MCLK (51.4.8)."""
        control = self._value("CR1")
        wanted = bool(control & MCKEN) if self._revision != "Y" else self.is_on
        return wanted and not control & NODIV and self.is_master and self.frame_rate()[0] > 0

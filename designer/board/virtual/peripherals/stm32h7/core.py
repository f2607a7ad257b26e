"""What a Cortex-M7 has beyond a Cortex-M4, PM0253: caches and their maintenance, cacheability by the MPU, the DWT lock.

The caches change no value here: the processor sees memory itself. That is exact as long as nothing but the processor
writes memory that the data cache may hold, and nothing but the processor reads it. DMA checks this (`dma.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.exceptions import Exceptions
from designer.board.virtual.peripherals.dwt import Dwt as CommonDwt
from designer.board.virtual.peripherals.mpu import Mpu as CommonMpu
from designer.board.virtual.peripherals.scb import Scb as CommonScb
from designer.board.virtual.registers import Register, RegisterBlock

_IC, _DC, _BP, _BFHFNMIGN = 1 << 17, 1 << 16, 1 << 18, 1 << 8
_SETS, _WAYS = 128, 4  # 16 KiB of data cache in lines of 32 bytes (DS12110 3.3.1)
_BOOT = 0x08000000


class Scb(CommonScb):
    """The system control block with the identification of both caches (PM0253 4.3, 4.5)."""

    registers: ClassVar[dict[int, Register]] = {
        **CommonScb.registers,
        0x00: Register("CPUID", 0x411FC271, 0),
        0x08: Register("VTOR", _BOOT, 0xFFFFFF80),
        0x14: Register("CCR", 0x00040200, 0x0003031B, _BP),
        0x78: Register("CLIDR", 0x09000003, 0),
        0x7C: Register("CTR", 0x8303C003, 0),
        0x80: Register("CCSIDR", 0xF00FE019, 0),
        0x84: Register("CSSELR", 0, 0x0000000F),
        0x234: Register("FPCCR", 0xC0000000, 0xC0000000, 0x17B),
    }

    def __init__(self, exceptions: Exceptions, reset_system: Callable[[], None], caches: Caches) -> None:
        self._caches = caches
        # Told of a data cache that has been switched on.
        self.on_data_cache: Callable[[], None] = lambda: None
        super().__init__(exceptions, reset_system)

    def reset(self) -> None:
        """Return to the values after reset; what the caches hold is unknown from then on."""
        super().reset()
        self._caches.forget()

    def read_CCSIDR(self) -> int:
        """Describe the cache that CSSELR names: 16 KiB each, the data cache with four ways (PM0253 4.5.3)."""
        return 0xF01FE009 if self.values["CSSELR"] & 1 else 0xF00FE019

    def write_CCR(self, value: int, before: int) -> None:
        """Switch the caches, which must be invalid when they are switched on (PM0253 4.3.7, 4.5)."""
        rising = value & ~before
        if rising & _IC and not self._caches.instructions_are_invalid:
            raise self.refusal("CCR: IC is set ahead of ICIALLU: the cache holds unknown instructions (PM0253 4.5.9)")
        if rising & _DC and not self._caches.data_are_invalid:
            raise self.refusal("CCR: DC is set while lines are not invalidated by DCISW (PM0253 4.5.9)")
        if before & _DC and not value & _DC:
            # Lines that are valid and dirty stay in the cache until they are cleaned.
            self._caches.forget_data()
        if rising & _DC:
            self.on_data_cache()

    @property
    def has_data_cache(self) -> bool:
        """Whether the data cache is on."""
        return bool(self.values["CCR"] & _DC)

    @property
    def ignores_bus_faults(self) -> bool:
        """Whether CCR lets handlers of faults ignore bus faults of data (PM0253 4.3.7, BFHFNMIGN)."""
        return bool(self.values["CCR"] & _BFHFNMIGN)


class Caches(RegisterBlock):
    """Maintenance operations by address, by set and way, or of all (PM0253 4.5.7), and the TCMs' control."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("ICIALLU"),
        0x08: Register("ICIMVAU"),
        0x0C: Register("DCIMVAC"),
        0x10: Register("DCISW"),
        0x14: Register("DCCMVAU"),
        0x18: Register("DCCMVAC"),
        0x1C: Register("DCCSW"),
        0x20: Register("DCCIMVAC"),
        0x24: Register("DCCISW"),
        0x28: Register("BPIALL"),
        0x40: Register("ITCMCR", 0x33, 0x7F),
        0x44: Register("DTCMCR", 0x33, 0x7F),
        0x48: Register("AHBPCR", 0, 0xF),
        0x4C: Register("CACR", 0, 0x7),
        0x50: Register("AHBSCR", 0x800, 0xFFFF),
        0x58: Register("ABFSR", 0, 0x31F),
    }

    def __init__(self) -> None:
        super().__init__("CACHE", 0xE000EF50)
        self.forget()

    def forget(self) -> None:
        """Take both caches as unknown, as after reset."""
        self.instructions_are_invalid = False
        self.forget_data()

    def forget_data(self) -> None:
        """Take the data cache as unknown."""
        self._invalidated: set[tuple[int, int]] = set()

    @property
    def data_are_invalid(self) -> bool:
        """Whether each set and way has been invalidated since reset."""
        return len(self._invalidated) == _SETS * _WAYS

    def write_ICIALLU(self, value: int, before: int) -> None:
        """Invalidate all instructions."""
        self.instructions_are_invalid = True

    def _by_set_and_way(self, value: int) -> None:
        """Take a line by set and way: bits 31 and 30, and 11 to 5 (PM0253 4.5.8)."""
        index = value >> 5 & 0x1FF
        if index >= _SETS or value & 0x1F:
            raise self.refusal(f"set {index} of 0x{value:08X}: there are {_SETS} sets (PM0253 4.5.8)")
        self._invalidated.add((value >> 30, index))

    def write_DCISW(self, value: int, before: int) -> None:
        """Invalidate one line."""
        self._by_set_and_way(value)

    def write_DCCISW(self, value: int, before: int) -> None:
        """Clean and invalidate one line."""
        self._by_set_and_way(value)


class Mpu(CommonMpu):
    """Sixteen regions, whose attributes say what the data cache may hold (PM0253 4.6)."""

    registers: ClassVar[dict[int, Register]] = {
        **CommonMpu.registers,
        0x00: Register("TYPE", 0x00001000, 0),
        0x08: Register("RNR", 0, 0xF, 0xFF),
    }
    region_count: ClassVar[int] = 16

    def __init__(self, protect: Callable[[int, int, bool], None]) -> None:
        # Told of each change of the regions.
        self.on_regions: Callable[[], None] = lambda: None
        super().__init__(protect)

    def write_RASR(self, value: int, before: int) -> None:
        """Set a region's size and attributes."""
        super().write_RASR(value, before)
        self.on_regions()

    def write_RBAR(self, value: int, before: int) -> None:
        """Set a region's base."""
        super().write_RBAR(value, before)
        self.on_regions()

    def write_CTRL(self, value: int, before: int) -> None:
        """Switch the unit on or off."""
        super().write_CTRL(value, before)
        self.on_regions()

    def is_cacheable(self, address: int, size: int) -> bool:
        """Whether the attributes let the data cache hold any of a range of memory outside the TCMs."""
        boundaries = {address}
        for base, attributes in self.regions:
            if attributes & 1:
                part = max(32, (2 << (attributes >> 1 & 0x1F)) // 8)
                end = base + (2 << (attributes >> 1 & 0x1F))
                boundaries |= {at for at in range(base, end + 1, part) if address < at < address + size}
        return any(self._is_cacheable_at(at) for at in boundaries)

    def _is_cacheable_at(self, address: int) -> bool:
        region = self._region_at(address) if self.values["CTRL"] & 1 else None
        if region is not None:
            extension, shareable = region >> 19 & 7, region >> 18 & 1
            cached = region >> 16 & 3
            # TEX 0: C says; TEX 1: C and B; TEX from 4 on: the inner policy (PM0253 4.6.2).
            is_normal = {0: cached >= 2, 1: cached == 3}.get(extension, extension >= 4 and cached != 0)
            # Shareable memory is not cached: CACR.SIWT is 0 (PM0253 4.5.5).
            return bool(is_normal) and not shareable
        # The default map (PM0253 2.2.1, table 13): code, SRAM and RAM are cacheable, devices are not.
        return address < 0x40000000 or 0x60000000 <= address < 0xA0000000

    def _region_at(self, address: int) -> int | None:
        """Attributes of the region with the highest number at an address; subregions that are off do not count."""
        for base, attributes in reversed(self.regions):
            size = 2 << (attributes >> 1 & 0x1F)
            if attributes & 1 and base <= address < base + size:
                part = (address - base) * 8 // size
                if size < 256 or not attributes >> 8 + part & 1:
                    return attributes
        return None


class Dwt(CommonDwt):
    """The cycle counter, whose registers a lock keeps from the processor until it is opened (DDI 0403 C1.8.3)."""

    registers: ClassVar[dict[int, Register]] = {
        **CommonDwt.registers,
        0xFB0: Register("LAR", 0, 0, 0xFFFFFFFF),
        0xFB4: Register("LSR", 3, 0, 7),
    }
    _KEY = 0xC5ACCE55

    def write_LAR(self, value: int, before: int) -> None:
        """Open or close the lock."""
        self.values["LSR"] = 1 if value == self._KEY else 3

    def write(self, offset: int, size: int, value: int) -> None:
        """Take a write of the processor, if the lock is open."""
        if offset < 0xFB0 and self.values["LSR"] & 2:
            raise self.refusal(f"offset 0x{offset:02X} is written while the lock is closed (DDI 0403 C1.8.3)")
        super().write(offset, size, value)

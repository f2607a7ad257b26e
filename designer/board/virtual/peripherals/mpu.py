"""Memory protection unit, PM0214 4.2: regions without access refuse writes, which is how a stack reaches its guard.

Reads are not refused: Unicorn tells only of writes to a page that it protects. What else a region may forbid is not
modelled, and is refused when it is configured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.registers import Register, RegisterBlock

_HFNMIENA = 1 << 1
_PRIVDEFENA = 1 << 2
_NO_ACCESS, _FULL_ACCESS = 0, 3
_SUBREGIONS = 0xFF00


class Mpu(RegisterBlock):
    """TYPE, CTRL, RNR, RBAR, RASR from 0xE000ED90 on."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("TYPE", 0x00000800, 0),
        0x04: Register("CTRL", 0, 7),
        0x08: Register("RNR", 0, 0xFF),
        0x0C: Register("RBAR", 0, 0xFFFFFFE0, 0x1F),
        0x10: Register("RASR", 0, 0x173FFF3F),
    }

    # How many there are.
    region_count: ClassVar[int] = 8

    def __init__(self, protect: Callable[[int, int, bool], None]) -> None:
        # Told first byte, size, and whether writes to a range are to be asked for.
        self._protect = protect
        super().__init__("MPU", 0xE000ED90)

    def reset(self) -> None:
        """Return to no region."""
        for first, size in getattr(self, "_guards", []):
            self._protect(first, size, False)
        self._guards: list[tuple[int, int]] = []
        super().reset()
        self.regions = [(0, 0)] * self.region_count

    def read_RBAR(self) -> int:
        """Give the base of the region that RNR names."""
        return self.regions[self.values["RNR"]][0] | self.values["RNR"]

    def read_RASR(self) -> int:
        """Give the attributes of the region that RNR names."""
        return self.regions[self.values["RNR"]][1]

    def write_RNR(self, value: int, before: int) -> None:
        """Choose a region (4.2.7)."""
        self._existing(value)

    def _existing(self, region: int) -> int:
        if region >= self.region_count:
            raise self.refusal(f"region {region}: there are {self.region_count} (4.2.7)")
        return region

    def write_RBAR(self, value: int, before: int) -> None:
        """Set a region's base; with VALID, that of the region in the low bits (4.2.8)."""
        if value & 0x10:
            self.values["RNR"] = self._existing(value & 0xF)
        region = self.values["RNR"]
        self.regions[region] = (value & ~0x1F, self.regions[region][1])

    def write_RASR(self, value: int, before: int) -> None:
        """Set a region's size and rights; its base must be a multiple of the size (4.2.9)."""
        region = self.values["RNR"]
        base, size = self.regions[region][0], 2 << (value >> 1 & 0x1F)
        if value & 1 and (size < 32 or base % size):
            raise self.refusal(f"RASR: region {region} of {size} bytes at 0x{base:08X} (4.2.9)")
        rights = value >> 24 & 7
        # A part that is switched off has the background's rights, which are full access too.
        if value & 1 and (rights not in (_NO_ACCESS, _FULL_ACCESS) or (rights == _NO_ACCESS and value & _SUBREGIONS)):
            raise self.refusal(f"RASR = 0x{value:08X}: only regions with full access, and whole ones without access")
        self.regions[region] = (base, value)
        self._enforce()

    def write_CTRL(self, value: int, before: int) -> None:
        """Switch the unit on or off (4.2.6)."""
        if value & 1 and not value & _PRIVDEFENA:
            raise self.refusal(f"CTRL = {value}: without PRIVDEFENA nothing may be fetched outside of a region (4.2.6)")
        if (value ^ before) & 1:
            self._enforce()

    @property
    def holds_in_fault_handlers(self) -> bool:
        """Whether regions are in force at negative priorities as well: hard fault, NMI, FAULTMASK (4.2.6)."""
        return bool(self.values["CTRL"] & _HFNMIENA)

    def _enforce(self) -> None:
        for first, size in self._guards:
            self._protect(first, size, False)
        self._guards.clear()
        if not self.values["CTRL"] & 1:
            return
        for base, attributes in self.regions:
            if attributes & 1 and not attributes >> 24 & 7:
                self._guards.append((base, 2 << (attributes >> 1 & 0x1F)))
        for first, size in self._guards:
            self._protect(first, size, True)

    def forbids(self, address: int, size: int) -> bool:
        """Whether a write touches a region without access."""
        return any(first < address + size and address < first + length for first, length in self._guards)

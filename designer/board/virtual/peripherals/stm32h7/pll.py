"""One of the three PLLs, RM0433 8.5.5: its settings, their limits, and its outputs as exact fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_FRACTION_STEPS = 8192
# 8.7.12: PLLxRGE's ranges of the reference clock in MHz, limits included.
_REFERENCE_MHZ = ((1, 2), (2, 4), (4, 8), (8, 16))
_MEDIUM_MHZ = (150, 420)
# DS12110 tables "PLL characteristics": the wide range ends earlier on revision Y.
_WIDE_MHZ = {"Y": (192, 836), "V": (192, 960)}


@dataclass(frozen=True)
class Pll:
    """What the registers say about a PLL.

    Attributes
    ----------
    number : int
        1 to 3.
    source_hz : int
        Frequency of the oscillator.
    m, n, p, q, r : int
        The dividers and the multiplier themselves, not their codes.
    fraction : int
        Of 8192 steps, 0 without FRACEN.
    is_medium : bool
        VCOSEL.
    reference_range : int
        RGE.
    enables : int
        DIVPEN, DIVQEN and DIVREN, from bit 0 on.
    """

    number: int
    source_hz: int
    m: int
    n: int
    p: int
    q: int
    r: int
    fraction: int
    is_medium: bool
    reference_range: int
    enables: int

    @classmethod
    def from_registers(cls, number: int, values: Mapping[str, int], source_hz: int, latched: int) -> Pll:
        """Take the registers of RCC apart (8.7.11 to 8.7.18).

        Parameters
        ----------
        number : int
        values : mapping
            Of RCC.
        source_hz : int
        latched : int
            The fraction as it was taken over last.
        """
        dividers, settings = values[f"PLL{number}DIVR"], values["PLLCFGR"]
        shift = 4 * (number - 1)
        return cls(
            number=number,
            source_hz=source_hz,
            m=values["PLLCKSELR"] >> 4 + 8 * (number - 1) & 0x3F,
            n=(dividers & 0x1FF) + 1,
            p=(dividers >> 9 & 0x7F) + 1,
            q=(dividers >> 16 & 0x7F) + 1,
            r=(dividers >> 24 & 0x7F) + 1,
            fraction=latched if settings >> shift & 1 else 0,
            is_medium=bool(settings >> shift + 1 & 1),
            reference_range=settings >> shift + 2 & 3,
            enables=settings >> 16 + 3 * (number - 1) & 7,
        )

    @property
    def vco(self) -> tuple[int, int]:
        """Frequency of the oscillator inside, in Hz as a fraction."""
        return self.source_hz * (self.n * _FRACTION_STEPS + self.fraction), max(1, self.m) * _FRACTION_STEPS

    def output(self, name: str) -> tuple[int, int]:
        """Frequency of output 'p', 'q' or 'r' in Hz as a fraction; 0 while the output is off."""
        index = "pqr".index(name)
        if not self.enables >> index & 1:
            return 0, 1
        numerator, denominator = self.vco
        return numerator, denominator * (self.p, self.q, self.r)[index]

    def complaint(self, revision: str) -> str | None:
        """Say which limit the settings break, or None (8.5.5, 8.7.12, DS12110)."""
        name = f"PLL{self.number}"
        if self.m == 0 or self.source_hz == 0:
            return f"{name} is switched on without a clock at its input (8.7.11)"
        reference_mhz = self.source_hz / self.m / 1e6
        numerator, denominator = self.vco
        vco_mhz = numerator / denominator / 1e6
        low, high = _REFERENCE_MHZ[self.reference_range]
        if not low <= reference_mhz <= high:
            return f"{name}: its input is {reference_mhz:g} MHz, PLL{self.number}RGE says {low} to {high} (8.7.12)"
        if (self.is_medium and reference_mhz > 2) or (not self.is_medium and reference_mhz < 2):
            return f"{name}: its input is {reference_mhz:g} MHz: VCOSEL is for below 2 MHz (8.7.12)"
        low, high = _MEDIUM_MHZ if self.is_medium else _WIDE_MHZ[revision]
        if not low <= vco_mhz <= high:
            return f"{name}: VCO at {vco_mhz:g} MHz, allowed are {low} to {high} (8.7.12, DS12110)"
        if self.n < 4:
            return f"{name}: DIVN {self.n}, allowed from 4 (8.7.13)"
        if self.number == 1 and self.p > 1 and self.p % 2:
            return f"PLL1: DIVP {self.p}: odd dividers are not allowed (8.7.13)"
        return None

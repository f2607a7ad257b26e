"""Power controller, RM0433 6: the supply's configuration and the voltage scales, with SYSCFG's overdrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.registers import Register, RegisterBlock

_VOSRDY, _ACTVOSRDY = 1 << 13, 1 << 13
_SCUEN, _LDOEN, _BYPASS = 1 << 2, 1 << 1, 1 << 0
_SCALE_TIME = 50 * SECOND // 10**6
# 6.4.6 and DS12110 table "Maximum allowed clock frequencies": core, AXI and AHB, APB in MHz, for VOS0 to VOS3.
# After reset every bus has HSI's 64 MHz, in scale 3 (8.5.6).
_RESET_MHZ = 64
LIMITS_MHZ = ((480, 240, 120), (400, 200, 100), (300, 150, 75), (200, 100, 50))


class Pwr(RegisterBlock):
    """The regulator; bits for low power keep their values and do nothing.

    Parameters
    ----------
    machine : Machine
    revision : str
        Of the silicon.
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR1", 0xF000C000, 0x0007C3F1),
        0x04: Register("CSR1", 0x00004000, 0, 0x0001E010),
        0x08: Register("CR2", 0, 0x00000011, 0x00F10000),
        0x0C: Register("CR3", 0x00000006, 0x03000307, 0x04000000),
        0x10: Register("CPUCR", 0, 0x00000A07, 0x000001E0),
        0x18: Register("D3CR", 0x00004000, 0x0000C000, _VOSRDY),
    }

    def __init__(self, machine: Machine, revision: str) -> None:
        self._machine = machine
        self._revision = revision
        self.is_configured = False
        # Checks the clocks against the scale; the board fills it in.
        self.check: Callable[[], None] = lambda: None
        super().__init__("PWR", 0x58024800)

    def reset(self) -> None:
        """Return to scale 3; the supply's configuration lasts until power is lost (6.8.4)."""
        supply = self.values.get("CR3", 0)
        super().reset()
        self.scale = 3
        if self.is_configured:
            self.values["CR3"] = supply
            self.values["CSR1"] |= _ACTVOSRDY
            self.values["D3CR"] |= _VOSRDY
        self._wanted = 3
        self._overdrive = False

    def power_on(self) -> None:
        """Forget the supply's configuration."""
        self.is_configured = False
        self.reset()

    def write_CR3(self, value: int, before: int) -> None:
        """Configure the supply, once after power-on (6.8.4)."""
        if (value ^ before) & 0x7 and self.is_configured:
            raise self.refusal("CR3: the supply is configured once after power-on (6.8.4)")
        if value & _BYPASS or not value & _LDOEN:
            raise self.refusal(f"CR3 = 0x{value:08X}: this board feeds the core by the LDO (UM2407; 6.4.1)")
        if not self.is_configured:
            self.is_configured = True
            self._machine.after(_SCALE_TIME, self._settle)

    def write_D3CR(self, value: int, before: int) -> None:
        """Choose the scale (6.8.6)."""
        code = value >> 14 & 3
        if not self.is_configured:
            raise self.refusal("D3CR: VOS is written before the supply is configured by CR3 (6.4.1, 6.8.4)")
        if code == 0:
            raise self.refusal("D3CR: VOS 0 is reserved (6.8.6)")
        if self._overdrive and code != 3:
            raise self.refusal("D3CR: VOS is changed while the overdrive is on (6.6.2)")
        self._change(4 - code)

    def set_overdrive(self, is_on: bool) -> None:
        """Follow SYSCFG_PWRCR.ODEN: scale 0, from scale 1 alone (6.6.2)."""
        if is_on == self._overdrive:
            return
        if self._revision == "Y":
            raise self.refusal("SYSCFG_PWRCR: ODEN: revision Y has no scale 0 (ES0392, DS12110)")
        if self.scale > 1 or not self.values["D3CR"] & _VOSRDY:
            raise self.refusal("SYSCFG_PWRCR: ODEN is written outside a ready scale 1 (6.6.2)")
        self._overdrive = is_on
        self._change(0 if is_on else 1)

    def _change(self, scale: int) -> None:
        """Begin a change of the scale; a lower voltage holds at once, a higher one when it is ready."""
        self._wanted = scale
        if scale > self.scale:
            self.scale = scale
            self.check()
        self.values["D3CR"] &= ~_VOSRDY
        self.values["CSR1"] &= ~_ACTVOSRDY
        self._machine.after(_SCALE_TIME, self._settle)

    def _settle(self) -> None:
        self.scale = self._wanted
        code = 4 - max(1, self.scale)
        self.values["D3CR"] |= _VOSRDY
        self.values["CSR1"] = self.values["CSR1"] & ~0xC000 | code << 14 | _ACTVOSRDY

    def complaint(self, core_hz: int, hclk_hz: int, apb_hz: int) -> str | None:
        """Say which clock is beyond the scale, or None."""
        clocks = (("core", core_hz), ("AXI", hclk_hz), ("APB", apb_hz))
        for (name, hz), most in zip(clocks, LIMITS_MHZ[self.scale], strict=True):
            if hz > max(most, _RESET_MHZ) * 1_000_000:
                return f"{name} at {hz / 1e6:g} MHz in scale VOS{self.scale}, at most {most} (6.4.6, DS12110)"
        return None


class Syscfg(RegisterBlock):
    """System configuration, RM0433 12.3: the overdrive, and what is kept."""

    registers: ClassVar[dict[int, Register]] = {
        0x04: Register("PMCR", 0, 0x0FE003FF),
        **{0x08 + 4 * n: Register(f"EXTICR{n + 1}", 0, 0xFFFF) for n in range(4)},
        0x20: Register("CCCSR", 0, 0x00010003, 0x00000100),
        0x24: Register("CCVR", 0, 0, 0xFF),
        0x28: Register("CCCR", 0, 0xFF),
        0x2C: Register("PWRCR", 0, 0x1),
        0x124: Register("PKGR", 0, 0, 0xF),
    }

    def __init__(self, pwr: Pwr) -> None:
        self._pwr = pwr
        super().__init__("SYSCFG", 0x58000400)

    def write_PWRCR(self, value: int, before: int) -> None:
        """Switch the overdrive (12.3.9)."""
        self._pwr.set_overdrive(bool(value & 1))


# RM0433 60.5.8: identity of the device, and of its revision
REVISIONS = {"Y": 0x1003, "V": 0x2003}
_DEVICE = 0x450


class Dbgmcu(RegisterBlock):
    """The identity, as a program reads it."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("IDC", 0, 0, 0xFFFF0FFF),
        0x04: Register("CR", 0, 0x107001BF),
    }

    def __init__(self, revision: str) -> None:
        self._identity = REVISIONS[revision] << 16 | _DEVICE
        super().__init__("DBGMCU", 0x5C001000)

    def read_IDC(self) -> int:
        """Give device and revision."""
        return self._identity

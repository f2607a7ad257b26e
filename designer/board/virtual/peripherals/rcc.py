"""Reset and clock control, RM0090 7: oscillators, both PLLs, prescalers, gates, reset flags.

Times: HSE 2 ms (DS8626, typical), PLL and PLLI2S 200 us (within 300 us).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.reset_control import ResetControl
from designer.board.virtual.registers import Register

HSI_HZ = 16_000_000
_HSE_START = 2 * SECOND // 1000
_PLL_LOCK = 200 * SECOND // 10**6
_HSION, _HSIRDY, _HSEON, _HSERDY, _HSEBYP, _CSSON = 1 << 0, 1 << 1, 1 << 16, 1 << 17, 1 << 18, 1 << 19
_PLLON, _PLLRDY, _PLLI2SON, _PLLI2SRDY = 1 << 24, 1 << 25, 1 << 26, 1 << 27
_PLL = 2  # as a source of the system clock
_CSSF, _CSSC = 1 << 7, 1 << 23
_AHB_DIVIDERS = (2, 4, 8, 16, 64, 128, 256, 512)
_RMVF = 1 << 24
_FLAGS = 0xFE000000
SOFTWARE_RESET, PIN_RESET, WATCHDOG_RESET = 1 << 28, 1 << 26, 1 << 29
POWER_RESET = 0x0E000000  # POR, pin, brown-out: as after power-on (7.3.21)
# 7.3.10, .13, .14: bits that exist on the STM32F405
_AHB1, _APB1, _APB2 = 0x7E7411FF, 0x36FEC9FF, 0x00075F33


@dataclass(frozen=True)
class Faults:
    """What is broken about the clocks.

    Attributes
    ----------
    hse_hz : int, optional
        The crystal; None where it does not start.
    pll_locks, plli2s_locks : bool
    pll_takes_over : bool
        Whether the system clock switches to the PLL.
    hsi_hz : int
        The internal oscillator, -8 to 4.5 % off 16 MHz (DS8626).
    """

    hse_hz: int | None = 8_000_000
    pll_locks: bool = True
    plli2s_locks: bool = True
    hsi_hz: int = HSI_HZ
    pll_takes_over: bool = True


class Rcc(ResetControl):
    """The clock tree."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR", 0x00000083, 0x050D00F9, 0x0A02FF03),
        0x04: Register("PLLCFGR", 0x24003010, 0x0F437FFF),
        0x08: Register("CFGR", 0, 0xFFFFFCF3, 0x0000000C),
        0x0C: Register("CIR", 0, 0x00003F00, 0x00BF00BF),
        0x10: Register("AHB1RSTR", 0, 0x226011FF),
        0x20: Register("APB1RSTR", 0, _APB1),
        0x24: Register("APB2RSTR", 0, 0x00075933),
        0x30: Register("AHB1ENR", 0x00100000, _AHB1),
        0x34: Register("AHB2ENR", 0, 0x000000C1),
        0x38: Register("AHB3ENR", 0, 0x00000001),
        0x40: Register("APB1ENR", 0, _APB1),
        0x44: Register("APB2ENR", 0, _APB2),
        0x74: Register("CSR", POWER_RESET, 0x00000001, _FLAGS | _RMVF | 2),
        0x84: Register("PLLI2SCFGR", 0x20003000, 0x70007FC0),
    }

    flags_register: ClassVar[str] = "CSR"
    flags: ClassVar[int] = _FLAGS
    forget: ClassVar[int] = _RMVF
    reset_registers: ClassVar[tuple[str, ...]] = ("AHB1RSTR", "APB1RSTR", "APB2RSTR")

    def __init__(self, machine: Machine, faults: Faults) -> None:
        self._machine = machine
        self.faults = faults
        # The flash's wait states and the regulator's scale are checked at every change: the board fills these in.
        self.check_core: Callable[[int], None] = lambda hclk_hz: None
        self.on_security: Callable[[bool], None] = lambda pending: None
        self._hse_runs = False
        super().__init__("RCC", 0x40023800)

    def reset(self) -> None:
        """Return to the internal oscillator; the flags of CSR stay (7.3.21)."""
        super().reset()
        self._hse_runs = False
        self._machine.set_core_hz(self.faults.hsi_hz)

    # --- the tree

    @property
    def source_hz(self) -> int:
        """Frequency that feeds both PLLs."""
        if self.values["PLLCFGR"] >> 22 & 1:
            return self.faults.hse_hz or 0
        return self.faults.hsi_hz

    def _pll_input_hz(self) -> float:
        return self.source_hz / max(1, self.values["PLLCFGR"] & 0x3F)

    @property
    def sysclk_hz(self) -> int:
        """Frequency of the system clock."""
        switch = self.values["CFGR"] >> 2 & 3
        if switch == 0:
            return self.faults.hsi_hz
        if switch == 1:
            return self.faults.hse_hz or 0
        settings = self.values["PLLCFGR"]
        m, n, p = settings & 0x3F, settings >> 6 & 0x1FF, 2 * ((settings >> 16 & 3) + 1)
        return self.source_hz * n // (m * p)

    @property
    def hclk_hz(self) -> int:
        """Frequency of core and AHB."""
        code = self.values["CFGR"] >> 4 & 0xF
        return self.sysclk_hz // (_AHB_DIVIDERS[code - 8] if code >= 8 else 1)

    def _apb_hz(self, shift: int) -> int:
        code = self.values["CFGR"] >> shift & 7
        return self.hclk_hz // (2 << (code - 4) if code >= 4 else 1)

    @property
    def apb1_hz(self) -> int:
        """Frequency of APB1."""
        return self._apb_hz(10)

    @property
    def apb2_hz(self) -> int:
        """Frequency of APB2."""
        return self._apb_hz(13)

    @property
    def timer2_hz(self) -> int:
        """Frequency of the timers on APB2: twice that of a divided bus (7.2)."""
        return self.apb2_hz * (2 if self.values["CFGR"] >> 13 & 4 else 1)

    @property
    def rtc_source_hz(self) -> int:
        """Frequency of HSE behind RTCPRE, 0 without (7.3.3)."""
        divider = self.values["CFGR"] >> 16 & 0x1F
        return (self.faults.hse_hz or 0) // divider if divider >= 2 and self._hse_runs else 0

    def i2s_clock(self) -> tuple[int, int]:
        """Frequency of I2SCLK as a fraction (7.3.23), 0 while PLLI2S does not run."""
        if not self.values["CR"] & _PLLI2SRDY or self.values["CFGR"] >> 23 & 1:
            return 0, 1
        settings, m = self.values["PLLI2SCFGR"], self.values["PLLCFGR"] & 0x3F
        return self.source_hz * (settings >> 6 & 0x1FF), m * (settings >> 28 & 7)

    def gate(self, register: str, bit: int) -> Callable[[], bool]:
        """Give the question whether a block's clock is on, and the block is not held in reset."""
        reset = register.replace("ENR", "RSTR")
        return lambda: bool((self.values[register] & ~self.values[reset]) >> bit & 1)

    # --- registers

    def write_CR(self, value: int, before: int) -> None:
        """Switch oscillators and PLLs (7.3.1); what drives the system clock cannot be stopped."""
        switch = self.values["CFGR"] >> 2 & 3
        pll_takes_hse = bool(self.values["PLLCFGR"] >> 22 & 1)
        uses_hse = switch == 1 or (switch == _PLL and pll_takes_hse)
        for bit, in_use, name in (
            (_HSION, switch == 0 or (switch == _PLL and not pll_takes_hse), "HSI"),
            (_HSEON, uses_hse, "HSE"),
            (_PLLON, switch == _PLL, "PLL"),
        ):
            if before & bit and not value & bit and in_use:
                raise self.refusal(f"CR: {name} is off while the system clock needs it (7.3.1)")
        if value & _HSEBYP & ~before and before & _HSEON:
            raise self.refusal("CR: HSEBYP is written while HSE is on (7.3.1)")
        rising = value & ~before
        if rising & _HSION:
            self.values["CR"] |= _HSIRDY
        if rising & _HSEON and self.faults.hse_hz is not None:
            self._machine.after(_HSE_START, self._start_hse)
        if rising & _PLLON:
            self._check_vco("PLL", self.values["PLLCFGR"] >> 6 & 0x1FF, 50)
            if self.faults.pll_locks:
                self._machine.after(_PLL_LOCK, lambda: self._lock(_PLLON, _PLLRDY))
        if rising & _PLLI2SON:
            self._check_vco("PLLI2S", self.values["PLLI2SCFGR"] >> 6 & 0x1FF, 50)
            if self.faults.plli2s_locks:
                self._machine.after(_PLL_LOCK, lambda: self._lock(_PLLI2SON, _PLLI2SRDY))
        for on, ready in ((_HSION, _HSIRDY), (_HSEON, _HSERDY), (_PLLON, _PLLRDY), (_PLLI2SON, _PLLI2SRDY)):
            if not value & on:
                self.values["CR"] &= ~ready
        self._hse_runs = bool(self.values["CR"] & _HSERDY)

    def _start_hse(self) -> None:
        if self.values["CR"] & _HSEON and self.faults.hse_hz is not None:
            self.values["CR"] |= _HSERDY
            self._hse_runs = True

    def _lock(self, on: int, ready: int) -> None:
        if self.values["CR"] & on and (self._hse_runs or not self.values["PLLCFGR"] >> 22 & 1):
            self.values["CR"] |= ready

    def _check_vco(self, name: str, n: int, least: int) -> None:
        """Check the limits of 7.3.2 and 7.3.23: input 0.95 to 2.1 MHz (DS8626), VCO 100 to 432 MHz."""
        m, input_hz = self.values["PLLCFGR"] & 0x3F, self._pll_input_hz()
        if m < 2 or not 0.95e6 <= input_hz <= 2.1e6:
            raise self.refusal(f"{name}: its input is {input_hz / 1e6:g} MHz, allowed are 0.95 to 2.1 (7.3.2)")
        if not least <= n <= 432 or not 100e6 <= input_hz * n <= 432e6:
            raise self.refusal(f"{name}: VCO at {input_hz * n / 1e6:g} MHz, allowed are 100 to 432 (7.3.2)")
        if name == "PLL":
            q, p = self.values["PLLCFGR"] >> 24 & 0xF, 2 * ((self.values["PLLCFGR"] >> 16 & 3) + 1)
            if q < 2 or input_hz * n / p > 168e6:
                raise self.refusal(
                    f"PLL: output {input_hz * n / p / 1e6:g} MHz, Q {q}: at most 168 MHz, Q from 2 (7.3.2)"
                )
        else:
            r = self.values["PLLI2SCFGR"] >> 28 & 7
            if r < 2 or input_hz * n / r > 192e6:
                raise self.refusal(
                    f"PLLI2S: output {input_hz * n / max(r, 1) / 1e6:g} MHz, R {r}: at most 192 MHz (7.3.23)"
                )

    def write_PLLCFGR(self, value: int, before: int) -> None:
        """Refuse while either PLL is on (7.3.2)."""
        if self.values["CR"] & (_PLLON | _PLLI2SON):
            raise self.refusal("PLLCFGR is written while a PLL is on (7.3.2)")

    def write_PLLI2SCFGR(self, value: int, before: int) -> None:
        """Refuse while PLLI2S is on (7.3.23)."""
        if self.values["CR"] & _PLLI2SON:
            raise self.refusal("PLLI2SCFGR is written while PLLI2S is on (7.3.23)")

    def write_CFGR(self, value: int, before: int) -> None:
        """Set prescalers and switch the clock (7.3.3), within what APB, flash and regulator stand."""
        switch = value & 3
        ready = (_HSIRDY, _HSERDY, _PLLRDY, 0)[switch]
        if not self.values["CR"] & ready:
            raise self.refusal(f"CFGR: switch to source {switch}, which is not ready (7.3.3)")
        taken = before >> 2 & 3 if switch == _PLL and not self.faults.pll_takes_over else switch
        with self._machine.changing_clocks():
            self._take_clock(value & ~0xC | taken << 2)

    def _take_clock(self, settings: int) -> None:
        self.values["CFGR"] = settings
        if self.apb1_hz > 42_000_000 or self.apb2_hz > 84_000_000:
            raise self.refusal(
                f"CFGR: APB1 {self.apb1_hz / 1e6:g}, APB2 {self.apb2_hz / 1e6:g} MHz; at most 42 and 84 (7.3.3)"
            )
        self.check_core(self.hclk_hz)
        self._machine.set_core_hz(self.hclk_hz)

    def write_CIR(self, value: int, before: int) -> None:
        """Clear the security system's flag, without which NMI comes for ever (7.3.4, 7.2.7)."""
        if value & _CSSC:
            self.values["CIR"] &= ~_CSSF
            self.on_security(False)

    # --- faults

    def lose_audio_clock(self, locks_again: bool) -> None:
        """Let PLLI2S lose its lock; it may lock when it is switched on again."""
        self.faults = replace(self.faults, plli2s_locks=locks_again)
        self.values["CR"] &= ~_PLLI2SRDY

    def lose_crystal(self) -> None:
        """Let HSE stop: with CSS on, HSI takes over and NMI comes (7.2.7); else the core stands still for ever."""
        with self._machine.changing_clocks():
            self.faults = replace(self.faults, hse_hz=None)
            if self._hse_runs:
                self._stop_hse()

    def _stop_hse(self) -> None:
        secured = self.values["CR"] & _CSSON
        uses_hse = self.values["PLLCFGR"] >> 22 & 1
        self._hse_runs = False
        self.values["CR"] &= ~(_HSERDY | (_PLLRDY | _PLLI2SRDY if uses_hse else 0))
        if secured:
            self.values["CR"] &= ~(_HSEON | (_PLLON | _PLLI2SON if uses_hse else 0))
            self.values["CR"] |= _HSION | _HSIRDY
            self.values["CFGR"] &= ~0xF
            self.values["CIR"] |= _CSSF
            self._machine.set_core_hz(self.hclk_hz)
            self.on_security(True)
        elif self.values["CFGR"] >> 2 & 3 and (uses_hse or self.values["CFGR"] >> 2 & 3 == 1):
            self._machine.stall(3600 * SECOND)

"""The clock tree, RM0433 8: every frequency that follows from the registers of RCC, and the gates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.reset_control import ResetControl
from designer.board.virtual.peripherals.stm32h7.pll import Pll
from designer.board.virtual.registers import Register

HSI_HZ, CSI_HZ = 64_000_000, 4_000_000
# 8.7.2: of HSI and its divider, CSI, HSI48, both domains, HSE and the PLLs.
_READY_BITS = 0x2A02E124
SW_HSI, SW_CSI, SW_HSE, SW_PLL1 = 0, 1, 2, 3
_DIVIDERS = (1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 64, 128, 256, 512)
_APB_DIVIDERS = (1, 1, 1, 1, 2, 4, 8, 16)
_RMVF, _FLAGS = 1 << 16, 0x55FA0000
# 8.4.4, table 55: flags of each cause; the core's own flag and the pin's come along.
POWER_RESET, PIN_RESET, SOFTWARE_RESET, WATCHDOG_RESET = 0x00FA0000, 0x00420000, 0x01420000, 0x04420000
_APB1L, _APB2, _APB4 = 0xE8FFC3FF, 0x31D73033, 0x0021DEAA


@dataclass(frozen=True)
class Faults:
    """What is broken about the clocks.

    Attributes
    ----------
    hse_hz : int, optional
        The clock at OSC_IN; None where there is none.
    hse_is_crystal : bool
        NUCLEO-H743ZI2 feeds OSC_IN from its ST-Link (UM2407 6.8.1): HSE then starts with HSEBYP alone.
    pll_locks : tuple of bool
        Of PLL1, PLL2 and PLL3.
    hsi_hz : int
        The internal oscillator, within 1 % of 64 MHz (DS12110).
    pll_takes_over : bool
        Whether the system clock switches to PLL1.
    """

    hse_hz: int | None = 8_000_000
    hse_is_crystal: bool = False
    pll_locks: tuple[bool, bool, bool] = (True, True, True)
    hsi_hz: int = HSI_HZ
    pll_takes_over: bool = True


class ClockTree(ResetControl):
    """The clock tree.

    Parameters
    ----------
    machine : Machine
    faults : Faults
    revision : str
        Of the silicon, 'Y' or 'V'.
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR", 0x00000025, 0x150D12BB, _READY_BITS),
        0x10: Register("CFGR", 0, 0xFFFCFFC7, 0x00000038),
        0x18: Register("D1CFGR", 0, 0x00000F7F),
        0x1C: Register("D2CFGR", 0, 0x00000770),
        0x20: Register("D3CFGR", 0, 0x00000070),
        0x28: Register("PLLCKSELR", 0x02020200, 0x03F3F3F3),
        0x2C: Register("PLLCFGR", 0x01FF0000, 0x01FF0FFF),
        **{0x30 + 8 * n: Register(f"PLL{n + 1}DIVR", 0x01010280, 0x7F7FFFFF) for n in range(3)},
        **{0x34 + 8 * n: Register(f"PLL{n + 1}FRACR", 0, 0x0000FFF8) for n in range(3)},
        0x4C: Register("D1CCIPR", 0, 0x30010033),
        0x50: Register("D2CCIP1R", 0, 0xB13771C7),
        0x54: Register("D2CCIP2R", 0, 0x70F0333F),
        0x58: Register("D3CCIPR", 0, 0x77E3FF07),
        0x60: Register("CIER", 0, 0x000003FF),
        0x64: Register("CIFR", 0, 0, 0x000007FF),
        0x68: Register("CICR", 0, 0, 0x000007FF),
        0x74: Register("CSR", 0, 0x00000001, 0x00000002),
        0x7C: Register("AHB3RSTR", 0, 0x80015031),
        0x80: Register("AHB1RSTR", 0, 0x0A008023),
        0x84: Register("AHB2RSTR", 0, 0x00000271),
        0x88: Register("AHB4RSTR", 0, 0x032807FF),
        0x90: Register("APB1LRSTR", 0, _APB1L),
        0x98: Register("APB2RSTR", 0, _APB2),
        0x9C: Register("APB4RSTR", 0, 0x0020DEAA),
        0xD0: Register("RSR", POWER_RESET, 0, _FLAGS | _RMVF),
        0xD4: Register("AHB3ENR", 0, 0x00015031),
        0xD8: Register("AHB1ENR", 0, 0x1E078023),
        0xDC: Register("AHB2ENR", 0, 0xE0000271),
        0xE0: Register("AHB4ENR", 0, 0x132807FF),
        0xE4: Register("APB3ENR", 0, 0x00000048),
        0xE8: Register("APB1LENR", 0, _APB1L),
        0xEC: Register("APB1HENR", 0, 0x00000136),
        0xF0: Register("APB2ENR", 0, _APB2),
        0xF4: Register("APB4ENR", 0x00010000, _APB4),
    }

    flags_register: ClassVar[str] = "RSR"
    flags: ClassVar[int] = _FLAGS
    forget: ClassVar[int] = _RMVF
    reset_registers: ClassVar[tuple[str, ...]] = ("AHB1RSTR", "AHB4RSTR", "APB1LRSTR", "APB2RSTR")

    def __init__(self, machine: Machine, faults: Faults, revision: str) -> None:
        self._machine = machine
        self.faults = faults
        self._revision = revision
        # Filled in by the board: limits of the core's and the buses' clocks, the security system, the D2 memories.
        self.check_core: Callable[[], None] = lambda: None
        self.on_security: Callable[[bool], None] = lambda pending: None
        self.on_memories: Callable[[int], None] = lambda enabled: None
        self._hse_runs = False
        # Counts what may have changed a clock, so that others may keep what they have computed.
        self.generation = 0
        super().__init__("RCC", 0x58024400)

    def reset(self) -> None:
        """Return to the internal oscillator; the flags of RSR stay (8.7.39)."""
        self.generation += 1
        super().reset()
        self._hse_runs = False
        self._fractions = [0, 0, 0]
        self._machine.set_core_hz(self.faults.hsi_hz)

    # --- the tree

    @property
    def hsi_hz(self) -> int:
        """Frequency of HSI behind HSIDIV (8.7.2)."""
        return self.faults.hsi_hz >> (self.values["CR"] >> 3 & 3)

    @property
    def hse_hz(self) -> int:
        """Frequency of HSE, 0 while it does not run."""
        return (self.faults.hse_hz or 0) if self._hse_runs else 0

    def _source_hz(self) -> int:
        """Frequency that feeds the PLLs (8.7.11)."""
        return (self.hsi_hz, CSI_HZ, self.faults.hse_hz or 0, 0)[self.values["PLLCKSELR"] & 3]

    def pll(self, number: int) -> Pll:
        """Give a PLL as the registers describe it."""
        return Pll.from_registers(number, self.values, self._source_hz(), self._fractions[number - 1])

    def pll_output(self, number: int, name: str) -> tuple[int, int]:
        """Frequency of an output of a PLL as a fraction; 0 unless it has locked."""
        if not self.values["CR"] >> 23 + 2 * number & 1:
            return 0, 1
        return self.pll(number).output(name)

    @property
    def sysclk_hz(self) -> int:
        """Frequency of the system clock, rounded down."""
        switch = self.values["CFGR"] >> 3 & 7
        if switch == SW_PLL1:
            numerator, denominator = self.pll(1).output("p")
            return numerator // denominator
        return (self.hsi_hz, CSI_HZ, self.faults.hse_hz or 0)[switch]

    @property
    def core_hz(self) -> int:
        """Frequency of the core (8.5.6, D1CPRE)."""
        return self.sysclk_hz // _DIVIDERS[self.values["D1CFGR"] >> 8 & 0xF]

    @property
    def hclk_hz(self) -> int:
        """Frequency of AXI and AHB (HPRE)."""
        return self.core_hz // _DIVIDERS[self.values["D1CFGR"] & 0xF]

    def apb_hz(self, number: int) -> int:
        """Frequency of a bus APB1 to APB4."""
        register, shift = {1: ("D2CFGR", 4), 2: ("D2CFGR", 8), 3: ("D1CFGR", 4), 4: ("D3CFGR", 4)}[number]
        return self.hclk_hz // _APB_DIVIDERS[self.values[register] >> shift & 7]

    def timer_hz(self, number: int) -> int:
        """Frequency of the timers of APB1 or APB2 (8.5.7, table 56, TIMPRE)."""
        divider = self.hclk_hz // self.apb_hz(number)
        most = 4 if self.values["CFGR"] >> 15 & 1 else 2
        return self.hclk_hz // max(1, divider // most)

    @property
    def rtc_source_hz(self) -> int:
        """Frequency of HSE behind RTCPRE, 0 without (8.7.7)."""
        divider = self.values["CFGR"] >> 8 & 0x3F
        return self.hse_hz // divider if divider >= 2 else 0

    def _peripheral_clock(self) -> tuple[int, int]:
        """per_ck (8.7.19)."""
        return (self.hsi_hz, CSI_HZ, self.hse_hz, 0)[self.values["D1CCIPR"] >> 28 & 3], 1

    def sai_clock(self, name: str) -> tuple[int, int]:
        """Frequency of sai_x_ker_ck as a fraction (8.7.20, 8.7.22), 0 without; `name` such as 'SAI1_A'."""
        unit = name[3]
        if unit == "4":
            choice = self.values["D3CCIPR"] >> (21 if name.endswith("A") else 24) & 7
        else:
            choice = self.values["D2CCIP1R"] >> (0 if unit == "1" else 6) & 7
        if choice == 4:
            return self._peripheral_clock()
        if choice > 2:
            return 0, 1
        return self.pll_output(*((1, "q"), (2, "p"), (3, "p"))[choice])

    def _kernel_hz(self, choice: int, bus_hz: int, outputs: tuple[tuple[int, str], ...]) -> int:
        """Give a kernel clock: the bus, outputs of PLLs, HSI, CSI in this order; 0 for what is not modelled."""
        if choice == 0:
            return bus_hz
        if choice <= len(outputs):
            numerator, denominator = self.pll_output(*outputs[choice - 1])
            return numerator // denominator
        rest = choice - len(outputs) - 1
        return (self.hsi_hz, CSI_HZ)[rest] if rest < 2 else 0

    def usart_hz(self) -> int:
        """Kernel clock of USART2 to 5, 7 and 8 (8.7.21)."""
        return self._kernel_hz(self.values["D2CCIP2R"] & 7, self.apb_hz(1), ((2, "q"), (3, "q")))

    def i2c_hz(self, number: int) -> int:
        """Kernel clock of an I2C (8.7.21, 8.7.22)."""
        if number == 4:
            return self._kernel_hz(self.values["D3CCIPR"] >> 8 & 3, self.apb_hz(4), ((3, "r"),))
        return self._kernel_hz(self.values["D2CCIP2R"] >> 12 & 3, self.apb_hz(1), ((3, "r"),))

    def adc_hz(self) -> int:
        """Kernel clock of the ADCs (8.7.22)."""
        choice = self.values["D3CCIPR"] >> 16 & 3
        sources = (self.pll_output(2, "p"), self.pll_output(3, "r"), self._peripheral_clock(), (0, 1))
        return sources[choice][0] // sources[choice][1]

    def gate(self, register: str, bit: int) -> Callable[[], bool]:
        """Give the question whether a block's clock is on, and the block is not held in reset."""
        reset = register.replace("ENR", "RSTR")
        return lambda: bool((self.values[register] & ~self.values.get(reset, 0)) >> bit & 1)

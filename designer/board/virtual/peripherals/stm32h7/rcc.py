"""Reset and clock control, RM0433 8: oscillators, three PLLs, prescalers, kernel clocks, gates, reset flags.

Times: HSE 2 ms (DS12110, typical), PLL 50 us (at most 150), LSI 80 us.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.stm32h7.pll import Pll
from designer.board.virtual.registers import Register, RegisterBlock

HSI_HZ, CSI_HZ = 64_000_000, 4_000_000
_HSE_START, _PLL_LOCK, _LSI_START = 2 * SECOND // 1000, 50 * SECOND // 10**6, 80 * SECOND // 10**6
_HSION, _HSIRDY, _HSIDIVF, _CSION, _CSIRDY = 1 << 0, 1 << 2, 1 << 5, 1 << 7, 1 << 8
_HSI48ON, _HSI48RDY = 1 << 12, 1 << 13
_HSEON, _HSERDY, _HSEBYP, _CSSHSEON = 1 << 16, 1 << 17, 1 << 18, 1 << 19
_READY_BITS = _HSIRDY | _HSIDIVF | _CSIRDY | _HSI48RDY | 0xC000 | _HSERDY | 0x2A000000
_HSECSSF = 1 << 10
_SW_HSI, _SW_CSI, _SW_HSE, _SW_PLL1 = 0, 1, 2, 3
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


class Rcc(RegisterBlock):
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

    def __init__(self, machine: Machine, faults: Faults, revision: str) -> None:
        self._machine = machine
        self.faults = faults
        self._revision = revision
        # Filled in by the board: limits of the core's and the buses' clocks, the security system, the D2 memories.
        self.check_core: Callable[[], None] = lambda: None
        self.on_security: Callable[[bool], None] = lambda pending: None
        self.on_memories: Callable[[int], None] = lambda enabled: None
        # What to reset for each bit of a reset register.
        self.blocks_of: dict[tuple[str, int], tuple[RegisterBlock, ...]] = {}
        self._hse_runs = False
        # Counts what may have changed a clock, so that others may keep what they have computed.
        self.generation = 0
        super().__init__("RCC", 0x58024400)
        for number in (1, 2, 3):
            offset = 0x28 + 8 * number
            self._writes[offset] = partial(self._write_dividers, number)
        for register, offset in (("AHB1RSTR", 0x80), ("AHB4RSTR", 0x88), ("APB1LRSTR", 0x90), ("APB2RSTR", 0x98)):
            self._writes[offset] = partial(self._reset_blocks, register)

    def reset(self) -> None:
        """Return to the internal oscillator; the flags of RSR stay (8.7.38)."""
        flags = self.values.get("RSR", POWER_RESET) & _FLAGS
        self.generation += 1
        super().reset()
        self.values["RSR"] = flags
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
        """Frequency that feeds the PLLs (8.7.10)."""
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
        if switch == _SW_PLL1:
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

    # --- registers

    def write(self, offset: int, size: int, value: int) -> None:
        """Take a write of the processor."""
        self.generation += 1
        super().write(offset, size, value)

    def _in_use(self) -> dict[str, bool]:
        """Which oscillators the system clock needs."""
        switch, source = self.values["CFGR"] >> 3 & 7, self.values["PLLCKSELR"] & 3
        by_pll = switch == _SW_PLL1
        return {
            "HSI": switch == _SW_HSI or (by_pll and source == 0),
            "CSI": switch == _SW_CSI or (by_pll and source == 1),
            "HSE": switch == _SW_HSE or (by_pll and source == 2),
            "PLL1": by_pll,
        }

    def write_CR(self, value: int, before: int) -> None:
        """Switch oscillators and PLLs (8.7.2); what drives the system clock cannot be stopped."""
        in_use = self._in_use()
        bits = {"HSI": _HSION, "CSI": _CSION, "HSE": _HSEON, "PLL1": 1 << 24}
        for name, bit in bits.items():
            if before & bit and not value & bit and in_use[name]:
                raise self.refusal(f"CR: {name} is off while the system clock needs it (8.7.2)")
        if (value ^ before) & _HSEBYP and before & _HSEON:
            raise self.refusal("CR: HSEBYP is written while HSE is on (8.7.2)")
        if (value ^ before) & 0x18 and any(before >> 24 + 2 * n & 1 for n in range(3)) and not self._source():
            raise self.refusal("CR: HSIDIV is changed while a PLL runs on HSI (8.7.2)")
        rising = value & ~before
        self.values["CR"] |= (_HSIRDY if rising & _HSION else 0) | (_CSIRDY if rising & _CSION else 0)
        self.values["CR"] |= _HSI48RDY if rising & _HSI48ON else 0
        fits = self.faults.hse_is_crystal == (not value & _HSEBYP)
        if rising & _HSEON and self.faults.hse_hz is not None and fits:
            self._machine.after(_HSE_START, self._start_hse)
        for n in range(3):
            if rising >> 24 + 2 * n & 1:
                self._start_pll(n)
        pairs = [(_HSION, _HSIRDY), (_CSION, _CSIRDY), (_HSI48ON, _HSI48RDY), (_HSEON, _HSERDY)]
        for on, ready in [*pairs, *((1 << 24 + 2 * n, 1 << 25 + 2 * n) for n in range(3))]:
            if not value & on:
                self.values["CR"] &= ~ready
        self._hse_runs = bool(self.values["CR"] & _HSERDY)
        if self.values["CFGR"] >> 3 & 7 == _SW_HSI:
            self._apply()

    def _source(self) -> int:
        return self.values["PLLCKSELR"] & 3

    def _start_hse(self) -> None:
        if self.values["CR"] & _HSEON and self.faults.hse_hz is not None:
            self.values["CR"] |= _HSERDY
            self._hse_runs = True
            self.generation += 1

    def _start_pll(self, n: int) -> None:
        complaint = self.pll(n + 1).complaint(self._revision)
        ready = (_HSIRDY, _CSIRDY, _HSERDY, 0)[self._source()]
        if complaint is None and not self.values["CR"] & ready:
            complaint = f"PLL{n + 1} is switched on while its source is not ready (8.5.5)"
        if complaint is not None:
            raise self.refusal(complaint)
        if self.faults.pll_locks[n]:
            self._machine.after(_PLL_LOCK, lambda: self._lock(n))

    def _lock(self, n: int) -> None:
        if self.values["CR"] >> 24 + 2 * n & 1 and (self._hse_runs or self._source() != 2):
            self.values["CR"] |= 1 << 25 + 2 * n
            self.generation += 1

    def _is_on(self, number: int) -> bool:
        """Whether a PLL is on or still ready."""
        return bool(self.values["CR"] >> 22 + 2 * number & 3)

    def write_PLLCKSELR(self, value: int, before: int) -> None:
        """Refuse changes while a PLL is on that they concern (8.7.10)."""
        for number in (1, 2, 3):
            mask = 3 | 0x3F << 4 + 8 * (number - 1)
            if (value ^ before) & mask and self._is_on(number):
                raise self.refusal(f"PLLCKSELR is written while PLL{number} is on (8.7.10)")

    def write_PLLCFGR(self, value: int, before: int) -> None:
        """Refuse ranges and outputs while the PLL is on; take a fraction over (8.7.11)."""
        for n in range(3):
            fixed = 0xE << 4 * n | 7 << 16 + 3 * n
            if (value ^ before) & fixed and self._is_on(n + 1):
                raise self.refusal(f"PLLCFGR: range and outputs of PLL{n + 1} are written while it is on (8.7.11)")
            if value & ~before & 1 << 4 * n:
                self._fractions[n] = self.values[f"PLL{n + 1}FRACR"] >> 3
        self._machine.on_change()

    def _write_dividers(self, number: int, _value: int, _before: int) -> None:
        if self._is_on(number):
            raise self.refusal(f"PLL{number}DIVR is written while PLL{number} is on (8.7.12)")

    def write_CFGR(self, value: int, before: int) -> None:
        """Switch the system clock (8.7.7)."""
        switch = value & 7
        ready = (_HSIRDY, _CSIRDY, _HSERDY, 1 << 25, 0, 0, 0, 0)[switch]
        if not self.values["CR"] & ready:
            raise self.refusal(f"CFGR: switch to source {switch}, which is not ready (8.7.7)")
        if switch == _SW_PLL1 and not self.pll(1).enables & 1:
            raise self.refusal("CFGR: switch to PLL1, whose output P is off (8.7.11)")
        taken = before >> 3 & 7 if switch == _SW_PLL1 and not self.faults.pll_takes_over else switch
        self.values["CFGR"] = self.values["CFGR"] & ~0x38 | taken << 3
        self._apply()

    def _apply(self) -> None:
        """Check the limits of core and buses, and run at the new clock."""
        self.check_core()
        self._machine.set_core_hz(self.core_hz)

    def write_D1CFGR(self, value: int, before: int) -> None:
        """Set the prescalers of core, AXI and APB3 (8.7.8)."""
        self._apply()

    def write_D2CFGR(self, value: int, before: int) -> None:
        """Set the prescalers of APB1 and APB2 (8.7.9)."""
        self._apply()

    def write_D3CFGR(self, value: int, before: int) -> None:
        """Set the prescaler of APB4."""
        self._apply()

    def write_CICR(self, value: int, before: int) -> None:
        """Clear flags; without this one NMI comes for ever (8.7.27)."""
        self.values["CIFR"] &= ~value
        if value & _HSECSSF:
            self.on_security(False)

    def write_CSR(self, value: int, before: int) -> None:
        """Switch LSI (8.7.29)."""
        if value & ~before & 1:
            self._machine.after(_LSI_START, self._start_lsi)
        elif not value & 1:
            self.values["CSR"] &= ~2

    def _start_lsi(self) -> None:
        self.values["CSR"] |= 2 if self.values["CSR"] & 1 else 0

    def write_AHB2ENR(self, value: int, before: int) -> None:
        """Give the memories of D2 their clocks (8.7.41)."""
        self.on_memories(value >> 29 & 7)

    def _reset_blocks(self, register: str, value: int, _before: int) -> None:
        for bit in range(32):
            if value >> bit & 1:
                if (register, bit) not in self.blocks_of:
                    raise self.refusal(f"{register}: bit {bit} resets a block that is not modelled")
                for block in self.blocks_of[register, bit]:
                    block.reset()

    def write_RSR(self, value: int, before: int) -> None:
        """Clear the reset flags (8.7.38)."""
        if value & _RMVF:
            self.values["RSR"] &= ~_FLAGS

    # --- faults

    def note_reset(self, flags: int) -> None:
        """Add to the flags of RSR."""
        self.values["RSR"] |= flags

    def lose_audio_clock(self, number: int, locks_again: bool) -> None:
        """Let a PLL lose its lock; it may lock when it is switched on again."""
        self.generation += 1
        locks = list(self.faults.pll_locks)
        locks[number - 1] = locks_again
        self.faults = replace(self.faults, pll_locks=(locks[0], locks[1], locks[2]))
        self.values["CR"] &= ~(1 << 23 + 2 * number)

    def lose_crystal(self) -> None:
        """Let HSE stop: with CSS on, HSI takes over and NMI comes (8.5.3); else the core stands still for ever."""
        self.generation += 1
        in_use = self._in_use()["HSE"]
        self.faults = replace(self.faults, hse_hz=None)
        if not self._hse_runs:
            return
        feeds_plls = self._source() == 2
        self._hse_runs = False
        self.values["CR"] &= ~(_HSERDY | (0x2A000000 if feeds_plls else 0))
        if self.values["CR"] & _CSSHSEON:
            self.values["CR"] &= ~(_HSEON | (0x15000000 if feeds_plls else 0))
            if in_use:
                self.values["CFGR"] &= ~0x3F
            self.values["CIFR"] |= _HSECSSF
            self._machine.set_core_hz(self.core_hz)
            self.on_security(True)
        elif in_use:
            self._machine.stall(3600 * SECOND)

"""Reset and clock control, RM0433 8: oscillators and PLLs that start and stop, switches, prescalers, faults.

Times: HSE 2 ms (DS12110, typical), PLL 50 us (at most 150), LSI 80 us.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.stm32h7.clock_tree import SW_CSI, SW_HSE, SW_HSI, SW_PLL1, ClockTree, Faults

_HSE_START, _PLL_LOCK, _LSI_START = 2 * SECOND // 1000, 50 * SECOND // 10**6, 80 * SECOND // 10**6
_HSION, _HSIRDY, _CSION, _CSIRDY = 1 << 0, 1 << 2, 1 << 7, 1 << 8
_HSI48ON, _HSI48RDY = 1 << 12, 1 << 13
_HSEON, _HSERDY, _HSEBYP, _CSSHSEON = 1 << 16, 1 << 17, 1 << 18, 1 << 19
_HSECSSF = 1 << 10


class Rcc(ClockTree):
    """The clock tree and what its registers do."""

    def __init__(self, machine: Machine, faults: Faults, revision: str) -> None:
        super().__init__(machine, faults, revision)
        for number in (1, 2, 3):
            self._writes[0x28 + 8 * number] = partial(self._write_dividers, number)

    def write(self, offset: int, size: int, value: int) -> None:
        """Take a write of the processor."""
        self.generation += 1
        super().write(offset, size, value)

    def _in_use(self) -> dict[str, bool]:
        """Which oscillators the system clock needs."""
        switch, source = self.values["CFGR"] >> 3 & 7, self.values["PLLCKSELR"] & 3
        by_pll = switch == SW_PLL1
        return {
            "HSI": switch == SW_HSI or (by_pll and source == 0),
            "CSI": switch == SW_CSI or (by_pll and source == 1),
            "HSE": switch == SW_HSE or (by_pll and source == 2),
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
        if self.values["CFGR"] >> 3 & 7 == SW_HSI:
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
        """Refuse changes while a PLL is on that they concern (8.7.11)."""
        for number in (1, 2, 3):
            mask = 3 | 0x3F << 4 + 8 * (number - 1)
            if (value ^ before) & mask and self._is_on(number):
                raise self.refusal(f"PLLCKSELR is written while PLL{number} is on (8.7.11)")

    def write_PLLCFGR(self, value: int, before: int) -> None:
        """Refuse ranges and outputs while the PLL is on; take a fraction over (8.7.12)."""
        for n in range(3):
            fixed = 0xE << 4 * n | 7 << 16 + 3 * n
            if (value ^ before) & fixed and self._is_on(n + 1):
                raise self.refusal(f"PLLCFGR: range and outputs of PLL{n + 1} are written while it is on (8.7.12)")
            if value & ~before & 1 << 4 * n:
                self._fractions[n] = self.values[f"PLL{n + 1}FRACR"] >> 3
        self._machine.on_change()

    def _write_dividers(self, number: int, _value: int, _before: int) -> None:
        if self._is_on(number):
            raise self.refusal(f"PLL{number}DIVR is written while PLL{number} is on (8.7.13)")

    def write_CFGR(self, value: int, before: int) -> None:
        """Switch the system clock (8.7.7)."""
        switch = value & 7
        ready = (_HSIRDY, _CSIRDY, _HSERDY, 1 << 25, 0, 0, 0, 0)[switch]
        if not self.values["CR"] & ready:
            raise self.refusal(f"CFGR: switch to source {switch}, which is not ready (8.7.7)")
        if switch == SW_PLL1 and not self.pll(1).enables & 1:
            raise self.refusal("CFGR: switch to PLL1, whose output P is off (8.7.12)")
        taken = before >> 3 & 7 if switch == SW_PLL1 and not self.faults.pll_takes_over else switch
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
        """Clear flags; without this one NMI comes for ever (8.7.25)."""
        self.values["CIFR"] &= ~value
        if value & _HSECSSF:
            self.on_security(False)

    def write_CSR(self, value: int, before: int) -> None:
        """Switch LSI (8.7.27)."""
        if value & ~before & 1:
            self._machine.after(_LSI_START, self._start_lsi)
        elif not value & 1:
            self.values["CSR"] &= ~2

    def _start_lsi(self) -> None:
        self.values["CSR"] |= 2 if self.values["CSR"] & 1 else 0

    def write_AHB2ENR(self, value: int, before: int) -> None:
        """Give the memories of D2 their clocks (8.7.42)."""
        self.on_memories(value >> 29 & 7)

    # --- faults

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


__all__ = ["Faults", "Rcc"]

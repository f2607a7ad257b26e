"""What the boards with an STM32 have alike: power-on, resets, and what a host asks of them."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from designer.board.virtual.converters import Adc, Dac
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.flash_cells import FlashCells
from designer.board.virtual.peripherals.reset_control import ResetControl
from designer.board.virtual.registers import RegisterBlock

FLASH_START = 0x08000000


class Stm32Board(ABC):
    """A board; a subclass makes its parts.

    Parameters
    ----------
    machine : Machine
    seed : int
        Of the RAM's contents at power-on.
    """

    rcc: ResetControl
    flash: FlashCells
    adc: Adc
    dacs: Sequence[Dac]
    _blocks: list[RegisterBlock]

    def __init__(self, machine: Machine, seed: int) -> None:
        self.machine = machine
        self._random = random.Random(seed)

    # --- what differs

    @abstractmethod
    def _memories(self) -> Iterable[tuple[int, int]]:
        """Give first byte and size of each RAM."""

    @abstractmethod
    def _power_on_reset(self) -> int:
        """Give the reset flags of a power-on, and prepare what only the supply resets."""

    @abstractmethod
    def _pin_reset(self) -> int:
        """Give the flags of the reset pin, which come along with every reset."""

    @abstractmethod
    def _after_reset(self) -> None:
        """Bring what is no register to its state after a reset."""

    # --- what is alike

    def power_on(self) -> None:
        """Switch the supply on: RAM is random, the flash is what it was."""
        for start, size in self._memories():
            self.machine.cpu.write(start, self._random.randbytes(size))
        self.flash.power_on()
        self.rcc.forget_resets()
        self.reset(self._power_on_reset())

    def reset(self, flags: int = 0) -> None:
        """Reset everything but the RAM; by default, as the reset pin does."""
        self.machine.restart(FLASH_START)
        self.rcc.note_reset(flags | self._pin_reset())
        for block in self._blocks:
            block.reset()
        self._after_reset()
        self.adc.restart()
        for dac in self.dacs:
            dac.restart()

    def want_reset(self, flags: int) -> None:
        """Reset as soon as the present instruction is over."""
        self.machine.want_reset(lambda: self.reset(flags))

    @property
    def ignored(self) -> list[str]:
        """Accesses to blocks without a clock, which hardware ignores."""
        return [text for block in self._blocks for text in block.ignored]

    def run(self, seconds: float) -> None:
        """Run for so much virtual time; a supply that fails ends it."""
        self.machine.run(round(seconds * 10**15))

"""The boards that are modelled: what each offers to the rest of this package, and how to make one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from designer.board.virtual import stm32f405, stm32h743
from designer.board.virtual.converters import Adc, Dac
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.dma import Dma
from designer.board.virtual.peripherals.usart import Usart
from designer.board.virtual.stm32f405 import Stm32f405
from designer.board.virtual.stm32f407 import Stm32f407
from designer.board.virtual.stm32h743 import Stm32h743
from designer.errors import HilError


class ExecutedBoard(Protocol):
    """A board that executes an image."""

    @property
    def machine(self) -> Machine:
        """Processor, exceptions and events."""

    @property
    def usart(self) -> Usart:
        """The serial line."""

    @property
    def dacs(self) -> Sequence[Dac]:
        """In the order of their channels."""

    @property
    def adc(self) -> Adc:
        """The one that records."""

    @property
    def controllers(self) -> Sequence[Dma]:
        """DMA controllers in the order of their names."""

    @property
    def recording_stream(self) -> tuple[int, int]:
        """Index of the controller, and the stream, that bring what the ADC records."""

    @property
    def interrupt_names(self) -> Mapping[int, str]:
        """What each interrupt is of."""

    @property
    def ignored(self) -> list[str]:
        """Accesses to blocks without a clock, which hardware ignores."""

    @property
    def races(self) -> int:
        """Halves of a buffer that were written while a DAC read them."""

    @property
    def run_frames(self) -> int:
        """Frames that the ADC gives at once."""

    def sample_rate_hz(self) -> int:
        """Frames a second, rounded down; 0 while the audio clock stands."""

    def reset(self) -> None:
        """Press the reset button."""

    def power_on(self) -> None:
        """Switch the supply off and on."""

    def run(self, seconds: float) -> None:
        """Run for so much virtual time."""


def _stm32f40x(kind: type[Stm32f405], elf: Path, crystal_hz: int, codec: str | None) -> ExecutedBoard:
    if codec is not None:
        raise HilError(f"codec '{codec}': the {kind.__name__.upper()} has no TDM line: take the STM32H743")
    return kind(elf, stm32f405.Faults(hse_hz=crystal_hz))


def _stm32h743(elf: Path, crystal_hz: int, codec: str | None) -> ExecutedBoard:
    return Stm32h743(elf, stm32h743.Faults(hse_hz=crystal_hz), codec=codec)


# Of an image, the frequency of the board's crystal in Hz, and the codec on its TDM line, if any.
CHIPS: dict[str, Callable[[Path, int, str | None], ExecutedBoard]] = {
    "stm32f405": partial(_stm32f40x, Stm32f405),
    "stm32f407": partial(_stm32f40x, Stm32f407),
    "stm32h743": _stm32h743,
}

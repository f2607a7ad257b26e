"""What the mutations and their verdicts must know of a chip, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from designer.board.virtual.peripherals import rcc as f405_rcc
from designer.board.virtual.peripherals.stm32h7 import rcc as h743_rcc
from designer.board.virtual.stm32f405 import Stm32f405
from designer.board.virtual.stm32h743 import Stm32h743
from designer.board.virtual.stm32h743_audio import MUTE_PIN

# A board of either kind: they have no common base that a type could name.
AnyBoard = Any
Actions = dict[str, Callable[[], None]]
# Name of the steps (verdict.py), and how the board differs.
Case = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Chip:
    """A port and the board that executes it.

    Attributes
    ----------
    name : str
        Of the board that the image is built for.
    layout : dict
        Of the image: so many drivers that all outputs are needed.
    board : callable
        Makes a board of an image.
    ports : tuple of str
        Directories of the port's sources.
    headers : tuple of str
        Header files with the registers' names, below ``firmware/port``.
    interrupts : int
    record : str
        The test of the order of writes.
    mute_pin : str
    cases : dict
        What is run on the board.
    clocks, starts : callable
        Give the board's clocks, and when its converters have started.
    faults : callable
        Gives what may happen while the board plays.
    lose_pll : callable
        Takes the PLLs away.
    """

    name: str
    layout: dict[str, Any]
    board: Callable[..., AnyBoard]
    ports: tuple[str, ...]
    headers: tuple[str, ...]
    interrupts: int
    record: str
    mute_pin: str
    cases: dict[str, Case]
    clocks: Callable[[AnyBoard], tuple[object, ...]]
    starts: Callable[[AnyBoard], tuple[object, ...]]
    faults: Callable[[AnyBoard], Actions]
    lose_pll: Callable[[AnyBoard], None]


def _f405_clocks(board: Stm32f405) -> tuple[object, ...]:
    rcc = board.rcc
    return rcc.sysclk_hz, rcc.apb1_hz, rcc.apb2_hz, *board.spi2.halfword_rate(), *board.spi3.halfword_rate()


def _f405_faults(board: Stm32f405) -> Actions:
    return {
        "overrun": board.i2s2ext.overrun,
        "frame error": board.i2s2ext.lose_frame,
        "late output of DAC 2": board.spi3.underrun,
        **{f"failure of stream {n}": partial(board.dma.fail, n) for n in (3, 4, 5)},
        "stop of the audio clock": partial(board.rcc.lose_audio_clock, locks_again=True),
        "stall of the core": lambda: board.machine.stall(2 * 10**12),
        "loss of the crystal": board.rcc.lose_crystal,
    }


def _f405_lose_pll(board: Stm32f405) -> None:
    board.rcc.faults = replace(board.rcc.faults, pll_locks=False)


def _h743_clocks(board: Stm32h743) -> tuple[object, ...]:
    rcc = board.rcc
    return rcc.core_hz, rcc.hclk_hz, *(rcc.apb_hz(n) for n in (1, 2, 3, 4)), board.sample_rate_hz(), board.pwr.scale


def _h743_faults(board: Stm32h743) -> Actions:
    return {
        **{f"late word of {name}": board.block(name).slip for name in ("SAI1_B", "SAI2_A", "SAI3_A")},
        **{f"failure of stream {n}": partial(board.dma[0].fail, n) for n in range(5)},
        "stop of the audio clock": partial(board.rcc.lose_audio_clock, 2, locks_again=True),
        "stall of the core": lambda: board.machine.stall(2 * 10**12),
        "loss of the crystal": board.rcc.lose_crystal,
    }


def _h743_tdm8_faults(board: Stm32h743) -> Actions:
    return {
        **{f"late word of {name}": board.block(name).slip for name in ("SAI1_A", "SAI1_B")},
        "stop of the audio clock": partial(board.rcc.lose_audio_clock, 2, locks_again=True),
    }


def _h743_lose_pll(board: Stm32h743) -> None:
    board.rcc.faults = replace(board.rcc.faults, pll_locks=(False, False, False))


def _f405_case(steps: str, **faults: Any) -> Case:
    return steps, {"clock_faults": f405_rcc.Faults(**faults)}


def _h743_case(steps: str, **faults: Any) -> Case:
    return steps, {"clock_faults": h743_rcc.Faults(**faults)}


STM32F405 = Chip(
    name="stm32f405",
    layout={"drivers": 4},
    board=Stm32f405,
    ports=("stm32f405", "stm32f40x", "stm32", "cortex_m"),
    headers=("stm32f40x/registers.h", "cortex_m/core_registers.h"),
    interrupts=82,
    record="test_registers_written.py",
    mute_pin="PC8",
    cases={
        "boot": _f405_case("boot"),
        "12 MHz": _f405_case("boot", hse_hz=12_000_000),
        "commit": _f405_case("commit"),
        "faults": _f405_case("faults"),
        "no crystal": _f405_case("other clocks", hse_hz=None),
        "no PLL": _f405_case("other clocks", pll_locks=False),
        "no switch to the PLL": _f405_case("other clocks", pll_takes_over=False),
        "no audio PLL": _f405_case("other clocks", plli2s_locks=False),
        "loss of the crystal without a PLL": _f405_case("lost clock"),
        "resets": _f405_case("resets"),
        "bootloader": _f405_case("bootloader"),
    },
    clocks=_f405_clocks,
    starts=lambda board: (board.spi3.enabled_at - board.spi2.enabled_at,),
    faults=_f405_faults,
    lose_pll=_f405_lose_pll,
)
STM32H743 = Chip(
    name="stm32h743",
    layout={"drivers": 8},
    board=Stm32h743,
    ports=("stm32h743", "stm32", "cortex_m"),
    headers=("stm32h743/registers.h", "cortex_m/core_registers.h"),
    interrupts=150,
    record="test_registers_written_h743.py",
    mute_pin=MUTE_PIN,
    cases={
        "boot": _h743_case("boot"),
        "25 MHz crystal": _h743_case("boot", hse_hz=25_000_000, hse_is_crystal=True),
        "commit": _h743_case("commit"),
        "faults": _h743_case("faults"),
        "revision Y": ("boot", {"revision": "Y"}),
        "no clock from outside": _h743_case("other clocks", hse_hz=None),
        "no PLL": _h743_case("other clocks", pll_locks=(False, True, True)),
        "no switch to the PLL": _h743_case("other clocks", pll_takes_over=False),
        "no audio PLL": _h743_case("other clocks", pll_locks=(True, False, True)),
        "loss of the clock without a PLL": _h743_case("lost clock"),
        "resets": _h743_case("resets"),
        "bootloader": _h743_case("bootloader"),
    },
    clocks=_h743_clocks,
    # All blocks begin with the master's frame: what is heard tells.
    starts=lambda board: (),
    faults=_h743_faults,
    lose_pll=_h743_lose_pll,
)
# The same port with a codec on one line, which it sets up over I2C.
STM32H743_TDM8 = replace(
    STM32H743,
    layout={"drivers": 8, "board": 'audio.bus = "tdm8"'},
    board=partial(Stm32h743, codec="pcm3168a"),
    faults=_h743_tdm8_faults,
)
CHIPS = {"stm32f405": STM32F405, "stm32h743": STM32H743, "stm32h743:tdm8": STM32H743_TDM8}

"""Faults of the STM32H743's clocks, converters, memory and program, and what the firmware does about each."""

import numpy as np
import pytest
from executed import plays_bit_exact, taken
from h743 import tables_in_flash
from unicorn.arm_const import UC_ARM_REG_PC, UC_ARM_REG_PRIMASK, UC_ARM_REG_SP

from designer import protocol
from designer.board.session import Board
from designer.board.virtual.events import SECOND
from designer.board.virtual.peripherals.stm32h7.rcc import Faults
from designer.board.virtual.stm32h743_audio import MUTE_PIN
from designer.board.virtual.transport import VirtualTransport

BLOCKS = ("SAI1_A", "SAI1_B", "SAI2_A", "SAI2_B", "SAI3_A")
SPARE_RAM = 0x24070000


def sleep(machine):
    """Run on until the core sleeps: in the program, in no handler."""
    assert machine.machine.run(SECOND, lambda: machine.machine.is_asleep)


@pytest.fixture
def playing(small):
    machine, board = small.boot()
    machine.run(0.05)
    assert machine.pins.output(MUTE_PIN) is True
    return machine, board


@pytest.mark.parametrize("name", BLOCKS)
def test_a_word_that_comes_too_late_restarts_the_converters_with_a_fade(small, playing, name):
    machine, board = playing
    machine.block(name).slip()
    machine.run(0.02)
    health = board.health()
    assert health["player"] == "PLAYING"
    assert (health["overruns"], health["underruns"]) == ((1, 0) if name == "SAI3_A" else (0, 1))
    machine.run(0.05)
    assert machine.pins.output(MUTE_PIN) is True
    assert plays_bit_exact(machine, small)


@pytest.mark.parametrize("stream", range(5))
def test_a_stream_that_fails_is_started_again(small, playing, stream):
    machine, board = playing
    machine.dma[0].fail(stream)
    machine.run(0.05)
    health = board.health()
    assert (health["player"], health["audio_clock"]) == ("PLAYING", "I2S")
    assert health["overruns"] + health["underruns"] == 1
    assert plays_bit_exact(machine, small)


def test_an_audio_clock_that_stops_is_started_again(small, playing):
    machine, board = playing
    machine.rcc.lose_audio_clock(2, locks_again=True)
    machine.run(0.3)
    assert (board.health()["player"], board.health()["audio_clock"]) == ("PLAYING", "I2S")
    assert plays_bit_exact(machine, small)


def test_an_audio_clock_that_stops_for_good_leaves_the_board_with_its_timer_muted(playing):
    machine, board = playing
    machine.rcc.lose_audio_clock(2, locks_again=False)
    machine.run(0.3)
    assert board.health()["audio_clock"] == "TIMER"
    assert machine.pins.output(MUTE_PIN) is False


def test_a_clock_lost_while_playing_is_replaced_without_a_reset(small, playing):
    machine, board = playing
    restarts = machine.machine.restarts
    machine.rcc.lose_crystal()
    machine.run(0.3)
    assert machine.machine.restarts == restarts
    health = board.health()
    assert (health["clock_source"], health["player"]) == ("HSI_PLL", "PLAYING")
    assert plays_bit_exact(machine, small)


@pytest.mark.parametrize("crystal_hz", [8_000_000, 16_000_000, 25_000_000])
def test_one_image_plays_at_48_khz_with_any_crystal(small, crystal_hz):
    machine, board = small.boot(clock_faults=Faults(hse_hz=crystal_hz))
    assert (board.info.clock_source, machine.sample_rate_hz()) in (("HSE_PLL", 48000), ("HSE_PLL", 47999))


def test_a_program_that_hangs_is_reset_by_the_watchdog(playing):
    machine, board = playing
    sleep(machine)
    cpu = machine.machine.cpu
    cpu.write(SPARE_RAM, b"\x30\xbf\xfd\xe7")  # WFI for ever
    cpu.engine.reg_write(UC_ARM_REG_PC, SPARE_RAM | 1)
    cpu.engine.reg_write(UC_ARM_REG_PRIMASK, 0)
    machine.machine.wake()
    machine.run(4.0)
    assert board.link.hello()["reset_cause"] == protocol.RESET["WATCHDOG"]


def test_a_stack_in_its_guard_is_a_memory_fault_and_a_reset(playing):
    machine, board = playing
    sleep(machine)
    first, size = machine.mpu._guards[0]
    machine.machine.cpu.engine.reg_write(UC_ARM_REG_SP, first + size)
    machine.run(0.1)
    fields = board.link.hello()
    assert fields["reset_cause"] == protocol.RESET["FAULT"]
    assert (fields["fault_exception"], fields["faults"]) == (4, 1)
    assert board.health()["player"] == "PLAYING"


def test_two_wrong_bits_of_the_tables_are_a_bus_fault_that_is_told(small, playing):
    machine, _ = playing
    sleep(machine)
    machine.flash.flip(tables_in_flash(small) + 64, 0b101)
    machine.run(1.0)
    board = Board(VirtualTransport(machine))
    fields = board.link.hello()
    assert (fields["fault_exception"], fields["faults"]) == (5, 3)
    assert board.health()["player"] == "FAULTS"
    assert machine.pins.output(MUTE_PIN) is not True


def test_one_wrong_bit_of_the_tables_changes_no_sample(small, playing):
    """Error correction gives the tables as they are: the check of the tables finds nothing to mute for."""
    machine, board = playing
    machine.flash.flip(tables_in_flash(small), 1)
    before = board.health()["table_checks"]
    machine.run(2.0)
    health = board.health()
    assert (health["player"], health["table_checks"] > before) == ("PLAYING", True)
    assert plays_bit_exact(machine, small)


def test_nothing_is_heard_of_a_board_in_reset(playing):
    machine, _ = playing
    taken(machine)
    machine.reset()
    machine.run(0.002)
    assert not np.any(taken(machine))

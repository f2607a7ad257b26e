"""Faults that only executed hardware can have, and what the firmware does about each."""

import numpy as np
from unicorn.arm_const import UC_ARM_REG_SP

from designer import protocol
from designer.board.virtual.converters import words_of
from designer.board.virtual.events import SECOND
from designer.board.virtual.peripherals.dma import TRANSFER_ERROR

RECEIVE, TRANSMIT_1 = 3, 4


def test_a_crystal_lost_while_playing_ends_in_a_watchdog_reset_and_the_internal_oscillator(small):
    machine, board = small.boot()
    machine.run(0.02)
    machine.rcc.lose_crystal()
    machine.run(3.0)
    fields = board.link.hello()
    assert fields["reset_cause"] == protocol.RESET["WATCHDOG"]
    assert board.health()["clock_source"] == "HSI_PLL"
    assert board.health()["player"] == "PLAYING"


def test_a_receive_stream_that_fails_ends_in_a_watchdog_reset(small):
    machine, board = small.boot()
    machine.run(0.02)
    machine.dma.fail(RECEIVE)
    assert machine.dma.flags(RECEIVE) & TRANSFER_ERROR
    machine.run(4.0)
    assert board.link.hello()["reset_cause"] == protocol.RESET["WATCHDOG"]
    assert board.health()["player"] == "PLAYING"


def test_a_transmit_stream_that_fails_repeats_its_last_half_word(small):
    machine, _ = small.boot()
    machine.adc.feed(np.random.default_rng(1).integers(-(2**31), 2**31, (9000, 2)).astype(np.int32))
    machine.run(0.05)
    machine.dma.fail(TRANSMIT_1)
    machine.run(0.005)
    machine.dacs[0].take()
    machine.run(0.02)
    heard = machine.dacs[0].take()
    assert len(np.unique(heard)) == 1


def test_an_overrun_is_counted_and_shifts_every_word_behind_it(small):
    machine, board = small.boot()
    signal = np.stack([np.arange(9000) << 16, -1 - (np.arange(9000) << 16)], axis=1).astype(np.int32)
    machine.run(0.02)
    machine.adc.feed(signal)
    machine.i2s2ext.overrun()
    machine.run(0.02)
    assert board.health()["overruns"] == 1
    address = machine.dma.values[f"S{RECEIVE}M0AR"]
    recorded = words_of(machine.machine.cpu.read(address, 32 * 8))
    # Left and right are each made of the lower half of one word and the upper half of the next.
    assert set(np.unique(recorded[1:-1, 0] >> 16)) <= {0, -1}


def test_a_short_supply_failure_is_told(small):
    machine, board = small.boot()
    machine.power_on()
    machine.run(0.02)
    assert board.link.hello()["reset_cause"] == protocol.RESET["POWER"]


def test_a_lost_audio_clock_stops_the_frames(small):
    machine, _ = small.boot()
    machine.run(0.02)
    machine.rcc.values["CR"] &= ~(1 << 27)
    machine.run(0.01)
    for dac in machine.dacs:
        dac.take()
    machine.run(0.02)
    assert all(len(dac.take()) == 0 for dac in machine.dacs)


def test_a_stack_in_its_guard_is_a_memory_fault_and_a_reset(small):
    machine, board = small.boot()
    machine.run(0.02)
    # Asleep, the next thing that is stacked is an interrupt's frame.
    assert machine.machine.run(SECOND, lambda: machine.machine.is_asleep)
    machine.machine.cpu.engine.reg_write(UC_ARM_REG_SP, 0x20000110)
    machine.run(0.05)
    fields = board.link.hello()
    assert fields["reset_cause"] == protocol.RESET["FAULT"]
    assert (fields["fault_exception"], fields["faults"]) == (4, 1)
    assert fields["fault_status"] & 1 << 4  # MSTKERR
    assert board.health()["player"] == "PLAYING"

"""Faults of converters, DMA and audio clock: none is played on, each is counted, and the board plays exactly again."""

import numpy as np
import pytest
from executed import plays_bit_exact, taken
from unicorn import UC_HOOK_CODE
from unicorn.arm_const import UC_ARM_REG_R2

from designer import protocol
from designer.board.session import Board
from designer.board.virtual.cpu import CORTEX_M4
from designer.board.virtual.events import SECOND
from designer.board.virtual.peripherals.dma import TRANSFER_ERROR
from designer.board.virtual.peripherals.rcc import Faults
from designer.board.virtual.stm32f405 import Stm32f405
from designer.board.virtual.transport import VirtualTransport
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.process import find_tool, run_tool
from designer.toolchain.stack import NM

RECEIVE, TRANSMIT_1, TRANSMIT_2 = 3, 4, 5
BLOCK_S = 32 / 48000
MODER, BSRR = 0x00, 0x18


def make_frame_accurate(machine):
    for block in (machine.spi2, machine.spi3, machine.i2s2ext):
        block.frame_accurate = True


def counts(board):
    health = board.health()
    return health["overruns"], health["underruns"], health["deadline_misses"]


def still_plays(machine, board, image):
    """It was not reset, and plays bit exact."""
    board.link.hello()
    assert board.link.hello()["reset_cause"] == protocol.RESET["POWER"]
    assert (board.health()["player"], board.health()["audio_clock"]) == ("PLAYING", "I2S")
    return plays_bit_exact(machine, image)


def steady(count):
    """A constant difference of both channels, which the small design plays as a constant."""
    return np.full((count, 2), [1 << 28, -(1 << 28)], np.int32)


def record_mute(machine):
    """Levels that are written to the mute pin from here on."""
    levels, port = [], machine.pins._ports["C"]
    write = port.write

    def note(offset, size, value):
        write(offset, size, value)
        if offset == BSRR:
            levels.append(machine.pins.output("PC8"))

    port.write = note
    return levels


# --- finding A: a lost half-word of the input

# The upper half of each word, which is a q15 sample, is 0: words that are put together wrongly are loud.
QUIET = np.full((9000, 2), 0x00007FFF, np.int32)


@pytest.mark.parametrize("accurate", [False, True])
@pytest.mark.parametrize("offset", [0.1, 0.98])
@pytest.mark.parametrize(
    "fault", [lambda machine: machine.i2s2ext.overrun(), lambda machine: machine.i2s2ext.lose_frame()]
)
def test_words_that_are_shifted_are_never_played(small, accurate, offset, fault):
    machine, board = small.boot()
    if accurate:
        make_frame_accurate(machine)
    machine.adc.feed(QUIET)
    machine.run(0.02)
    taken(machine)
    levels = record_mute(machine)
    machine.run(offset * BLOCK_S)
    fault(machine)
    machine.run(6 * BLOCK_S)
    assert not np.concatenate([dac.take_raw() for dac in machine.dacs]).any()
    assert counts(board) == (1, 0, 0)
    # Muted by the restart and by its start of the pins, and let be heard again once.
    assert levels == [False, False, True]
    assert machine.pins.output("PC8") is True


def test_after_an_overrun_nothing_is_received_until_it_is_cleared(small):
    """28.4.8: all subsequent half-words are lost, so DMA moves nothing and no half ends."""
    machine, _ = small.boot()
    machine.i2s2ext.values["CR2"] &= ~(1 << 5)  # without the interrupt
    machine.machine.exceptions.enabled.clear()
    machine.run(0.0102)
    machine.i2s2ext.overrun()
    left = machine.dma.read(0x5C, 4)
    machine.run(0.0103)
    assert machine.dma.read(0x5C, 4) == left
    assert machine.i2s2ext.read(0x08, 4) & 1 << 6
    assert not machine.i2s2ext.read(0x08, 4) & 1 << 6
    machine.run(10 / 48000)
    assert (left - machine.dma.read(0x5C, 4)) % 128 in range(36, 42)


def test_a_frame_error_is_cleared_by_a_read_of_the_flags(small):
    machine, _ = small.boot()
    machine.machine.exceptions.enabled.clear()
    machine.i2s2ext.lose_frame()
    assert machine.i2s2ext.read(0x08, 4) & 1 << 8
    assert not machine.i2s2ext.read(0x08, 4) & 1 << 8


@pytest.mark.parametrize(
    "fault", [lambda machine: machine.i2s2ext.overrun(), lambda machine: machine.i2s2ext.lose_frame()]
)
def test_lost_input_mutes_within_microseconds(small, fault):
    machine, _ = small.boot()
    machine.run(0.0201)
    levels = record_mute(machine)
    fault(machine)
    machine.run(20e-6)
    assert levels[:1] == [False]


def test_after_an_overrun_it_plays_bit_exact(small):
    machine, board = small.boot()
    machine.run(0.02)
    machine.i2s2ext.overrun()
    assert still_plays(machine, board, small)
    assert counts(board) == (1, 0, 0)


def test_it_begins_again_with_a_fade(small):
    machine, _ = small.boot()
    machine.adc.feed(steady(9000))
    machine.run(0.05)
    level = taken(machine)[-1, 0]
    machine.i2s2ext.overrun()
    machine.run(0.02)
    heard = taken(machine)[:, 0]
    silent = np.flatnonzero(heard == 0)
    rise = heard[silent[-1] :]
    assert heard[-1] == level != 0
    assert np.max(np.abs(np.diff(rise))) <= abs(level) // 32 + (1 << 16)


def test_an_overrun_while_a_host_has_the_pipeline_stays_muted(small):
    machine, board = small.boot()
    board.start()
    levels = record_mute(machine)
    machine.i2s2ext.overrun()
    machine.dma.fail(RECEIVE)
    machine.run(0.01)
    assert True not in levels
    board.play()
    assert still_plays(machine, board, small)


def test_a_half_that_passes_unseen_is_input_that_is_lost(small):
    machine, board = small.boot()
    machine.run(0.02)
    machine.machine.stall(round(2.2 * BLOCK_S * SECOND))
    machine.run(0.01)
    overruns, underruns, _ = counts(board)
    assert (overruns, underruns) == (1, 0)
    assert still_plays(machine, board, small)


# --- finding B: an output that was late


@pytest.mark.parametrize("name", ["spi2", "spi3"])
@pytest.mark.parametrize("accurate", [False, True])
def test_an_output_that_sends_a_half_word_twice_is_noticed_and_restarted(small, name, accurate):
    machine, board = small.boot()
    if accurate:
        make_frame_accurate(machine)
    machine.run(0.02 + 0.4 * BLOCK_S)
    getattr(machine, name).underrun()
    machine.run(3 * BLOCK_S)
    assert counts(board) == (0, 1, 0)
    assert still_plays(machine, board, small)


def test_a_healthy_board_counts_nothing(small):
    machine, board = small.boot()
    machine.run(1.0)
    make_frame_accurate(machine)
    machine.run(0.1)
    assert counts(board) == (0, 0, 0)


# --- transfer errors


@pytest.mark.parametrize(("stream", "count"), [(RECEIVE, (1, 0, 0)), (TRANSMIT_1, (0, 1, 0)), (TRANSMIT_2, (0, 1, 0))])
def test_a_stream_that_fails_is_started_again_at_once(small, stream, count):
    machine, board = small.boot()
    machine.run(0.02 + 0.3 * BLOCK_S)
    levels = record_mute(machine)
    machine.dma.fail(stream)
    assert machine.dma.flags(stream) & TRANSFER_ERROR
    machine.run(0.1 * BLOCK_S)
    assert levels == [False, False]
    machine.run(5 * BLOCK_S)
    assert counts(board) == count
    assert still_plays(machine, board, small)


def test_a_fifo_error_loses_nothing_and_changes_nothing(small):
    """RM0090 10.3.18: the stream goes on; in direct mode the flag may come up at every start."""
    machine, board = small.boot()
    machine.run(0.02)
    for stream in (RECEIVE, TRANSMIT_1, TRANSMIT_2):
        machine.dma._flag(stream, 1 << 0)
    machine.run(0.02)
    assert counts(board) == (0, 0, 0)


# --- the audio clock


def test_an_audio_clock_that_stops_is_started_again(small):
    machine, board = small.boot()
    machine.run(0.02)
    machine.rcc.lose_audio_clock(locks_again=True)
    machine.run(0.05)
    assert counts(board) == (0, 1, 0)
    assert still_plays(machine, board, small)


def test_an_audio_clock_that_stops_for_good_leaves_the_board_with_its_timer_muted(small):
    machine, board = small.boot()
    machine.run(0.02)
    machine.rcc.lose_audio_clock(locks_again=False)
    machine.run(5.0)  # longer than the watchdog waits
    health = board.health()
    assert (health["audio_clock"], health["player"]) == ("TIMER", "PLAYING")
    assert machine.pins.output("PC8") is False
    assert board.link.hello()["reset_cause"] == protocol.RESET["POWER"]
    samples = np.random.default_rng(5).integers(-(2**15), 2**15, (200, 2))
    np.testing.assert_array_equal(board.process(samples), PipelineModel(small.bank).process(samples))


def test_on_the_timer_no_block_without_a_clock_is_touched(small):
    machine, board = small.boot(clock_faults=Faults(plli2s_locks=False))
    board.health()
    machine.run(0.1)
    assert machine.ignored == []


# --- finding C: the output runs ahead of the input


@pytest.fixture(scope="module")
def heard_late(small):
    """A constant level while blocks come ever closer to their deadline: (frames of driver 0, misses counted)."""
    machine, board = small.boot()
    machine.adc.feed(steady(90000))
    make_frame_accurate(machine)
    machine.run(0.05)
    board.health()
    taken(machine)
    core, start = machine.machine, machine.spi2._start
    for us in range(10, 90, 2):
        machine.run(6 * BLOCK_S)
        block = (core.now - start) // round(BLOCK_S * SECOND) + 1
        begin = start + block * 32 * SECOND // 48000 + 5 * SECOND // 10**6
        machine.run((begin - core.now) / SECOND)
        # 5 us into its block, and ready so many us before the block's end without the work of the pipeline.
        core.stall(round(BLOCK_S * SECOND) - (200 + us) * SECOND // 10**6)
    machine.run(6 * BLOCK_S)
    return taken(machine)[:, 0].astype(np.int64), board.health()["deadline_misses"]


def test_no_block_begins_with_a_frame_of_the_fade(heard_late):
    heard, misses = heard_late
    level = heard[0]
    assert level != 0
    assert np.mean(heard == level) > 0.6
    assert 2 < misses < 38
    lone = (heard[1:-1] != level) & (heard[:-2] == level) & (heard[2:] == level)
    assert not lone.any()
    # Nor do two or three: from a fade, the level comes back by a ramp of a block.
    away = heard != level
    ends = np.flatnonzero(away[:-1] & ~away[1:])
    assert all(away[max(0, end - 29) : end].all() for end in ends)


def test_writing_a_block_takes_less_than_the_port_allows(small):
    """`WRITE_CYCLES` of audio.c: 16 cycles a sample."""
    listing = run_tool([find_tool(NM), "-S", str(small.elf)], "reading the symbols").split("\n")
    line = next(line for line in listing if line.endswith(" audio_write"))
    start, size = (int(word, 16) for word in line.split()[:2])
    machine = Stm32f405(small.elf)
    engine, calls = machine.machine.cpu.engine, []

    def count(_engine, address, _size, _data):
        if address == start:
            calls.append([int(engine.reg_read(UC_ARM_REG_R2)), 0])
        calls[-1][1] += 1

    # Ahead of the first instruction: blocks that are translated already know no new hook.
    engine.hook_add(UC_HOOK_CODE, count, None, start, start + size - 1)
    machine.run(0.05)
    whole = [instructions for frames, instructions in calls if frames == small.layout.block_samples]
    assert len(whole) > 5
    cycles = max(whole) * CORTEX_M4.cycles_per_4_instructions / 4
    assert cycles < 16 * small.layout.block_samples * len(small.layout.drivers)


# --- finding E: both DACs start together


def test_no_interrupt_comes_between_the_starts_of_the_masters(small):
    machine = Stm32f405(small.elf)
    write = machine.spi2._writes[0x1C]

    def with_a_byte(value, before):
        write(value, before)
        if value & 1 << 10:
            machine.usart.feed(b"\x00")

    machine.spi2._writes[0x1C] = with_a_byte
    board = Board(VirtualTransport(machine), small.digest, small.layout)
    board.health()
    entries = machine.machine.exceptions.entries
    assert entries
    skew = machine.spi3.enabled_at - machine.spi2.enabled_at
    assert 0 <= skew * 168_000_000 <= 20 * SECOND

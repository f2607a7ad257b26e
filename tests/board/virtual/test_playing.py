"""Music through the converters: ADC, DMA, pipeline, DMA, DAC, against the bit-exact model two blocks later."""

import numpy as np
import pytest
from executed import expected, play, plays_small

from designer.board.virtual.converters import halfwords_of, words_of


def test_the_default_layout_plays_bit_exact_two_blocks_later(front3):
    machine, board = front3.boot()
    samples = np.random.default_rng(4).integers(-(2**31), 2**31, (12000, 2)).astype(np.int32)
    _, heard = play(machine, samples, 0.2)
    delay = 2 * front3.layout.block_samples
    count = len(heard) - delay
    assert count > 9000
    np.testing.assert_array_equal(heard[delay:, :3], expected(front3, samples)[:count])
    assert not heard[:, 3].any()
    health = board.health()
    assert (health["deadline_misses"], health["overruns"], machine.spi2.races, machine.spi3.races) == (0, 0, 0, 0)


def test_q15_samples_lie_in_the_upper_half_of_the_word(small):
    machine, _ = small.boot()
    samples = np.random.default_rng(4).integers(-(2**15), 2**15, (3000, 2)).astype(np.int32) << 16
    first, heard = play(machine, samples, 0.06)
    delay = 2 * small.layout.block_samples + machine.adc.origin - first
    assert len(heard) - delay > 2000
    assert plays_small(small, heard[delay:, :2], samples)


def test_the_frame_accurate_mode_plays_the_same(small):
    machine, _ = small.boot()
    for block in (machine.spi2, machine.spi3, machine.i2s2ext):
        block.frame_accurate = True
    samples = np.random.default_rng(4).integers(-(2**15), 2**15, (600, 2)).astype(np.int32) << 16
    first, heard = play(machine, samples, 0.01)
    # The ADC's signal begins with the next hop; the model's first frames are silence, whatever its input.
    delay = 2 * small.layout.block_samples + machine.adc.origin - first
    assert len(heard) - delay > 300
    assert plays_small(small, heard[delay:, :2], samples)


def test_a_claimed_pipeline_mutes_the_converters(small):
    machine, board = small.boot()
    machine.run(0.02)
    assert machine.pins.output("PC8") is True
    board.start()
    assert machine.pins.output("PC8") is False
    board.play()
    assert machine.pins.output("PC8") is True


@pytest.mark.parametrize("pin", ["PB15", "PB12", "PB13"])
def test_a_wire_that_is_not_routed_is_silence(small, pin):
    machine, _ = small.boot()
    port = machine.pins._ports[pin[1]]
    port.values["MODER"] &= ~(3 << 2 * int(pin[2:]))
    samples = np.full((3000, 2), 2**30, np.int32)
    _, heard = play(machine, samples, 0.05)
    assert not heard[:, :2].any()


def test_an_adc_without_its_master_clock_records_nothing(small):
    machine, board = small.boot()
    machine.pins._ports["C"].values["MODER"] &= ~(3 << 12)
    play(machine, np.full((3000, 2), 2**30, np.int32), 0.05)
    assert board.health()["peak_left"] == 0


def test_the_wire_has_the_upper_half_word_first():
    frames = np.array([[0x12345678, -1], [-(2**31), 7]], np.int32)
    wire = halfwords_of(frames)
    assert wire[:4] == bytes([0x34, 0x12, 0x78, 0x56])
    np.testing.assert_array_equal(words_of(wire), frames)

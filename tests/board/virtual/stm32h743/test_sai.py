"""SAI at its wires: slots, edges and words, by registers alone while the core sleeps."""

import numpy as np
import pytest

from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.peripherals.stm32h7.wire import Wire, i2s_starts, tdm_starts
from designer.board.virtual.stm32h743 import Stm32h743

RCC, SAI1, DMA1, DMAMUX, GPIOE, I2C1, GPIOB = (
    0x58024400, 0x40015800, 0x40020000, 0x40020800, 0x58021000, 0x40005400, 0x58020400,
)  # fmt: skip
PLAYED, RECORDED = 0x30000000, 0x30010000
FRAMES = 64
MASTER_TRANSMIT, SYNCHRONOUS_RECEIVE = 0, 3 | 1 << 10
I2S = {"FRCR": 63 | 31 << 8 | 5 << 16, "SLOTR": 3 << 16 | 1 << 8 | 2 << 6}
# FS is high for one clock, or for half a frame; the first bit comes with the next clock.
TDM = {"FRCR": 255 | 6 << 16, "SLOTR": 0xFF << 16 | 7 << 8 | 2 << 6}
TDM_I2S = {"FRCR": 255 | 127 << 8 | 4 << 16, "SLOTR": 0xFF << 16 | 7 << 8 | 2 << 6}
TDM_LEFT = {"FRCR": 255 | 127 << 8 | 2 << 16, "SLOTR": 0xFF << 16 | 7 << 8 | 2 << 6}


def write(board, address, value):
    board.machine.write_register(address, 4, value)


def open_clocks(board):
    """Gates, pins of SAI1 (PE2 to PE6) and I2C1 (PB8, PB9), and HSI as the SAIs' kernel clock."""
    for offset, bits in ((0xD8, 1), (0xDC, 1 << 29), (0xE0, 0x1F), (0xE8, 1 << 21), (0xF0, 1 << 22)):
        write(board, RCC + offset, bits)
    write(board, RCC + 0x50, 4 | 4 << 6)
    write(board, RCC + 0x54, 2 << 12)
    write(board, GPIOE + 0x20, 0x06666600)
    write(board, GPIOE, 0xFFFFEAAF & ~0x3FF0 | 0x2AA0)
    write(board, GPIOB + 0x24, 0x44)
    write(board, GPIOB, 0xFFFAFFFF)


def start(board, formats, slots, frames=FRAMES, changes=0):
    """SAI1_A sends and SAI1_B receives, both by DMA; 5 times 256 clocks of 64 MHz a frame, so 50 kHz."""
    for block, stream, (mode, memory) in (
        (0x24, 1, (SYNCHRONOUS_RECEIVE, RECORDED)),
        (0x04, 0, (MASTER_TRANSMIT, PLAYED)),
    ):
        write(board, SAI1 + block + 8, formats["FRCR"])
        write(board, SAI1 + block + 0xC, formats["SLOTR"])
        write(board, DMAMUX + 4 * stream, 87 + stream)
        base = DMA1 + 0x10 + 0x18 * stream
        write(board, base + 8, SAI1 + (0x20 if stream == 0 else 0x40))
        write(board, base + 0xC, memory)
        write(board, base + 4, frames * slots)
        write(board, base, 0x5500 | (0x40 if stream == 0 else 0) | 1)
        control = mode | 7 << 5 | 1 << 9 | 1 << 17 | (5 << 20 | 1 << 27 if stream == 0 else 0)
        write(board, SAI1 + block, control ^ changes)
        write(board, SAI1 + block, (control | 1 << 16) ^ changes)


def tagged(slots, frames=FRAMES):
    """Words that name their frame and slot: (n, S) uint32."""
    return (np.arange(frames)[:, None] << 16 | np.arange(slots) << 8 | 0x80000055).astype(np.uint32)


def sound(board):
    for dac in board.dacs:
        dac.take_raw()


@pytest.fixture
def stereo(idle_image):
    board = Stm32h743(idle_image)
    open_clocks(board)
    board.machine.cpu.write(PLAYED, tagged(2).tobytes())
    return board


def boot_codec(idle_image, name):
    board = Stm32h743(idle_image, codec=name)
    open_clocks(board)
    board.machine.cpu.write(PLAYED, tagged(8).tobytes())
    return board


def test_i2s_brings_left_and_right_to_the_dac_and_from_the_adc(stereo):
    start(stereo, I2S, 2)
    stereo.run(0.002)
    heard = stereo.dacs[0].take_raw()
    assert len(heard) >= FRAMES
    np.testing.assert_array_equal(heard[:FRAMES].view(np.uint32), tagged(2))
    assert stereo.block("SAI1_A").frame_rate() == (64_000_000, 5 * 256)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"FRCR": 63 | 31 << 8 | 7 << 16}, "exchanged"),
        ({"FRCR": 63 | 31 << 8 | 1 << 16}, "shifted"),
    ],
)
def test_a_wrong_polarity_or_offset_gives_what_hardware_would(stereo, change, what):
    start(stereo, {**I2S, **change}, 2)
    stereo.run(0.002)
    heard = stereo.dacs[0].take_raw()[: FRAMES // 2].view(np.uint32)
    words = tagged(2)[: FRAMES // 2]
    if what == "exchanged":
        np.testing.assert_array_equal(heard[:, 0], words[:, 1])
        assert set(heard[:-1, 1].tolist()) <= set(words[:, 0].tolist())
    else:
        np.testing.assert_array_equal(heard[:-1, 0], words[:-1, 0] << 1 | words[:-1, 1] >> 31)


def test_data_that_change_where_they_are_sampled_are_refused(stereo):
    start(stereo, I2S, 2, changes=1 << 9)
    with pytest.raises(HardwareRefusalError, match="CKSTR is 0"):
        stereo.run(0.002)


SETUPS = {
    "pcm3168a": ([(0x40, 0xC0), (0x41, 0x86), (0x51, 0x06)], TDM_I2S),
    "pcm3168a left": ([(0x41, 0x87), (0x51, 0x07)], TDM_LEFT),
    "cs42448": ([(0x04, 0x76)], TDM),
}


def set_up(board, registers):
    """Write registers of the codec over I2C1 as a master at about 100 kHz, from HSI."""
    write(board, I2C1 + 0x10, 0xF0000000 | 19 << 8 | 19)
    write(board, I2C1, 1)
    for number, value in registers:
        write(board, I2C1 + 4, board.codec.ADDRESS << 1 | 2 << 16 | 1 << 13 | 1 << 25)
        for byte in (number, value):
            board.run(0.0002)
            write(board, I2C1 + 0x28, byte)
        board.run(0.0004)
        assert board.machine.read_register(I2C1 + 0x18, 4) & 0x30 == 0x20
        write(board, I2C1 + 0x1C, 0x20)


@pytest.mark.parametrize("name", SETUPS)
def test_eight_channels_keep_their_order_slot_by_slot_both_ways(idle_image, name):
    registers, formats = SETUPS[name]
    board = boot_codec(idle_image, name.split()[0])
    set_up(board, registers)
    transcript = [(t.address, t.reads, bytes(t.data)) for t in board.i2c[1].transcript]
    assert transcript == [(board.codec.ADDRESS, False, bytes(pair)) for pair in registers]
    signal = np.random.default_rng(1).integers(-(2**31), 2**31, (200, 2)).astype(np.int32)
    board.adc.feed(signal)
    sound(board)
    start(board, formats, 8)
    # 75 frames of 50 kHz: the circle of 64 has come round, and its first half not yet for the second time.
    board.run(0.0015)
    heard = board.dacs[0].take_raw()
    np.testing.assert_array_equal(heard[:FRAMES].view(np.uint32), tagged(8))
    recorded = np.frombuffer(board.machine.cpu.read(RECORDED, FRAMES * 32), "<i4").reshape(-1, 8)
    np.testing.assert_array_equal(recorded[:, :2], signal[:FRAMES])
    assert not recorded[:, 2:].any()


@pytest.mark.parametrize("name", ["pcm3168a", "cs42448"])
def test_a_codec_without_its_set_up_is_silent(idle_image, name):
    board = boot_codec(idle_image, name)
    start(board, SETUPS[name][1], 8)
    board.run(0.002)
    assert not board.dacs[0].take_raw().any()


def test_nobody_answers_at_another_address_or_without_pins(idle_image):
    board = boot_codec(idle_image, "cs42448")
    write(board, I2C1 + 0x10, 0xF0000000 | 19 << 8 | 19)
    write(board, I2C1, 1)
    write(board, I2C1 + 4, 0x11 << 1 | 1 << 16 | 1 << 13 | 1 << 25)
    board.run(0.001)
    assert board.machine.read_register(I2C1 + 0x18, 4) & 0x30 == 0x30
    write(board, I2C1 + 0x1C, 0x30)
    write(board, GPIOB, 0xFFFFFFFF)
    write(board, I2C1 + 4, 0x48 << 1 | 1 << 16 | 1 << 13 | 1 << 25)
    board.run(0.001)
    assert board.machine.read_register(I2C1 + 0x18, 4) & 0x10
    assert [transfer.is_acknowledged for transfer in board.i2c[1].transcript] == [False, False]


def test_a_slave_starts_ahead_of_its_master(stereo):
    start(stereo, I2S, 2)
    write(stereo, SAI1 + 0x24, stereo.sai[1].values["SAI_BCR1"] & ~(1 << 16))
    stereo.run(0.0001)
    with pytest.raises(HardwareRefusalError, match="behind SAI1_A, its master"):
        write(stereo, SAI1 + 0x24, SYNCHRONOUS_RECEIVE | 7 << 5 | 1 << 9 | 1 << 16)


def test_an_output_without_words_has_an_underrun_and_stays_in_step(stereo):
    start(stereo, I2S, 2)
    stereo.run(0.0001)
    stereo.block("SAI1_A").slip()
    assert stereo.machine.read_register(SAI1 + 0x18, 4) & 1
    stereo.run(0.004)
    heard = stereo.dacs[0].take_raw().view(np.uint32)
    silent = np.flatnonzero(~heard.any(axis=1))
    assert len(silent) == 1
    np.testing.assert_array_equal(np.delete(heard, silent, axis=0)[:FRAMES], tagged(2))


def test_sai_stops_at_the_end_of_a_frame(stereo):
    start(stereo, I2S, 2)
    stereo.run(0.000105)
    write(stereo, SAI1 + 4, stereo.sai[1].values["SAI_ACR1"] & ~(1 << 16))
    assert stereo.machine.read_register(SAI1 + 4, 4) & 1 << 16
    stereo.run(0.00002)
    assert not stereo.machine.read_register(SAI1 + 4, 4) & 1 << 16


def test_a_frame_of_no_power_of_two_raises_the_clock_flag(stereo):
    write(stereo, SAI1 + 0x0C, 95 | 47 << 8 | 5 << 16)
    write(stereo, SAI1 + 0x10, I2S["SLOTR"])
    write(stereo, SAI1 + 4, 7 << 5 | 1 << 9 | 1 << 16)
    assert stereo.machine.read_register(SAI1 + 0x18, 4) & 4
    assert not stereo.block("SAI1_A").is_on


def test_words_of_24_bits_lie_in_the_upper_bits_of_their_slot():
    wire = Wire(64, 32, False, True, (0, 32), 32, 24, 0, True)
    words = np.array([[0x00123456, 0x00ABCDEF]], np.uint32)
    heard = wire.heard(words, i2s_starts(wire), 32).view(np.uint32)
    np.testing.assert_array_equal(heard, [[0x12345600, 0xABCDEF00]])
    np.testing.assert_array_equal(wire.received(heard.view(np.int32), i2s_starts(wire), 32), words)


def test_a_tdm_frame_begins_with_either_edge():
    wire = Wire(256, 1, True, True, tuple(range(0, 256, 32)), 32, 32, 0, True)
    assert tdm_starts(wire, 8, True, 1) == tuple(range(0, 256, 32))
    assert tdm_starts(wire, 8, False, 1)[0] == 1

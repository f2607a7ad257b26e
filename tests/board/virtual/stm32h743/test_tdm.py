"""The firmware with a codec on a TDM line: its set-up over I2C, and each driver's channel in its own slot."""

import numpy as np
import pytest
from designs import generate_small
from executed import play, plays_small
from h743 import Image

from designer.board.virtual.stm32h743_audio import MUTE_PIN
from designer.toolchain.compiler import build_image

DRIVERS = 8
# (register, value) in the order of the data sheets' start-up sequences: SBAS452 and DS648.
SET_UPS = {
    "pcm3168a": (0x44, [(0x40, 0x80), (0x41, 6), (0x51, 6), (0x42, 0), (0x44, 0), (0x52, 0), (0x40, 0xC0)]),
    "cs42448": (0x48, [(0x02, 1), (0x03, 0xF0), (0x04, 0x36), (0x07, 0), (0x02, 0)]),
}


@pytest.fixture(scope="module", params=SET_UPS)
def image(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp(f"h743-{request.param}")
    wiring = f'audio.bus = "tdm8"\naudio.codec = "{request.param}"'
    layout, bank, digest = generate_small("q15", directory / "generated", drivers=DRIVERS, board=wiring)
    elf = build_image(directory / "generated", "stm32h743", directory / "firmware.elf").elf
    return Image(layout, bank, digest, elf)


def test_eight_drivers_play_bit_exact_through_the_codec_that_the_board_has_set_up(image):
    codec = image.layout.audio.codec
    machine, board = image.boot(codec=codec)
    address, registers = SET_UPS[codec]
    transcript = [(transfer.address, bytes(transfer.data)) for transfer in machine.i2c[1].transcript]
    assert transcript == [(address, bytes(pair)) for pair in registers]
    assert all(transfer.is_acknowledged for transfer in machine.i2c[1].transcript)
    assert (board.health()["player"], board.health()["audio_clock"]) == ("PLAYING", "I2S")
    samples = np.random.default_rng(4).integers(-(2**15), 2**15, (1500, 2)).astype(np.int32) << 16
    first, heard = play(machine, samples, 0.03)
    delay = 2 * image.layout.block_samples + machine.adc.origin - first
    assert heard.shape[1] == DRIVERS
    assert len(heard) - delay > 1000
    assert plays_small(image, heard[delay:], samples)
    assert all(heard[delay:, channel].any() for channel in range(DRIVERS))


def test_a_codec_that_does_not_answer_leaves_the_board_muted_on_its_timer(image):
    machine, board = image.boot(codec=image.layout.audio.codec)
    machine.i2c[1].devices.clear()
    machine.reset()
    machine.run(0.05)
    board.link.hello()
    assert board.health()["audio_clock"] == "TIMER"
    assert machine.pins.output(MUTE_PIN) is not True

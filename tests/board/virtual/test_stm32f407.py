"""The STM32F407's port, executed: another serial line at other pins, and all else as on the STM32F405."""

import numpy as np
import pytest
from designs import generate_small
from executed import expected, play, plays_bit_exact
from h743 import Image
from rom_line import InProcessPort, ask

from designer.board.choice import choose_board
from designer.board.open import open_board
from designer.board.session import Board
from designer.board.virtual.stm32f405 import Faults
from designer.board.virtual.stm32f407 import Stm32f407
from designer.board.virtual.transport import VirtualTransport
from designer.toolchain.boards import FIRMWARE_ROOT, find_board
from designer.toolchain.compiler import build_image
from designer.toolchain.flashing.rom_client import RomClient

PORT_LINES = 300


@pytest.fixture(scope="module")
def elf(small, tmp_path_factory):
    directory = tmp_path_factory.mktemp("stm32f407")
    _, _, digest = generate_small("q15", directory / "generated", equalised=(True, False, True))
    assert digest == small.digest
    return build_image(directory / "generated", "stm32f407", directory / "firmware.elf").elf


def test_it_plays_bit_exact_and_has_its_crystal(elf, small):
    board = Stm32f407(elf)
    opened = Board(VirtualTransport(board), small.digest, small.layout)
    assert (opened.info.board_name, opened.info.clock_source) == ("stm32f407", "HSE_PLL")
    health = opened.health()
    assert (health["player"], health["audio_clock"]) == ("PLAYING", "I2S")
    assert plays_bit_exact(board, small)
    assert board.ignored == []


@pytest.mark.parametrize("faults", [Faults(hse_hz=None), Faults(pll_locks=False)])
def test_its_line_works_from_every_clock(elf, small, faults):
    board = Stm32f407(elf, faults)
    assert Board(VirtualTransport(board)).info.digest == small.digest


def test_the_line_is_at_pb10_and_pb11_where_the_rom_listens_too(elf):
    board = Stm32f407(elf)
    board.run(0.02)
    assert (board.pins.signal("PB10"), board.pins.signal("PB11")) == ("USART3_TX", "USART3_RX")
    # Of the STM32F4DISCOVERY: USB, and the bus of the audio DAC, which stays powered down.
    assert [board.pins.signal(pin) for pin in ("PA9", "PA10", "PB6", "PB9")] == [None] * 4
    assert ask(board) == b""
    board.run(0.02)
    assert RomClient(InProcessPort(board)).synchronise()


def test_four_channels_in_q31_play_bit_exact(tmp_path):
    layout, bank, digest = generate_small("q31", tmp_path / "generated", drivers=4)
    elf = build_image(tmp_path / "generated", "stm32f407", tmp_path / "firmware.elf").elf
    image = Image(layout, bank, digest, elf)
    board = Stm32f407(elf)
    samples = np.random.default_rng(4).integers(-(2**31), 2**31, (3000, 2)).astype(np.int32)
    opened = Board(VirtualTransport(board), digest, layout)
    first, heard = play(board, samples, 0.05)
    heard = heard[2 * layout.block_samples + board.adc.origin - first :]
    assert len(heard) > 2000
    # Blocks are half a hop of the upmix, so that it has two phases.
    drivers = [expected(image, samples, lead=lead)[: len(heard)] for lead in (0, layout.block_samples)]
    assert sum(np.array_equal(heard, reference) for reference in drivers) == 1
    assert opened.health()["deadline_misses"] == 0


def test_the_command_opens_it_by_name(elf, small):
    with open_board(elf, small.digest, small.layout, target=choose_board("virtual:stm32f407").target) as board:
        assert board.info.board_name == "stm32f407"
        assert board.name == "virtual:stm32f407"


def test_the_port_is_small():
    directory = FIRMWARE_ROOT / "port" / find_board("stm32f407").name
    own = [path for path in directory.iterdir() if path.is_file()]
    assert sum(len(path.read_text().splitlines()) for path in own) <= PORT_LINES

"""Semihosting pipes of a virtual board: the same frames, the same bits, and the way back to the serial line."""

import numpy as np
import pytest
from designs import generate_small

from designer import protocol
from designer.board.open import QemuBoard
from designer.board.session import Board
from designer.board.transport import PipeTransport
from designer.errors import HilError
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.boards import find_board
from designer.toolchain.compiler import build_host_library, build_image
from hil_tests.harness.host_core import HostCore, HostTransport


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    directory = tmp_path_factory.mktemp("semihosting")
    layout, bank, digest = generate_small("q31", directory)
    return layout, bank, digest, build_image(directory, "stm32f405", directory / "firmware.elf").elf


def noise(count):
    return np.random.default_rng(4).integers(-(2**31), 2**31, (count, 2))


def test_semihosting_carries_the_same_session_and_the_same_bits(design):
    layout, bank, digest, elf = design
    samples = noise(20000)
    with QemuBoard(elf, digest, layout) as board:
        before = board.process(samples[:500])
        board.open_semihosting()
        output = board.process(samples)
        status = board.status()
    np.testing.assert_array_equal(output, PipelineModel(bank).process(samples))
    np.testing.assert_array_equal(before, output[:500])
    assert [name for name, value in status.items() if name.startswith(("bad_", "host_", "dupl")) and value] == []


class _Resending:
    """A serial line on which each request is followed by the beginning of its repetition."""

    def __init__(self, transport):
        self.transport = transport

    def write(self, data):
        self.transport.write(data + data[:9])

    def read(self, timeout_s):
        return self.transport.read(timeout_s)

    def close(self):
        pass


def test_half_a_frame_on_the_serial_line_does_not_reach_the_pipes(design):
    """On a busy machine the request is sent again, and the board changes over in the middle of it."""
    layout, bank, digest, elf = design
    with QemuBoard(elf, digest, layout) as board:
        board.link.change_line(_Resending(board.link.transport))
        board.open_semihosting()
        np.testing.assert_array_equal(board.process(noise(300)), PipelineModel(bank).process(noise(300)))
        status = board.status()
        assert [name for name, value in status.items() if name.startswith(("bad_", "host_", "dupl")) and value] == []


@pytest.mark.parametrize("name", ["mps2-an500", "mps3-an547"])
def test_every_virtual_board_has_it(design, tmp_path, name):
    layout, bank, digest, elf = design
    image = build_image(elf.parent, name, tmp_path / "firmware.elf")
    with QemuBoard(image.elf, digest, layout, target=find_board(name)) as board:
        board.open_semihosting()
        np.testing.assert_array_equal(board.process(noise(3000)), PipelineModel(bank).process(noise(3000)))


def test_when_the_host_closes_the_pipes_the_serial_line_works_again(design):
    layout, bank, digest, elf = design
    with QemuBoard(elf, digest, layout) as board:
        board.open_semihosting()
        board.process(noise(100))
        board.close_semihosting()
        np.testing.assert_array_equal(board.process(noise(300)), PipelineModel(bank).process(noise(300)))
        board.open_semihosting()
        np.testing.assert_array_equal(board.process(noise(300)), PipelineModel(bank).process(noise(300)))


def test_without_pipes_the_board_refuses_semihosting(design):
    layout, _, digest, elf = design
    with QemuBoard(elf, digest, layout) as board:
        with pytest.raises(HilError, match="E_NO_SEMIHOSTING"):
            board.link.request(protocol.SEMIHOSTING)
        board.status()  # and goes on


def test_a_board_that_is_not_simulated_refuses_semihosting(design, tmp_path):
    layout, _, digest, elf = design
    core = HostCore(build_host_library(elf.parent, tmp_path / "core.so"))
    with Board(HostTransport(core), digest, layout) as board, pytest.raises(HilError, match="E_NO_SEMIHOSTING"):
        board.link.request(protocol.SEMIHOSTING)


def test_a_board_without_a_rom_refuses_the_bootloader(design, tmp_path):
    layout, _, digest, elf = design
    confirmed = protocol.ENTER_BOOTLOADER.payload.pack(
        magic=protocol.ENTER_BOOTLOADER_MAGIC, digest=bytes.fromhex(digest)
    )
    core = HostCore(build_host_library(elf.parent, tmp_path / "core.so"))
    for board in (Board(HostTransport(core), digest, layout), QemuBoard(elf, digest, layout)):
        with board:
            with pytest.raises(HilError, match="E_NO_BOOTLOADER"):
                board.link.request(protocol.ENTER_BOOTLOADER, confirmed)
            board.status()  # and goes on


def test_pipes_that_nobody_serves_end_in_bounded_time(tmp_path, monkeypatch):
    monkeypatch.setattr("designer.board.transport.WRITE_TIMEOUT_S", 0.05)
    pipes = PipeTransport(tmp_path)
    assert pipes.read(0.01) == b""
    with pytest.raises(HilError, match="the board takes nothing"):
        pipes.write(bytes(1 << 20))
    pipes.close()
    pipes.close()

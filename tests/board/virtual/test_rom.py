"""The way into the bootloader of the ROM: the image jumps there on a confirmed request, and a new image gets in.

The ROM is the model of AN3155 that `tests/unit/board/test_rom_bootloader.py` holds to the document.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from designs import generate_small
from rom_line import InProcessPort, ask

from designer.board.bootloader import enter_bootloader
from designer.board.open import SerialBoard
from designer.board.session import Board
from designer.board.virtual.rom_bootloader import RomBootloader
from designer.board.virtual.stm32f405 import Stm32f405
from designer.board.virtual.transport import VirtualTransport
from designer.board.virtual_process import VirtualProcess
from designer.errors import FlashError, HilError
from designer.toolchain.boards import find_board
from designer.toolchain.compiler import build_image
from designer.toolchain.elf import flash_contents
from designer.toolchain.flashing.rom_client import RomClient
from designer.toolchain.flashing.uart import flash_with_uart, is_in_bootloader

PROSCENIUM = Path(sys.executable).with_name("proscenium")


def test_a_confirmed_request_ends_in_the_rom(small):
    board = Stm32f405(small.elf)
    board.run(0.02)
    restarts = board.machine.restarts
    assert ask(board) == b""
    board.run(0.02)
    assert board.rom.is_running
    assert isinstance(board.usart.listener.__self__, RomBootloader)
    assert board.machine.restarts == restarts + 1  # by a reset: the ROM finds the chip as after power-on
    board.run(3.0)  # and the watchdog, of 1.4 s, does not run
    assert board.machine.restarts == restarts + 1
    assert board.ignored == []
    client = RomClient(InProcessPort(board))
    assert client.synchronise()
    assert client.device_id() == 0x413


@pytest.mark.parametrize("wrong", [{"magic": 0}, {"magic": 0x544F_4F43}, {"digest": bytes(32)}])
def test_an_unconfirmed_request_is_refused_and_the_board_plays_on(small, wrong):
    board = Stm32f405(small.elf)
    board.run(0.02)
    with pytest.raises(HilError, match="E_RANGE"):
        ask(board, **wrong)
    board.run(0.02)
    assert board.usart.listener is None
    assert Board(VirtualTransport(board)).health()["player"] == "PLAYING"


def test_a_reset_or_power_cycle_in_the_bootloader_starts_the_image(small):
    board = Stm32f405(small.elf)
    for restart in (board.reset, board.power_on):
        ask(board)
        board.run(0.02)
        assert board.usart.listener is not None
        restart()
        assert Board(VirtualTransport(board)).info.digest == small.digest


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    directory = tmp_path_factory.mktemp("other")
    _, _, digest = generate_small("q31", directory / "generated", drivers=3, name="other")
    return digest, build_image(directory / "generated", "virtual", directory / "firmware.elf").elf


def test_a_new_image_gets_in_by_the_line_alone(small, other):
    digest, elf = other
    process = VirtualProcess(small.elf)
    try:
        assert not is_in_bootloader(process.port)
        assert enter_bootloader(process.port)
        assert not enter_bootloader(process.port)  # it waits there already
        told = []
        flash_with_uart(elf, find_board("stm32f405"), process.port, lambda done, of: told.append((done, of)))
        assert told[-1][0] == told[-1][1]
        with SerialBoard(process.port) as board:
            assert (board.info.layout_name, board.info.digest) == ("other", digest)
            assert board.health()["player"] == "PLAYING"
    finally:
        process.stop()


def test_the_bootloader_erases_sectors_of_the_flash(small):
    board = Stm32f405(small.elf)
    slots = 0x080C_0000
    board.machine.cpu.write(slots, b"tuned")
    ask(board)
    board.run(0.02)
    client = RomClient(InProcessPort(board))
    assert client.synchronise()
    client.erase([*range(8), 10, 11])
    assert board.machine.cpu.read(slots, 5) == b"\xff" * 5
    assert client.read_memory(0x0800_0000, 256) == b"\xff" * 256


def test_the_command_flashes_by_the_line(small, tmp_path):
    process = VirtualProcess(small.elf)
    try:
        arguments = (
            "pair2",
            "--board",
            "stm32f405",
            "--via",
            "uart",
            "--port",
            process.port,
            "--out",
            tmp_path / "out",
        )
        result = subprocess.run([PROSCENIUM, "flash", *arguments], capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, result.stderr
        assert "the running board has entered its bootloader" in result.stderr
        assert f"stm32f405 at {process.port} runs layout 'pair2', digest " in result.stdout
    finally:
        process.stop()


def test_a_protected_chip_keeps_its_image(small):
    board = Stm32f405(small.elf)
    board.flash.protect_reading()
    ask(board)
    board.run(0.02)
    client = RomClient(InProcessPort(board))
    assert client.synchronise()
    with pytest.raises(FlashError, match="refuses Read Memory"):
        client.read_memory(0x0800_0000, 4)
    assert board.machine.cpu.read(0x0800_0000, 64) == flash_contents(small.elf)[1][:64]
    board.rom.protect_reading(on=False)  # which erases all
    assert board.machine.cpu.read(0x0800_0000, 64) == b"\xff" * 64

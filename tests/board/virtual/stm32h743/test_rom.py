"""The way into the bootloader of the STM32H743's ROM: USART3 at PB10 and PB11, to which the line is wired as well."""

import subprocess
import sys
from pathlib import Path

import pytest
from rom_line import InProcessPort, ask

from designer.board.session import Board
from designer.board.virtual.stm32h743 import Stm32h743
from designer.board.virtual.transport import VirtualTransport
from designer.board.virtual_process import VirtualProcess
from designer.errors import FlashError
from designer.toolchain.flashing.rom_client import RomClient

PROSCENIUM = Path(sys.executable).with_name("proscenium")
VECTORS = 0x1FF0_9800  # AN2606
SLOT = 0x081C_0000


def in_bootloader(board):
    """A client of the bootloader that the running image has entered."""
    board.run(0.02)
    assert ask(board) == b""
    board.run(0.02)
    client = RomClient(InProcessPort(board))
    return client if client.synchronise() else None


def test_a_confirmed_request_ends_in_the_rom_with_the_chip_as_after_a_reset(small):
    board = Stm32h743(small.elf)
    restarts = board.machine.restarts
    client = in_bootloader(board)
    assert board.machine.restarts == restarts + 1
    assert VECTORS <= board.machine.cpu.pc < VECTORS + 16
    assert client.device_id() == 0x450
    board.run(3.0)  # the watchdog, of 1.4 s, does not run
    assert board.machine.restarts == restarts + 1
    assert not board.scb.has_data_cache
    assert board.rcc.core_hz == 64_000_000
    assert board.ignored == []


def test_without_the_wires_to_its_pins_the_bootloader_hears_nothing(small):
    board = Stm32h743(small.elf, has_rom_wires=False)
    assert in_bootloader(board) is None
    assert board.rom.is_running
    board.reset()
    assert Board(VirtualTransport(board)).info.digest == small.digest


@pytest.mark.parametrize("fixture", ["small", "echo_studio"])
def test_the_image_leaves_the_pins_of_the_bootloader_alone(fixture, request):
    board = Stm32h743(request.getfixturevalue(fixture).elf)
    board.run(0.05)
    port = next(block for block in board._blocks if block.name == "GPIOB")
    assert [port.mode(pin) for pin in (10, 11)] == [3, 3]  # analogue: two wires to PD8 and PD9 disturb nobody


def test_the_bootloader_programs_whole_words_that_are_erased(small):
    board = Stm32h743(small.elf)
    client = in_bootloader(board)
    board.flash.flip(SLOT + 32, 3)
    with pytest.raises(FlashError, match="refuses Write Memory"):
        client.write_memory(SLOT + 32, bytes(32))
    client.erase([14])
    assert board.flash.torn_words == []
    with pytest.raises(FlashError, match="refuses Write Memory"):
        client.write_memory(SLOT, bytes(16))
    client.write_memory(SLOT, bytes(range(64)))
    assert client.read_memory(SLOT, 64) == bytes(range(64))
    with pytest.raises(FlashError, match="refuses Write Memory"):
        client.write_memory(SLOT, bytes(32))


def test_protection_holds_in_the_bootloader(small):
    board = Stm32h743(small.elf)
    board.flash.protect_writing(14)
    client = in_bootloader(board)
    with pytest.raises(FlashError, match="refuses Extended Erase"):
        client.erase([14])
    board.rom.unprotect_writing()
    board.run(0.02)
    board.flash.protect_reading()
    client = in_bootloader(board)
    with pytest.raises(FlashError, match="refuses Read Memory"):
        client.read_memory(0x0800_0000, 4)


def test_the_command_flashes_by_the_line_alone(small, tmp_path):
    process = VirtualProcess(small.elf, ("--chip", "stm32h743"))
    try:
        arguments = ("pair2", "--board", "stm32h743", "--via", "uart", "--port", process.port, "--out", tmp_path)
        result = subprocess.run([PROSCENIUM, "flash", *arguments], capture_output=True, text=True, timeout=180)
        assert result.returncode == 0, result.stderr
        assert "the running board has entered its bootloader" in result.stderr
        assert f"stm32h743 at {process.port} runs layout 'pair2', digest " in result.stdout
    finally:
        process.stop()

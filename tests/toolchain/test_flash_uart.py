"""Flashing through the bootloader in ROM, over a line whose other end is a model of it, and each of its failures."""

import dataclasses
import os
import tty

import pytest
from designs import small_layout
from elf_files import elf_file
from rom_chip import RomAtTerminal, RomChip

from designer.board import bootloader
from designer.errors import BoardNotFoundError, FlashError
from designer.toolchain.boards import find_board
from designer.toolchain.elf import Identity
from designer.toolchain.flash import flash
from designer.toolchain.flashing import uart
from designer.toolchain.flashing.chips import CHIPS
from designer.toolchain.flashing.uart import flash_with_uart, is_in_bootloader
from designer.toolchain.flashing.via import Via
from designer.toolchain.image import Image

CODE = bytes(range(1, 256)) * 80  # more than one sector of 16 KiB
CONTENTS = [(0x0800_0000, CODE), (0x0800_0000 + len(CODE) + 700, b"data")]


@pytest.fixture
def image(tmp_path):
    elf = tmp_path / "firmware.elf"
    elf.write_bytes(elf_file(CONTENTS))
    return Image(elf, "00", 1, 1, Identity(1, "q15", 2, 3, 32, 48000, "small", "00"))


@pytest.fixture
def chip():
    return RomChip(CHIPS["stm32f405"])


@pytest.fixture
def terminal():
    opened = []

    def serve(chip, spoil=lambda answer: answer):
        opened.append(RomAtTerminal(chip, spoil))
        return opened[-1]

    yield serve
    for one in opened:
        one.close()


def expected(chip):
    """What the flash holds afterwards: sectors of the image and of tuned tables erased, all else as before."""
    flash = bytearray(b"\xa5" * len(chip.flash))
    for sector in (0, 1, 10, 11):
        start = chip.chip.sector_address(sector) - 0x0800_0000
        flash[start : start + chip.chip.sector_bytes[sector]] = b"\xff" * chip.chip.sector_bytes[sector]
    for address, data in CONTENTS:
        flash[address - 0x0800_0000 :][: len(data)] = data
        flash[address - 0x0800_0000 : address - 0x0800_0000 + len(data)] = data
    return flash


def test_it_erases_writes_reads_back_and_restarts(image, chip, terminal):
    line, told = terminal(chip), []
    flash(image, small_layout("q15"), "stm32f405", Via.uart, line.port, lambda done, of: told.append((done, of)))
    assert chip.flash == expected(chip)
    assert chip.started_at == 0x2000_4000
    stub = chip.read(0x2000_4000, 28)
    assert stub[:8] == bytes.fromhex("00400020 09400020")  # stack and entry, for Go
    assert stub[-8:] == bytes.fromhex("0ced00e0 0400fa05")  # SYSRESETREQ goes to AIRCR
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_a_second_run_finds_the_bootloader_that_was_spoken_to_before(image, chip, terminal):
    line = terminal(chip)
    assert is_in_bootloader(line.port)
    assert is_in_bootloader(line.port)
    flash_with_uart(image.elf, find_board("stm32f405"), line.port)
    assert chip.flash == expected(chip)


def test_the_other_chip_is_flashed_the_same_way(image, terminal):
    chip = RomChip(CHIPS["stm32h743"])
    target = dataclasses.replace(find_board("stm32f405"), name="stm32h743", slot_sectors=(14, 15))
    flash_with_uart(image.elf, target, terminal(chip).port)
    assert chip.flash[: len(CODE)] == CODE
    assert chip.flash[14 * 0x20000 : 16 * 0x20000] == b"\xff" * 0x40000
    assert chip.started_at == 0x2400_8000


def wrong_chip(chip):
    chip.device_id = 0x419


def read_protected(chip):
    chip.is_read_protected = True


def write_protected(chip):
    chip.write_protected = {1}


def worn_out(chip):
    chip.stuck_at = 5


@pytest.mark.parametrize(
    ("fault", "cause", "message"),
    [
        (wrong_chip, "wrong chip", r"device id 0x419, expected 0x413 \(STM32F405\)"),
        (read_protected, "read-out protected", "refuses Read Memory"),
        (write_protected, "write protected", "refuses Extended Erase"),
        (worn_out, "not verified", "Mismatched byte in the 256 bytes at 0x08000000"),
    ],
)
def test_failures_are_told_apart(image, chip, terminal, fault, cause, message):
    fault(chip)
    with pytest.raises(
        FlashError, match=rf"^stm32f405 was not flashed \({cause}\): .{{40,}}\n(.|\n)*{message}"
    ) as caught:
        flash(image, small_layout("q15"), "stm32f405", Via.uart, terminal(chip).port)
    assert (caught.value.cause, caught.value.exit_code) == (cause, 5)
    assert chip.started_at is None


def test_what_cannot_be_flashed_stays_as_it_was(image, chip, terminal):
    for fault in (wrong_chip, read_protected):
        fault(chip)
        with pytest.raises(FlashError):
            flash(image, small_layout("q15"), "stm32f405", Via.uart, terminal(chip).port)
    assert set(chip.flash) == {0xA5}


@pytest.fixture
def silent():
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_silence_names_pins_and_boot0(image, silent):
    with pytest.raises(FlashError, match=r"\(no target\): no bootloader answers .*PA9.*Set BOOT0 to 1 and reset"):
        flash(image, small_layout("q15"), "stm32f405", Via.uart, silent)


@pytest.mark.parametrize(
    ("answers", "message"),
    [(1, "does not answer to Get ID"), (6, "does not answer to Read Memory at 0x08000000")],
)
def test_a_line_that_breaks_ends_in_a_message(image, chip, terminal, answers, message):
    count = [0]

    def spoil(answer):
        count[0] += len(answer)
        return answer if count[0] <= answers else b""

    with pytest.raises(FlashError, match=message) as caught:
        flash(image, small_layout("q15"), "stm32f405", Via.uart, terminal(chip, spoil).port)
    assert caught.value.exit_code == 5


def test_a_byte_that_is_no_answer_is_shown(image, chip, terminal):
    line = terminal(chip, lambda answer: answer if answer == b"\x79" else b"\x42")
    with pytest.raises(FlashError, match="the bootloader answers 0x42 to Get ID"):
        flash(image, small_layout("q15"), "stm32f405", Via.uart, line.port)


def test_a_bare_socket_cannot_set_parity(image):
    with pytest.raises(FlashError, match="even parity, which a bare socket cannot set: use rfc2217://"):
        flash(image, small_layout("q15"), "stm32f405", Via.uart, "socket://127.0.0.1:9")


def test_without_a_port_it_asks_for_one(image):
    with pytest.raises(BoardNotFoundError, match="--via uart needs the serial port"):
        flash(image, small_layout("q15"), "stm32f405", Via.uart)


def test_a_real_port_gets_even_parity_and_a_pseudo_terminal_none(monkeypatch, silent):
    asked = []
    monkeypatch.setattr(uart, "open_serial_port", lambda *arguments: asked.append(arguments))
    uart.open_line("/dev/ttyUSB0")
    uart.open_line("rfc2217://lab:1")
    uart.open_line(silent)
    assert asked == [("/dev/ttyUSB0", 115200, "E"), ("rfc2217://lab:1", 115200, "E"), (silent, 115200, "N")]


def test_the_bootloader_may_listen_at_another_port_than_the_board(chip, terminal, silent, monkeypatch):
    asked = []
    monkeypatch.setattr(bootloader, "_ask", asked.append)
    assert bootloader.enter_bootloader("board", silent)
    assert asked == ["board"]
    assert not bootloader.enter_bootloader("board", terminal(chip).port)
    assert asked == ["board"]

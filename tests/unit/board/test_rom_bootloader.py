"""The model of the bootloader in ROM, held to AN3155: each command as its section writes it, byte by byte."""

import pytest
from rom_chip import RomChip

from designer.board.virtual.rom_bootloader import RomBootloader
from designer.toolchain.flashing.chips import CHIPS


@pytest.fixture
def chip():
    return RomChip(CHIPS["stm32f405"])


@pytest.fixture
def say(chip):
    """Send bytes, in hexadecimal, and get the answer the same way; the bootloader is synchronised."""
    rom = RomBootloader(chip)
    assert rom.receive(b"\x7f") == b"\x79"
    return lambda text: rom.receive(bytes.fromhex(text)).hex(" ")


def test_it_is_silent_until_it_has_measured_the_baud_rate(chip):
    rom = RomBootloader(chip)
    assert rom.receive(b"\x00\xff\x01") == b""
    assert rom.receive(b"\x7f") == b"\x79"


def test_get(say):  # 3.1: N, version, codes
    assert say("00 ff") == "79 0a 31 00 01 02 11 21 31 44 73 82 92 79"


def test_get_version(say):  # 3.2: version and two option bytes
    assert say("01 fe") == "79 31 00 00 79"


def test_get_id(say):  # 3.3: N = 1, PID
    assert say("02 fd") == "79 01 04 13 79"


def test_a_wrong_complement_or_an_unknown_command_is_refused(say):
    assert say("00 fe") == "1f"
    assert say("63 9c") == "1f"
    assert say("7f") == ""
    assert say("7f") == "1f"  # so a host finds out that it is heard
    assert say("01 fe") == "79 31 00 00 79"


def test_read_memory(say, chip):  # 3.4
    chip.flash[4:8] = b"\x01\x02\x03\x04"
    assert say("11 ee") == "79"
    assert say("08 00 00 04 0c") == "79"
    assert say("03 fc") == "79 01 02 03 04"


@pytest.mark.parametrize("address", ["08 00 00 04 0d", "70 00 00 00 70"])
def test_an_address_with_a_wrong_check_or_without_memory_is_refused(say, address):
    for command in ("11 ee", "31 ce"):
        assert say(command) == "79"
        assert say(address) == "1f"


def test_read_memory_refuses_a_length_with_a_wrong_complement(say):
    assert say("11 ee") == "79"
    assert say("08 00 00 00 08") == "79"
    assert say("03 fd") == "1f"


def test_write_memory(say, chip):  # 3.6: N, data, check over both
    chip.erase(0)
    assert say("31 ce") == "79"
    assert say("08 00 00 00 08") == "79"
    assert say("03 aa bb cc dd 03") == "79"
    assert chip.flash[:4] == b"\xaa\xbb\xcc\xdd"


@pytest.mark.parametrize(
    ("address", "data"),
    [("08 00 00 00 08", "03 aa bb cc dd 04"), ("08 00 00 00 08", "02 aa bb cc df")],
)
def test_write_memory_refuses_a_wrong_check_or_half_a_word(say, chip, address, data):
    chip.erase(0)
    assert say("31 ce") == "79"
    assert say(address) == "79"
    assert say(data) == "1f"
    assert chip.flash[:4] == b"\xff" * 4


def test_write_memory_refuses_an_address_that_is_no_multiple_of_4(say):
    assert say("31 ce") == "79"
    assert say("08 00 00 02 0a") == "1f"


def test_a_write_does_not_set_bits(say):
    assert say("31 ce") == "79"
    assert say("08 00 00 00 08") == "79"
    assert say("03 ff ff ff ff 03") == "1f"  # onto what was not erased


def test_extended_erase(say, chip):  # 3.8: N, codes, check
    assert say("44 bb") == "79"
    assert say("00 01 00 00 00 04 05") == "79"
    assert chip.flash[:0x4000] == b"\xff" * 0x4000
    assert chip.flash[0x4000] == 0xA5
    assert chip.flash[0x10000:0x20000] == b"\xff" * 0x10000


def test_extended_erase_of_all_and_its_refusals(say, chip):
    chip.write_protected = {2}
    assert say("44 bb") == "79"
    assert say("00 00 00 02 02") == "1f"
    assert say("44 bb") == "79"
    assert say("ff fe 01") == "1f"
    assert say("44 bb") == "79"
    assert say("ff ff 01") == "1f"
    assert say("44 bb") == "79"
    assert say("ff ff 00") == "79"
    assert set(chip.flash) == {0xFF}


def test_go(say, chip):  # 3.5
    assert say("21 de") == "79"
    assert say("20 00 40 00 60") == "79"
    assert chip.started_at == 0x2000_4000


def test_read_out_protection(say, chip):  # 3.11 and 3.12; 2.2: what is refused under protection
    assert say("82 7d") == "79 79"
    for command in ("11 ee", "21 de", "31 ce", "44 bb", "73 8c", "82 7d"):
        assert say(command) == "1f"
    assert say("02 fd") == "79 01 04 13 79"
    assert say("92 6d") == "79 79"
    assert set(chip.flash) == {0xFF}
    assert say("11 ee") == "79"


def test_write_unprotect(say, chip):  # 3.10
    chip.write_protected = {0, 11}
    assert say("73 8c") == "79 79"
    assert chip.write_protected == set()

"""Flashing through OpenOCD: its call, and what its failures are turned into.  A script plays OpenOCD, except where
its own Tcl is tested.  Messages are those of OpenOCD 0.12.0: src/flash/nor/stm32f2x.c and stm32h7x.c,
src/flash/startup.tcl, src/jtag/drivers/stlink_usb.c and libusb_helper.c, src/target/target.c.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from designs import small_layout

from designer.errors import BoardNotFoundError, BuildError, FlashError, LayoutError
from designer.layout.sections import BoardAudio, BoardSettings
from designer.toolchain.boards import BOARDS, find_board
from designer.toolchain.elf import Identity
from designer.toolchain.flash import check_channels, flash
from designer.toolchain.flashing.chips import CHIPS, protection_level
from designer.toolchain.flashing.openocd import check_commands, openocd_commands
from designer.toolchain.image import Image

CLOCK = "Info : clock speed 2000 kHz\n"
PROBE = CLOCK + "Info : STLINK V2J37M26 (API v2) VID:PID 0483:374B\nInfo : Target voltage: 3.259060\n"
INIT_FAILED = "\n** OpenOCD init failed **"
FAILED = "\n** Programming Failed **"
FAILURES = {
    "no permission": [CLOCK + "Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\nError: open failed" + INIT_FAILED],
    "busy": [
        CLOCK + "Error: libusb_open() failed with LIBUSB_ERROR_BUSY\nError: open failed" + INIT_FAILED,
        PROBE + "Error: couldn't bind gdb to socket on port 3333: Address already in use",
        CLOCK + "Error: the selected device is already used" + INIT_FAILED,
        CLOCK.strip() + INIT_FAILED,
    ],
    "no probe": [CLOCK + "Error: open failed" + INIT_FAILED],
    "no target": [
        PROBE + "Error: init mode failed (unable to connect to the target)" + INIT_FAILED,
        PROBE + "Error: target voltage may be too low for reliable debugging" + INIT_FAILED,
    ],
    "read-out protected": [PROBE + "** read-out protection: byte 0xff"],
    "write protected": [
        PROBE + "Error: stm32x device protected\nError: failed erasing sectors 0 to 2" + FAILED,
        PROBE + "Error: flash memory write protected\nError: error writing to flash at address 0x08000000" + FAILED,
        PROBE + "Error: wait_flash_op_queue, write protection error" + FAILED,
    ],
    "wrong chip": [
        PROBE + "** wrong chip: device id 0x419, expected 0x413 (STM32F405)",
        PROBE + "Warn : Cannot identify target as a STM32 family.\nError: auto_probe failed" + FAILED,
        PROBE + "Warn : UNEXPECTED idcode: 0x1ba01477\nError: expected 1 of 1: 0x2ba01477",
    ],
    "not halted": [
        PROBE + "Error: timed out while waiting for target halted\n** Unable to reset target **",
        PROBE + "Error: Target not halted\nError: failed erasing sectors 0 to 2" + FAILED,
    ],
    "not verified": ["** Programming Finished **\n** Verify Started **\nError: checksum mismatch\n** Verify Failed **"],
}
DONE = "** Programming Finished **\n** Verify Started **\n** Verified OK **\n** Resetting Target **"


@pytest.fixture
def image():
    return Image(Path("/a place/firmware.elf"), "00", 1, 1, Identity(1, "q15", 2, 3, 32, 48000, "small", "00"))


@pytest.fixture
def openocd(tmp_path, monkeypatch):
    """Put a program called openocd on the PATH that prints bytes and ends with a code; returns its arguments."""

    def play(said, code):
        script, output = tmp_path / "openocd", tmp_path / "output"
        output.write_bytes(said if isinstance(said, bytes) else said.encode())
        script.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/arguments\ncat {output} >&2\nexit {code}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return tmp_path / "arguments"

    return play


def test_checks_erases_tuned_tables_programs_verifies_and_resets(image, openocd):
    arguments = openocd(DONE, 0)
    flash(image, small_layout("q15"), "stm32f405")
    lines = arguments.read_text().splitlines()
    assert lines[:8] == [
        "-f",
        "interface/stlink.cfg",
        "-f",
        "target/stm32f4x.cfg",
        "-c",
        "gdb_port disabled; tcl_port disabled; telnet_port disabled",
        "-c",
        "init; reset init",
    ]
    # Sectors 10 and 11, RM0090, table 5: what was tuned on an earlier image.
    assert lines[-3:] == [
        "flash erase_address 0x80c0000 0x40000",
        "-c",
        "program {/a place/firmware.elf} verify reset exit",
    ]


@pytest.mark.parametrize(
    ("cause", "said"), [(cause, said) for cause, all_said in FAILURES.items() for said in all_said]
)
def test_failures_are_told_apart(image, openocd, cause, said):
    openocd(said, 1)
    with pytest.raises(FlashError, match=rf"^stm32f405 was not flashed \({cause}\): .{{40,}}") as caught:
        flash(image, small_layout("q15"), "stm32f405")
    assert (caught.value.cause, caught.value.exit_code) == (cause, 5)
    assert str(caught.value).endswith(said.splitlines()[-1])  # and what the tool said is there to read


def test_an_unknown_failure_shows_what_the_tool_said(image, openocd):
    openocd("Error: something else\n" * 40, 1)
    with pytest.raises(FlashError, match="openocd failed\nError: something else") as caught:
        flash(image, small_layout("q15"), "stm32f405")
    assert len(str(caught.value).splitlines()) == 13
    assert caught.value.exit_code == 5


def test_success_without_a_read_back_is_no_success(image, openocd):
    openocd("nothing", 0)
    with pytest.raises(FlashError, match="did not confirm what it wrote"):
        flash(image, small_layout("q15"), "stm32f405")


def test_output_that_is_no_text_is_shown_and_not_decoded_strictly(image, openocd):
    openocd(b"Info : serial \xff\xfe\x1b]0;title\x07 \x1b[31mred\x1b[0m\r\nError: open failed\n", 1)
    with pytest.raises(
        FlashError, match=r"no probe(.|\n)*serial \\xff\\xfe\\x1b\]0;title\\x07 red\nError: open failed$"
    ):
        flash(image, small_layout("q15"), "stm32f405")


def test_a_program_that_cannot_be_run_is_no_stack_trace(image, tmp_path, monkeypatch):
    script = tmp_path / "openocd"
    script.write_bytes(b"\x7fELF of another machine")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FlashError, match=r"openocd: .* cannot be run: .*; install it again"):
        flash(image, small_layout("q15"), "stm32f405")


def test_no_board_is_exit_code_5():
    assert BoardNotFoundError("").exit_code == 5


# Plays a chip to OpenOCD's own Tcl: registers, and commands that report what they were given.
TCL_CHIP = """
proc read_memory {{address width count}} {{
    return [dict get {{0xe0042000 {id:#x} 0x40023c14 {protection:#x}}} $address]
}}
proc init args {{}}
proc reset args {{}}
proc flash args {{ echo "flash $args" }}
proc program args {{ echo "program $args"; shutdown }}
"""


def in_openocd(device_id, protection):
    executable = shutil.which("openocd")
    if executable is None:
        pytest.skip("OpenOCD is not installed")
    commands = [TCL_CHIP.format(id=device_id, protection=protection)]
    commands += openocd_commands(Path("/a place/firmware.elf"), find_board("stm32f405"))
    arguments = [part for command in commands for part in ("-c", command)]
    return subprocess.run([executable, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_openocd_itself_runs_the_commands():
    result = in_openocd(0x1007_6413, 0x0FFF_AAED)
    assert result.returncode == 0
    assert "flash erase_address 0x80c0000 0x40000\nprogram {/a place/firmware.elf} verify reset exit" in result.stderr


@pytest.mark.parametrize(
    ("device_id", "protection", "message"),
    [
        (0x1000_6419, 0x0FFF_AAED, "** wrong chip: device id 0x419, expected 0x413 (STM32F405)"),
        (0x1007_6413, 0x0FFF_FFED, "** read-out protection: byte 0xff"),
    ],
)
def test_openocd_itself_refuses_another_chip_and_a_protected_one(device_id, protection, message):
    result = in_openocd(device_id, protection)
    assert result.returncode == 1
    assert message in result.stderr
    assert "program {" not in result.stderr


def test_each_chip_has_the_check_of_its_own_registers():
    assert "read_memory 0x5c001000 32 1" in check_commands(CHIPS["stm32h743"])[0]
    assert "0x450" in check_commands(CHIPS["stm32h743"])[0]


def test_levels_of_read_out_protection():
    # RM0090, table 10: 0xAA is level 0, 0xCC level 2, all else level 1
    assert [protection_level(rdp << 8) for rdp in (0xAA, 0x00, 0x55, 0xFF, 0xCC)] == [0, 1, 1, 1, 2]


def test_sectors_of_the_chips():
    f405, h743 = CHIPS["stm32f405"], CHIPS["stm32h743"]
    assert [f405.sector_address(n) for n in (0, 3, 4, 5, 11, 12)] == [
        0x0800_0000,
        0x0800_C000,
        0x0801_0000,
        0x0802_0000,
        0x080E_0000,
        0x0810_0000,
    ]
    assert list(f405.sectors_of(0x0800_3FFF, 2)) == [0, 1]
    assert list(f405.sectors_of(0x080E_0000, 128 * 1024)) == [11]
    assert h743.sector_address(16) == 0x0820_0000
    for address, size in ((0x07FF_FFFF, 1), (0x080F_FFFF, 2), (0x0800_0000, 0)):
        with pytest.raises(FlashError, match="do not lie in the flash of STM32F405"):
            f405.sectors_of(address, size)


def test_without_openocd_its_package_is_named(image, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BoardNotFoundError, match=r"'openocd' was not found .* apt-get install openocd"):
        flash(image, small_layout("q15"), "stm32f405")


def test_more_drivers_than_channels_are_refused_before_anything_is_written(image, openocd):
    arguments = openocd(DONE, 0)
    with pytest.raises(LayoutError, match=r"5 drivers, but stm32f405 has 4 audio channels\. It runs under HIL"):
        flash(image, small_layout("q15", drivers=5), "stm32f405")
    assert not arguments.exists()
    check_channels(small_layout("q15", drivers=4), "stm32f405")


def test_a_channel_that_the_board_lacks_is_refused():
    layout = small_layout("q15")
    moved = layout.drivers[1].model_copy(update={"channel": 4})
    with pytest.raises(LayoutError, match="driver 'd1': channel = 4, but stm32f405 has channels 0 to 3"):
        check_channels(layout.model_copy(update={"drivers": (layout.drivers[0], moved)}), "stm32f405")


def test_a_bus_that_the_board_lacks_is_refused():
    layout = small_layout("q15")
    asked = layout.model_copy(update={"board": BoardSettings(audio=BoardAudio(bus="tdm8"))})
    check_channels(asked, "stm32h743")
    with pytest.raises(LayoutError, match=r"board\.audio\.bus = 'tdm8': stm32f405 has i2s; take one of these"):
        check_channels(asked, "stm32f405")


def test_the_image_of_another_layout_is_refused(image, openocd):
    openocd(DONE, 0)
    with pytest.raises(BuildError, match="built from 'small', not 'other'"):
        flash(image, small_layout("q15", name="other"), "stm32f405")


def test_openocd_has_the_scripts():
    scripts = Path("/usr/share/openocd/scripts")
    if not scripts.is_dir():
        pytest.skip("OpenOCD is not installed in Debian's place")
    for board in BOARDS.values():
        assert [name for name in board.openocd_configs if not (scripts / name).is_file()] == []

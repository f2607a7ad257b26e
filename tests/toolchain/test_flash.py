"""Flashing: the call of OpenOCD, and what its failures are turned into; OpenOCD itself is played by a script."""

import os
from pathlib import Path

import pytest
from designs import small_layout

from designer.errors import BoardNotFoundError, BuildError, LayoutError
from designer.toolchain.boards import BOARDS
from designer.toolchain.elf import Identity
from designer.toolchain.flash import check_channels, flash
from designer.toolchain.image import Image

# As OpenOCD 0.12 puts them
NO_PROBE = "Info : clock speed 2000 kHz\nError: open failed\n** OpenOCD init failed **"
NO_TARGET = "Info : STLINK V2J37\nError: init mode failed (unable to connect to the target)\n** OpenOCD init failed **"
NOT_VERIFIED = "** Programming Finished **\n** Verify Started **\nError: checksum mismatch\n** Verify Failed **"
DONE = "** Programming Finished **\n** Verify Started **\n** Verified OK **\n** Resetting Target **"


@pytest.fixture
def image():
    return Image(Path("/a place/firmware.elf"), "00", 1, 1, Identity(1, "q15", 2, 3, 32, 48000, "small", "00"))


@pytest.fixture
def openocd(tmp_path, monkeypatch):
    """Put a program called openocd on the PATH that prints a text and ends with a code; returns its arguments."""

    def play(text, code):
        script = tmp_path / "openocd"
        script.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/arguments\ncat >&2 <<'END'\n{text}\nEND\nexit {code}\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return tmp_path / "arguments"

    return play


def test_programs_verifies_and_resets(image, openocd):
    arguments = openocd(DONE, 0)
    flash(image, small_layout("q15"), "stm32f405")
    assert arguments.read_text().splitlines() == [
        "-f",
        "interface/stlink.cfg",
        "-f",
        "target/stm32f4x.cfg",
        "-c",
        "init; reset init; flash erase_sector 0 10 11",  # what was tuned on an earlier image
        "-c",
        "program {/a place/firmware.elf} verify reset exit",
    ]


@pytest.mark.parametrize(
    ("text", "code", "error", "message"),
    [
        (NO_PROBE, 1, BoardNotFoundError, r"looked for an ST-Link probe on USB \(interface/stlink\.cfg, .* found none"),
        (NO_TARGET, 1, BoardNotFoundError, "no stm32f405 answers on its SWD pins"),
        (NOT_VERIFIED, 1, BuildError, "writing to stm32f405 failed:(.|\n)*checksum mismatch"),
        ("nothing", 0, BuildError, "did not confirm what it wrote"),
    ],
)
def test_failures_are_told_apart(image, openocd, text, code, error, message):
    openocd(text, code)
    with pytest.raises(error, match=message):
        flash(image, small_layout("q15"), "stm32f405")


def test_no_board_is_exit_code_5():
    assert BoardNotFoundError("").exit_code == 5


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

"""Flashing through pyOCD: its calls, and what its failures are turned into.  A script plays pyOCD, except where pyOCD
itself is tested.  Messages are those of pyOCD 0.46: probe/stlink/usb.py and constants.py, core/helpers.py,
flash/flash.py, commands/commands.py.
"""

import json
import os
import subprocess
import sys

import pytest
from designs import small_layout
from elf_files import elf_file

from designer.errors import BoardNotFoundError, BuildError, FlashError
from designer.toolchain.elf import Identity, flash_contents
from designer.toolchain.flash import flash
from designer.toolchain.flashing.chips import CHIPS
from designer.toolchain.flashing.pyocd import find_pyocd
from designer.toolchain.flashing.via import Via
from designer.toolchain.image import Image

ACCESS = (
    "0000352 W [Errno 13] Access denied (insufficient permissions) while trying to get the STLink USB device "
    "configuration (VID=0483 PID=374b). This can probably be remedied with a udev rule.\nNo connected debug probes"
)
FAILURES = {
    "no permission": ACCESS,
    "busy": "0000480 C Error: [Errno 16] Resource busy [__main__]",
    "no probe": "No connected debug probes",
    "no target": "0000612 E Error while initing target: STLink error (9): Get IDCODE error [commander]",
    "write protected": "0001333 C flash erase sector failure (address 0x08000000; result code 0x1)",
    "not halted": "0002115 C target was not halted as expected after calling flash algorithm routine (IPSR=3)",
}
# Prints what pyOCD prints for each command, and keeps the commands.
STAND_IN = """
import json, sys
from pathlib import Path
here = Path(__file__).parent
play = json.loads((here / "play.json").read_text())
with (here / "commands").open("a") as file:
    commands = [after for before, after in zip(sys.argv, sys.argv[1:]) if before == "-c"]
    file.write("\\n".join([" ".join(a for a in sys.argv[1:sys.argv.index("-c")]), *commands]) + "\\n")
for command in commands:
    word, *rest = command.split()
    if word == "read32":
        print(f"{int(rest[0], 16):08x}:  {play['registers'][rest[0]]}    |....|")
    elif word == "compare":
        data = Path(rest[1]).read_bytes()
        (here / "written.bin").write_bytes(data)
        print(f"Comparing {len(data)} bytes @ 0x{int(rest[0], 16):08x}")
        print(play["compare"].format(size=len(data)))
    elif word in play["fails"]:
        sys.stdout.buffer.write(play["fails"][word].encode() + b" \\xff\\n")
        sys.exit(play["code"])
"""
REGISTERS = {"0xe0042000": "10076413", "0x40023c14": "0fffaaed"}
CONTENTS = [(0x0800_0000, b"code" * 100), (0x0800_0194, b"data")]


@pytest.fixture
def image(tmp_path):
    elf = tmp_path / "firmware.elf"
    elf.write_bytes(elf_file(CONTENTS))
    return Image(elf, "00", 1, 1, Identity(1, "q15", 2, 3, 32, 48000, "small", "00"))


@pytest.fixture
def pyocd(tmp_path, monkeypatch):
    """Put a program called pyocd on the PATH; returns its directory."""

    def play(registers=REGISTERS, compare="All {size} bytes match.", fails=(), code=1):
        place = tmp_path / "tools"
        place.mkdir()
        settings = {"registers": registers, "compare": compare, "fails": dict(fails), "code": code}
        (place / "play.json").write_text(json.dumps(settings))
        script = place / "pyocd"
        script.write_text(f"#!{sys.executable}\n{STAND_IN}")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
        return place

    return play


def test_checks_erases_tuned_tables_programs_compares_and_resets(image, pyocd):
    place = pyocd()
    flash(image, small_layout("q15"), "stm32f405", Via.pyocd)
    commands = (place / "commands").read_text().splitlines()
    call = "commander --no-config --no-wait --color never -t stm32f412xg"
    assert commands[:3] == [call, "read32 0xe0042000", "read32 0x40023c14"]
    assert commands[3:6] == [call, "reset halt", "erase 0x80c0000 2"]
    assert commands[6].startswith("load ")
    assert commands[6].endswith("firmware.bin 0x8000000")
    assert commands[7].startswith("compare 0x8000000 ")
    assert commands[8:] == ["reset"]
    assert (place / "written.bin").read_bytes() == b"code" * 100 + b"\xff" * 4 + b"data"


@pytest.mark.parametrize("cause", FAILURES)
def test_failures_are_told_apart(image, pyocd, cause):
    pyocd(fails={"reset": FAILURES[cause]})
    with pytest.raises(FlashError, match=rf"^stm32f405 was not flashed \({cause}\): .{{40,}}") as caught:
        flash(image, small_layout("q15"), "stm32f405", Via.pyocd)
    assert (caught.value.cause, caught.value.exit_code) == (cause, 5)
    assert str(caught.value).endswith(r"\xff")


@pytest.mark.parametrize(
    ("registers", "cause", "message"),
    [
        ({"0xe0042000": "10006419"}, "wrong chip", r"device id 0x419, expected 0x413 \(STM32F405\)"),
        ({"0x40023c14": "0fff55ed"}, "read-out protected", "read-out protection: level 1"),
        ({"0x40023c14": "0fffcced"}, "read-out protected", "read-out protection: level 2"),
    ],
)
def test_another_chip_and_a_protected_one_are_refused_before_anything_is_erased(
    image, pyocd, registers, cause, message
):
    place = pyocd(registers={**REGISTERS, **registers})
    with pytest.raises(FlashError, match=message) as caught:
        flash(image, small_layout("q15"), "stm32f405", Via.pyocd)
    assert caught.value.cause == cause
    assert "erase" not in (place / "commands").read_text()


def test_a_byte_that_reads_back_differently_is_no_success(image, pyocd):
    # pyOCD prints it and ends with code 0
    pyocd(compare="Mismatched byte at 0x08000003 (offset 0x3): 0x64 (memory) != 0x65 (file)")
    with pytest.raises(FlashError, match=r"\(not verified\): the flash reads back differently(.|\n)*offset 0x3"):
        flash(image, small_layout("q15"), "stm32f405", Via.pyocd)


def test_without_pyocd_its_package_is_named(image, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(BoardNotFoundError, match=r"'pyocd' is not installed: pip install 'proscenium\[pyocd\]'"):
        flash(image, small_layout("q15"), "stm32f405", Via.pyocd)


def test_pyocd_itself_has_the_targets_without_a_pack_or_a_network():
    result = subprocess.run(
        [find_pyocd(), "list", "--targets"], capture_output=True, text=True, timeout=120, check=False
    )
    for chip in CHIPS.values():
        line = next(line for line in result.stdout.splitlines() if line.split()[:1] == [chip.pyocd_target])
        assert line.split()[-1] == "builtin"


def test_pyocd_itself_takes_the_call_and_finds_no_probe(image, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(FlashError, match=r"not flashed \(no probe\)(.|\n)*No connected debug probes"):
        flash(image, small_layout("q15"), "stm32f405", Via.pyocd)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x7fELF\x01\x01" + bytes(10), "not a 32-bit little-endian ELF file"),
        (elf_file([]), "has nothing to load"),
        (elf_file([(0x0800_0000, b"a"), (0x2000_0000, b"b")]), "more than any flash"),
        (elf_file([(0x0800_0000, b"a")])[:60], "broken program table"),
    ],
)
def test_a_file_that_cannot_be_flashed_is_refused(tmp_path, data, message):
    path = tmp_path / "x.elf"
    path.write_bytes(data)
    with pytest.raises(BuildError, match=message):
        flash_contents(path)

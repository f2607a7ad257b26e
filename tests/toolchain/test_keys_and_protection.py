"""Keys for signed tables, the commands that make them, and read-out protection, which nothing sets by itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rom_chip import RomAtTerminal, RomChip

from designer.errors import BoardNotFoundError, FlashError, LayoutError, OutputConflictError
from designer.toolchain import keys
from designer.toolchain.boards import find_board
from designer.toolchain.flashing.chips import CHIPS
from designer.toolchain.flashing.protect import protect
from designer.toolchain.flashing.via import Via

PROSCENIUM = Path(sys.executable).with_name("proscenium")
F405 = find_board("stm32f405")


def run(*arguments, **environment):
    return subprocess.run(
        [PROSCENIUM, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


def test_a_new_key_signs_what_its_public_half_verifies(tmp_path):
    path = tmp_path / "owner.pem"
    public = keys.new_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    Ed25519PublicKey.from_public_bytes(public).verify(keys.signer(path)(b"message"), b"message")
    assert keys.public_half(path) == public


def test_a_key_is_never_overwritten(tmp_path):
    path = tmp_path / "owner.pem"
    keys.new_key(path)
    before = path.read_bytes()
    with pytest.raises(OutputConflictError, match="exists: a key is never overwritten"):
        keys.new_key(path)
    assert path.read_bytes() == before


def test_a_public_key_is_read_from_digits_and_from_either_file(tmp_path):
    path = tmp_path / "owner.pem"
    public = keys.new_key(path)
    beside = tmp_path / "owner.pem.pub"
    beside.write_text(public.hex() + "\n")
    assert [keys.read_public_key(text) for text in (public.hex(), str(beside), str(path))] == [public] * 3


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "00" * 33, "no/such/file"])
def test_what_is_no_public_key_is_refused(text):
    with pytest.raises(LayoutError, match="allowed are 64 hexadecimal digits, or a file"):
        keys.read_public_key(text)


def test_what_is_no_private_key_is_refused(tmp_path):
    path = tmp_path / "x.pem"
    with pytest.raises(LayoutError, match="cannot be read"):
        keys.signer(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(LayoutError, match="cannot be read"):
        keys.signer(path)
    with pytest.raises(LayoutError, match="cannot be read"):
        keys.read_public_key(str(path))
    other = generate_private_key(SECP256R1())
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(other.private_bytes(*form))
    with pytest.raises(LayoutError, match="a key of another kind; allowed is Ed25519"):
        keys.signer(path)


def test_without_the_package_its_name_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "IS_AVAILABLE", False)
    for call in (keys.new_key, keys.signer, keys.public_half):
        with pytest.raises(LayoutError, match=r"pip install 'proscenium\[keys\]'"):
            call(tmp_path / "owner.pem")


def test_the_commands_make_and_show_a_key(tmp_path):
    path = tmp_path / "owner.pem"
    made = run("keys", "new", str(path))
    assert made.returncode == 0
    public = (tmp_path / "owner.pem.pub").read_text().strip()
    assert public in made.stdout
    assert run("keys", "show", str(path)).stdout.strip() == public
    assert run("keys", "new", str(path)).returncode == 2


def test_a_public_half_is_never_overwritten_either(tmp_path):
    path, beside = tmp_path / "owner.pem", tmp_path / "owner.pem.pub"
    beside.write_text("the half of a key that is kept elsewhere\n")
    made = run("keys", "new", str(path))
    assert made.returncode == 2
    assert "owner.pem.pub' exists: a key is never overwritten" in made.stderr
    assert beside.read_text() == "the half of a key that is kept elsewhere\n"
    assert not path.exists()


@pytest.fixture
def openocd(tmp_path, monkeypatch):
    script = tmp_path / "openocd"
    script.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/arguments\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "arguments"


@pytest.mark.parametrize(("level", "message"), [("0", "ERASES the whole flash"), ("1", "locks probes out")])
def test_nothing_is_set_without_yes(openocd, level, message):
    result = run("protect", "--board", "stm32f405", "--level", level)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Nothing was done: add --yes" in result.stderr
    assert not openocd.exists()


def test_level_2_is_not_offered(openocd):
    assert run("protect", "--board", "stm32f405", "--level", "2", "--yes").returncode == 2
    with pytest.raises(ValueError, match="allowed are 0 and 1"):
        protect(F405, 2, Via.openocd)
    assert not openocd.exists()


@pytest.mark.parametrize(("level", "command"), [(1, "stm32f2x lock 0"), (0, "stm32f2x unlock 0")])
def test_openocd_checks_the_chip_and_sets_the_level(openocd, level, command):
    protect(F405, level, Via.openocd)
    lines = openocd.read_text().splitlines()
    assert lines[-1] == "shutdown"
    assert lines[-9] == "gdb_port disabled; tcl_port disabled; telnet_port disabled"
    assert lines[-3] == command
    assert "** wrong chip" in lines[-5]


def test_the_bootloader_sets_the_level():
    chip = RomChip(CHIPS["stm32f405"])
    line = RomAtTerminal(chip)
    protect(F405, 1, Via.uart, line.port)
    assert chip.is_read_protected
    assert set(chip.flash) == {0xA5}
    with pytest.raises(FlashError, match="the chip has that level already"):
        protect(F405, 1, Via.uart, line.port)
    protect(F405, 0, Via.uart, line.port)
    assert not chip.is_read_protected
    assert set(chip.flash) == {0xFF}
    chip.device_id = 0x419
    with pytest.raises(FlashError, match="wrong chip"):
        protect(F405, 1, Via.uart, line.port)
    assert not chip.is_read_protected
    line.close()


def test_the_bootloader_may_listen_at_another_port_than_its_board():
    chip = RomChip(CHIPS["stm32h743"])
    line = RomAtTerminal(chip)
    ports = ["--port", "/dev/none", "--bootloader-port", line.port]
    result = run("protect", "--board", "stm32h743", "--level", "1", "--via", "uart", *ports, "--yes")
    line.close()
    assert result.returncode == 0, result.stderr
    assert chip.is_read_protected
    refused = run("protect", "--board", "stm32h743", "--level", "1", "--bootloader-port", "/dev/none", "--yes")
    assert refused.returncode == 2
    assert "only --via uart uses the bootloader in ROM" in refused.stderr


def test_other_ways_are_refused():
    with pytest.raises(FlashError, match="use --via openocd or --via uart"):
        protect(F405, 1, Via.pyocd)
    with pytest.raises(BoardNotFoundError, match="--via uart needs the serial port"):
        protect(F405, 1, Via.uart)
    assert "only a real board" in run("protect", "--board", "virtual", "--level", "1", "--yes").stderr

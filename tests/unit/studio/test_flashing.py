"""The page flashes by the same tools as the command, and asks the board for its bootloader where that is the way."""

from types import SimpleNamespace

import pytest

from designer.errors import LayoutError
from designer.studio import board_line
from designer.studio.board_line import BoardLine
from designer.toolchain.flashing.via import Via

MADE = SimpleNamespace(layout="layout", sources="sources")


@pytest.fixture
def told(monkeypatch):
    """Replace what touches a board; return the list of what was done."""
    done = []
    monkeypatch.setattr(board_line, "check_channels", lambda layout, target: done.append("check"))
    monkeypatch.setattr(board_line, "write", lambda sources, folder: None)
    monkeypatch.setattr(board_line, "build_image", lambda folder, target, elf: SimpleNamespace(elf=elf))
    monkeypatch.setattr(board_line, "enter_bootloader", lambda port: done.append(f"bootloader at {port}"))
    monkeypatch.setattr(
        board_line, "flash", lambda image, layout, target, via, port, progress: done.append((via.value, port))
    )
    monkeypatch.setattr(board_line, "SerialBoard", lambda port: SimpleNamespace(close=lambda: None))
    return done


@pytest.mark.parametrize(
    ("via", "expected"),
    [
        (Via.openocd, ["check", ("openocd", None)]),
        (Via.pyocd, ["check", ("pyocd", None)]),
        (Via.uart, ["check", "bootloader at /dev/ttyX", ("uart", "/dev/ttyX")]),
    ],
)
def test_each_way_to_the_flash_is_that_of_the_command(tmp_path, told, via, expected):
    line = BoardLine(tmp_path)
    line.open_port("/dev/ttyX")
    line.flash(MADE, via, lambda text: None, lambda done, of: None)
    assert told == expected
    assert line.is_open


def test_a_virtual_board_is_not_flashed(tmp_path, told):
    with pytest.raises(LayoutError, match="only a real board"):
        BoardLine(tmp_path).flash(MADE, Via.openocd, lambda text: None, lambda done, of: None)
    assert told == []

"""Write an image to a real board, and read it back."""

from __future__ import annotations

from collections.abc import Callable

from designer.errors import BoardNotFoundError, BuildError, LayoutError
from designer.layout.model import Layout
from designer.toolchain.boards import find_board
from designer.toolchain.flashing.openocd import flash_with_openocd
from designer.toolchain.flashing.pyocd import flash_with_pyocd
from designer.toolchain.flashing.uart import flash_with_uart
from designer.toolchain.flashing.via import Via
from designer.toolchain.image import Image


def check_channels(layout: Layout, board: str) -> None:
    """Refuse a layout that has more drivers than the board has audio outputs.  Over serial (HIL) it still runs.

    Raises
    ------
    LayoutError
        If there are more drivers than channels, a driver names a channel that the board does not have, or the layout
        names a bus that the board does not have.
    BoardNotFoundError
        If the board is unknown.
    """
    target = find_board(board)
    drivers = len(layout.drivers)
    if drivers > target.audio_channels:
        raise LayoutError(
            f"layout '{layout.name}': {drivers} drivers, but {target.name} has {target.audio_channels} audio channels. "
            f"It runs under HIL over serial (make hil LAYOUT={layout.name}); flash a layout of at most "
            f"{target.audio_channels} drivers"
        )
    if layout.audio.bus not in target.audio_buses:
        raise LayoutError(
            f"layout '{layout.name}', board.audio.bus = '{layout.audio.bus}': {target.name} has "
            f"{', '.join(target.audio_buses)}; take one of these, or another board"
        )
    for driver in layout.drivers:
        if driver.channel >= target.audio_channels:
            raise LayoutError(
                f"layout '{layout.name}', driver '{driver.name}': channel = {driver.channel}, but {target.name} has "
                f"channels 0 to {target.audio_channels - 1}"
            )


def flash(
    image: Image,
    layout: Layout,
    board: str,
    via: Via = Via.openocd,
    port: str | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> None:
    """Program, read back, compare and reset.

    Parameters
    ----------
    image : Image
    layout : Layout
        Layout of the image.
    board : str
        A real board.
    via : Via
        The tool.
    port : str, optional
        Serial port at which the bootloader waits, for `Via.uart` only.
    progress : callable
        Called with bytes done and bytes in all, for `Via.uart` only.

    Raises
    ------
    LayoutError
        If the board has not enough audio outputs for the layout.
    BoardNotFoundError
        If the tool is missing.
    BuildError
        If the image has another layout.
    FlashError
        If the board was not written or not verified.
    """
    target = find_board(board)
    check_channels(layout, board)
    if image.identity.layout_name != layout.name:
        raise BuildError(f"image '{image.elf}' was built from '{image.identity.layout_name}', not '{layout.name}'")
    if via is Via.uart:
        if port is None:
            raise BoardNotFoundError("--via uart needs the serial port: --port /dev/ttyUSB0")
        flash_with_uart(image.elf, target, port, progress)
    elif via is Via.pyocd:
        flash_with_pyocd(image.elf, target)
    else:
        flash_with_openocd(image.elf, target)

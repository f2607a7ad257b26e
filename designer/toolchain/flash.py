"""Write an image to a real board through OpenOCD and an ST-Link probe."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from designer.errors import BoardNotFoundError, BuildError, LayoutError
from designer.layout.model import Layout
from designer.toolchain.boards import BoardTarget, find_board
from designer.toolchain.image import Image

OPENOCD = "openocd"
OPENOCD_TIMEOUT_S = 120

# Messages of OpenOCD 0.12 if there is no probe on the USB, or the probe finds no target.
_NO_PROBE = re.compile(r"open failed|no device found|unable to find a matching|LIBUSB_ERROR", re.IGNORECASE)
_NO_TARGET = re.compile(
    r"init mode failed|unable to connect|target voltage may be too low|examination failed", re.IGNORECASE
)


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


def flash(image: Image, layout: Layout, board: str) -> None:
    """Program, verify and reset.

    Parameters
    ----------
    image : Image
    layout : Layout
        Layout of the image.
    board : str
        A real board.

    Raises
    ------
    LayoutError
        If the board has not enough audio outputs for the layout.
    BoardNotFoundError
        If OpenOCD, the probe or the target is missing.
    BuildError
        If writing or verifying failed, or the image has another layout.
    """
    target = find_board(board)
    check_channels(layout, board)
    if image.identity.layout_name != layout.name:
        raise BuildError(f"image '{image.elf}' was built from '{image.identity.layout_name}', not '{layout.name}'")
    executable = shutil.which(OPENOCD)
    if executable is None:
        raise BoardNotFoundError(f"'{OPENOCD}' was not found on the PATH: apt-get install openocd")
    command = openocd_command(executable, image.elf, target)
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=OPENOCD_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise BoardNotFoundError(
            f"{OPENOCD}: no end after {OPENOCD_TIMEOUT_S} s; unplug the probe, try again"
        ) from error
    said = (result.stdout + result.stderr).strip()
    if result.returncode != 0:
        raise _explain(said, target)
    if "** Verified OK **" not in said:
        raise BuildError(f"{OPENOCD} did not confirm what it wrote:\n{said}")


def openocd_command(executable: str, elf: Path, target: BoardTarget) -> list[str]:
    """Build the command that programs, verifies and resets.

    It also erases tuned tables, so that the board plays what was flashed.
    """
    scripts = [part for config in target.openocd_configs for part in ("-f", config)]
    forget = "; ".join(["init", "reset init", "flash erase_sector {} {} {}"]).format(
        target.slot_bank, *target.slot_sectors
    )
    # Tcl takes text in braces literally, with its blanks.
    return [executable, *scripts, "-c", forget, "-c", f"program {{{elf}}} verify reset exit"]


def _explain(said: str, target: BoardTarget) -> BoardNotFoundError | BuildError:
    looked_for = f"looked for an ST-Link probe on USB ({', '.join(target.openocd_configs)})"
    if _NO_PROBE.search(said):
        return BoardNotFoundError(
            f"no board {target.name}: {looked_for} and found none. Plug it in; without permission for USB devices, "
            f"install OpenOCD's udev rules. 'make flash BOARD=virtual' needs no probe"
        )
    if _NO_TARGET.search(said):
        return BoardNotFoundError(
            f"no board {target.name}: the ST-Link probe is there, but no {target.name} answers on its SWD pins: "
            f"check SWDIO, SWCLK, ground and power\n{said}"
        )
    return BuildError(f"writing to {target.name} failed:\n{said}")

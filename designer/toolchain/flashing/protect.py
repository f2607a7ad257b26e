"""Read-out protection of a real board's chip: RM0090, section 3.7.3, and RM0433, section 4.6.2."""

from __future__ import annotations

from contextlib import closing

from designer.errors import BoardNotFoundError, FlashError
from designer.toolchain.boards import BoardTarget
from designer.toolchain.flashing.chips import find_chip
from designer.toolchain.flashing.failures import Cause
from designer.toolchain.flashing.openocd import NO_SERVERS, chip_check, run_openocd
from designer.toolchain.flashing.rom_client import RomRefusalError
from designer.toolchain.flashing.uart import greet, open_line
from designer.toolchain.flashing.via import Via


def protect(target: BoardTarget, level: int, via: Via, port: str | None = None) -> None:
    """Set the level; level 0 erases the whole flash.

    Parameters
    ----------
    target : BoardTarget
        A real board.
    level : int
        0 or 1.  Level 2 can never be undone, and is refused.
    via : Via
        OpenOCD, or the bootloader in ROM.
    port : str, optional
        Serial port at which the bootloader waits.

    Raises
    ------
    BoardNotFoundError
        If the tool or the port is missing.
    FlashError
        If the chip is another one, or the level was not set.
    ValueError
        If the level is neither 0 nor 1.
    """
    if level not in (0, 1):
        raise ValueError(f"level {level}: allowed are 0 and 1")
    chip = find_chip(target.name)
    if via is Via.openocd:
        word = "lock" if level else "unlock"
        commands = [NO_SERVERS, "init; reset init", chip_check(chip), f"{chip.openocd_driver} {word} 0", "shutdown"]
        run_openocd(target, commands)
        return
    if via is Via.pyocd:
        raise FlashError("pyOCD has no command for read-out protection: use --via openocd or --via uart")
    if port is None:
        raise BoardNotFoundError("--via uart needs the serial port: --port /dev/ttyUSB0")
    with closing(open_line(port)) as line:
        client = greet(line, chip, target.name)
        try:
            client.protect_reading(on=level == 1)
        except RomRefusalError as error:
            if level == 0 or error.cause != Cause.UNKNOWN.value:
                raise
            raise FlashError(
                f"{target.name}: the bootloader refuses level 1: the chip has that level already (AN3155, 'Readout "
                "Protect'). Nothing was done; level 0 would erase the flash",
                Cause.READ_PROTECTED.value,
            ) from error

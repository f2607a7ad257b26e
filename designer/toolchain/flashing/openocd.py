"""Write an image through OpenOCD and an ST-Link probe."""

from __future__ import annotations

import shutil
from pathlib import Path

from designer.errors import BoardNotFoundError
from designer.toolchain.boards import BoardTarget
from designer.toolchain.flashing.chips import Chip, find_chip
from designer.toolchain.flashing.failures import READ_PROTECTED, WRONG_CHIP, Cause, explain, failure
from designer.toolchain.flashing.tool import run_flash_tool

OPENOCD = "openocd"
_VERIFIED = "** Verified OK **"
# Its servers are not needed, and their ports may be in use.
NO_SERVERS = "gdb_port disabled; tcl_port disabled; telnet_port disabled"


def find_openocd() -> str:
    """Full path of OpenOCD.

    Raises
    ------
    BoardNotFoundError
        If it is not on the PATH.
    """
    executable = shutil.which(OPENOCD)
    if executable is None:
        raise BoardNotFoundError(
            f"'{OPENOCD}' was not found on the PATH: apt-get install openocd, or flash with --via pyocd"
        )
    return executable


def flash_with_openocd(elf: Path, target: BoardTarget) -> None:
    """Check chip and protection, then program, verify and reset.  Tuned tables are erased.

    Raises
    ------
    BoardNotFoundError
        If OpenOCD is missing.
    FlashError
        If the board was not written or not verified.
    """
    _, said = run_openocd(target, openocd_commands(elf, target))
    if _VERIFIED not in said:
        raise failure(Cause.NOT_VERIFIED, target.name, f"{OPENOCD} did not confirm what it wrote: try again", said)


def run_openocd(target: BoardTarget, commands: list[str]) -> tuple[int, str]:
    """Run commands of OpenOCD with the board's scripts.

    Raises
    ------
    BoardNotFoundError
        If OpenOCD is missing.
    FlashError
        If it fails.
    """
    scripts = [part for config in target.openocd_configs for part in ("-f", config)]
    arguments = [part for command in commands for part in ("-c", command)]
    code, said = run_flash_tool(OPENOCD, [find_openocd(), *scripts, *arguments])
    if code != 0:
        raise explain(OPENOCD, target.name, said)
    return code, said


def openocd_commands(elf: Path, target: BoardTarget) -> list[str]:
    """Commands that program, verify and reset.

    They also erase tuned tables, so that the board plays what was flashed.
    """
    chip = find_chip(target.name)
    first, last = target.slot_sectors
    start = chip.sector_address(first)
    size = chip.sector_address(last + 1) - start
    return [
        NO_SERVERS,
        "init; reset init",
        *check_commands(chip),
        f"flash erase_address {start:#x} {size:#x}",
        # Tcl takes text in braces literally, with its blanks.
        f"program {{{elf}}} verify reset exit",
    ]


def check_commands(chip: Chip) -> list[str]:
    """Commands that fail with a text of ours if the chip is another one, or read-out protected.

    The registers can be read at protection level 1 as well.
    """
    return [
        chip_check(chip),
        f"set rdp [expr {{([lindex [read_memory {chip.protection_register:#x} 32 1] 0] >> 8) & 0xff}}]; "
        f'if {{$rdp != 0xaa}} {{error [format "{READ_PROTECTED} byte 0x%02x" $rdp]}}',
    ]


def chip_check(chip: Chip) -> str:
    """Command that fails with a text of ours if the chip is another one."""
    return (
        f"set id [expr {{[lindex [read_memory {chip.id_register:#x} 32 1] 0] & 0xfff}}]; "
        f"if {{$id != {chip.device_id:#x}}} "
        f'{{error [format "{WRONG_CHIP} 0x%03x, expected {chip.device_id:#05x} ({chip.name})" $id]}}'
    )

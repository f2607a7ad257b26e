"""Write an image through pyOCD: the way that needs Python packages only.

pyOCD has built-in targets for few chips.  For the others it wants a vendor's pack, from the network.
`Chip.pyocd_target` names a built-in one with the same flash, so that no pack is needed.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from designer.errors import BoardNotFoundError
from designer.toolchain.boards import BoardTarget
from designer.toolchain.elf import flash_contents
from designer.toolchain.flashing.chips import Chip, find_chip, protection_level
from designer.toolchain.flashing.failures import READ_PROTECTED, WRONG_CHIP, Cause, explain
from designer.toolchain.flashing.tool import run_flash_tool

PYOCD = "pyocd"


def find_pyocd() -> str:
    """Full path of pyOCD: on the PATH, or beside this Python.

    Raises
    ------
    BoardNotFoundError
        If it is not installed.
    """
    beside = Path(sys.executable).with_name(PYOCD)
    executable = shutil.which(PYOCD) or (str(beside) if beside.is_file() else None)
    if executable is None:
        raise BoardNotFoundError(
            f"'{PYOCD}' is not installed: pip install 'proscenium[pyocd]', or flash with another --via"
        )
    return executable


def flash_with_pyocd(elf: Path, target: BoardTarget) -> None:
    """Check chip and protection, then program, read back, compare and reset.  Tuned tables are erased.

    Raises
    ------
    BoardNotFoundError
        If pyOCD is missing.
    FlashError
        If the board was not written or not verified.
    """
    chip = find_chip(target.name)
    address, contents = flash_contents(elf)
    _check(chip, target.name)
    with TemporaryDirectory(prefix="proscenium-flash-") as directory:
        binary = Path(directory) / "firmware.bin"
        binary.write_bytes(contents)
        said = _run(chip, target.name, pyocd_commands(chip, target, binary, address))
    if f"All {len(contents)} bytes match." not in said:
        raise explain(PYOCD, target.name, said, otherwise=Cause.NOT_VERIFIED)


def pyocd_commands(chip: Chip, target: BoardTarget, binary: Path, address: int) -> list[str]:
    """Commands that program, compare and reset.

    They also erase tuned tables, so that the board plays what was flashed.
    """
    first, last = target.slot_sectors
    return [
        # It ends the image's watchdog, too.
        "reset halt",
        f"erase {chip.sector_address(first):#x} {last - first + 1}",
        f"load {binary} {address:#x}",
        f"compare {address:#x} {binary}",
        "reset",
    ]


def read_registers(chip: Chip, board: str) -> tuple[int, int]:
    """Read the chip's identity and its protection register.

    Raises
    ------
    FlashError
        If pyOCD cannot read them.
    """
    addresses = (chip.id_register, chip.protection_register)
    said = _run(chip, board, [f"read32 {address:#x}" for address in addresses])
    found = [re.search(rf"^{address:08x}:\s+([0-9a-f]{{8}})\b", said, re.MULTILINE) for address in addresses]
    if found[0] is None or found[1] is None:
        raise explain(PYOCD, board, said)
    return int(found[0].group(1), 16), int(found[1].group(1), 16)


def _check(chip: Chip, board: str) -> None:
    identity, protection = read_registers(chip, board)
    if identity & 0xFFF != chip.device_id:
        said = f"{WRONG_CHIP} {identity & 0xFFF:#05x}, expected {chip.device_id:#05x} ({chip.name})"
        raise explain(PYOCD, board, said)
    level = protection_level(protection)
    if level:
        raise explain(PYOCD, board, f"{READ_PROTECTED} level {level}")


def _run(chip: Chip, board: str, commands: list[str]) -> str:
    arguments = [part for command in commands for part in ("-c", command)]
    code, said = run_flash_tool(
        PYOCD,
        [
            find_pyocd(),
            "commander",
            "--no-config",
            "--no-wait",
            "--color",
            "never",
            "-t",
            chip.pyocd_target,
            *arguments,
        ],
    )
    if code != 0:
        raise explain(PYOCD, board, said)
    return said

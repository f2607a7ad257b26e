"""Write an image through the bootloader in the chip's ROM, over the serial line: no probe is needed.

Sources: AN3155 (the protocol), AN2606 (pins, and the RAM that the bootloader uses).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import serial

from designer.errors import FlashError
from designer.toolchain.boards import BoardTarget
from designer.toolchain.elf import flash_contents
from designer.toolchain.flashing.chips import Chip, find_chip
from designer.toolchain.flashing.failures import Cause, failure, remedy_of
from designer.toolchain.flashing.rom_client import BAUD_RATE, BLOCK_BYTES, RomClient, RomRefusalError
from designer.toolchain.serial_port import is_pseudo_terminal, open_serial_port

_ERASED = 0xFF
# Behind a vector table of two words: DSB; LDR r0, =AIRCR; LDR r1, =SYSRESETREQ; STR r1, [r0]; B . (PM0214, 4.4.5).
_RESET_CODE = bytes.fromhex("bff34f8f014802490160fee7")
_AIRCR, _SYSRESETREQ = 0xE000_ED0C, 0x05FA_0004


def is_in_bootloader(port: str) -> bool:
    """Whether a bootloader answers at a port.

    Raises
    ------
    BoardNotFoundError
        If the port cannot be opened.
    FlashError
        If the port cannot have even parity.
    """
    with closing(_open(port)) as line:
        return RomClient(line).synchronise()


def flash_with_uart(
    elf: Path, target: BoardTarget, port: str, progress: Callable[[int, int], None] = lambda done, of: None
) -> None:
    """Check chip and protection, erase, program, read back, compare, and restart.  Tuned tables are erased.

    Parameters
    ----------
    elf : Path
    target : BoardTarget
    port : str
        Serial port at which the bootloader waits.
    progress : callable
        Called with bytes done and bytes in all, writing and reading.

    Raises
    ------
    BoardNotFoundError
        If the port cannot be opened.
    FlashError
        If the board was not written or not verified.
    """
    chip = find_chip(target.name)
    address, contents = flash_contents(elf)
    first, last = target.slot_sectors
    sectors = sorted({*chip.sectors_of(address, len(contents)), *range(first, last + 1)})
    with closing(_open(port)) as line:
        client = connect(line, chip, target.name)
        with _Explained(Cause.WRITE_PROTECTED, target.name):
            client.erase(sectors)
        blocks = _blocks(address, contents)
        for done, (start, block) in enumerate(blocks):
            with _Explained(Cause.WRITE_PROTECTED, target.name):
                client.write_memory(start, block)
            progress((done + 1) * BLOCK_BYTES, 2 * len(blocks) * BLOCK_BYTES)
        for done, (start, block) in enumerate(blocks):
            if client.read_memory(start, len(block)) != block:
                said = f"Mismatched byte in the {len(block)} bytes at {start:#010x}"
                raise failure(Cause.NOT_VERIFIED, target.name, remedy_of(Cause.NOT_VERIFIED), said)
            progress((len(blocks) + done + 1) * BLOCK_BYTES, 2 * len(blocks) * BLOCK_BYTES)
        _restart(client, chip)


def connect(line: serial.SerialBase, chip: Chip, board: str) -> RomClient:
    """Synchronise with a bootloader, and check chip and protection.

    Raises
    ------
    FlashError
        If nothing answers, the chip is another one, or its flash cannot be read.
    """
    client = RomClient(line)
    if not client.synchronise():
        raise failure(
            Cause.NO_TARGET,
            board,
            f"no bootloader answers at the serial line ({chip.bootloader_pins}). Set BOOT0 to 1 and reset the board, "
            "or connect the pins; a running Proscenium enters the bootloader by itself",
        )
    found = client.device_id()
    if found != chip.device_id:
        said = f"device id {found:#05x}, expected {chip.device_id:#05x} ({chip.name})"
        raise failure(Cause.WRONG_CHIP, board, remedy_of(Cause.WRONG_CHIP), said)
    with _Explained(Cause.READ_PROTECTED, board):
        client.read_memory(chip.flash_start, 4)
    return client


def _open(port: str) -> serial.SerialBase:
    if port.lower().startswith("socket://"):
        raise FlashError(
            f"serial port '{port}': the bootloader needs {BAUD_RATE} baud and even parity, which a bare socket cannot "
            "set: use rfc2217://, or a device"
        )
    # A pseudo terminal has no bits on a wire, and refuses parity.
    return open_serial_port(port, BAUD_RATE, serial.PARITY_NONE if is_pseudo_terminal(port) else serial.PARITY_EVEN)


def _blocks(address: int, contents: bytes) -> list[tuple[int, bytes]]:
    """Split into blocks that the bootloader takes; those that are erased anyway are left out."""
    padded = contents + bytes([_ERASED]) * (-len(contents) % BLOCK_BYTES)
    blocks = [(address + n, padded[n : n + BLOCK_BYTES]) for n in range(0, len(padded), BLOCK_BYTES)]
    return [(start, block) for start, block in blocks if block.count(_ERASED) != len(block)]


def _restart(client: RomClient, chip: Chip) -> None:
    """Reset the chip by code in RAM: after Go alone, the image would begin with the bootloader's clocks and pins."""
    entry = chip.reset_code_address + 8 | 1
    code = struct.pack("<II", chip.reset_code_address, entry) + _RESET_CODE + struct.pack("<II", _AIRCR, _SYSRESETREQ)
    client.write_memory(chip.reset_code_address, code)
    client.go(chip.reset_code_address)


class _Explained:
    """Give a refusal of the bootloader its cause."""

    def __init__(self, cause: Cause, board: str) -> None:
        self._cause, self._board = cause, board

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RomRefusalError) and error.cause == Cause.UNKNOWN.value:
            raise failure(self._cause, self._board, remedy_of(self._cause), str(error)) from error

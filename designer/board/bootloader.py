"""Bring a running board into the bootloader of its ROM, so that no button has to be pressed."""

from __future__ import annotations

from designer import protocol
from designer.board.link import Link
from designer.board.transport import SerialTransport
from designer.errors import BoardNotFoundError, FlashError, HilError
from designer.toolchain.flashing.uart import is_in_bootloader

_BY_HAND = "set BOOT0 to 1, reset the board, and run this command again"


def enter_bootloader(port: str, bootloader_port: str | None = None) -> bool:
    """Have a bootloader at the port: one that waits already, or that of a running board, which is asked to enter it.

    The bootloader is tried first.  It measures the baud rate from the first byte that it hears, so that the fast bytes
    of a running board's protocol would spoil it.

    Parameters
    ----------
    port : str
        Where a running board answers.
    bootloader_port : str, optional
        Where its bootloader listens, if that is another port.

    Returns
    -------
    bool
        Whether a running board was asked.

    Raises
    ------
    BoardNotFoundError
        If the port cannot be opened.
    FlashError
        If neither a bootloader nor a board answers, or the board cannot enter its bootloader.
    """
    if is_in_bootloader(bootloader_port or port):
        return False
    try:
        _ask(port)
    except BoardNotFoundError as error:
        raise FlashError(
            f"neither a bootloader nor a board answers at '{port}': {_BY_HAND} ({error})", "no target"
        ) from error
    except HilError as error:
        raise FlashError(f"the board at '{port}' does not enter its bootloader: {_BY_HAND} ({error})") from error
    return True


def _ask(port: str) -> None:
    transport = SerialTransport(port)
    try:
        link = Link(transport)
        digest = link.hello()["digest"]
        request = protocol.ENTER_BOOTLOADER.payload.pack(magic=protocol.ENTER_BOOTLOADER_MAGIC, digest=digest)
        link.request(protocol.ENTER_BOOTLOADER, request)
    finally:
        transport.close()

"""Names of boards: ``virtual:stm32f405``, ``qemu:NAME``, or a serial port, which may be a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from designer.errors import BoardNotFoundError
from designer.toolchain.boards import BoardTarget, find_board

DEFAULT_BOARD = "virtual:stm32f405"
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class BoardChoice:
    """A board to open.

    Attributes
    ----------
    target : BoardTarget
        What the image is compiled for.
    port : str or None
        Serial port of a real board.
    in_qemu : bool
        Whether QEMU runs the image.
    """

    target: BoardTarget
    port: str | None = None
    in_qemu: bool = False

    @property
    def is_real(self) -> bool:
        """Whether it is hardware at a port."""
        return self.port is not None

    @property
    def suffix(self) -> str:
        """Suffix of the files of this board, empty for the virtual STM32F405."""
        if self.port is not None:
            return "-" + _NO_FILE_NAME.sub("-", self.port.removeprefix("/dev/")).strip("-")
        if self.target.is_virtual_only:
            return f"-{self.target.name}"
        return "-qemu" if self.in_qemu else ""


def choose_board(name: str) -> BoardChoice:
    """Read the name of a board.

    Parameters
    ----------
    name : str
        ``virtual``, ``virtual:stm32f405``, ``qemu``, ``qemu:NAME``, or a serial port, which has an STM32F405.
        A port may be a URL, see `designer.toolchain.serial_port`.

    Raises
    ------
    BoardNotFoundError
        If there is no such board.
    """
    kind, _, target_name = name.partition(":")
    if kind not in ("virtual", "qemu"):
        return BoardChoice(find_board("stm32f405"), port=name)
    target = find_board(target_name or "stm32f405")
    if kind == "virtual" and target.is_virtual_only:
        raise BoardNotFoundError(
            f"board '{name}': only the STM32F405 is modelled as a virtual board; QEMU has it: qemu:{target.name}"
        )
    return BoardChoice(target, in_qemu=kind == "qemu")

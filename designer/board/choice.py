"""Names of boards: ``virtual:NAME``, ``qemu:NAME``, or a serial port, which may be a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from designer.errors import BoardNotFoundError
from designer.toolchain.boards import BOARDS, BoardTarget, find_board

DEFAULT_BOARD = "virtual:stm32f405"
# What designer.board.virtual models, by names of BOARDS.
MODELLED = ("stm32f405", "stm32f407", "stm32h743")
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
    label : str, optional
        Name in files and reports, where the port says little or changes.
    """

    target: BoardTarget
    port: str | None = None
    in_qemu: bool = False
    label: str | None = None

    @property
    def is_real(self) -> bool:
        """Whether it is hardware at a port."""
        return self.port is not None

    @property
    def suffix(self) -> str:
        """Suffix of the files of this board, empty for the virtual STM32F405."""
        if self.port is not None:
            return "-" + _NO_FILE_NAME.sub("-", (self.label or self.port).removeprefix("/dev/")).strip("-")
        if self.target.is_virtual_only:
            return f"-{self.target.name}"
        if self.in_qemu:
            return "-qemu"
        return "" if self.target.name == MODELLED[0] else f"-{self.target.name}"


def choose_board(name: str) -> BoardChoice:
    """Read the name of a board.

    Parameters
    ----------
    name : str
        ``virtual``, ``virtual:NAME``, ``qemu``, ``qemu:NAME``, or a serial port. A port has an STM32F405, unless the
        name of another board stands before it: ``stm32h743:/dev/ttyACM0``.  It may be a URL, see
        `designer.toolchain.serial_port`.

    Raises
    ------
    BoardNotFoundError
        If there is no such board.
    """
    kind, _, target_name = name.partition(":")
    if kind in BOARDS and target_name:
        return BoardChoice(_real(kind), port=target_name)
    if kind not in ("virtual", "qemu"):
        return BoardChoice(find_board("stm32f405"), port=name)
    target = find_board(target_name or "stm32f405")
    if kind == "virtual" and target.name not in MODELLED:
        raise BoardNotFoundError(
            f"board '{name}': not modelled as a virtual board; there are {', '.join(MODELLED)}; QEMU has it: "
            f"qemu:{target.name}"
        )
    if kind == "qemu" and not target.qemu_machine:
        raise BoardNotFoundError(f"board '{name}': QEMU has no such machine; take virtual:{target.name}")
    return BoardChoice(target, in_qemu=kind == "qemu")


def _real(name: str) -> BoardTarget:
    target = find_board(name)
    if target.is_virtual_only:
        raise BoardNotFoundError(f"board '{name}': exists in QEMU only: qemu:{name}")
    return target

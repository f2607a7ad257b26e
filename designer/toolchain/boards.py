"""The boards that firmware can be built for, as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from designer.errors import BoardNotFoundError
from designer.resources import resource

FIRMWARE_ROOT = resource("firmware")


@dataclass(frozen=True)
class BoardTarget:
    """How to compile for a board, flash it and simulate it.

    Attributes
    ----------
    name : str
        Also the directory of its port and the name it gives in HELLO.
    cpu_flags : tuple of str
        Compiler flags that choose the core.
    audio_channels : int
        Driver channels that its audio outputs can feed.
    flash_bytes, ram_bytes : int
        What the part has.
    openocd_configs : tuple of str
        Scripts of OpenOCD: probe, then target.
    qemu_machine : str
        QEMU's machine that boots the same image.
    """

    name: str
    cpu_flags: tuple[str, ...]
    audio_channels: int
    flash_bytes: int
    ram_bytes: int
    openocd_configs: tuple[str, ...]
    qemu_machine: str

    @property
    def port_directory(self) -> Path:
        """Where the board's own C and its linker script are."""
        return FIRMWARE_ROOT / "port" / self.name

    @property
    def linker_script(self) -> Path:
        """Memory map with its size checks."""
        return self.port_directory / f"{self.name}.ld"


BOARDS = {
    "stm32f405": BoardTarget(
        name="stm32f405",
        cpu_flags=("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
        audio_channels=4,
        flash_bytes=1024 * 1024,
        ram_bytes=128 * 1024,
        openocd_configs=("interface/stlink.cfg", "target/stm32f4x.cfg"),
        qemu_machine="netduinoplus2",
    ),
}


def find_board(name: str) -> BoardTarget:
    """Look a board up by name; ``virtual`` is the STM32F405 that QEMU simulates.

    Raises
    ------
    BoardNotFoundError
        If there is no such board.
    """
    board = BOARDS.get("stm32f405" if name == "virtual" else name)
    if board is None:
        raise BoardNotFoundError(f"board '{name}': unknown; there are virtual, {', '.join(sorted(BOARDS))}")
    return board

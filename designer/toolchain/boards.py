"""The boards that firmware can be built for, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        Also the directory of its port, and the name that it reports in HELLO_REPLY.
    cpu_flags : tuple of str
        Compiler flags that choose the core.
    shared_ports : tuple of str
        Further directories of ``firmware/port`` whose C files it uses.
    audio_channels : int
        Driver channels that its audio outputs can feed.
    audio_buses : tuple of str
        Values of the layout's ``board.audio.bus`` that its port has.
    core_hz : int
        Frequency at which a load is told.  For boards of QEMU it is that of the STM32F405.
    flash_bytes, ram_bytes : int
        Largest use by an image.
    slot_sectors : tuple of int
        First and last sector of the flash for tuned tables.  Empty if the board has none.
    openocd_configs : tuple of str
        Scripts of OpenOCD: probe, then target.  Empty if the board exists in QEMU only.
    qemu_machine : str
        QEMU's machine that boots the same image.  Empty if there is none.
    virtual_tick_hz : int
        Rate of SysTick in QEMU, in virtual time.  It does not depend on the clocks that the image sets.
    """

    name: str
    cpu_flags: tuple[str, ...]
    shared_ports: tuple[str, ...]
    audio_channels: int
    flash_bytes: int
    ram_bytes: int
    slot_sectors: tuple[int, ...]
    openocd_configs: tuple[str, ...]
    qemu_machine: str
    virtual_tick_hz: int
    audio_buses: tuple[str, ...] = ("i2s",)
    core_hz: int = 168_000_000

    @property
    def port_directory(self) -> Path:
        """Directory of the board's own C files and its linker script."""
        return FIRMWARE_ROOT / "port" / self.name

    @property
    def source_directories(self) -> tuple[Path, ...]:
        """Directory of the board, and the shared directories."""
        return (self.port_directory, *(FIRMWARE_ROOT / "port" / name for name in self.shared_ports))

    @property
    def is_virtual_only(self) -> bool:
        """Whether the board exists in QEMU only, so that it cannot be flashed."""
        return not self.openocd_configs

    @property
    def linker_script(self) -> Path:
        """Memory map with its size checks."""
        return self.port_directory / f"{self.name}.ld"


_STM32F405 = BoardTarget(
    name="stm32f405",
    cpu_flags=("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    shared_ports=("cortex_m", "stm32", "stm32f40x"),
    audio_channels=4,
    # Of 1024 KiB the last two sectors are the slots (firmware/port/stm32f40x/flash.c).
    flash_bytes=768 * 1024,
    ram_bytes=128 * 1024,
    slot_sectors=(10, 11),
    openocd_configs=("interface/stlink.cfg", "target/stm32f4x.cfg"),
    qemu_machine="netduinoplus2",
    virtual_tick_hz=168_000_000,
)
BOARDS = {
    "stm32f405": _STM32F405,
    "stm32f407": replace(_STM32F405, name="stm32f407", qemu_machine="", virtual_tick_hz=0),
    "stm32h743": BoardTarget(
        name="stm32h743",
        cpu_flags=("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
        shared_ports=("cortex_m", "stm32"),
        audio_channels=8,
        # Bank 1; of bank 2 the last two sectors are the slots (firmware/port/stm32h743/flash.c).
        flash_bytes=1024 * 1024,
        ram_bytes=128 * 1024,
        slot_sectors=(14, 15),
        openocd_configs=("interface/stlink.cfg", "target/stm32h7x.cfg"),
        qemu_machine="",
        virtual_tick_hz=0,
        audio_buses=("i2s", "tdm8"),
        core_hz=480_000_000,
    ),
    "mps2-an500": BoardTarget(
        name="mps2-an500",
        cpu_flags=("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
        shared_ports=("cortex_m", "cmsdk"),
        audio_channels=0,
        flash_bytes=4096 * 1024,
        ram_bytes=4096 * 1024,
        slot_sectors=(),
        openocd_configs=(),
        qemu_machine="mps2-an500",
        virtual_tick_hz=25_000_000,
    ),
    "mps3-an547": BoardTarget(
        name="mps3-an547",
        cpu_flags=("-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard"),
        shared_ports=("cortex_m", "cmsdk"),
        audio_channels=0,
        flash_bytes=512 * 1024,
        ram_bytes=512 * 1024,
        slot_sectors=(),
        openocd_configs=(),
        qemu_machine="mps3-an547",
        virtual_tick_hz=32_000_000,
    ),
}


def find_board(name: str) -> BoardTarget:
    """Look a board up by name; ``virtual`` and ``qemu`` are the STM32F405, ``virtual:NAME`` is the named one.

    Raises
    ------
    BoardNotFoundError
        If there is no such board.
    """
    board = BOARDS.get("stm32f405" if name in ("virtual", "qemu") else name.removeprefix("virtual:"))
    if board is None:
        raise BoardNotFoundError(f"board '{name}': unknown; there are virtual, {', '.join(sorted(BOARDS))}")
    return board

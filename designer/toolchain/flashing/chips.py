"""What the ways to flash must know of a chip, as data.

Sources: RM0090 (STM32F405), sections 3.3, 3.9.10 and 38.6.1.  RM0433 (STM32H743), sections 4.3, 4.9 and 60.5.8.
AN2606 lists the bootloaders in ROM.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from designer.errors import FlashError

KIB = 1024
# Values of the byte RDP: RM0090, table 10.  RM0433, section 4.9.8, has the same.
_RDP_LEVEL_0 = 0xAA
_RDP_LEVEL_2 = 0xCC


@dataclass(frozen=True)
class Chip:
    """A microcontroller, as probes and its own bootloader see it.

    Attributes
    ----------
    name : str
    device_id : int
        DEV_ID, 12 bits.  The bootloader reports the same number.
    id_register, protection_register : int
        Addresses of DBGMCU_IDCODE and of the register whose bits 15 to 8 are RDP, the level of read-out protection.
    flash_start : int
        Address of the first sector.
    sector_bytes : tuple of int
        Size of each sector, in order of addresses.
    openocd_driver : str
        OpenOCD's driver of the flash, whose commands set read-out protection.
    pyocd_target : str
        Built-in target of pyOCD with the same flash controller and the same sectors.
    bootloader_pins : str
        Where the bootloader in ROM listens.
    reset_code_address : int
        RAM that this bootloader does not use itself.
    """

    name: str
    device_id: int
    id_register: int
    protection_register: int
    flash_start: int
    sector_bytes: tuple[int, ...]
    openocd_driver: str
    pyocd_target: str
    bootloader_pins: str
    reset_code_address: int

    def sector_address(self, sector: int) -> int:
        """Address of the first byte of a sector."""
        return self.flash_start + sum(self.sector_bytes[:sector])

    def sectors_of(self, address: int, size: int) -> range:
        """Sectors that `size` bytes from `address` on lie in.

        Raises
        ------
        FlashError
            If some of the bytes lie outside the flash.
        """
        if size <= 0 or address < self.flash_start or address + size > self.sector_address(len(self.sector_bytes)):
            raise FlashError(f"{size} bytes at {address:#010x} do not lie in the flash of {self.name}: build it again")
        starts = [self.sector_address(sector) for sector in range(len(self.sector_bytes))]
        touched = [
            n for n, start in enumerate(starts) if start < address + size and start + self.sector_bytes[n] > address
        ]
        return range(touched[0], touched[-1] + 1)


def protection_level(register: int) -> int:
    """Level of read-out protection, 0 to 2, from the value of the protection register."""
    rdp = register >> 8 & 0xFF
    return {_RDP_LEVEL_0: 0, _RDP_LEVEL_2: 2}.get(rdp, 1)


_STM32F405 = Chip(
    name="STM32F405",
    device_id=0x413,
    id_register=0xE004_2000,
    protection_register=0x4002_3C14,
    flash_start=0x0800_0000,
    sector_bytes=(*[16 * KIB] * 4, 64 * KIB, *[128 * KIB] * 7),
    openocd_driver="stm32f2x",
    # pyOCD has no STM32F405 of its own.  The STM32F412xG has the same sectors and the same flash registers
    # (RM0402, section 3), and its algorithm uses the first 20 KiB of RAM.
    pyocd_target="stm32f412xg",
    bootloader_pins="USART1: PA9 (transmit), PA10 (receive)",
    reset_code_address=0x2000_4000,
)
CHIPS = {
    "stm32f405": _STM32F405,
    # The same die, with more pins (DS8626): device id, flash and ROM are those of the STM32F405.
    "stm32f407": replace(_STM32F405, name="STM32F407", bootloader_pins="USART3: PB10 (transmit), PB11 (receive)"),
    "stm32h743": Chip(
        name="STM32H743",
        device_id=0x450,
        id_register=0x5C00_1000,
        protection_register=0x5200_201C,
        flash_start=0x0800_0000,
        sector_bytes=(128 * KIB,) * 16,
        openocd_driver="stm32h7x",
        pyocd_target="stm32h743xx",
        bootloader_pins="USART1: PA9, PA10; USART2: PA2, PA3; USART3: PB10, PB11",
        reset_code_address=0x2400_8000,
    ),
}


def find_chip(board: str) -> Chip:
    """Look up the chip of a real board.

    Raises
    ------
    FlashError
        If the board is not a real one.
    """
    chip = CHIPS.get(board)
    if chip is None:
        raise FlashError(f"board '{board}' exists in simulators only: it has no flash to write")
    return chip

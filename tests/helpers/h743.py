"""Reads of what small programs on the STM32H743 have left."""

from designer.board.virtual.image import flash_contents
from designer.board.virtual.peripherals.stm32h7.flash import BYTES, START
from designer.toolchain.elf import read_sections
from designer.toolchain.table_crc import TABLES_SECTION

RESULT = 0x20000100  # as in the programs' own definition


def results(board, count):
    """What a program has left in RESULT."""
    data = board.machine.cpu.read(RESULT, 4 * count)
    return [int.from_bytes(data[4 * n : 4 * n + 4], "little") for n in range(count)]


def tables_in_flash(image):
    """First byte of the image's tables."""
    data = read_sections(image.elf)[TABLES_SECTION].data
    return START + flash_contents(image.elf, START, BYTES).index(data)

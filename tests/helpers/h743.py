"""Images for the model of the STM32H743, and reads of what they have left."""

from dataclasses import dataclass
from pathlib import Path

from designer.board.session import Board
from designer.board.virtual.image import flash_contents
from designer.board.virtual.peripherals.stm32h7.flash import BYTES, START
from designer.board.virtual.stm32h743 import Stm32h743
from designer.board.virtual.transport import VirtualTransport
from designer.fixedpoint.bank import FixedPointBank
from designer.layout.model import Layout
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


@dataclass
class Image:
    layout: Layout
    bank: FixedPointBank
    digest: str
    elf: Path

    def boot(self, **changes):
        """A board that has said hello, and the conversation with it."""
        machine = Stm32h743(self.elf, **changes)
        return machine, Board(VirtualTransport(machine), self.digest, self.layout)

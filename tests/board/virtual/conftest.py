"""Images for the executed board, built once."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from designs import generate_small, retuned_bank

from designer.board.session import Board
from designer.board.virtual.stm32f405 import Stm32f405
from designer.board.virtual.transport import VirtualTransport
from designer.codegen.digest import design_digest
from designer.codegen.table_set import pack
from designer.codegen.writer import write
from designer.design.build import build_design
from designer.fixedpoint.bank import FixedPointBank
from designer.layout.model import Layout
from designer.layout.shipped import find_layout
from designer.toolchain.compiler import build_image


@dataclass
class Image:
    layout: Layout
    bank: FixedPointBank
    digest: str
    elf: Path

    def boot(self, **changes):
        """A board that has said hello, and the conversation with it."""
        machine = Stm32f405(self.elf, **changes)
        return machine, Board(VirtualTransport(machine), self.digest, self.layout)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Two drivers of random filters: quick to build and to run."""
    directory = tmp_path_factory.mktemp("executed-small")
    layout, bank, digest = generate_small("q15", directory / "generated", equalised=(True, False, True))
    return Image(layout, bank, digest, build_image(directory / "generated", "virtual", directory / "firmware.elf").elf)


@pytest.fixture(scope="session")
def tables(small):
    """Two sets of tables that the small image can be tuned to."""
    banks = [retuned_bank(small.layout, small.bank, seed) for seed in (2, 3)]
    return [pack(small.layout, bank, design_digest(small.layout, bank)) for bank in banks]


@pytest.fixture(scope="session")
def front3(tmp_path_factory):
    """The default layout, as it ships."""
    directory = tmp_path_factory.mktemp("executed-front3")
    result = build_design(find_layout("front3"))
    write(result.sources, directory / "generated")
    elf = build_image(directory / "generated", "virtual", directory / "firmware.elf").elf
    return Image(result.layout, result.fixed, result.digest, elf)

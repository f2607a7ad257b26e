"""A linked image and its identity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from designer.toolchain.elf import Identity, memory_use, read_identity, read_sections


@dataclass(frozen=True)
class Image:
    """A linked image for one board.

    Attributes
    ----------
    elf : Path
    digest : str
        Design digest, read from the ELF itself.
    flash_bytes, ram_bytes : int
        Use of memory, with the reserved stack.
    identity : Identity
        Layout name, drivers, block size and other compiled-in values.
    """

    elf: Path
    digest: str
    flash_bytes: int
    ram_bytes: int
    identity: Identity


def read_image(elf: Path) -> Image:
    """Read an image that has been linked before.

    Raises
    ------
    BuildError
        If the file is not an image of this project.
    """
    sections = read_sections(elf)
    identity = read_identity(sections, elf)
    flash_bytes, ram_bytes = memory_use(sections)
    return Image(elf, identity.digest, flash_bytes, ram_bytes, identity)

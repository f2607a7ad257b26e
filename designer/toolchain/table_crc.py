"""Write the CRC-32 of the tables into a linked image.  The firmware checks it at the start and then continuously."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from designer.errors import BuildError
from designer.files import replace_file
from designer.toolchain.elf import read_sections

TABLES_SECTION = ".tables"
# table_crc_record_t in firmware/app/audio.c
_MAGIC = b"PSCN-TABLES\0"


def write_table_crc(elf: Path) -> int:
    """Write the CRC-32 of the section ``.tables`` beside the magic of its record.

    Parameters
    ----------
    elf : Path
        A linked image; replaced in one step.

    Returns
    -------
    int
        The CRC-32.

    Raises
    ------
    BuildError
        If the image holds no tables, or not exactly one record of a table CRC.
    """
    section = read_sections(elf).get(TABLES_SECTION)
    data = bytearray(elf.read_bytes())
    if section is None or not section.data or data.count(_MAGIC) != 1:
        raise BuildError(f"image '{elf}': no tables (section {TABLES_SECTION}), or not one record of their CRC")
    crc = zlib.crc32(section.data)
    struct.pack_into("<I", data, data.index(_MAGIC) + len(_MAGIC), crc)
    replace_file(elf, lambda file: file.write(data))
    return crc

"""Read the parts of an ELF file that the tools need: sections, their sizes, and the compiled-in identity.

Source: System V ABI, "Object Files"; 32-bit little-endian only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from designer import protocol
from designer.errors import BuildError

_NUMBER_FORMATS = {code: name.lower() for name, code in protocol.NUMBER_FORMAT.items()}
IDENTITY_SECTION = ".proscenium"
IDENTITY_MAGIC = 0x4E435350
# ps_identity_t in firmware/core/dsp/design_types.h
_IDENTITY = struct.Struct("<IHBBBBHI32s32s")

_SECTION_ALLOCATED = 0x2
_SECTION_WRITABLE = 0x1
_TYPE_NOBITS = 8
_SEGMENT_LOAD = 1
_LARGEST_FLASH = 16 << 20


@dataclass(frozen=True)
class Section:
    """A section: its address, and its bytes, which are empty if it only reserves memory."""

    name: str
    size: int
    flags: int
    reserves_only: bool
    data: bytes


@dataclass(frozen=True)
class Identity:
    """Identity of an image, from its section ``.proscenium``."""

    design_abi: int
    number_format: str
    drivers: int
    inputs: int
    block_samples: int
    sample_rate_hz: int
    layout_name: str
    digest: str


def _read_elf(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BuildError(f"image '{path}': cannot be read: {error}") from error
    if len(data) < 52 or data[:6] != b"\x7fELF\x01\x01":
        raise BuildError(f"image '{path}': not a 32-bit little-endian ELF file")
    return data


def read_sections(path: Path) -> dict[str, Section]:
    """Read the section table.

    Raises
    ------
    BuildError
        If the file is not a 32-bit little-endian ELF file.
    """
    data = _read_elf(path)
    (table,) = struct.unpack_from("<I", data, 32)
    entry_size, count, names_index = struct.unpack_from("<HHH", data, 46)
    try:
        headers = [struct.unpack_from("<IIIIII", data, table + n * entry_size) for n in range(count)]
        names_at = headers[names_index][4]
        sections = {}
        for name_offset, kind, flags, _address, offset, size in headers:
            start = names_at + name_offset
            name = data[start : data.index(b"\0", start)].decode("ascii", "replace")
            body = b"" if kind == _TYPE_NOBITS else data[offset : offset + size]
            sections[name] = Section(name, size, flags, kind == _TYPE_NOBITS, body)
    except (struct.error, IndexError, ValueError) as error:
        raise BuildError(f"image '{path}': broken section table") from error
    return sections


def flash_contents(path: Path) -> tuple[int, bytes]:
    """Read what an image has in the flash: its loadable segments, in one piece.

    Returns
    -------
    address : int
        Of the first byte, where it is loaded (not where it runs).
    contents : bytes
        Gaps are 0xFF, as erased flash is.

    Raises
    ------
    BuildError
        If the file is not a 32-bit little-endian ELF file, or has nothing to load.
    """
    data = _read_elf(path)
    (table,) = struct.unpack_from("<I", data, 28)
    entry_size, count = struct.unpack_from("<HH", data, 42)
    try:
        headers = [struct.unpack_from("<IIIIII", data, table + n * entry_size) for n in range(count)]
    except struct.error as error:
        raise BuildError(f"image '{path}': broken program table") from error
    loaded = [
        (address, data[offset : offset + size])
        for kind, offset, _, address, size, _ in headers
        if kind == _SEGMENT_LOAD and size
    ]
    if not loaded:
        raise BuildError(f"image '{path}': has nothing to load")
    start = min(address for address, _ in loaded)
    contents = bytearray(b"\xff" * (max(address + len(part) for address, part in loaded) - start))
    if len(contents) > _LARGEST_FLASH:
        raise BuildError(f"image '{path}': spans {len(contents)} bytes, more than any flash: link it for a board")
    for address, part in loaded:
        contents[address - start : address - start + len(part)] = part
    return start, bytes(contents)


def memory_use(sections: dict[str, Section]) -> tuple[int, int]:
    """Bytes of flash and of RAM, with the reserved stack.  Initialised data counts in both."""
    flash = ram = 0
    for section in sections.values():
        if section.flags & _SECTION_ALLOCATED:
            if not section.reserves_only:
                flash += section.size
            if section.flags & _SECTION_WRITABLE:
                ram += section.size
    return flash, ram


def read_identity(sections: dict[str, Section], path: Path) -> Identity:
    """Read the identity.

    Raises
    ------
    BuildError
        If the image has no identity.
    """
    section = sections.get(IDENTITY_SECTION)
    if section is None or len(section.data) < _IDENTITY.size:
        raise BuildError(f"image '{path}': carries no design identity (section {IDENTITY_SECTION})")
    magic, abi, code, drivers, inputs, _, block, rate, name, digest = _IDENTITY.unpack_from(section.data)
    if magic != IDENTITY_MAGIC:
        raise BuildError(f"image '{path}': the design identity is damaged")
    return Identity(
        design_abi=abi,
        number_format=_NUMBER_FORMATS.get(code, f"code {code}"),
        drivers=drivers,
        inputs=inputs,
        block_samples=block,
        sample_rate_hz=rate,
        layout_name=name.rstrip(b"\0").decode("ascii", "replace"),
        digest=digest.hex(),
    )

"""The bytes that a programmer would write to the flash: loadable segments of an ELF file at their load addresses.

Source: System V ABI, "Program Header"; 32-bit little-endian only.
"""

from __future__ import annotations

import struct
from pathlib import Path

from designer.errors import BuildError

_LOAD = 1


def flash_contents(path: Path, start: int, size: int) -> bytes:
    """Lay an image out as a flash of `size` bytes at `start`, erased where the image has nothing.

    Raises
    ------
    BuildError
        If the file is no such ELF file, or a segment lies outside.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BuildError(f"image '{path}': cannot be read: {error}") from error
    if len(data) < 52 or data[:6] != b"\x7fELF\x01\x01":
        raise BuildError(f"image '{path}': not a 32-bit little-endian ELF file")
    (table,) = struct.unpack_from("<I", data, 28)
    entry_size, count = struct.unpack_from("<HH", data, 42)
    flash = bytearray(b"\xff" * size)
    for n in range(count):
        kind, offset, _, load_address, file_bytes = struct.unpack_from("<IIIII", data, table + n * entry_size)
        if kind != _LOAD or file_bytes == 0:
            continue
        first = load_address - start
        if not 0 <= first <= first + file_bytes <= size:
            raise BuildError(f"image '{path}': segment at 0x{load_address:08X} lies outside the flash")
        flash[first : first + file_bytes] = data[offset : offset + file_bytes]
    return bytes(flash)

"""Small ELF files, made by hand."""

import struct


def elf_file(segments):
    """Write a 32-bit little-endian ELF file for Arm with loadable segments: pairs of address and bytes."""
    table_at, count = 52, len(segments)
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, 0x0800_0001, table_at, 0, 0, 52, 32, count, 40, 0, 0)
    offset, table, body = table_at + 32 * count, b"", b""
    for address, data in segments:
        # The virtual address differs, as that of initialised data does.
        table += struct.pack("<IIIIIIII", 1, offset + len(body), 0x2000_0000, address, len(data), len(data) + 64, 5, 4)
        body += data
    return header + table + body

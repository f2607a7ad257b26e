"""Payload of a message: fields of fixed size, little-endian, without padding between them."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_STRUCT_CODES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "u64": "Q"}
_SIZES = {"u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "u64": 8}
REPLY_BIT = 0x80


@dataclass(frozen=True)
class Field:
    """One field of a payload: its name, its type (an integer, ``bytes`` or zero-padded ``text``) and its meaning."""

    name: str
    kind: str
    meaning: str
    length: int = 1

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return _SIZES.get(self.kind, 1) * self.length

    @property
    def struct_code(self) -> str:
        """The field as `struct` spells it."""
        return _STRUCT_CODES.get(self.kind) or f"{self.length}s"


@dataclass(frozen=True)
class Payload:
    """An ordered set of fields, with no padding between them."""

    fields: tuple[Field, ...] = ()
    offsets: dict[str, int] = field(init=False, default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        offset = 0
        for item in self.fields:
            self.offsets[item.name] = offset
            offset += item.size

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return sum(item.size for item in self.fields)

    def pack(self, **values: int | bytes | str) -> bytes:
        """Pack one value for every field.

        Raises
        ------
        KeyError, struct.error
            If a value is missing or does not fit its field.
        """
        parts = []
        for item in self.fields:
            value = values[item.name]
            parts.append(value.encode("ascii") if isinstance(value, str) else value)
        return struct.pack("<" + "".join(item.struct_code for item in self.fields), *parts)

    def unpack(self, payload: bytes) -> dict[str, int | bytes | str]:
        """Read every field.

        Raises
        ------
        ValueError
            If the payload's size is not that of the fields.
        """
        if len(payload) != self.size:
            raise ValueError(f"payload of {len(payload)} bytes, expected {self.size}")
        raw = struct.unpack("<" + "".join(item.struct_code for item in self.fields), payload)
        return {
            item.name: _text(value) if item.kind == "text" else value
            for item, value in zip(self.fields, raw, strict=True)
        }


def _text(raw: bytes) -> str:
    """Decode a text of the board, with escapes for all that a terminal could obey."""
    text = raw.rstrip(b"\0").decode("ascii", "backslashreplace")
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


@dataclass(frozen=True)
class Message:
    """A type of link frame; samples may follow the fields where `carries_samples` says so."""

    name: str
    code: int
    payload: Payload
    meaning: str
    carries_samples: bool = False

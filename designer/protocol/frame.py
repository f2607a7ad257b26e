"""A link frame: header, payload and CRC-32, and the limits of all three."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from designer.protocol.payload import Field, Payload

PROTOCOL_VERSION = 1
DELIMITER = 0
CREDITS = 4
MAX_PAYLOAD_BYTES = 1024
BAUD_RATE = 921600
HEADER = Payload(
    (
        Field("version", "u8", "protocol version"),
        Field("type", "u8", "message type"),
        Field("sequence", "u16", "number of the request; its reply repeats it"),
        Field("session", "u16", "chosen by the host in HELLO, never 0"),
        Field("length", "u16", "bytes of payload"),
    )
)
CRC_BYTES = 4
OVERHEAD_BYTES = HEADER.size + CRC_BYTES
MAX_FRAME_BYTES = MAX_PAYLOAD_BYTES + OVERHEAD_BYTES
# COBS adds one byte for every 254 begun, and the delimiter closes the link frame.
MAX_ENCODED_BYTES = MAX_FRAME_BYTES + MAX_FRAME_BYTES // 254 + 2


class ProtocolVersionError(ValueError):
    """A valid link frame of another version of the protocol."""


@dataclass(frozen=True)
class Frame:
    """A decoded link frame."""

    type: int
    sequence: int
    session: int
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """Pack header, payload and CRC-32, before COBS.

        Raises
        ------
        ValueError
            If the payload exceeds `MAX_PAYLOAD_BYTES`.
        """
        if len(self.payload) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"payload of {len(self.payload)} bytes, allowed 0 to {MAX_PAYLOAD_BYTES}")
        header = HEADER.pack(
            version=PROTOCOL_VERSION,
            type=self.type,
            sequence=self.sequence,
            session=self.session,
            length=len(self.payload),
        )
        body = header + self.payload
        return body + struct.pack("<I", zlib.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> Frame:
        """Check and read a link frame after COBS.

        Raises
        ------
        ProtocolVersionError
            If the link frame is valid, but of another version.
        ValueError
            If size, CRC-32 or length do not fit.
        """
        if not OVERHEAD_BYTES <= len(data) <= MAX_FRAME_BYTES:
            raise ValueError(f"frame of {len(data)} bytes, allowed {OVERHEAD_BYTES} to {MAX_FRAME_BYTES}")
        body, (crc,) = data[:-CRC_BYTES], struct.unpack("<I", data[-CRC_BYTES:])
        if zlib.crc32(body) != crc:
            raise ValueError("CRC-32 does not fit")
        version, kind, sequence, session, length = struct.unpack("<BBHHH", body[: HEADER.size])
        if version != PROTOCOL_VERSION:
            raise ProtocolVersionError(f"protocol version {version}, not {PROTOCOL_VERSION}")
        if length != len(body) - HEADER.size:
            raise ValueError(f"length field {length}, payload of {len(body) - HEADER.size} bytes")
        return cls(kind, sequence, session, body[HEADER.size :])

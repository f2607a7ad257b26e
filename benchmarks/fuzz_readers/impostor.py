"""A board whose replies are damaged."""

from __future__ import annotations

from cobs import cobs

from benchmarks.fuzz_readers.damage import Edits, damage
from designer import protocol
from designer.protocol import Frame


class Impostor:
    """A line to a board whose replies have damaged payloads in whole link frames."""

    def __init__(self, edits: Edits, honest: int) -> None:
        self._edits, self._honest, self._pending = edits, honest, bytearray()

    def write(self, data: bytes) -> None:
        """Take requests, and hold a reply to each ready."""
        for encoded in filter(None, data.split(b"\0")):
            frame = Frame.from_bytes(cobs.decode(encoded))
            payload = _hello() if frame.type == protocol.HELLO.code else bytes(64)
            if self._honest == 0:
                payload = damage(payload, self._edits)[: protocol.MAX_PAYLOAD_BYTES]
            self._honest = max(self._honest - 1, 0)
            reply = Frame(frame.type | protocol.REPLY_BIT, frame.sequence, frame.session, payload)
            self._pending += cobs.encode(reply.to_bytes()) + b"\0"

    def read(self, timeout_s: float) -> bytes:
        """Return the replies at once."""
        del timeout_s
        data, self._pending = bytes(self._pending), bytearray()
        return data

    def wait(self, seconds: float) -> None:
        """Do nothing: the impostor has no time."""

    def close(self) -> None:
        """Nothing is open."""


def _hello() -> bytes:
    values: dict[str, int | bytes | str] = dict.fromkeys((item.name for item in protocol.HELLO_REPLY.payload.fields), 1)
    for item in protocol.HELLO_REPLY.payload.fields:
        if item.kind in ("text", "bytes"):
            values[item.name] = b"board"[: item.length] if item.kind == "text" else bytes(item.length)
    values |= {"sample_rate_hz": 48000, "block_samples": 64, "max_payload_bytes": 1024, "credits": 4, "drivers": 3}
    values |= {"inputs": 3, "number_format": protocol.NUMBER_FORMAT["Q31"], "reserved": 0, "clock_source": 0}
    return protocol.HELLO_REPLY.payload.pack(**values)

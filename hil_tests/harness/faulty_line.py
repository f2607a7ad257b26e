"""A line that does harm on purpose: between the host and any board, in either direction."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from cobs import cobs

from designer import protocol
from designer.board.transport import Transport

# What becomes of one encoded frame, without its delimiter: the frames that go on in its place.
Harm = Callable[[bytes], list[bytes]]

NOISE_BYTES = 20_000
_noise = np.random.default_rng(20261123)


def _resealed(frame: bytes, change: Callable[[bytearray], None]) -> bytes:
    """Change a frame's body and give it a sound CRC again: only what the change says is wrong with it."""
    body = bytearray(cobs.decode(frame)[: -protocol.CRC_BYTES])
    change(body)
    return bytes(cobs.encode(bytes(body) + zlib.crc32(body).to_bytes(protocol.CRC_BYTES, "little")))


def _field(name: str, value: Callable[[int], int], size: int) -> Harm:
    at = protocol.HEADER.offsets[name]

    def change(body: bytearray) -> None:
        old = int.from_bytes(body[at : at + size], "little")
        body[at : at + size] = (value(old) % (1 << (8 * size))).to_bytes(size, "little")

    return lambda frame: [_resealed(frame, change)]


def _noise_bytes(count: int) -> bytes:
    return _noise.integers(0, 256, count, dtype=np.uint8).tobytes()


def _bad_crc(frame: bytes) -> list[bytes]:
    raw = bytearray(cobs.decode(frame))
    raw[-1] ^= 1
    return [bytes(cobs.encode(bytes(raw)))]


# Kind of fault → what it does to a frame.  A frame that was harmed is sent again by the protocol, unharmed.
FAULTS: dict[str, Harm] = {
    "truncated frame": lambda frame: [frame[: len(frame) // 2]],
    "bad CRC": _bad_crc,
    "flipped bit": lambda frame: [frame[:9] + bytes([frame[9] ^ 4 or 1]) + frame[10:]],
    "bad COBS": lambda frame: [b"\xff" + frame[1:]],
    "wrong sequence number": _field("sequence", lambda n: n + 7, 2),
    "another's session": _field("session", lambda n: n ^ 0x5A5A or 1, 2),
    "length field too long": _field("length", lambda n: n + 1000, 2),
    "protocol version": _field("version", lambda n: n + 1, 1),
    "duplicated frame": lambda frame: [frame, frame],
    "lost frame": lambda frame: [],
    "oversize frame": lambda frame: [b"\x01" * (4 * protocol.MAX_ENCODED_BYTES), frame],
    "zero bytes": lambda frame: [b"", b"", b"", frame, b"", b""],
    "dropped byte": lambda frame: [frame[:7] + frame[8:]],
    "inserted byte": lambda frame: [frame[:7] + b"\x55" + frame[7:]],
    "noise between frames": lambda frame: [_noise_bytes(NOISE_BYTES), frame],
}
# A board of another version cannot be talked to: this fault ends the conversation, and is meant to.
ENDS_THE_SESSION = {"to_board": frozenset[str](), "to_host": frozenset({"protocol version"})}


class FaultyLine:
    """Passes bytes on, and harms every so many frames in one direction.

    Parameters
    ----------
    transport : Transport
    direction : 'to_board' or 'to_host'
    harm : Harm
    period : int
        Every so many frames.
    spared : int
        Frames at the beginning that pass unharmed.
    """

    def __init__(self, transport: Transport, direction: str, harm: Harm, period: int = 5, spared: int = 2) -> None:
        self._transport, self._direction, self._harm = transport, direction, harm
        self._period, self._spared = period, spared
        self._rest = b""
        self._frames = 0
        self.injected = 0

    def write(self, data: bytes) -> None:
        """Send, harmed where this is the direction."""
        self._transport.write(self._pass(data) if self._direction == "to_board" else data)

    def read(self, timeout_s: float) -> bytes:
        """Receive, harmed where this is the direction."""
        data = self._transport.read(timeout_s)
        return self._pass(data) if self._direction == "to_host" else data

    def wait(self, seconds: float) -> None:
        """Let the board go on."""
        self._transport.wait(seconds)

    def close(self) -> None:
        """Leave the line beneath open: the board is needed for what follows."""

    def _pass(self, data: bytes) -> bytes:
        *frames, self._rest = (self._rest + data).split(b"\0")
        out = []
        for frame in frames:
            harmed = [frame]
            if frame:
                self._frames += 1
                if self._frames > self._spared and self._frames % self._period == 0:
                    harmed = self._harm(frame)
                    self.injected += 1
            out += harmed
        return b"".join(frame + b"\0" for frame in out)

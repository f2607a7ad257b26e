"""Messages between the process of a virtual board and the program that started it: fields in JSON, then bytes.

Each message begins with the lengths of both parts, as 32-bit little-endian numbers.
"""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import dataclass
from typing import Any

_LENGTHS = struct.Struct("<II")


class ChannelClosedError(Exception):
    """The other end of a channel is gone."""


@dataclass(frozen=True)
class Channel:
    """One end of a pair of sockets.

    Attributes
    ----------
    end : socket.socket
        Connected and blocking.
    """

    end: socket.socket

    def send(self, fields: dict[str, Any], payload: bytes = b"") -> None:
        """Send a message.

        Raises
        ------
        ChannelClosedError
            If the other end is gone.
        """
        text = json.dumps(fields).encode()
        try:
            self.end.sendall(_LENGTHS.pack(len(text), len(payload)) + text + payload)
        except OSError as error:
            raise ChannelClosedError(str(error)) from error

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """Wait for a message.

        Raises
        ------
        ChannelClosedError
            If the other end is gone, or the socket's time-out passes.
        """
        text_bytes, payload_bytes = _LENGTHS.unpack(self._take(_LENGTHS.size))
        text = self._take(text_bytes)
        return json.loads(text), self._take(payload_bytes)

    def _take(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self.end.recv(size - len(parts))
            except OSError as error:
                raise ChannelClosedError(str(error)) from error
            if not part:
                raise ChannelClosedError("closed")
            parts += part
        return bytes(parts)

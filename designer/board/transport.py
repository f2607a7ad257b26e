"""Bytes to a board and back, with every wait bounded."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path
from typing import Protocol

import serial
from serial.urlhandler.protocol_socket import Serial as SocketPort

from designer import protocol
from designer.errors import HilError
from designer.toolchain.serial_port import open_serial_port

WRITE_TIMEOUT_S = 5.0
_MOST_BYTES = 1 << 16


class Transport(Protocol):
    """The interface of a line, as `designer.board.link` uses it."""

    def write(self, data: bytes) -> None:
        """Send all of `data`, or raise HilError when the line does not take it in time."""

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes received; wait at most `timeout_s` for the first, and return b"" if none comes."""

    def wait(self, seconds: float) -> None:
        """Let the board go on for `seconds` without a word: of its own time if that stands still otherwise."""

    def close(self) -> None:
        """Release the line; more than once does no harm."""


class SerialTransport:
    """A serial port: a real one, the pseudo terminal of a virtual board, or one at another machine.

    Parameters
    ----------
    port : str
        Such as ``/dev/ttyACM0``, ``rfc2217://host:port`` or ``socket://host:port``.
    baud_rate : int
        A pseudo terminal and a socket ignore it.

    Raises
    ------
    BoardNotFoundError
        If the port cannot be opened.
    """

    def __init__(self, port: str, baud_rate: int = protocol.BAUD_RATE) -> None:
        self._serial = open_serial_port(port, baud_rate)
        self._port = port
        # RFC 2217 has no file to wait for: a thread of pyserial reads all the time, so a write never waits for a read.
        self._has_file = isinstance(self._serial, (serial.Serial, SocketPort))
        self._is_socket = isinstance(self._serial, SocketPort)
        self._early = bytearray()

    def write(self, data: bytes) -> None:
        """Send all of `data`; HilError after `WRITE_TIMEOUT_S` without progress."""
        try:
            if not self._has_file:
                self._serial.write(data)
                return
            handle = self._serial.fileno()
            _write(handle, handle, data, self._early)
        except (serial.SerialException, OSError, TimeoutError) as error:
            raise HilError(f"serial port '{self._port}': not writable: {error}") from error

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes received, after at most `timeout_s`; HilError if the port is gone."""
        if self._early:
            return _take(self._early)
        try:
            if self._is_socket:
                return self._read_socket(timeout_s)
            self._serial.timeout = timeout_s
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))
        except (serial.SerialException, OSError) as error:
            raise HilError(f"serial port '{self._port}': lost: {error}") from error

    def _read_socket(self, timeout_s: float) -> bytes:
        """Read all that there is.  The port's own read knows only whether there is a byte."""
        handle = self._serial.fileno()
        if not select.select([handle], [], [], timeout_s)[0]:
            return b""
        data = os.read(handle, _MOST_BYTES)
        if not data:
            raise OSError("the other end is gone")
        return data

    def wait(self, seconds: float) -> None:
        """Let the board go on: its time is the host's."""
        time.sleep(seconds)

    def close(self) -> None:
        """Close the port."""
        self._serial.close()


class PipeTransport:
    """A virtual board's files (Arm semihosting): the named pipes ``to_board`` and ``from_board``.

    Parameters
    ----------
    directory : Path
        Where the board's simulator runs; the pipes are made here.
    """

    def __init__(self, directory: Path) -> None:
        paths = [directory / name for name in ("to_board", "from_board")]
        for path in paths:
            if not path.exists():
                os.mkfifo(path)
        # Opened for reading and writing, so that neither end waits for the other (fifo(7)).
        self._to_board, self._from_board = (os.open(path, os.O_RDWR | os.O_NONBLOCK) for path in paths)
        self._early = bytearray()

    def write(self, data: bytes) -> None:
        """Send all of `data`; HilError after `WRITE_TIMEOUT_S` without progress."""
        try:
            _write(self._to_board, self._from_board, data, self._early)
        except TimeoutError as error:
            raise HilError(f"semihosting: {error}") from error

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes received, after at most `timeout_s`."""
        if self._early:
            return _take(self._early)
        if not select.select([self._from_board], [], [], timeout_s)[0]:
            return b""
        return os.read(self._from_board, _MOST_BYTES)

    def wait(self, seconds: float) -> None:
        """Let the board go on: its time is the host's."""
        time.sleep(seconds)

    def close(self) -> None:
        """Close both ends: the board then returns to its serial line."""
        for handle in (self._to_board, self._from_board):
            if handle >= 0:
                os.close(handle)
        self._to_board = self._from_board = -1


def _write(to_board: int, from_board: int, data: bytes, early: bytearray) -> None:
    """Write all, and keep the bytes that come meanwhile in `early`.

    A board whose replies are not read accepts nothing.  If the host only wrote, both would wait for ever.
    TimeoutError after `WRITE_TIMEOUT_S` in which the board accepted nothing.
    """
    rest, deadline = memoryview(data), time.monotonic() + WRITE_TIMEOUT_S
    while rest:
        readable, writable, _ = select.select([from_board], [to_board], [], max(0.0, deadline - time.monotonic()))
        if readable:
            part = os.read(from_board, _MOST_BYTES)
            if not part:
                raise OSError("the other end is gone")
            early += part
        if writable:
            rest = rest[os.write(to_board, rest) :]
            deadline = time.monotonic() + WRITE_TIMEOUT_S
        elif time.monotonic() >= deadline:
            raise TimeoutError(f"the board takes nothing for {WRITE_TIMEOUT_S:g} s")


def _take(early: bytearray) -> bytes:
    taken = bytes(early)
    early.clear()
    return taken

"""Serve a serial port of this machine to programs that reach it by network: RFC 2217, or the bare bytes of a socket."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import serial
from serial.rfc2217 import PortManager

from designer import protocol
from designer.board.transport import WRITE_TIMEOUT_S
from designer.errors import BoardNotFoundError
from designer.toolchain.serial_port import is_pseudo_terminal

_MOST_BYTES = 1 << 14
_LOOK_S = 0.2


class _PortWithoutModemLines(serial.Serial):  # type: ignore[misc]  # pyserial is not typed
    """A port whose modem lines do nothing: a pseudo terminal has none, and its driver refuses to set them."""

    cts = dsr = ri = cd = property(lambda self: False)

    def _reconfigure_port(self, force_update: bool = False) -> None:
        """Set the line up; a pseudo terminal has no bits on a wire, and refuses parity."""
        wanted = self.parity
        if is_pseudo_terminal(self.port):
            self._parity = serial.PARITY_NONE
        try:
            super()._reconfigure_port(force_update)
        finally:
            self._parity = wanted

    def _update_dtr_state(self) -> None:
        """Do nothing."""

    def _update_rts_state(self) -> None:
        """Do nothing."""

    def _update_break_state(self) -> None:
        """Do nothing."""


class _Connection:
    """A client's connection, as pyserial's port manager writes to it."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        with self._lock:
            self._end.sendall(data)

    def shut(self) -> None:
        """End both directions; a write that waits then fails."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)


class LineServer:
    """Serve one serial port to one client at a time.

    Parameters
    ----------
    url : str
        ``rfc2217://HOST:PORT`` or ``socket://HOST:PORT``, as the client gives it; port 0 takes a free one.
    port : str
        The serial port of this machine.

    Raises
    ------
    BoardNotFoundError
        If the URL is another one, or its address cannot be used.
    """

    def __init__(self, url: str, port: str) -> None:
        try:
            parts = urlsplit(url)
            address = (parts.hostname or "", parts.port if parts.port is not None else -1)
        except ValueError as error:
            raise BoardNotFoundError(f"--listen {url}: {error}; allowed is rfc2217://localhost:2217") from error
        if parts.scheme not in ("rfc2217", "socket") or not address[0] or address[1] < 0:
            raise BoardNotFoundError(f"--listen {url}: allowed are rfc2217://HOST:PORT and socket://HOST:PORT")
        self._is_rfc2217 = parts.scheme == "rfc2217"
        self._port = port
        try:
            self._listener = socket.create_server(address)
        except OSError as error:
            raise BoardNotFoundError(f"--listen {url}: {error}; choose another port") from error
        self.url = f"{parts.scheme}://{parts.hostname}:{self._listener.getsockname()[1]}"
        self._ends = False
        self._thread = threading.Thread(target=self._serve, name=f"server of {url}", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._listener.settimeout(_LOOK_S)
        while not self._ends:
            with contextlib.suppress(TimeoutError, OSError, serial.SerialException):
                client, _ = self._listener.accept()
                with client:
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._serve_client(client)

    def _serve_client(self, client: socket.socket) -> None:
        """Move bytes both ways until either end closes."""
        with _PortWithoutModemLines(
            self._port, protocol.BAUD_RATE, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        ) as line:
            connection = _Connection(client)
            manager = PortManager(line, connection) if self._is_rfc2217 else None
            ended = threading.Event()
            reader = threading.Thread(target=_from_line, args=(line, connection, manager, ended), daemon=True)
            reader.start()
            try:
                while not self._ends and not ended.is_set():
                    if not select.select([client], [], [], _LOOK_S)[0]:
                        continue
                    data = client.recv(_MOST_BYTES)
                    if not data:
                        return
                    line.write(b"".join(manager.filter(data)) if manager else data)
            finally:
                ended.set()
                connection.shut()
                # It still uses the line, whose lock lasts until then.
                reader.join()

    def close(self) -> None:
        """Stop serving; more than once does no harm."""
        self._ends = True
        self._thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _from_line(
    line: serial.Serial, connection: _Connection, manager: PortManager | None, ended: threading.Event
) -> None:
    """Send what the board sends, until the line or the client is gone."""
    with contextlib.suppress(OSError):
        while not ended.is_set():
            if select.select([line.fileno()], [], [], _LOOK_S)[0]:
                data = line.read(_MOST_BYTES)
                connection.write(b"".join(manager.escape(data)) if manager else data)
    ended.set()

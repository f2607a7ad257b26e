"""Open a serial port by its name: a device of this machine, or a URL of pyserial.

Such as ``/dev/ttyACM0``, ``rfc2217://host:port``, ``socket://host:port`` and ``hwgrep://text``.  Source: pyserial's
documentation, "URL Handlers".
"""

from __future__ import annotations

import errno
import os
import re
import termios

import serial

from designer.errors import BoardNotFoundError

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SCHEMES = ("rfc2217", "socket", "hwgrep")
_REMEDIES = {
    errno.EACCES: "this user may not use it: join its group (sudo adduser $USER dialout), then log in again",
    errno.EPERM: "this user may not use it: join its group (sudo adduser $USER dialout), then log in again",
    errno.EBUSY: "another program uses it: end that program",
    errno.EAGAIN: "another program uses it: end that program",
    errno.ENOENT: "there is no such port: 'proscenium doctor' lists those of this machine",
    errno.ECONNREFUSED: "nothing listens there: start the server of the port",
}


def is_url(port: str) -> bool:
    """Whether a port is named by a URL."""
    return _URL.match(port) is not None


def is_pseudo_terminal(port: str) -> bool:
    """Whether a port is a pseudo terminal, such as a virtual board's."""
    return not is_url(port) and os.path.realpath(port).startswith("/dev/pts/")


def open_serial_port(
    port: str, baud_rate: int, parity: str = serial.PARITY_NONE, timeout_s: float = 0.0
) -> serial.SerialBase:
    """Open a port for this program alone.

    Parameters
    ----------
    port : str
        A device or a URL.
    baud_rate : int
        Bits per second.  ``socket://`` and pseudo terminals ignore it.
    parity : str
        'N', 'E' or 'O'.
    timeout_s : float
        How long a read may wait, in seconds.

    Returns
    -------
    serial.SerialBase

    Raises
    ------
    BoardNotFoundError
        If it cannot be opened.  The message has the remedy.
    """
    scheme = port.partition("://")[0].lower()
    if is_url(port) and scheme not in _SCHEMES:
        allowed = ", ".join(f"{name}://" for name in _SCHEMES)
        raise BoardNotFoundError(f"serial port '{port}': unknown scheme '{scheme}'; allowed are a device, {allowed}")
    # RFC 2217 has no way to lock the port of the other machine.  Its server serves one client at a time.
    exclusive = None if is_url(port) and scheme != "hwgrep" else True
    try:
        return serial.serial_for_url(port, baud_rate, parity=parity, timeout=timeout_s, exclusive=exclusive)
    except (serial.SerialException, ValueError, OSError, re.error, TypeError, termios.error) as error:
        raise BoardNotFoundError(f"serial port '{port}': cannot be opened: {error}{_remedy(port, error)}") from error


def check_serial_port(port: str, baud_rate: int) -> None:
    """Find out early, before minutes of other work, whether a port can be opened.

    A server behind a URL may serve one client and end: of a URL the scheme alone is checked.

    Raises
    ------
    BoardNotFoundError
        As `open_serial_port`.
    """
    if is_url(port) and port.partition("://")[0].lower() in ("rfc2217", "socket"):
        return
    open_serial_port(port, baud_rate).close()


def _remedy(port: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    text = str(error)
    if number is None:
        found = re.search(r"\[Errno (\d+)\]", text)
        number = int(found.group(1)) if found else None
    if "exclusively lock" in text:
        number = errno.EBUSY
    if port.lower().startswith("hwgrep://"):
        return ". No port of this machine fits the text: 'proscenium doctor' lists the ports"
    remedy = _REMEDIES.get(number) if number is not None else None
    return f". {remedy[0].upper()}{remedy[1:]}" if remedy else ""

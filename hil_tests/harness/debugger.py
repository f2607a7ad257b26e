"""A debugger's few words for QEMU: to break a running board on purpose.

Source: GDB manual, appendix "GDB Remote Serial Protocol".
"""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from designer.errors import HilError

TIMEOUT_S = 10.0
STACK_POINTER, LINK_REGISTER, PROGRAM_COUNTER = 13, 14, 15


def debugger_options(path: Path) -> tuple[str, ...]:
    """Spell QEMU's options that let a debugger in at a socket."""
    return ("-chardev", f"socket,id=debugger,path={path},server=on,wait=off", "-gdb", "chardev:debugger")


class Debugger:
    """Holds the processor from its start to its end; then it goes on.

    Parameters
    ----------
    path : Path
        The socket that `debugger_options` named.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect(str(path))
        self._received = b""
        self._ask("?")
        # QEMU takes single registers only from those who have read its description of them.
        self._ask("qXfer:features:read:target.xml:0,ffb")

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes, to ROM too."""
        self._expect_ok(f"M{address:x},{len(data):x}:{data.hex()}")

    def read_memory(self, address: int, size: int) -> bytes:
        """Read bytes."""
        return bytes.fromhex(self._ask(f"m{address:x},{size:x}"))

    def write_register(self, number: int, value: int) -> None:
        """Write a core register."""
        self._expect_ok(f"P{number:x}={value.to_bytes(4, 'little').hex()}")

    def _expect_ok(self, command: str) -> None:
        if (answer := self._ask(command)) != "OK":
            raise HilError(f"debugger: '{command}' answered by '{answer}'")

    def _ask(self, command: str) -> str:
        body = command.encode()
        self._socket.sendall(b"$" + body + f"#{sum(body) & 0xFF:02x}".encode())
        while True:
            start = self._received.find(b"$")
            end = self._received.find(b"#", start) if start >= 0 else -1
            if 0 <= end <= len(self._received) - 3:
                answer = self._received[start + 1 : end].decode()
                self._received = self._received[end + 3 :]
                self._socket.sendall(b"+")
                # News that the processor has stopped may come twice, and late.
                if not answer.startswith("T") or command == "?":
                    return answer
                continue
            part = self._socket.recv(4096)
            if not part:
                raise HilError("debugger: QEMU has closed the line")
            self._received += part

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._ask("D")
        finally:
            self._socket.close()

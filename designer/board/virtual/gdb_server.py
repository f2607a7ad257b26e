"""GDB's remote serial protocol for one debugger at a port of this machine (GDB's manual, appendix E).

No library of the Python Package Index serves a machine that has its own event loop. This is the part of the protocol
that GDB needs to read and write registers and memory, to break, to step and to continue.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.gdb_target import CORE_COUNT, REGISTERS, Target, description
from designer.errors import BoardNotFoundError, HilError

_PACKET_BYTES = 4096
_TRAP, _INTERRUPTED, _FAULT = "S05", "S02", "S0b"
_INTERRUPT = b"\x03"


class GdbServer:
    """A port on the loopback interface, and the debugger that is connected.

    Parameters
    ----------
    port : int
        0 chooses a free one.
    make_target : callable
        Called when a debugger connects; the machine then stands still.
    reset : callable
        What ``monitor reset`` does.

    Raises
    ------
    BoardNotFoundError
        If the port is taken.
    """

    def __init__(self, port: int, make_target: Callable[[], Target], reset: Callable[[], None]) -> None:
        self._make_target, self._reset = make_target, reset
        self._target: Target | None = None
        self._connection: socket.socket | None = None
        self._received = bytearray()
        self.is_halted = False
        try:
            self._listener = socket.create_server(("127.0.0.1", port))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise BoardNotFoundError(f"port {port} for GDB: {reason}: give another port") from error
        self.port = int(self._listener.getsockname()[1])

    @property
    def socket(self) -> socket.socket:
        """What `select` is to wait for: a debugger, or its next packet."""
        return self._connection or self._listener

    @property
    def is_connected(self) -> bool:
        """Whether a debugger is there."""
        return self._connection is not None

    def close(self) -> None:
        """Close the port."""
        self._leave()
        self._listener.close()

    def handle(self) -> None:
        """Do what came in."""
        if self._connection is None:
            self._connection, _ = self._listener.accept()
            self._target, self.is_halted = self._make_target(), True
            return
        try:
            data = self._connection.recv(_PACKET_BYTES)
        except OSError:
            data = b""
        if not data:
            self._leave()
            return
        self._received += data
        while self._connection is not None and self._take():
            pass

    def stopped(self, reason: str = _TRAP) -> None:
        """Tell the debugger that a run has ended."""
        if self._connection is not None and not self.is_halted:
            self.is_halted = True
            self._send(reason)

    def refused(self, error: HilError) -> None:
        """Show what the hardware does not take, and stop there."""
        self._send("O" + f"{error}\n".encode().hex())
        self.stopped(_FAULT)

    def _leave(self) -> None:
        """Let the board run on without a debugger."""
        if self._connection is not None:
            self._connection.close()
        if self._target is not None:
            self._target.close()
        self._connection = self._target = None
        self._received.clear()
        self.is_halted = False

    # --- packets: $data#checksum, each answered by + (E.1)

    def _take(self) -> bool:
        """Handle the next packet or interrupt; False where there is none yet."""
        if self._received[:1] == _INTERRUPT:
            del self._received[:1]
            self.stopped(_INTERRUPTED)
            return True
        begin = self._received.find(b"$")
        end = self._received.find(b"#", begin)
        if begin < 0 or end < 0 or len(self._received) < end + 3:
            del self._received[: begin if begin >= 0 else len(self._received) - self._received.count(_INTERRUPT)]
            return False
        packet = bytes(self._received[begin + 1 : end])
        checksum = bytes(self._received[end + 1 : end + 3]).lower()
        del self._received[: end + 3]
        if checksum != b"%02x" % (sum(packet) & 0xFF):
            self._write(b"-")
            return True
        self._write(b"+")
        reply = self._answer(packet.decode("latin-1"))
        if reply is not None:
            self._send(reply)
        return True

    def _send(self, text: str) -> None:
        data = text.encode("latin-1")
        self._write(b"$" + data + b"#%02x" % (sum(data) & 0xFF))

    def _write(self, data: bytes) -> None:
        if self._connection is not None:
            try:
                self._connection.sendall(data)
            except OSError:
                self._leave()

    # --- commands

    def _answer(self, packet: str) -> str | None:
        """Do a command; None where the reply comes later. An empty reply says that it is not known (E.1)."""
        if packet == "?":
            return _TRAP
        handler = _COMMANDS.get(packet[:1])
        try:
            return handler(self, packet[1:]) if handler is not None else ""
        except HardwareRefusalError:
            return "E14"  # EFAULT
        except (ValueError, IndexError):
            return "E16"  # EINVAL

    @property
    def _board(self) -> Target:
        assert self._target is not None
        return self._target

    def _read_registers(self, _text: str) -> str:
        return "".join(self._board.register(n).hex() for n in range(CORE_COUNT))

    def _write_registers(self, text: str) -> str:
        data = bytes.fromhex(text)
        for n in range(min(CORE_COUNT, len(data) // 4)):
            self._board.set_register(n, data[4 * n : 4 * n + 4])
        return "OK"

    def _read_register(self, text: str) -> str:
        return self._board.register(int(text, 16)).hex()

    def _write_register(self, text: str) -> str:
        number, _, value = text.partition("=")
        data = bytes.fromhex(value)
        if len(data) != REGISTERS[int(number, 16)][1]:
            raise ValueError(number)
        self._board.set_register(int(number, 16), data)
        return "OK"

    def _read_memory(self, text: str) -> str:
        address, size = (int(part, 16) for part in text.split(","))
        return self._board.read(address, min(size, _PACKET_BYTES // 2)).hex()

    def _write_memory(self, text: str) -> str:
        where, _, data = text.partition(":")
        self._board.write(int(where.split(",")[0], 16), bytes.fromhex(data))
        return "OK"

    def _breakpoint(self, text: str, is_set: bool) -> str:
        kind, address, _ = text.split(",")
        if kind not in "01":
            return ""  # watchpoints
        (self._board.set if is_set else self._board.clear)(int(address, 16) & ~1)
        return "OK"

    def _go_on(self, _text: str) -> None:
        self.is_halted = False

    def _step(self, _text: str) -> str:
        try:
            self._board.step()
        except HilError as error:
            self._send("O" + f"{error}\n".encode().hex())
            return _FAULT
        return _TRAP

    def _detach(self, _text: str) -> None:
        self._send("OK")
        self._leave()

    def _query(self, text: str) -> str:
        if text.startswith("Supported"):
            return f"PacketSize={_PACKET_BYTES:x};qXfer:features:read+"
        if text.startswith("Xfer:features:read:target.xml:"):
            offset, size = (int(part, 16) for part in text.rpartition(":")[2].split(","))
            part = description()[offset : offset + size]
            return ("m" if offset + size < len(description()) else "l") + part
        if text.startswith("Rcmd,"):
            return self._monitor(bytes.fromhex(text[5:]).decode())
        return {"Attached": "1", "C": "QC1", "fThreadInfo": "m1", "sThreadInfo": "l"}.get(text, "")

    def _monitor(self, command: str) -> str:
        if command.strip() not in ("reset", "reset halt"):
            return f"{command}: known is 'monitor reset'\n".encode().hex()
        self._reset()
        return "OK"


_COMMANDS: dict[str, Callable[[GdbServer, str], str | None]] = {
    "g": GdbServer._read_registers,
    "G": GdbServer._write_registers,
    "p": GdbServer._read_register,
    "P": GdbServer._write_register,
    "m": GdbServer._read_memory,
    "M": GdbServer._write_memory,
    "Z": lambda server, text: server._breakpoint(text, True),
    "z": lambda server, text: server._breakpoint(text, False),
    "c": GdbServer._go_on,
    "s": GdbServer._step,
    "D": GdbServer._detach,
    "k": GdbServer._detach,
    "H": lambda server, text: "OK",
    "q": GdbServer._query,
}

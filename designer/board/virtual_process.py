"""The process of a virtual board, which always ends with its user.

The board runs on Unicorn, which is licensed under the GPL, version 2. It is a program of its own: this one only talks
to it, by a pseudo terminal and by messages.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from designer.board.control import Channel, ChannelClosedError
from designer.board.transport import SerialTransport
from designer.errors import BoardNotFoundError, HilError

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
_ANSWER_TIMEOUT_S = 600.0


class VirtualProcess:
    """A running board.

    Parameters
    ----------
    elf : Path
        The image.
    options : tuple of str
        Further options of ``python -m designer.board.virtual``.

    Raises
    ------
    BoardNotFoundError
        If Unicorn or the image is missing, or the board does not start.
    """

    def __init__(self, elf: Path, options: tuple[str, ...] = ()) -> None:
        if find_spec("unicorn") is None:
            raise BoardNotFoundError(
                "the virtual board needs Unicorn: pip install 'proscenium[virtual]' (GPL, version 2; it runs as a "
                "program of its own), or take QEMU: --board qemu"
            )
        if not elf.is_file():
            raise BoardNotFoundError(f"image '{elf}' does not exist: build it first")
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "designer.board.virtual", str(elf.resolve())]
        command += ["--channel", str(theirs.fileno()), *options]
        # The kernel ends the board with this program, even if it is killed and no `finally` runs.
        guard = shutil.which("setpriv")
        if guard is not None:
            command = [guard, "--pdeathsig", "KILL", *command]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            # A terminal's Ctrl-C is for the user of the board, who then ends it.
            process_group=0,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        theirs.close()
        self._channel = Channel(ours)
        self._is_out_of_step = False
        try:
            ours.settimeout(START_TIMEOUT_S)
            self.port = str(self._channel.receive()[0]["port"])
            ours.settimeout(_ANSWER_TIMEOUT_S)
        except ChannelClosedError as error:
            raise BoardNotFoundError(f"the virtual board did not start: {self._last_words()}") from error
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """Process number; tests check with it that the process is gone."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is alive and takes requests."""
        return not self._is_out_of_step and self._process.poll() is None

    def ask(self, what: str, payload: bytes = b"", **fields: Any) -> tuple[dict[str, Any], bytes]:
        """Send a request and wait for its reply.

        Raises
        ------
        HilError
            If the image does what the hardware does not take, or the process has ended.
        """
        try:
            self._channel.send({"do": what, **fields}, payload)
            reply, data = self._channel.receive()
        except ChannelClosedError as error:
            raise HilError(self.last_words()) from error
        except BaseException:
            # Ctrl-C, mostly. The reply would be taken for that of the next request, and the board may stand still.
            self._is_out_of_step = True
            raise
        if "error" in reply:
            raise HilError(f"the virtual board: {reply['error']}")
        return reply, data

    def has_ended(self, within_s: float = 0.5) -> bool:
        """Whether the process has ended, or does so within a moment."""
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self) -> str:
        """Say why the process has ended; it is stopped if it has not."""
        return f"the virtual board has ended: {self._last_words()}"

    def _last_words(self) -> str:
        self._channel.end.close()
        try:
            _, text = self._process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, text = self._process.communicate()
        lines = text.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"its process ended with code {self._process.returncode}"

    def wait(self) -> None:
        """Wait until the board ends, which it does only by a fault or by a signal.

        Raises
        ------
        HilError
            With its reason.
        """
        self._process.wait()
        raise HilError(self.last_words())

    def stop(self) -> None:
        """End the process; more than once does no harm."""
        # It ends by itself, with its files whole; one that hangs does not.
        self._channel.end.close()
        if not self.has_ended(STOP_TIMEOUT_S):
            self._process.kill()
        self._process.wait(STOP_TIMEOUT_S)
        if self._process.stderr is not None:
            self._process.stderr.close()


class VirtualLine(SerialTransport):
    """The pseudo terminal of a virtual board; an error says why the board has ended."""

    def __init__(self, process: VirtualProcess) -> None:
        super().__init__(process.port)
        self._process = process

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            super().write(data)
        except HilError as error:
            raise self._explained(error) from error

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes received, after at most `timeout_s`."""
        try:
            return super().read(timeout_s)
        except HilError as error:
            raise self._explained(error) from error

    def _explained(self, error: HilError) -> HilError:
        return HilError(f"{self._process.last_words()} ({error})") if self._process.has_ended() else error


class HeldLine:
    """The serial line of a board whose time is in the caller's hands: it goes on while the caller waits for bytes."""

    def __init__(self, process: VirtualProcess) -> None:
        self._process = process

    def write(self, data: bytes) -> None:
        """Put bytes on the line."""
        self._process.ask("write", data)

    def read(self, timeout_s: float) -> bytes:
        """Run the board until it sends, at most `timeout_s` of its time."""
        return self._process.ask("read", timeout_s=timeout_s)[1]

    def wait(self, seconds: float) -> None:
        """Run the board for so long of its own time."""
        self._process.ask("run", seconds=seconds)

    def close(self) -> None:
        """Leave the board as it stands."""

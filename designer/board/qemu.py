"""A QEMU process that boots an image and always ends with its user."""

from __future__ import annotations

import os
import re
import select
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from designer.errors import BoardNotFoundError

EXECUTABLE = "qemu-system-arm"
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
_PORT = re.compile(r"char device redirected to (\S+)")


class Qemu:
    """A running virtual machine whose first serial port is a pseudo terminal.

    Parameters
    ----------
    machine : str
        QEMU's name of the machine.
    elf : Path
        The image.
    options : tuple of str
        Further options, such as ``("-icount", "shift=0")``.
    directory : Path, optional
        Where the image finds the files that it opens through semihosting.

    Raises
    ------
    BoardNotFoundError
        If QEMU or the image is missing, or QEMU does not start.
    """

    def __init__(self, machine: str, elf: Path, options: tuple[str, ...] = (), directory: Path | None = None) -> None:
        command = [EXECUTABLE, "-M", machine, "-nodefaults", "-display", "none", "-monitor", "none"]
        self._monitor = None if directory is None else (directory / "monitor").resolve()
        if self._monitor is not None:
            command += ["-qmp", f"unix:{self._monitor},server=on,wait=off"]
        # A multiplexer in between holds 32 bytes, so that the next byte waits there while the image takes one.  Its
        # escape character is a value that no byte has.
        command += ["-chardev", "pty,id=serial0,mux=on", "-serial", "chardev:serial0", "-echr", "256"]
        command += ["-kernel", str(elf.resolve()), "-semihosting-config", "enable=on,target=native", *options]
        if shutil.which(EXECUTABLE) is None:
            raise BoardNotFoundError(f"'{EXECUTABLE}' was not found on the PATH: apt-get install qemu-system-arm")
        if not elf.is_file():
            raise BoardNotFoundError(f"image '{elf}' does not exist: build it first")
        # The kernel ends QEMU with this program, even if it is killed and no `finally` runs.
        guard = shutil.which("setpriv")
        if guard is not None:
            command = [guard, "--pdeathsig", "KILL", *command]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=directory
        )
        try:
            self.port = self._wait_for_port()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """Process number; tests check with it that QEMU is gone."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def reset(self) -> None:
        """Reset the board (QEMU Machine Protocol, ``system_reset``).

        Raises
        ------
        BoardNotFoundError
            If the machine does not obey within `STOP_TIMEOUT_S`.
        """
        if self._monitor is None:
            raise BoardNotFoundError(f"{EXECUTABLE}: was started without a monitor")
        try:
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.settimeout(STOP_TIMEOUT_S)
                monitor.connect(str(self._monitor))
                lines = monitor.makefile("rw", encoding="utf-8")
                lines.readline()  # its greeting
                for command in ("qmp_capabilities", "system_reset"):
                    lines.write(f'{{"execute": "{command}"}}\n')
                    lines.flush()
                    while '"return"' not in (answer := lines.readline()):
                        if not answer:
                            raise BoardNotFoundError(f"{EXECUTABLE}: the monitor ended")
        except OSError as error:
            raise BoardNotFoundError(f"{EXECUTABLE}: no reset: {error}") from error

    def stop(self) -> None:
        """End the process; more than once does no harm."""
        if self._process.poll() is None:
            self._process.kill()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()

    def __enter__(self) -> Qemu:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_for_port(self) -> str:
        """Read QEMU's output until it names its pseudo terminal."""
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        deadline = time.monotonic() + START_TIMEOUT_S
        output = ""
        while (remaining := deadline - time.monotonic()) > 0:
            if not select.select([handle], [], [], remaining)[0]:
                break
            part = os.read(handle, 4096).decode("utf-8", "replace")
            output += part
            if (match := _PORT.search(output)) is not None and "\n" in output[match.start() :]:
                return match.group(1)
            if not part:
                break
        raise BoardNotFoundError(f"{EXECUTABLE} did not start: {output.strip() or 'no output'}")

"""Faults, and runs of the command line in a forked process that meets one of them."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from designer.cli import main

# In 1996; files that exist already then seem to come from the future.
_EARLIER_S = 833_000_000.0
_MOST_S = 600.0
_POLL_S = 0.005
# Audit events of Python that change what a directory holds.  The kill comes ahead of the change.
_CHANGES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True)
class Fault:
    """What goes wrong in a run.

    Attributes
    ----------
    kind : str
        'none', 'kill' (at a change of files), 'cut' (killed as a file passes a size), 'large' (a file passes a size),
        'disk' (full), 'clock' (set back) or 'worker' (a child process killed).
    value : int
        Number of the change from 1, bytes, or number of the child process from 1.
    """

    kind: str = "none"
    value: int = 0

    @property
    def kills(self) -> bool:
        """Whether the command has no chance to tidy up."""
        return self.kind in ("kill", "cut")

    def __str__(self) -> str:
        return f"{self.kind} {self.value}" if self.value else self.kind


@dataclass(frozen=True)
class Outcome:
    """How a run ended: exit code (negative: signal), what it said on standard error, and changes of files."""

    code: int
    said: str
    changes: int


def run(arguments: list[str], place: Path, fault: Fault) -> Outcome:
    """Run a command in a directory, which also has its temporaries and caches, and let it meet a fault."""
    counter = place.parent / "changes"
    counter.write_text("0")
    # A pipe, since a limit of the size of files would hold for a file.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.setpgid(0, 0)
            _enter(place, writing)
            _meet(fault, counter)
            sys.argv = ["proscenium", *arguments]
            main()
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(writing)
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        status, said = _await(child, fault.value if fault.kind == "worker" else None, pipe)
    return Outcome(status, said.decode("utf-8", "replace"), int(counter.read_text() or 0))


def _enter(place: Path, said: int) -> None:
    (place / "tmp").mkdir(exist_ok=True)
    os.environ.update({"TMPDIR": str(place / "tmp"), "XDG_CACHE_HOME": str(place / "cache")})
    os.chdir(place)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream, target in ((0, quiet), (1, quiet), (2, said)):
        os.dup2(target, stream)


def _meet(fault: Fault, counter: Path) -> None:
    if fault.kind in ("none", "kill"):
        sys.addaudithook(_kill_at(fault.value, os.open(counter, os.O_WRONLY)))
    elif fault.kind in ("cut", "large"):
        # Python ignores the signal, so that the write fails; otherwise it ends the process in the middle of a file.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if fault.kind == "cut" else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.value, fault.value))
        # A killed process would write a core file.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    elif fault.kind == "clock":
        began = time.monotonic()
        time.time = lambda: _EARLIER_S + time.monotonic() - began


def _kill_at(number: int, counter: int) -> Callable[[str, tuple[Any, ...]], None]:
    changes = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
        if event in _CHANGES or (opens and arguments[0] != os.devnull):
            changes += 1
            os.pwrite(counter, str(changes).encode(), 0)
            if changes == number:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


def _await(child: int, worker: int | None, pipe: FileIO) -> tuple[int, bytes]:
    """Wait for a process, kill one of its child processes as it appears, and end what it leaves; also read a pipe."""
    seen: set[int] = set()
    said = b""
    deadline = time.monotonic() + _MOST_S
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        while part := pipe.read(1 << 16):
            said += part
        if done:
            break
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
        if worker is not None:
            for found in _children(child) - seen:
                seen.add(found)
                if len(seen) == worker:
                    os.kill(found, signal.SIGKILL)
        time.sleep(_POLL_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status), said


def _children(parent: int) -> set[int]:
    found: set[int] = set()
    with suppress(OSError):
        for task in os.listdir(f"/proc/{parent}/task"):
            found |= {int(each) for each in Path(f"/proc/{parent}/task/{task}/children").read_text().split()}
    return found


def mounted(place: Path, size: int) -> bool:
    """Mount a disk of a size in bytes at a directory, or change its size; False where that is not allowed."""
    options = f"remount,size={size}" if place.is_mount() else f"size={size}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(place: Path) -> None:
    """Take the disk away."""
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], capture_output=True, check=True)

"""Faults, and runs of the command line in a forked process that meets one of them."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
import traceback
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
# A board's process is ended by the kernel after its user.
_ENDING_S = 5.0
_BOARDS = ("designer.board.virtual", "qemu-system-arm")
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
        'disk' (full), 'clock' (set back), 'worker' (a child process killed) or 'board' (a board's process killed).
    value : int
        Number of the change from 1, bytes, number of the child process from 1, or ms from the start.
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
    """How a run ended.

    Attributes
    ----------
    code : int
        Exit code; negative: signal.
    said : str
        On standard error.
    changes : int
        Of files.
    seconds : float
        What it took.
    outlived : tuple of str
        Command lines of processes of this run that did not end with it.
    """

    code: int
    said: str
    changes: int
    seconds: float = 0.0
    outlived: tuple[str, ...] = ()


def run(arguments: list[str], place: Path, fault: Fault, own_cache: bool = False) -> Outcome:
    """Run a command in a directory, which also has its temporaries, and let it meet a fault.

    Parameters
    ----------
    arguments : list of str
        Of the command.
    place : Path
    fault : Fault
    own_cache : bool
        Compiled objects are kept in the directory too, and not in the user's cache, which knows them all.
    """
    counter = place.parent / "changes"
    counter.write_text("0")
    began = time.monotonic()
    # A pipe, since a limit of the size of files would hold for a file.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.setpgid(0, 0)
            _enter(place, writing, own_cache)
            _meet(fault, counter)
            sys.argv = ["proscenium", *arguments]
            main()
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(writing)
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        status, said = _await(child, fault, pipe)
    took_s = time.monotonic() - began
    text, changes = said.decode("utf-8", "replace"), int(counter.read_text() or 0)
    return Outcome(status, text, changes, took_s, tuple(_outlived(place)))


def _enter(place: Path, said: int, own_cache: bool) -> None:
    (place / "tmp").mkdir(exist_ok=True)
    os.environ["TMPDIR"] = str(place / "tmp")
    if own_cache:
        os.environ["XDG_CACHE_HOME"] = str(place / "cache")
    os.chdir(place)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream, target in ((0, quiet), (1, quiet), (2, said)):
        os.dup2(target, stream)
    # The old ones still take their descriptor for what it was.
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115


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


def _await(child: int, fault: Fault, pipe: FileIO) -> tuple[int, bytes]:
    """Wait for a process, kill one of its child processes, and end what it leaves; also read a pipe."""
    seen: set[int] = set()
    said = b""
    began, board_lives = time.monotonic(), fault.kind == "board"
    try:
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            while part := pipe.read(1 << 16):
                said += part
            if done:
                break
            if time.monotonic() > began + _MOST_S:
                os.killpg(child, signal.SIGKILL)
            if fault.kind == "worker":
                for found in _children(child) - seen:
                    seen.add(found)
                    if len(seen) == fault.value:
                        os.kill(found, signal.SIGKILL)
            if board_lives and time.monotonic() > began + fault.value / 1000:
                board_lives = not _kill_a_board(child)
            time.sleep(_POLL_S)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status), said


def _kill_a_board(parent: int) -> bool:
    """Kill the process of a board, if there is one now."""
    for found in _children(parent):
        if any(name in _command_line(found) for name in _BOARDS):
            with suppress(ProcessLookupError):
                os.kill(found, signal.SIGKILL)
                return True
    return False


def _children(parent: int) -> set[int]:
    found: set[int] = set()
    with suppress(OSError):
        for task in os.listdir(f"/proc/{parent}/task"):
            found |= {int(each) for each in Path(f"/proc/{parent}/task/{task}/children").read_text().split()}
    return found


def _command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _outlived(place: Path) -> list[str]:
    """Command lines that name a directory, of processes that do not end within a moment."""
    deadline = time.monotonic() + _ENDING_S
    while True:
        lines = [_command_line(int(entry)) for entry in os.listdir("/proc") if entry.isdecimal()]
        found = [line for line in lines if f"{place}/" in line]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(_POLL_S)


def mounted(place: Path, size: int) -> bool:
    """Mount a disk of a size in bytes at a directory, or change its size; False where that is not allowed."""
    options = f"remount,size={size}" if place.is_mount() else f"size={size}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(place: Path) -> None:
    """Take the disk away."""
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], capture_output=True, check=True)

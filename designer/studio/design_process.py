"""The process that designs.  It keeps all modules and tables warm, and forks a child for each design.

A newer job ends the child of an older one, at whatever it is.  Messages are those of `designer.board.control`.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from designer.board.control import Channel, ChannelClosedError
from designer.errors import ProsceniumError
from designer.numerics.threads import limit_blas_threads
from designer.studio.design_steps import run_steps


@dataclass
class _Child:
    pid: int
    channel: Channel

    def ask_for(self, step: int) -> None:
        """Let it take all steps up to this one."""
        with suppress(ChannelClosedError):  # it has taken all steps, and ended
            self.channel.send({"more": step})

    def stop(self) -> None:
        """End it, with the compilers and simulators that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.channel.end.close()
        os.waitpid(self.pid, 0)


def serve(end: socket.socket) -> None:
    """Answer jobs until the other end closes.

    Parameters
    ----------
    end : socket.socket
        Connected.  Each message from it is a job (`designer.studio.design_steps.run_steps`) with a number ``job``, or
        ``{"more": step}``, or ``{"stop": true}``.  Each answer carries the number of its job.
    """
    channel, child, job = Channel(end), None, 0
    try:
        while True:
            waiting = [end] if child is None else [end, child.channel.end]
            ready, _, _ = select.select(waiting, [], [])
            if end in ready:
                order, _ = channel.receive()
                if "more" in order:
                    if child is not None:
                        child.ask_for(int(order["more"]))
                    continue
                if child is not None:
                    child.stop()
                    child = None
                if "text" in order:
                    job, child = int(order["job"]), _start(order, end)
            elif child is not None:
                try:
                    fields, payload = child.channel.receive()
                except ChannelClosedError:
                    child.stop()
                    child = None
                    channel.send({"job": job, "done": True})
                else:
                    channel.send({"job": job, **fields}, payload)
    except ChannelClosedError:
        pass
    finally:
        if child is not None:
            child.stop()


def _start(job: dict[str, Any], inherited: socket.socket) -> _Child:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        with suppress(OSError):  # the child does the same, and may be first
            os.setpgid(pid, pid)
        return _Child(pid, Channel(ours))
    try:
        os.setpgid(0, 0)
        ours.close()
        inherited.close()
        _work(job, Channel(theirs))
    finally:
        os._exit(0)


def _work(job: dict[str, Any], channel: Channel) -> None:
    try:
        run_steps(job, channel.send, lambda: int(channel.receive()[0]["more"]))
    except ProsceniumError as error:
        channel.send({"error": str(error)})
    except ChannelClosedError:
        pass
    except Exception as error:
        # A fault of the program must reach the page, not only the terminal.
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(where.filename)}:{where.lineno}"
        channel.send({"error": f"a fault of Proscenium itself: {type(error).__name__}: {error} ({place})"})


if __name__ == "__main__":
    limit_blas_threads()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(socket.socket(fileno=int(sys.argv[1])))

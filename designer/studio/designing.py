"""Designs in another process: what is started, what arrives, and what is out of date."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from designer.board.control import Channel, ChannelClosedError
from designer.studio.design_steps import QUICK

Arrived = Callable[[dict[str, Any], bytes], None]
_STOP_TIMEOUT_S = 20.0
_MOST_ATTEMPTS = 2


class DesignProcess:
    """A process that designs, and the thread that listens to it.

    Parameters
    ----------
    arrived : callable
        Is given the fields and the bytes of each answer to the newest job, in the event loop of the caller.
    """

    def __init__(self, arrived: Arrived) -> None:
        self._arrived, self._loop = arrived, asyncio.get_running_loop()
        self._job = self._attempts = 0
        self._order: dict[str, Any] = {"stop": True}
        self._closed = False
        self._start()

    @property
    def pid(self) -> int:
        """Process number."""
        return self._process.pid

    def begin(self, text: str, folder: str, work: str, until: int = QUICK) -> int:
        """Begin a design; an older one that still runs is given up.

        Parameters
        ----------
        text : str
            A valid layout.
        folder : str
            Relative paths in it start here.
        work : str
            Directory for images.
        until : int
            The last step that is wanted so far.

        Returns
        -------
        int
            Number of the job, which its answers carry.
        """
        self._job += 1
        self._attempts = 0
        order = {"job": self._job, "text": text, "folder": folder, "work": work, "until": until}
        self._order = order
        self._send(order)
        return self._job

    def more(self, until: int) -> None:
        """Let the newest job take all steps up to this one."""
        if until > self._order.get("until", until):
            self._order["until"] = until
            self._send({"more": until})

    def stop(self) -> None:
        """Give up what runs, and begin nothing."""
        self._job += 1
        self._order = {"stop": True}
        self._send(self._order)

    def close(self) -> None:
        """End the process."""
        self._closed = True
        # Another thread reads: only this wakes it, and tells the other end.
        with suppress(OSError):
            self._channel.end.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._channel.end.close()

    def _send(self, order: dict[str, Any]) -> None:
        # A process that has ended is noticed by the thread that listens; `_lost` then sends the order again.
        with suppress(ChannelClosedError):
            self._channel.send(order)

    def _lost(self, channel: Channel) -> None:
        """Start the process again after it ended by itself, and repeat the newest order, though not for ever."""
        if self._closed or channel is not self._channel:
            return
        channel.end.close()
        self._process.wait()
        self._attempts += 1
        self._start()
        if self._attempts <= _MOST_ATTEMPTS:
            self._send(self._order)
        else:
            self._take(
                {"job": self._job, "error": "the process that designs has ended several times", "done": True}, b""
            )

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "designer.studio.design_process", str(theirs.fileno())]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            process_group=0,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        theirs.close()
        self._channel = Channel(ours)
        threading.Thread(target=self._listen, args=(self._channel,), daemon=True).start()

    def _listen(self, channel: Channel) -> None:
        try:
            while True:
                fields, payload = channel.receive()
                self._loop.call_soon_threadsafe(self._take, fields, payload)
        except ChannelClosedError:
            # The event loop may be gone as well.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._lost, channel)
        except RuntimeError:
            pass

    def _take(self, fields: dict[str, Any], payload: bytes) -> None:
        if fields.get("job") == self._job and not self._closed:
            self._arrived(fields, payload)

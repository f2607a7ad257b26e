"""Designs in another process: what is started, what arrives, and what is out of date."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from designer.board.control import Channel, ChannelClosedError

Arrived = Callable[[dict[str, Any], bytes], None]
_STOP_TIMEOUT_S = 5.0


class DesignProcess:
    """A process that designs, and the thread that listens to it.

    Parameters
    ----------
    arrived : callable
        Is given the fields and the bytes of each answer to the newest job, in the event loop of the caller.
    """

    def __init__(self, arrived: Arrived) -> None:
        self._arrived, self._loop = arrived, asyncio.get_running_loop()
        self._job = 0
        self._start()

    @property
    def pid(self) -> int:
        """Process number."""
        return self._process.pid

    def begin(self, text: str, folder: str, work: str, whole: bool = True) -> int:
        """Begin a design; an older one that still runs is given up.

        Parameters
        ----------
        text : str
            A valid layout.
        folder : str
            Relative paths in it start here.
        work : str
            Directory for images.
        whole : bool
            Whether the slow steps follow.

        Returns
        -------
        int
            Number of the job, which its answers carry.
        """
        self._job += 1
        order = {"job": self._job, "text": text, "folder": folder, "work": work, "whole": whole}
        try:
            self._channel.send(order)
        except ChannelClosedError:
            self._start()
            self._channel.send(order)
        return self._job

    def stop(self) -> None:
        """Give up what runs, and begin nothing."""
        self._job += 1
        try:
            self._channel.send({"stop": True})
        except ChannelClosedError:
            self._start()

    def close(self) -> None:
        """End the process."""
        self._closed = True
        self._channel.end.close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

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
        self._channel, self._closed = Channel(ours), False
        threading.Thread(target=self._listen, args=(self._channel,), daemon=True).start()

    def _listen(self, channel: Channel) -> None:
        try:
            while True:
                fields, payload = channel.receive()
                self._loop.call_soon_threadsafe(self._take, fields, payload)
        except (ChannelClosedError, RuntimeError):  # the other end, or the event loop, is gone
            pass

    def _take(self, fields: dict[str, Any], payload: bytes) -> None:
        if fields.get("job") == self._job and not self._closed:
            self._arrived(fields, payload)

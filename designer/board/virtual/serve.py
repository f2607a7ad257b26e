"""The process of a virtual board: a pseudo terminal for its serial line, and messages from the program that started it.

Virtual time goes on while bytes are exchanged, and for a moment longer. Without any, it goes on so slowly that the
process takes a twentieth of a core. While a program holds the board, time goes on only when that program says so: such
a run is the same each time, to the cycle.
"""

from __future__ import annotations

import os
import select
import time
import tty
from collections.abc import Callable
from typing import Any

import numpy as np

from designer.board.control import Channel, ChannelClosedError
from designer.board.virtual.chips import ExecutedBoard
from designer.board.virtual.events import SECOND
from designer.board.virtual.gdb_server import GdbServer
from designer.board.virtual.gdb_target import Target
from designer.board.virtual.transport import VirtualTransport
from designer.errors import HilError

_MILLISECOND = SECOND // 1000
# After the last byte, the board goes on at full speed for so long.
_LINGER = 20 * _MILLISECOND
_IDLE_SLICE = 2 * _MILLISECOND
_IDLE_SHARE = 0.05
_LEAST_PAUSE_S = 0.02
# More than the board has on its way at a time; a host whose bytes are not taken waits.
_MOST_WAITING = 4096
_READ_BYTES = 4096
_HOP_FRAMES = 64  # the upmix's
# Frames that do not come within so much more than their time never will: the audio clock stands.
_FRAMES_LATE = SECOND // 2


class Server:
    """A board and its two connections.

    Parameters
    ----------
    board : ExecutedBoard
    channel : Channel, optional
        To the program that started it; the process ends with it.
    gdb_port : int, optional
        Where a debugger may connect.
    """

    def __init__(self, board: ExecutedBoard, channel: Channel | None = None, gdb_port: int | None = None) -> None:
        self.board = board
        self._gdb = None
        if gdb_port is not None:
            self._gdb = GdbServer(gdb_port, lambda: Target(board.machine), board.reset)
        self._channel = channel
        # The board's end, and the host's, which stays open so that a host may come and go.
        self._line, self._host_end = os.openpty()
        tty.setraw(self._host_end)
        os.set_blocking(self._line, False)
        self.port = os.ttyname(self._host_end)
        self._to_host = bytearray()
        self._busy_until = 0
        self._has_heard = False
        self._sleeps = 0
        self._next_idle_s = 0.0
        self._held = False
        self._transport: VirtualTransport | None = None
        self._heard = [np.zeros((0, dac.channels), np.int32) for dac in board.dacs]
        self._requests: dict[str, Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]] = {
            "hold": self._hold, "reset": self._reset, "power_on": self._power_on, "write": self._write,
            "read": self._read, "begin": self._begin, "record": self._record, "play": self._play, "run": self._run,
            "state": self._state,
        }  # fmt: skip

    def close(self) -> None:
        """Close the pseudo terminal and the debugger's port."""
        if self._gdb is not None:
            self._gdb.close()
        for handle in (self._line, self._host_end):
            os.close(handle)

    # --- the loop

    def serve(self) -> None:
        """Run until the other end of the channel is closed; without a channel, for ever.

        Raises
        ------
        HilError
            If the image does what the hardware does not take.
        """
        try:
            while True:
                self._turn()
        except ChannelClosedError:
            return

    def _turn(self) -> None:
        """Exchange what there is, then run the board for a moment."""
        is_full = len(self._to_host) > _READ_BYTES
        is_halted = self._gdb is not None and self._gdb.is_halted
        may_run = not (self._held or is_full or is_halted)
        is_busy = may_run and self._is_busy()
        pause_s = 0.0 if is_busy else max(0.0, self._next_idle_s - time.monotonic()) if may_run else None
        reads: list[Any] = [self._channel.end] if self._channel is not None else []
        if self._gdb is not None:
            reads.append(self._gdb.socket)
        takes_more = may_run and self.board.usart.waiting_bytes < _MOST_WAITING
        if takes_more:
            reads.append(self._line)
        writes = [self._line] if self._to_host and not self._held else []
        readable, writable, _ = select.select(reads, writes, [], pause_s)
        if self._gdb is not None and self._gdb.socket in readable:
            self._gdb.handle()
            return
        if self._line in readable:
            self._take_from_host()
        if writable:
            del self._to_host[: os.write(self._line, self._to_host)]
        if self._channel is not None and self._channel.end in readable:
            self._answer(self._channel)
        elif may_run:
            self._run_for_a_moment(is_busy)

    def _is_busy(self) -> bool:
        # A debugger waits for its breakpoint.
        if self._gdb is not None and self._gdb.is_connected:
            return True
        return self.board.usart.waiting_bytes > 0 or self.board.machine.now < self._busy_until

    def _take_from_host(self) -> None:
        self.board.usart.feed(os.read(self._line, _READ_BYTES))
        self._busy_until = self.board.machine.now + _LINGER
        self._has_heard = True

    def _run_for_a_moment(self, is_busy: bool) -> None:
        """Run a millisecond, or less where the board sleeps behind its reply; when idle, at a small share of a core."""
        machine, usart = self.board.machine, self.board.usart
        if not is_busy and time.monotonic() < self._next_idle_s:
            return

        has_heard, self._has_heard = self._has_heard, False

        def has_answered() -> bool:
            is_done = machine.is_asleep and not usart.waiting_bytes
            return is_busy and is_done and (has_heard or usart.sent_bytes > 0)

        before_s, sleeps, was_asleep = time.monotonic(), machine.sleeps, machine.is_asleep
        self._run_machine(_MILLISECOND if is_busy else _IDLE_SLICE, has_answered)
        now_s = time.monotonic()
        self._next_idle_s = now_s + max(_LEAST_PAUSE_S, (now_s - before_s) / _IDLE_SHARE)
        sent = usart.take_sent()
        self._to_host += sent
        # A core that has not slept is at work on a request, or waits for its flash.
        if sent or (machine.sleeps == sleeps and not was_asleep):
            self._busy_until = machine.now + _LINGER
        self._forget_audio()

    def _run_machine(self, duration: int, done: Callable[[], bool]) -> None:
        """Run, and tell a debugger why it ended."""
        machine = self.board.machine
        try:
            machine.run(duration, done)
        except HilError as error:
            if self._gdb is None or not self._gdb.is_connected:
                raise
            self._gdb.refused(error)
        if machine.halted and self._gdb is not None:
            machine.halted = False
            self._gdb.stopped()

    def _forget_audio(self) -> None:
        for dac in self.board.dacs:
            dac.forget()

    # --- requests

    def _answer(self, channel: Channel) -> None:
        fields, payload = channel.receive()
        try:
            reply, data = self._requests[fields["do"]](fields, payload)
        except HilError as error:
            reply, data = {"error": str(error)}, b""
        channel.send(reply, data)

    def _hold(self, fields: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        self._held = bool(fields["held"])
        if self._held and self._transport is None:
            self._transport = VirtualTransport(self.board)
        return {}, b""

    def _reset(self, _fields: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        self.board.reset()
        return {}, b""

    def _power_on(self, _fields: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        self.board.power_on()
        return {}, b""

    def _write(self, _fields: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        self.board.usart.feed(payload)
        return {}, b""

    def _read(self, fields: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        assert self._transport is not None
        return {}, self._transport.read(fields["timeout_s"])

    def _run(self, fields: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        self.board.run(fields["seconds"])
        return {}, b""

    def _state(self, _fields: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        board = self.board
        return {
            "seconds": board.machine.now / SECOND,
            "frame": board.adc.position,
            "races": board.races,
            "late": len(board.ignored),
        }, b""

    def _begin(self, _fields: dict[str, Any], _payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Begin a signal at the ADC, and forget what was heard: the first frame heard from now on has a number."""
        origin = self.board.adc.feed(np.zeros((0, 2), np.int32), _HOP_FRAMES)
        self._forget_audio()
        first = max(dac.position for dac in self.board.dacs)
        self._heard = [np.zeros((0, dac.channels), np.int32) for dac in self.board.dacs]
        self._skip = [first - dac.position for dac in self.board.dacs]
        return {"origin": origin, "first": first}, b""

    def _record(self, _fields: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Append frames to the signal at the ADC; no time passes."""
        gap = self.board.adc.position - self.board.adc.origin - len(self.board.adc.signal)
        if gap > 0:
            raise HilError(f"{gap} frames of silence would be within the signal: record enough ahead of requests")
        self.board.adc.extend(np.frombuffer(payload, "<i4").reshape(-1, 2))
        return {}, b""

    def _play(self, fields: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """Append frames, record all whole runs, and give what has come over the DACs' wires since the last time."""
        board, adc = self.board, self.board.adc
        self._record(fields, payload)
        end, run_frames = adc.origin + len(adc.signal), board.run_frames
        missing, rate_hz = max(0, end - adc.position), board.sample_rate_hz()
        longest = missing * SECOND // rate_hz + _FRAMES_LATE if rate_hz else 0
        # What does not fill a run waits for the next piece.
        if not board.machine.run(longest, lambda: adc.position + run_frames > end):
            raise HilError(f"the audio clock stands: {end - adc.position} of {missing} frames do not come")
        muted = board.dacs[0].muted_frames
        for n, dac in enumerate(board.dacs):
            taken = np.concatenate([self._heard[n], dac.take_raw()])
            skipped = min(self._skip[n], len(taken))
            self._skip[n] -= skipped
            self._heard[n] = taken[skipped:]
        count = min(len(heard) for heard in self._heard)
        played = np.concatenate([heard[:count] for heard in self._heard], axis=1)
        self._heard = [heard[count:] for heard in self._heard]
        return {"muted_frames": muted}, np.ascontiguousarray(played, "<i4").tobytes()

"""A trace of interrupts, DMA halves, blocks and deadlines, for https://ui.perfetto.dev or chrome://tracing.

Source: "Trace Event Format" (Google, 2016): an array of events with a phase, a time in microseconds and a thread.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from designer.board.virtual.chips import ExecutedBoard
from designer.board.virtual.events import SECOND
from designer.board.virtual.exceptions import FIRST_INTERRUPT, Number
from designer.board.virtual.peripherals.dma import COMPLETE, HALF, HALF_ENABLED
from designer.errors import LayoutError

_MICROSECOND = SECOND // 10**6
_INTERRUPTS, _DMA, _DEADLINES = 1, 2, 3
_THREADS = {_INTERRUPTS: "exceptions", _DMA: "DMA halves", _DEADLINES: "blocks and deadlines"}
# The pipeline runs in PendSV; the stream that receives asks for it (audio.c in firmware/port/stm32).
_NAMES = {
    Number.PENDSV.value: "PendSV",
    Number.SYSTICK.value: "SysTick",
}


class Trace:
    """Events of a machine, written as they happen.

    Parameters
    ----------
    path : Path
        A JSON file.
    board : ExecutedBoard

    Raises
    ------
    LayoutError
        If the file cannot be written.
    """

    def __init__(self, path: Path, board: ExecutedBoard) -> None:
        self._board, self._machine = board, board.machine
        try:
            self._file: TextIO = path.open("w", encoding="utf-8")
        except OSError as error:
            raise LayoutError(f"trace '{path}': cannot be written: {error.strerror}: give another file") from error
        self._file.write("[\n")
        self._is_first = True
        # Of the block that is worked on or waits: when its half was complete. Of the last one: when it was ready.
        self._asked: int | None = None
        self._ready: int | None = None
        self.blocks = 0
        self.missed = 0
        for thread, name in _THREADS.items():
            self._write("thread_name", "M", 0, thread, args={"name": name})
        exceptions = self._machine.exceptions
        exceptions.on_begin, exceptions.on_end = self._begin, self._end
        for number, controller in enumerate(board.controllers):
            controller.on_flag = partial(self._flag, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the array; what happens from here on is not noted."""
        if not self._file.closed:
            self._machine.exceptions.on_begin = self._machine.exceptions.on_end = lambda number: None
            for controller in self._board.controllers:
                controller.on_flag = lambda stream, flag: None
            self._file.write("\n]\n")
            self._file.close()

    def _write(self, name: str, phase: str, time: int, thread: int, **more: Any) -> None:
        event = {"name": name, "ph": phase, "ts": time / _MICROSECOND, "pid": 1, "tid": thread, **more}
        self._file.write(("" if self._is_first else ",\n") + json.dumps(event))
        self._is_first = False

    def _begin(self, number: int) -> None:
        now = self._machine.now
        self._write(self._name(number), "B", now, _INTERRUPTS)
        if number == Number.PENDSV and self._asked is not None:
            self._write("block", "B", now, _DEADLINES)

    def _end(self, number: int) -> None:
        now = self._machine.now
        self._write(self._name(number), "E", now, _INTERRUPTS)
        if number == Number.PENDSV and self._asked is not None:
            self._write("block", "E", now, _DEADLINES)
            self._asked, self._ready = None, now
            self.blocks += 1

    def _flag(self, controller: int, stream: int, flag: int) -> None:
        name = f"{self._board.controllers[controller].name} stream {stream}"
        if flag not in (HALF, COMPLETE):
            self._write(f"{name}, error 0x{flag:02X}", "i", self._machine.now, _DMA, s="t")
            return
        now = self._machine.now
        half = "first" if flag == HALF else "second"
        self._write(f"{name}, {half} half", "i", now, _DMA, s="t")
        if (controller, stream) == self._board.recording_stream:
            self._deadline(now)

    def _deadline(self, now: int) -> None:
        """Note that the block of the half before was due: how long it has been ready, or that it is not."""
        if self._asked is not None:
            self.missed += 1
            self._write("deadline missed", "i", now, _DEADLINES, s="t")
        elif self._ready is not None:
            slack_us = (now - self._ready) / _MICROSECOND
            self._write("slack", "C", now, _DEADLINES, args={"microseconds": slack_us})
        controller, stream = self._board.recording_stream
        control = self._board.controllers[controller].values[f"S{stream}CR"]
        self._asked = now if control & HALF_ENABLED else None

    def _name(self, number: int) -> str:
        if number in _NAMES:
            return _NAMES[number]
        if number < FIRST_INTERRUPT:
            return Number(number).name if number in set(Number) else f"exception {number}"
        interrupt = number - FIRST_INTERRUPT
        return self._board.interrupt_names.get(interrupt, f"interrupt {interrupt}")

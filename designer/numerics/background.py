"""Computation on a second core, in a forked copy of the process."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def in_background(work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin work on a second core.

    Parameters
    ----------
    work : callable
        Takes no arguments, and does not depend on later events.  Its result and its errors can be pickled.

    Returns
    -------
    callable
        Waits for the result and returns it, or raises the error of the work.  It must be called once.

    Notes
    -----
    A forked process has only the thread that made it, and locks of other threads stay locked.  So the work runs in this
    process, when its result is asked for, if there are other threads, no second core, or no ``fork``.
    """
    if not hasattr(os, "fork") or _cores() < 2 or _threads() > 1:
        return work
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(_pickled_result(work))
        finally:
            # Buffers and exit handlers belong to the parent process.
            os._exit(0)
    os.close(writing)

    def collect() -> Result:
        with os.fdopen(reading, "rb") as pipe:
            data = pipe.read()
        os.waitpid(child, 0)
        if not data:
            return work()  # the child process was killed
        result, error = pickle.loads(data)
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    return collect


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _threads() -> int:
    """Threads of this process, with those that libraries have started and Python does not know."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def _pickled_result(work: Callable[[], object]) -> bytes:
    try:
        return pickle.dumps((work(), None))
    except Exception as error:
        return pickle.dumps((None, error))

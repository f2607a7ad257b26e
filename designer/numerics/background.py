"""Work on a second core: computed in a copy of the process while this one goes on."""

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
        Depends on nothing that happens from now on; its result and its errors can be pickled.

    Returns
    -------
    callable
        Waits for the result and returns it, or raises what the work raised.  To be called once.

    Notes
    -----
    A copy of a process has but the thread that made it, and locks that others hold stay locked for ever.  So the work
    is done here, when its result is asked for, where there are other threads, no second core, or no such copies.
    """
    if not hasattr(os, "fork") or _cores() < 2 or threading.active_count() > 1:
        return work
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(_outcome(work))
        finally:
            # Neither buffers nor exit handlers are the copy's own.
            os._exit(0)
    os.close(writing)

    def collect() -> Result:
        with os.fdopen(reading, "rb") as pipe:
            outcome = pipe.read()
        os.waitpid(child, 0)
        if not outcome:
            return work()  # the copy was killed
        result, error = pickle.loads(outcome)
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    return collect


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _outcome(work: Callable[[], object]) -> bytes:
    try:
        return pickle.dumps((work(), None))
    except Exception as error:
        return pickle.dumps((None, error))

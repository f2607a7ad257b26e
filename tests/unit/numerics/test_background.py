"""Work on a second core: the same result, the same errors, and never a wait for ever."""

import _thread
import os
import threading

import numpy as np
import pytest

from designer.errors import LayoutError
from designer.numerics.background import in_background


def test_result_comes_back_whole():
    collect = in_background(lambda: {"pid": os.getpid(), "values": np.arange(200_000)})
    found = collect()
    np.testing.assert_array_equal(found["values"], np.arange(200_000))
    if len(os.sched_getaffinity(0)) > 1 and len(os.listdir("/proc/self/task")) == 1:
        assert found["pid"] != os.getpid()


def test_errors_come_back_as_they_are():
    def fail():
        raise LayoutError("no such thing")

    with pytest.raises(LayoutError, match="no such thing"):
        in_background(fail)()


def test_copy_that_is_killed_is_made_good_here():
    parent = os.getpid()

    def work():
        if os.getpid() != parent:
            os._exit(9)
        return "done"

    assert in_background(work)() == "done"


def test_beside_threads_that_python_does_not_know_no_copy_is_made():
    """Libraries start such threads.  From Python 3.12 on, a fork beside them warns."""
    over, begun = threading.Lock(), threading.Lock()
    over.acquire()
    begun.acquire()

    def wait():
        begun.release()
        over.acquire()

    _thread.start_new_thread(wait, ())
    begun.acquire()
    try:
        assert in_background(os.getpid)() == os.getpid()
    finally:
        over.release()


def test_beside_other_threads_no_copy_is_made():
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        assert in_background(os.getpid)() == os.getpid()
    finally:
        over.set()
        other.join()

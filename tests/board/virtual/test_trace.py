"""The trace of a run, read back: what began ended, at the times that the clocks give."""

import json
from collections import Counter
from itertools import pairwise

import pytest

from designer.board.virtual.trace import Trace
from designer.errors import LayoutError


@pytest.fixture
def traced(small, tmp_path):
    """A tenth of a second of playing, and a question of the host; the events, in order."""
    machine, board = small.boot()
    with Trace(tmp_path / "trace.json", machine) as trace:
        machine.run(0.1)
        board.health()
    return trace, json.loads((tmp_path / "trace.json").read_text())


def test_what_begins_ends_and_nests(traced):
    _, events = traced
    open_handlers = []
    for event in events:
        if event["tid"] == 1 and event["ph"] == "B":
            open_handlers.append(event["name"])
        elif event["tid"] == 1 and event["ph"] == "E" and open_handlers:
            assert open_handlers.pop() == event["name"]
    times = [event["ts"] for event in events if event["ph"] != "M"]
    assert times == sorted(times)
    names = {event["name"] for event in events}
    assert {
        "PendSV",
        "DMA1 stream 3",
        "USART1",
        "DMA1 stream 3, first half",
        "DMA1 stream 4, second half",
        "block",
    } <= names


def test_halves_come_with_the_sample_rate_and_every_block_meets_its_deadline(traced, small):
    trace, events = traced
    halves = [event["ts"] for event in events if event["name"].startswith("DMA1 stream 3, ")]
    period_us = 1e6 * small.layout.block_samples / 48000
    assert all(abs(b - a - period_us) < 0.01 for a, b in pairwise(halves))
    slack = [event["args"]["microseconds"] for event in events if event["ph"] == "C"]
    assert trace.missed == 0
    assert len(slack) > 140
    assert all(0 < value < period_us for value in slack)


def test_a_deadline_that_is_missed_is_in_the_trace(small, tmp_path):
    machine, board = small.boot()
    machine.run(0.02)
    with Trace(tmp_path / "trace.json", machine) as trace:
        # The core stands still for three halves.
        machine.machine.stall(3 * 32 * 10**15 // 48000)
        machine.run(0.02)
    events = Counter(event["name"] for event in json.loads((tmp_path / "trace.json").read_text()))
    assert trace.missed == events["deadline missed"] >= 2
    # A half passed unseen, so the board has restarted its converters.
    health = board.health()
    assert health["underruns"] + health["overruns"] >= 1


def test_a_file_that_cannot_be_is_said(small, tmp_path):
    machine, _ = small.boot()
    with pytest.raises(LayoutError, match="cannot be written: No such file or directory: give another file"):
        Trace(tmp_path / "none" / "trace.json", machine)

"""A board that is broken or hostile gets an error in bounded time, and its texts do nothing to the terminal."""

import time

import numpy as np
import pytest
from cobs import cobs

from designer import protocol
from designer.board.health import read_health
from designer.board.limits import Limits
from designer.board.link import Link
from designer.board.session import Board
from designer.board.tune import tables_of
from designer.errors import BoardNotFoundError, HilError
from designer.fixedpoint.number_format import Q31
from designer.protocol import Frame

HELLO = {
    "board_name": "board",
    "layout_name": "layout",
    "digest": bytes(32),
    "sample_rate_hz": 48000,
    "block_samples": 64,
    "max_payload_bytes": 1024,
    "design_abi": 1,
    "number_format": protocol.NUMBER_FORMAT["Q31"],
    "drivers": 3,
    "inputs": 3,
    "credits": 4,
    "clock_source": 0,
    "reserved": 0,
    "reset_cause": 0,
    "fault_exception": 0,
    "faults": 0,
    "fault_pc": 0,
    "fault_lr": 0,
    "fault_status": 0,
    "fault_address": 0,
}


class Impostor:
    """A line to a board that answers HELLO with given fields and all else with a given payload."""

    def __init__(self, answer=b"", **changed):
        self.hello = protocol.HELLO_REPLY.payload.pack(**(HELLO | changed))
        self.answer = answer
        self.pending = bytearray()

    def write(self, data):
        for encoded in filter(None, data.split(b"\0")):
            frame = Frame.from_bytes(cobs.decode(encoded))
            payload = self.hello if frame.type == protocol.HELLO.code else self.answer
            reply = Frame(frame.type | protocol.REPLY_BIT, frame.sequence, frame.session, payload)
            self.pending += cobs.encode(reply.to_bytes()) + b"\0"

    def read(self, timeout_s):
        data, self.pending = bytes(self.pending), bytearray()
        return data

    def close(self):
        pass


class Babbler:
    """A line on which whole, valid frames that nobody asked for arrive without end."""

    def __init__(self, session=0xFFFF):
        frame = Frame(protocol.STATUS.code | protocol.REPLY_BIT, 7, session, b"")
        self.data = (cobs.encode(frame.to_bytes()) + b"\0") * 20
        self.reads = 0

    def write(self, data):
        pass

    def read(self, timeout_s):
        self.reads += 1
        time.sleep(0.001)
        return self.data

    def close(self):
        pass


def test_a_board_that_never_stops_sending_does_not_hold_the_host(monkeypatch):
    monkeypatch.setattr("designer.board.link.HELLO_TIMEOUT_S", 0.02)
    monkeypatch.setattr("designer.board.link.HELLO_ATTEMPTS", 3)
    line = Babbler()
    with pytest.raises(BoardNotFoundError, match="no reply after 3 attempts"):
        Link(line).hello()
    # Each attempt lasts 20 ms and reads once a millisecond at most.
    assert line.reads < 200


@pytest.mark.parametrize(
    "field", ["credits", "drivers", "inputs", "block_samples", "max_payload_bytes", "sample_rate_hz"]
)
def test_an_identity_that_arithmetic_cannot_use_is_refused(field):
    with pytest.raises(HilError, match=f"HELLO_REPLY: field '{field}' is 0, allowed are"):
        Board(Impostor(**{field: 0}))


def test_more_drivers_than_the_protocol_has_are_refused():
    with pytest.raises(HilError, match="field 'drivers' is 17, allowed are 1 to 16"):
        Board(Impostor(drivers=17))


REQUESTS = {
    "STATUS_REPLY": lambda board: board.status(),
    "HEALTH_REPLY": lambda board: board.health(),
    "PROFILE_REPLY": lambda board: board.profile(),
    "TABLES_REPLY": lambda board: tables_of(board.link),
    "TAP_REPLY": lambda board: board.tap("bus", 0),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_reply_of_another_length_is_refused(name):
    board = Board(Impostor(answer=b"x"))
    with pytest.raises(HilError, match=f"{name}: payload of 1 bytes, expected"):
        REQUESTS[name](board)


def test_samples_of_another_length_are_refused():
    with pytest.raises(HilError, match=r"4 samples in, 0\.\d+ out"):
        Board(Impostor(answer=b"xyz")).stream(np.zeros((4, 2), np.int64))


def test_taps_of_half_a_value_are_refused():
    heading = protocol.TAP_REPLY.payload.pack(**{field.name: 9 for field in protocol.TAP_REPLY.payload.fields})
    with pytest.raises(HilError, match="TAP: reply of 3 bytes, not a whole number of values"):
        Board(Impostor(answer=heading + b"xyz")).tap("bus", 0)


@pytest.mark.parametrize(
    ("reply", "read", "field"),
    [
        (protocol.STATUS_REPLY, lambda payload: Board(Impostor(answer=payload)).status(), "tick_hz"),
        (protocol.HEALTH_REPLY, lambda payload: read_health(payload, Q31, 3), "block_ticks_budget"),
    ],
)
def test_a_rate_of_zero_is_refused(reply, read, field):
    with pytest.raises(HilError, match=f"field '{field}' is 0, allowed are 1 to"):
        read(bytes(reply.payload.size))


def test_limits_of_another_length_are_refused():
    with pytest.raises(HilError, match="LIMITS_REPLY: payload of 2 bytes"):
        Limits.from_reply(b"xy", Q31, 3)


def test_control_characters_of_a_name_are_shown_not_obeyed():
    board = Board(Impostor(board_name="\x1b[2Jboard\x07"))
    assert board.info.board_name == r"\x1b[2Jboard\x07"

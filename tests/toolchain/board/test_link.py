"""The host's link against the firmware's own, with a line between them that damages what passes."""

import dataclasses
import time

import numpy as np
import pytest
from cobs import cobs
from designs import generate_small

from designer import protocol
from designer.board import link as module
from designer.board.link import Link
from designer.board.session import Board
from designer.errors import BoardNotFoundError, HilError
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.protocol import Frame
from designer.toolchain.compiler import build_host_library
from hil_tests.harness.host_core import HostCore, HostParser, HostTransport


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    directory = tmp_path_factory.mktemp("link")
    layout, bank, digest = generate_small("q31", directory / "generated")
    core = HostCore(build_host_library(directory / "generated", directory / "core.so"))
    return layout, bank, digest, core


class FaultyLine:
    """Passes bytes on and damages single frames: `harm(number, frame) -> list of frames` in each direction."""

    def __init__(self, transport, to_board=None, to_host=None):
        self.transport = transport
        self.harm = {"to_board": to_board, "to_host": to_host}
        self.rest = {"to_board": b"", "to_host": b""}
        self.count = {"to_board": 0, "to_host": 0}
        self.closed = False

    def write(self, data):
        self.transport.write(self._pass("to_board", data))

    def read(self, timeout_s):
        return self._pass("to_host", self.transport.read(timeout_s))

    def close(self):
        self.closed = True

    def _pass(self, direction, data):
        if self.harm[direction] is None:
            return data
        *frames, self.rest[direction] = (self.rest[direction] + data).split(b"\0")
        out = []
        for frame in frames:
            if frame:
                self.count[direction] += 1
                out += self.harm[direction](self.count[direction], frame)
        return b"".join(frame + b"\0" for frame in out)


def dropped_byte(frame):
    return [frame[:7] + frame[8:]]


def inserted_byte(frame):
    return [frame[:7] + b"\x55" + frame[7:]]


def flipped_bit(frame):
    return [frame[:9] + bytes([frame[9] ^ 4 or 1]) + frame[10:]]


def duplicated(frame):
    return [frame, frame]


def lost(frame):
    del frame
    return []


def cut_in_two(frame):
    return [frame[:5], frame[5:]]


def preceded_by_noise(frame):
    return [b"\x11\x22\x33" * 500, frame]


FAULTS = [dropped_byte, inserted_byte, flipped_bit, duplicated, lost, cut_in_two, preceded_by_noise]


def every(period, fault):
    """Damage each `period`-th frame, the first ones spared so that the session opens."""
    return lambda number, frame: fault(frame) if number > 2 and number % period == 0 else [frame]


def quick(board_or_link):
    """Loopback answers at once: a lost frame need not cost two seconds."""
    link = getattr(board_or_link, "link", board_or_link)
    link.reply_timeout_s = 0.05
    return board_or_link


def noise(count, channels=2):
    return np.random.default_rng(2).integers(-(2**31), 2**31, (count, channels))


@pytest.mark.parametrize("direction", ["to_board", "to_host"])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_sample_is_lost_or_changed(design, direction, fault):
    layout, bank, digest, core = design
    line = FaultyLine(HostTransport(core), **{direction: every(5, fault)})
    samples = noise(2500)
    with quick(Board(line, digest, layout)) as board:
        output = board.process(samples)
        status = board.status()
    np.testing.assert_array_equal(output, PipelineModel(bank).process(samples))
    assert line.count[direction] > 20
    # Nothing was run twice either: START, then exactly as many blocks as the audio has.
    assert status["blocks"] == -(-2500 // layout.block_samples)


@pytest.mark.parametrize("direction", ["to_board", "to_host"])
@pytest.mark.parametrize("period", [2, 3, 4])
def test_a_fault_in_step_with_the_window_does_not_hold_the_line_for_ever(design, period, direction):
    """A window of 4 sent again as it was would be hit at the same request, every time."""
    layout, bank, digest, core = design
    line = FaultyLine(
        HostTransport(core), **{direction: lambda n, f: [inserted_byte(f)[0]] if n > 3 and n % period == 0 else [f]}
    )
    samples = noise(400)
    with quick(Board(line, digest, layout)) as board:
        np.testing.assert_array_equal(board.process(samples), PipelineModel(bank).process(samples))


def test_the_counters_name_the_fault(design):
    layout, _, digest, core = design
    for fault, counter in (
        (flipped_bit, "bad_crc"),
        (inserted_byte, "bad_cobs"),
        (lost, "bad_sequence"),
        (duplicated, "duplicates"),
    ):
        line = FaultyLine(HostTransport(core), to_board=every(6, fault))
        with quick(Board(line, digest, layout)) as board:
            board.process(noise(3000))
            assert board.status()[counter] > 0, fault.__name__


def test_a_clean_line_needs_no_repair(design):
    layout, _, digest, core = design
    with Board(HostTransport(core), digest, layout) as board:
        board.process(noise(1000))
        status = board.status()
    faults = ("bad_cobs", "bad_crc", "bad_header", "bad_session", "bad_sequence", "duplicates", "receive_overruns")
    assert [name for name in faults if status[name]] == []
    assert [name for name in status if name.startswith("host_") and status[name]] == []


def test_the_end_of_a_frame_that_a_starting_board_hears_is_not_counted(design):
    """A host says HELLO until a starting board hears it: the receiver can come on in the middle of a frame."""
    layout, _, digest, core = design
    hello = cobs.encode(Frame(protocol.HELLO.code, 0, 0x1234).to_bytes()) + b"\0"
    for heard in range(1, len(hello)):
        transport = HostTransport(core)
        transport.write(hello[-heard:])
        with Board(transport, digest, layout) as board:
            status = board.status()
        assert [status[name] for name in ("bad_cobs", "bad_crc", "bad_header")] == [0, 0, 0], f"{heard} bytes"


def test_a_lost_reply_is_asked_for_without_waiting(design):
    layout, bank, digest, core = design
    line = FaultyLine(HostTransport(core), to_host=lambda number, frame: [] if number == 8 else [frame])
    samples = noise(2500)
    with Board(line, digest, layout) as board:
        np.testing.assert_array_equal(board.process(samples), PipelineModel(bank).process(samples))
        assert (board.link.counters.timeouts, board.link.counters.resends) == (0, protocol.CREDITS)


def test_what_came_while_the_host_was_kept_from_running_is_not_asked_for_again(design):
    """On a busy machine a program can come to its replies after their time."""

    class Kept(FaultyLine):
        def write(self, data):
            super().write(data)
            time.sleep(0.03)

    layout, bank, digest, core = design
    samples = noise(2500)
    with Board(Kept(HostTransport(core)), digest, layout) as board:
        board.link.reply_timeout_s = 0.01
        np.testing.assert_array_equal(board.process(samples), PipelineModel(bank).process(samples))
        assert (board.link.counters.timeouts, board.link.counters.resends) == (0, 0)


def test_each_gap_is_reported_once(design):
    transport = HostTransport(design[3])
    link = quick(Link(transport))
    link.hello()
    for _ in range(2):
        for ahead in (1, 2, 3):
            frame = Frame(protocol.STATUS.code, link.sequence + ahead, link.session)
            transport.write(cobs.encode(frame.to_bytes()) + b"\0")
        (nak,) = transport.read(0.1).rstrip(b"\0").split(b"\0")
        fields = protocol.NAK.payload.unpack(Frame.from_bytes(cobs.decode(nak)).payload)
        assert (fields["status"], fields["expected"]) == (protocol.STATUS_CODES["E_SEQUENCE"][0], link.sequence)
        link.request(protocol.STATUS)


def test_sequence_numbers_wrap(design):
    layout, bank, digest, core = design
    line = FaultyLine(HostTransport(core), to_host=every(7, lost))
    with quick(Board(line, digest, layout)) as board:
        # As if 65530 requests had gone by: the board follows from the next session on.
        board.link.hello(first_sequence=65530)
        samples = noise(2500)
        np.testing.assert_array_equal(board.process(samples), PipelineModel(bank).process(samples))
        assert board.link.sequence < 1000


def test_each_process_starts_from_reset(design):
    layout, _, digest, core = design
    samples = noise(400)
    with Board(HostTransport(core), digest, layout) as board:
        first = board.process(samples)
        board.process(noise(300, 3), "filters")
        np.testing.assert_array_equal(board.process(samples), first)


def test_a_dead_line_ends_in_bounded_time(design):
    line = FaultyLine(HostTransport(design[3]), to_board=lambda number, frame: [])
    link = quick(Link(line))
    with pytest.raises(HilError, match="STATUS: no reply after 10 attempts"):
        link.request(protocol.STATUS)


def test_a_line_that_only_chatters_ends_in_bounded_time(design):
    class Chatter(HostTransport):
        def read(self, timeout_s):
            del timeout_s
            return b"\x07" * 5000

    with pytest.raises(HilError, match="no reply after"):
        quick(Link(Chatter(design[3]))).request(protocol.STATUS)


def test_a_silent_port_is_no_board(design, monkeypatch):
    monkeypatch.setattr(module, "HELLO_ATTEMPTS", 3)
    with pytest.raises(BoardNotFoundError, match=r"no reply after 3 attempts of .*: is this the board's port"):
        Link(FaultyLine(HostTransport(design[3]), to_host=lambda number, frame: [])).hello()


def test_a_board_that_restarts_is_noticed(design):
    layout, _, digest, core = design
    transport = HostTransport(core)
    with quick(Board(transport, digest, layout)) as board:
        board.process(noise(100))
        transport.restart()
        with pytest.raises(HilError, match="restarted, or another host"):
            board.process(noise(100))


def test_two_hosts_at_once_are_told_apart(design):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    first = quick(Board(transport, digest, layout))
    second = quick(Board(transport, digest, layout))
    with pytest.raises(HilError, match="another host"):
        first.process(noise(100))
    samples = noise(200)
    np.testing.assert_array_equal(second.process(samples), PipelineModel(bank).process(samples))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "other"}, "layout: the board runs small, expected other"),
        ({"number_format": "q15"}, "number format: the board runs q31, expected q15"),
        ({"sample_rate_hz": 44100}, "sample rate: the board runs 48000, expected 44100"),
    ],
)
def test_the_wrong_layout_is_refused_before_any_audio(design, change, message):
    layout, _, digest, core = design
    line = FaultyLine(HostTransport(core))
    with pytest.raises(HilError, match=message):
        Board(line, digest, layout.model_copy(update=change))
    assert line.closed


def test_the_wrong_design_is_refused(design):
    layout, _, digest, core = design
    wrong = ("0" if digest[0] != "0" else "1") + digest[1:]
    with pytest.raises(HilError, match="design digest: the board runs"):
        Board(HostTransport(core), wrong, layout)


def test_another_protocol_version_is_named(design, monkeypatch):
    monkeypatch.setattr(protocol.frame, "PROTOCOL_VERSION", 2)
    with pytest.raises(HilError, match="protocol version 1, not 2: flash it again"):
        Board(HostTransport(design[3]))


@pytest.mark.parametrize(
    ("message", "payload", "refusal"),
    [
        (protocol.START, b"\x09", "E_INJECTION_POINT"),
        (protocol.START, b"", "E_LENGTH"),
        (protocol.AUDIO, b"\0" * 8, "E_NOT_STARTED"),
        (protocol.PROFILE, b"\1\0", "E_LENGTH"),
        (dataclasses.replace(protocol.STATUS, code=0x6E), b"", "E_TYPE"),
    ],
)
def test_the_board_says_why_it_refuses(design, message, payload, refusal):
    link = quick(Link(HostTransport(design[3])))
    link.hello()
    with pytest.raises(HilError, match=refusal):
        link.request(message, payload)
    link.request(protocol.STATUS)  # and goes on


def test_audio_of_half_a_frame_is_refused(design):
    link = quick(Link(HostTransport(design[3])))
    link.hello()
    link.request(protocol.START, b"\1")
    with pytest.raises(HilError, match="E_LENGTH"):
        link.request_all(protocol.AUDIO, [b"\0" * 8, b"\0" * 7, b"\0" * 8, b"\0" * 8])
    link.request(protocol.STATUS)


def test_more_than_a_message_holds_is_refused(design):
    link = quick(Link(HostTransport(design[3])))
    link.hello()
    with pytest.raises(ValueError, match="payload of 1036 bytes, allowed 0 to 1024"):
        link.request(protocol.AUDIO, b"\0" * (protocol.MAX_PAYLOAD_BYTES + 12))


def test_audio_whose_reply_would_not_fit_is_refused(tmp_path):
    layout, _, digest = generate_small("q31", tmp_path, drivers=4)
    core = HostCore(build_host_library(tmp_path, tmp_path / "core.so"))
    with Board(HostTransport(core), digest, layout) as board:
        board.link.request(protocol.START, b"\1")
        assert len(board.link.request(protocol.AUDIO, bytes(64 * 8))) == 64 * 16
        with pytest.raises(HilError, match="E_LENGTH"):
            board.link.request(protocol.AUDIO, bytes(65 * 8))


def test_a_request_is_answered_again_but_not_run_again(design):
    _, _, _, core = design
    transport = HostTransport(core)
    link = quick(Link(transport))
    link.hello()
    link.request(protocol.START, b"\1")
    link.request(protocol.AUDIO, b"\1\2\3\4\5\6\7\10" * 32)
    frame = Frame(protocol.AUDIO.code, link.sequence - 1, link.session, b"\1\2\3\4\5\6\7\10" * 32)
    answers = []
    for _ in range(3):
        transport.write(cobs.encode(frame.to_bytes()) + b"\0")
        answers.append(transport.read(0.1))
    assert len(answers[0]) > 100
    assert answers[0] == answers[1] == answers[2]
    status = protocol.STATUS_REPLY.payload.unpack(link.request(protocol.STATUS))
    assert (status["blocks"], status["duplicates"]) == (1, 3)


def test_a_request_whose_answer_is_gone_gets_no_other(design):
    """The board keeps as many answers as it gives credits.  An older request must not get one of those."""
    _, _, _, core = design
    transport = HostTransport(core)
    link = quick(Link(transport))
    credits = int(link.hello()["credits"])
    for _ in range(3 * credits):
        link.request(protocol.STATUS)
    for back in range(1, 3 * credits):
        frame = Frame(protocol.STATUS.code, link.sequence - back, link.session, b"")
        transport.write(cobs.encode(frame.to_bytes()) + b"\0")
        answer = transport.read(0.1)
        if back > credits:
            assert answer == b"", back
        else:
            (found,) = HostParser(core).feed(answer)
            assert found.sequence == link.sequence - back


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((4, 3), dtype=int), r"injection point 'program' takes \(n, 2\)"),
        (np.zeros(4, dtype=int), r"injection point 'program' takes \(n, 2\)"),
        (np.zeros((4, 2)), "raw integers"),
        (np.full((4, 2), 2**31), "outside"),
    ],
)
def test_samples_that_are_none_are_refused(design, samples, message):
    layout, _, digest, core = design
    with Board(HostTransport(core), digest, layout) as board, pytest.raises(ValueError, match=message):
        board.process(samples)


def test_nothing_in_is_nothing_out(design):
    layout, _, digest, core = design
    with Board(HostTransport(core), digest, layout) as board:
        assert board.process(np.zeros((0, 2), dtype=int)).shape == (0, 2)

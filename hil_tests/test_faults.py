"""Faults on purpose, on the board itself: no hang, no sample lost or changed unnoticed, and the next session works.

The counts go into the report.  Faults of the power or the cable are put on a separate virtual board.  On a real board
they are not measured.
"""

import multiprocessing
import signal
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from typing import Any

import numpy as np
import pytest

from designer import protocol
from designer.board.choice import BoardChoice
from designer.board.open import QemuBoard, SerialBoard, VirtualBoard, open_board
from designer.board.session import Board
from designer.board.transport import PipeTransport, SerialTransport, Transport
from designer.design.model import Design
from designer.errors import BoardNotFoundError, HilError
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.model.generator import GeneratedSignal
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.layout.model import Layout
from designer.protocol import Message, Payload
from designer.regression.report import FaultCount
from designer.regression.suite import Suite
from designer.toolchain.image import Image
from hil_tests.harness.faulty_line import ENDS_THE_SESSION, FAULTS, FaultyLine

FRAMES = 1500
SimulatedBoard = VirtualBoard | QemuBoard
NOISE_BYTES = 10_000_000
COUNTERS = ("bad_cobs", "bad_crc", "bad_header", "bad_session", "bad_sequence", "duplicates", "receive_overruns")


def samples_of(bank: FixedPointBank, frames: int = FRAMES) -> np.ndarray:
    return GeneratedSignal("noise", 77).samples(bank.number_format, "program", 0, frames)


def works(board: Board, bank: FixedPointBank) -> bool:
    """Say whether a new session, without a power cycle, is right to the last bit."""
    board.link.hello()
    samples = samples_of(bank, 300)
    return bool(np.array_equal(board.process(samples), PipelineModel(bank).process(samples)))


def moved(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in COUNTERS if after[name] != before[name]}


def host_counts(board: Board) -> dict[str, int]:
    return {f"host {name}": count for name, count in vars(board.link.counters).items() if count}


@pytest.fixture
def own_board(image: Image, design: Design, choice: BoardChoice) -> Iterator[SimulatedBoard]:
    """Start a virtual board of the test's own, to be harmed."""
    if choice.is_real:
        pytest.skip("not measured: a real board's power and cable are not in this program's hands")
    with open_board(image.elf, design.digest, design.layout, target=choice.target, in_qemu=choice.in_qemu) as opened:
        assert isinstance(opened, SimulatedBoard)
        yield opened


@pytest.mark.parametrize("direction", ["to_board", "to_host"])
@pytest.mark.parametrize("kind", FAULTS)
def test_fault_on_the_line(suite: Suite, board: Board, design: Design, kind: str, direction: str) -> None:
    board.link.hello()
    before = board.status()
    line = FaultyLine(board.link.transport, direction, FAULTS[kind])
    harmed = Board(line, design.digest, design.layout)
    harmed.link.reply_timeout_s = 0.5
    samples = samples_of(design.fixed)
    if kind in ENDS_THE_SESSION[direction]:
        with pytest.raises(HilError, match="the board speaks protocol version"):
            harmed.process(samples)
        right = True
    else:
        right = bool(np.array_equal(harmed.process(samples), PipelineModel(design.fixed).process(samples)))
    noticed = host_counts(harmed)
    recovered = right and works(board, design.fixed)
    noticed = {**moved(before, board.status()), **noticed}
    suite.faults.append(FaultCount(f"{kind}, {direction.replace('_', ' ')}", line.injected, noticed, recovered))
    assert line.injected > 0
    assert recovered


def test_fault_unknown_type(suite: Suite, board: Board, design: Design) -> None:
    unknown = Message("UNKNOWN", 0x6E, Payload(), "no such request")
    board.link.hello()
    with pytest.raises(HilError, match="E_TYPE"):
        board.link.request(unknown)
    recovered = works(board, design.fixed)
    suite.faults.append(FaultCount("unknown type", 1, {"refused": 1}, recovered))
    assert recovered


def test_fault_10_mb_of_noise(suite: Suite, board: Board, design: Design) -> None:
    """Over the quickest line: at 921600 baud this takes two minutes."""
    board.link.hello()
    before = board.status()
    with board.quickest_line():
        line = board.link.transport
        rng = np.random.default_rng(10)
        for _ in range(NOISE_BYTES // 4000):
            line.write(rng.integers(0, 256, 4000, dtype=np.uint8).tobytes())
            # The board stops reading while its own line is full: take its replies.
            line.read(0.0)
        while line.read(0.2):
            pass
    recovered = works(board, design.fixed)
    suite.faults.append(FaultCount("10 MB of noise", 1, moved(before, board.status()), recovered))
    assert recovered


def test_fault_slow_host(suite: Suite, board: Board, design: Design) -> None:
    """A host that looks away: replies pile up, and what the line could not hold is asked for again."""
    line = _Slow(board.link.transport)
    slow = Board(line, design.digest, design.layout)
    samples = samples_of(design.fixed)
    recovered = bool(np.array_equal(slow.process(samples), PipelineModel(design.fixed).process(samples)))
    recovered = recovered and works(board, design.fixed)
    suite.faults.append(FaultCount("slow host", line.pauses, host_counts(slow), recovered))
    assert recovered


class _Slow(FaultyLine):
    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "to_host", lambda frame: [frame])
        self.pauses = 0

    def read(self, timeout_s: float) -> bytes:
        self.pauses += 1
        time.sleep(0.05)
        return super().read(timeout_s)


def test_fault_two_clients(suite: Suite, board: Board, design: Design) -> None:
    line = board.link.transport
    first = Board(FaultyLine(line, "to_host", lambda frame: [frame]), design.digest, design.layout)
    second = Board(FaultyLine(line, "to_host", lambda frame: [frame]), design.digest, design.layout)
    with pytest.raises(HilError, match="another host has opened its own"):
        first.process(samples_of(design.fixed, 200))
    samples = samples_of(design.fixed, 200)
    recovered = bool(np.array_equal(second.process(samples), PipelineModel(design.fixed).process(samples)))
    if isinstance(board, SimulatedBoard):
        # The operating system keeps a second program off the port as well.
        with pytest.raises((BoardNotFoundError, HilError)):
            SerialBoard(board.port, design.digest, design.layout)
    recovered = recovered and works(board, design.fixed)
    suite.faults.append(FaultCount("two clients at once", 1, {"refused": 1}, recovered))
    assert recovered


@pytest.mark.parametrize("kind", ["wrong firmware", "wrong layout", "wrong protocol version"])
def test_fault_wrong(suite: Suite, board: Board, design: Design, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    digest, layout = design.digest, design.layout
    message = "design digest: the board runs"
    if kind == "wrong firmware":
        digest = "0" * 64
    elif kind == "wrong layout":
        layout = layout.model_copy(update={"name": "another"})
        message = r"layout: the board runs .*, expected another: flash it again"
    else:
        monkeypatch.setattr(protocol.frame, "PROTOCOL_VERSION", protocol.PROTOCOL_VERSION + 1)
        message = r"protocol version .* not .*: flash it again"
    line = FaultyLine(board.link.transport, "to_host", lambda frame: [frame])
    with pytest.raises(HilError, match=message):
        Board(line, digest, layout)
    monkeypatch.undo()
    recovered = works(board, design.fixed)
    suite.faults.append(FaultCount(kind, 1, {"refused": 1}, recovered))
    assert recovered


def _stream_for_ever(port: str, digest: str, layout: Layout, samples: np.ndarray, started: Event) -> None:
    board = SerialBoard(port, digest, layout)
    started.set()
    while True:
        board.process(samples)


def test_fault_host_killed_in_mid_stream(suite: Suite, own_board: SimulatedBoard, design: Design) -> None:
    own_board.link.close()
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    arguments = (own_board.port, design.digest, design.layout, samples_of(design.fixed), started)
    host = context.Process(target=_stream_for_ever, args=arguments, daemon=True)
    host.start()
    assert started.wait(60)
    time.sleep(0.2)
    host.kill()
    host.join(10)
    assert host.exitcode == -signal.SIGKILL
    recovered = replugged(own_board, design)
    suite.faults.append(FaultCount("host killed in mid-stream", 1, {}, recovered))
    assert recovered


def replugged(own_board: SimulatedBoard, design: Design) -> bool:
    """Open the port anew, as a host does after a cable came back, and stream."""
    again = Board(SerialTransport(own_board.port), design.digest, design.layout)
    try:
        return works(again, design.fixed)
    finally:
        again.close()


def test_fault_cable_pulled_and_replugged(suite: Suite, own_board: SimulatedBoard, design: Design) -> None:
    own_board.start()
    samples = samples_of(design.fixed, 32).astype(design.fixed.number_format.sample_dtype)
    # Half a frame is on its way when the cable goes.
    own_board.link.transport.write(samples.tobytes()[:100])
    own_board.link.close()
    with pytest.raises(HilError):
        own_board.status()
    recovered = replugged(own_board, design)
    suite.faults.append(FaultCount("cable pulled and replugged", 1, {}, recovered))
    assert recovered


def test_fault_board_reset_in_mid_stream(suite: Suite, own_board: SimulatedBoard, design: Design) -> None:
    own_board.process(samples_of(design.fixed, 200))
    own_board.reset()
    own_board.link.reply_timeout_s = 0.5
    with pytest.raises(HilError, match="restarted, or another host"):
        own_board.process(samples_of(design.fixed))
    recovered = works(own_board, design.fixed)
    suite.faults.append(FaultCount("board reset in mid-stream", 1, {"refused": 1}, recovered))
    assert recovered


def test_fault_semihosting_closed_in_mid_frame(suite: Suite, own_board: SimulatedBoard, design: Design) -> None:
    if not isinstance(own_board, QemuBoard):
        pytest.skip("not measured: semihosting is QEMU's; this board has a serial line only, as a real one")
    pipes = PipeTransport(own_board.directory)
    own_board.link.request(protocol.SEMIHOSTING)
    pipes.write(b"\x05half a frame")
    pipes.close()
    recovered = works(own_board, design.fixed)
    suite.faults.append(FaultCount("semihosting closed in mid-frame", 1, {}, recovered))
    assert recovered


def test_fault_or_not_the_board_plays_on(suite: Suite, board: Board, design: Design) -> None:
    """After all that was done to its line the board goes back to its own input, and plays."""
    board.link.hello()
    if board.health()["player"] == "NONE":
        pytest.skip("not measured: no audio outputs here, or fewer than the layout has drivers")
    board.play()
    first = board.health()
    for _ in range(100):
        second = board.health()
        if second["blocks"] > first["blocks"]:
            break
        time.sleep(0.05)
    assert second["player"] == "PLAYING"
    assert second["blocks"] > first["blocks"]
    assert works(board, design.fixed)

"""The regression: the board's output against the bit-exact model, against float64, and at the ears."""

from collections.abc import Callable

import pytest

from designer.board.open import SerialBoard
from designer.board.session import Board
from designer.design.model import Design
from designer.dsp.engine import InjectionPoint
from designer.fixedpoint.model.generator import GeneratedSignal
from designer.regression.suite import GENERATED, Suite

SIGNALS = (
    "impulse_left",
    "impulse_right",
    "impulse_centre",
    "noise",
    "worst_case",
    "program_noise",
    "full_scale",
    "sweep",
    "music",
)


def test_the_board_runs_this_design(board: Board, design: Design) -> None:
    assert board.info.digest == design.digest


@pytest.mark.parametrize("name", SIGNALS)
def test_signal(suite: Suite, name: str) -> None:
    report = suite.signal(name)
    assert report.bit_exact, f"{report.first_difference}; located: {report.located}"
    assert report.within_bound, f"error {report.max_error_lsb:.3g} LSB, beyond its bound"
    assert report.snr_db >= report.snr_limit_db


def test_no_signal_is_left_out(suite: Suite) -> None:
    assert {signal.name for signal in suite.signals} == set(SIGNALS)


@pytest.mark.parametrize(("signal", "injection_point"), GENERATED, ids=[f"{s.name}-{e}" for s, e in GENERATED])
def test_generated(suite: Suite, signal: GeneratedSignal, injection_point: InjectionPoint, seconds: float) -> None:
    report = suite.generated(signal, injection_point, seconds)
    assert report.bit_exact, report.fault


def test_at_the_ears(suite: Suite) -> None:
    _, deviations = suite.acoustics()
    assert [f"{d.figure}: board {d.board:.2f}, design {d.design:.2f}" for d in deviations if not d.passed] == []


def test_trade_metrics(suite: Suite, record_property: Callable[[str, object], None]) -> None:
    for name, value in suite.metrics().figures.items():
        record_property(name, value)
    # Silence in, silence out: there is no dither and no offset.
    assert suite.metrics().figures["idle_noise_lsb"] == 0.0


def test_load(suite: Suite, board: Board, design: Design, record_property: Callable[[str, object], None]) -> None:
    if isinstance(board, SerialBoard):
        pytest.skip("not measured: a real board counts ticks of its clock, not instructions")
    record_property("instructions_per_block", suite.instructions_per_block)
    assert suite.instructions_per_block is not None
    assert suite.instructions_per_block > 0


def test_the_line_was_clean_until_here(suite: Suite, board: Board) -> None:
    status = board.status()
    names = ("bad_cobs", "bad_crc", "bad_header", "bad_session", "bad_sequence", "duplicates", "receive_overruns")
    found = {name: status[name] for name in names if status[name]}
    # A host that waited too long for a busy simulator asks again: what comes twice is then no fault of the line.
    if found.get("duplicates", 0) <= board.link.counters.resends:
        found.pop("duplicates", None)
    assert found == {}
    assert (board.link.counters.bad_replies, board.link.counters.naks) == (0, 0)

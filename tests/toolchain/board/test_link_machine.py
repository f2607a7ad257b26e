"""The link as a state machine: whatever order of requests, faults and restarts, the answers stay right."""

import numpy as np
import pytest
from designs import generate_small
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from designer.board.session import Board
from designer.errors import HilError
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.compiler import build_host_library
from hil_tests.harness.faulty_line import ENDS_THE_SESSION, FAULTS, FaultyLine
from hil_tests.harness.host_core import HostCore, HostTransport

REPAIRABLE = [
    (kind, direction)
    for kind in FAULTS
    for direction in ("to_board", "to_host")
    if kind not in ENDS_THE_SESSION[direction]
]


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    directory = tmp_path_factory.mktemp("machine")
    layout, bank, digest = generate_small("q15", directory)
    return layout, bank, digest, HostCore(build_host_library(directory, directory / "core.so"))


class LinkMachine(RuleBasedStateMachine):
    """A host, a board, and a line that may fail; a model of what is streamed."""

    layout = bank = digest = core = None

    @initialize()
    def plug_in(self):
        self.transport = HostTransport(self.core)
        self.model = None
        self.open()

    def open(self, kind=None, direction="to_board", period=4):
        harm = FAULTS[kind] if kind else lambda frame: [frame]
        line = FaultyLine(self.transport, direction, harm, period, spared=1 if kind else 0)
        self.board = Board(line, self.digest, self.layout)
        self.board.link.reply_timeout_s = 0.01
        self.blocks = self.board.status()["blocks"]

    @rule(fault=st.sampled_from(REPAIRABLE), period=st.integers(2, 6))
    def open_over_a_bad_line(self, fault, period):
        self.open(*fault, period)

    @rule()
    def open_over_a_good_line(self):
        self.open()

    @rule(injection_point=st.sampled_from(["program", "filters"]))
    def start(self, injection_point):
        self.board.start(injection_point)
        self.injection_point, self.model = injection_point, PipelineModel(self.bank)

    @rule(frames=st.integers(0, 300), seed=st.integers(0, 2**16))
    def stream(self, frames, seed):
        if self.model is None:
            with pytest.raises(HilError, match="E_NOT_STARTED"):
                self.board.stream(np.zeros((8, 2), dtype=int), "program")
            return
        channels = 2 if self.injection_point == "program" else 3
        samples = np.random.default_rng(seed).integers(-(2**15), 2**15, (frames, channels))
        np.testing.assert_array_equal(
            self.board.stream(samples, self.injection_point), self.model.process(samples, self.injection_point)
        )

    @rule()
    def profile(self):
        self.board.profile("program", 1)
        self.model = None

    @rule()
    def restart_the_board(self):
        self.transport.restart()
        with pytest.raises(HilError, match="restarted, or another host"):
            self.board.status()
        self.model = None
        self.open()

    @invariant()
    def blocks_never_run_backwards(self):
        blocks = self.board.status()["blocks"]
        assert blocks >= self.blocks
        self.blocks = blocks


def test_no_order_of_events_breaks_the_link(design):
    layout, bank, digest, core = design
    machine = type("Machine", (LinkMachine,), {"layout": layout, "bank": bank, "digest": digest, "core": core})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

"""The core built for the host, once for each number format."""

import pytest
from designs import MIRRORED, generate_small

from designer.board.session import Board
from designer.toolchain.compiler import build_host_library
from hil_tests.harness.host_core import HostCore, HostTransport

DESIGNS = {
    "direct": {"structure": None, "drivers": 2},
    "mirrored": {"structure": MIRRORED, "drivers": 3},
    "equalised": {"structure": MIRRORED, "drivers": 3, "equalised": (True, True, False)},
}


@pytest.fixture(scope="session", params=["direct", "equalised"])
def built(request, number_format, tmp_path_factory):
    """Layout, bank, digest and core of a small design; with FIRs on the inputs, on mid and side, behind equalisers."""
    directory = tmp_path_factory.mktemp(f"core-{number_format}")
    layout, bank, digest = generate_small(number_format, directory / "generated", **DESIGNS[request.param])
    return layout, bank, digest, HostCore(build_host_library(directory / "generated", directory / "core.so"))


@pytest.fixture
def core(built):
    return built[3]


@pytest.fixture
def bank(built):
    return built[1]


@pytest.fixture
def design(built):
    layout, bank, digest, core = built
    return layout, bank, digest, core


@pytest.fixture
def board(design):
    return Board(HostTransport(design[3]))

"""The core built for the host, once for each arithmetic."""

import pytest
from designs import MIRRORED, generate_small

from designer.toolchain.compiler import build_host_library
from hil_tests.host_core import HostCore


@pytest.fixture(scope="session", params=[None, MIRRORED], ids=["direct", "mirrored"])
def built(request, arithmetic, tmp_path_factory):
    """Layout, bank, digest and core of a small design; one with FIRs on the inputs, one on mid and side."""
    directory = tmp_path_factory.mktemp(f"core-{arithmetic}")
    drivers = 2 if request.param is None else 3
    layout, bank, digest = generate_small(arithmetic, directory / "generated", request.param, drivers=drivers)
    return layout, bank, digest, HostCore(build_host_library(directory / "generated", directory / "core.so"))


@pytest.fixture
def core(built):
    return built[3]


@pytest.fixture
def bank(built):
    return built[1]

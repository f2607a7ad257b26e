"""Shared by all tests: helpers beside the tests are importable, whatever the import mode."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from designer.numerics.threads import limit_blas_threads

# Before a test imports NumPy: figures of stages that are tested alone must not depend on the machine either.
limit_blas_threads()

sys.path.insert(0, str(Path(__file__).parent / "helpers"))

# How long an example takes is the machine's affair: a busy one must fail no test.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# The tier with the longest files goes first, so that the short ones fill both workers to the end.
TIERS = ("toolchain", "board", "unit")


def pytest_collection_modifyitems(items):
    """Order the files by tier."""
    root = Path(__file__).parent
    items.sort(key=lambda item: TIERS.index(item.path.relative_to(root).parts[0]))


@pytest.fixture(scope="session", autouse=True)
def _directory_of_shipped_designs(tmp_path_factory):
    """One directory for all workers of this run: each worker's own lies in it."""
    import shipped

    base = tmp_path_factory.getbasetemp()
    shipped.directory = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(params=["q15", "q31", "q31x15"], scope="session")
def number_format(request):
    """Each number format in turn."""
    return request.param

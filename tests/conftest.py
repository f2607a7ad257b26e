"""Shared by all tests: helpers beside the tests are importable, whatever the import mode."""

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


@pytest.fixture(params=["q15", "q31", "q31x15"], scope="session")
def arithmetic(request):
    """Each arithmetic in turn."""
    return request.param

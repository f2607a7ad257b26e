"""Shared by all tests: helpers beside the tests are importable, whatever the import mode."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import designer  # noqa: F401  -- ahead of NumPy, which it tells how many threads to use

sys.path.insert(0, str(Path(__file__).parent / "helpers"))

# How long an example takes is the machine's affair: a busy one must fail no test.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(params=["q15", "q31", "q31x15"], scope="session")
def arithmetic(request):
    """Each arithmetic in turn."""
    return request.param

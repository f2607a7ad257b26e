"""Threads of BLAS: one where a digest depends on it, and importing the library sets nothing."""

import os
import subprocess
import sys

from places import ROOT
from threadpoolctl import threadpool_info, threadpool_limits

from designer.numerics.threads import with_one_blas_thread


def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_a_decorated_function_has_one_thread_and_gives_the_others_back():
    with threadpool_limits(limits=2, user_api="blas"):
        assert with_one_blas_thread(threads)() == {1}
        assert threads() == {2}


def test_importing_the_library_changes_no_setting():
    code = "import os; before = dict(os.environ); import designer.design.build; print(before == dict(os.environ))"
    clean = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=clean, capture_output=True, text=True, check=True, timeout=120
    )
    assert result.stdout.strip() == "True"

"""How many threads BLAS uses: one, wherever a figure or a digest depends on it.

Several threads of BLAS add in another order than one, and a sum may round differently.  Another rounding gives another
table and another digest.  The next command would then not recognise a board that this one flashed.  The matrices are
also small.  Two threads that wait for each other take six times as long as one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_VARIABLE = "OPENBLAS_NUM_THREADS"


def limit_blas_threads() -> None:
    """Hold BLAS to one thread for the rest of this process and for the processes that it starts.

    Notes
    -----
    Meant for programs.  Call it before NumPy is imported: then BLAS starts no other threads at all.  Libraries that are
    loaded already are limited as well.
    """
    os.environ[_VARIABLE] = "1"
    threadpool_limits(limits=1, user_api="blas")


def with_one_blas_thread(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Decorate a function whose result must not depend on the number of threads.

    Parameters
    ----------
    function : callable
        Its module has imported NumPy and SciPy: only libraries that are loaded when it is called are limited.

    Returns
    -------
    callable
        The same with BLAS held to one thread while it runs; what was set before is set again afterwards.
    """

    @wraps(function)
    def limited(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with threadpool_limits(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited

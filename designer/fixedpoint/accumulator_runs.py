"""Cut a path into runs of taps whose sums fit a 32-bit accumulator.

The Cortex-M4's multiply-accumulate of 32-bit samples and 16-bit coefficients (SMLAWB) adds into 32 bits.  Partial sums
may wrap, so only the whole sum of a run has to fit.  Samples have four bits of headroom in q31x15, so that
Σ|c| ≤ 16 · 65535 is enough for every input.  The quantiser chooses exponents so that one run holds a whole path.  The
sums of the runs are added in 64 bits, so the cut changes no bit of the result.  q15 and q31 accumulate in 64 bits and
need no cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from designer.fixedpoint.number_format import NumberFormat


@dataclass(frozen=True)
class AccumulatorRun:
    """Taps ``first`` to ``first + taps - 1`` of a path, in natural order."""

    first: int
    taps: int


def accumulator_runs(coefficients: np.ndarray, number_format: NumberFormat) -> tuple[AccumulatorRun, ...]:
    """Cut taps into the longest runs that fit, from the last tap to the first.

    Parameters
    ----------
    coefficients : (N,) int16 or int32
        Natural order.
    number_format : NumberFormat

    Returns
    -------
    tuple of AccumulatorRun
        In the order in which the firmware stores them: the last taps first.  Empty where N = 0.
    """
    stop, result = int(coefficients.size), []
    if number_format.run_limit is None:
        return (AccumulatorRun(0, stop),) if stop else ()
    magnitude = np.abs(coefficients.astype(np.int64))
    while stop:
        reach = np.cumsum(magnitude[:stop][::-1])
        taps = int(np.searchsorted(reach, number_format.run_limit, side="right"))
        result.append(AccumulatorRun(stop - taps, taps))
        stop -= taps
    return tuple(result)

"""What quantised filters really do, from each bus to each sum and from each input to each driver."""

from __future__ import annotations

import numpy as np

from designer.filters.structure import join
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.qformat import COEFFICIENT_FORMATS


def component_responses(bank: FixedPointBank, at_least: int = 1) -> np.ndarray:
    """Compute the impulse responses of the FIRs, delays and exponents included.

    Exact: an integer of at most 32 bits times a power of two is a float64.

    Parameters
    ----------
    bank : FixedPointBank
    at_least : int
        Least length of the result.

    Returns
    -------
    (K, 3, N) float64
        Sum, bus, tap; N is that of the longest path, or `at_least`.
    """
    fraction = COEFFICIENT_FORMATS[bank.arithmetic].fraction_bits
    length = max(bank.history_samples + 1, at_least)
    responses = np.zeros((len(bank.paths), len(bank.bus_names), length))
    for k, row in enumerate(bank.paths):
        for b, path in enumerate(row):
            taps = np.ldexp(path.coefficients.astype(np.float64), -(fraction + path.exponent))
            responses[k, b, path.delay : path.delay + path.taps] = taps
    return responses


def effective_impulse_responses(bank: FixedPointBank, at_least: int = 1) -> np.ndarray:
    """Compute what each driver really gets from each input.

    Exact as well: the sum of two 32-bit integers, at most 18 binary places apart, needs 51 bits.

    Parameters
    ----------
    bank : FixedPointBank
    at_least : int
        Least length of the result.

    Returns
    -------
    (D, I, N) float64
        N is that of the longest path, or `at_least`.
    """
    return join(bank.structure, component_responses(bank, at_least))

"""Impulse responses of quantised filters, from buses to sums and from inputs to drivers."""

from __future__ import annotations

import numpy as np

from designer.filters.structure import join
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath


def equaliser_response(bank: FixedPointBank, bus: int) -> np.ndarray:
    """Impulse response of a bus's equaliser, delay included: (M,) float64, exact; a single 1 without one."""
    equaliser = bank.equalisers[bus]
    return np.ones(1) if equaliser is None else _response(bank, equaliser)


def path_responses(bank: FixedPointBank) -> np.ndarray:
    """Compute the impulse responses of the paths, delays and exponents included, without the equalisers.

    Exact: an integer of at most 32 bits times a power of two is a float64.

    Returns
    -------
    (K, 3, N) float64
        Sum, bus, tap; N is that of the longest path.
    """
    length = max(path.look_back_samples for row in bank.paths for path in row) + 1
    responses = np.zeros((len(bank.paths), len(bank.bus_names), length))
    for k, row in enumerate(bank.paths):
        for b, path in enumerate(row):
            if path.taps:
                responses[k, b, : path.look_back_samples + 1] = _response(bank, path)
    return responses


def component_responses(bank: FixedPointBank, at_least: int = 1) -> np.ndarray:
    """Compute the impulse responses from buses to sums, through both stages.

    Exact without an equaliser.  The convolution of two stages is rounded to float64.

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
    paths = path_responses(bank)
    responses = np.zeros((*paths.shape[:2], max(bank.history_samples + 1, at_least)))
    for b, equaliser in enumerate(bank.equalisers):
        if equaliser is None:
            responses[:, b, : paths.shape[2]] = paths[:, b]
            continue
        ahead = equaliser_response(bank, b)
        for k, row in enumerate(bank.paths):
            if row[b].taps:
                both = np.convolve(ahead, paths[k, b, : row[b].look_back_samples + 1])
                responses[k, b, : both.size] = both
    return responses


def _response(bank: FixedPointBank, path: FixedPointPath) -> np.ndarray:
    fraction = bank.number_format.coefficient.fraction_bits
    taps = np.ldexp(path.coefficients.astype(np.float64), -(fraction + path.exponent))
    return np.concatenate([np.zeros(path.delay), taps])


def dequantised_impulse_responses(bank: FixedPointBank, at_least: int = 1) -> np.ndarray:
    """Compute the impulse responses of the quantised filters from inputs to drivers.

    As exact as `component_responses`: the sum of two 32-bit integers, at most 18 binary places apart, needs 51 bits.

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

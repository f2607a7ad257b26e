"""Recursive filters and changes of rate.

`scipy.signal` takes longer to load than a design, and a design filters short signals only.  So what a design needs is
here without it, and the rest loads it at the first call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Instants that one product of matrices averages.
_AVERAGED = 64


def short_filter(
    numerator: Sequence[float], denominator: Sequence[float], samples: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Filter a short signal by a ratio of polynomials in z⁻¹ of order up to 2, at rest before.

    The form is the transposed direct form II (Oppenheim & Schafer, Discrete-Time Signal Processing, §6.3).

    Parameters
    ----------
    numerator, denominator : sequence of float
        Up to three coefficients each, of z⁰ first.  The denominator begins with 1.
    samples : (n,) float64

    Returns
    -------
    (n,) float64
    """
    b0, b1, b2 = [*numerator, 0.0, 0.0][:3]
    _, a1, a2 = [*denominator, 0.0, 0.0][:3]
    filtered, first, second = [], 0.0, 0.0
    for x in samples.tolist():
        y = first + b0 * x
        first = second + x * b1 - y * a1
        second = x * b2 - y * a2
        filtered.append(y)
    return np.array(filtered)


def exponential_average(values: NDArray[Any], keep: float) -> NDArray[Any]:
    """Average over time, the last axis: each instant is ``keep`` of the one before and 1 − ``keep`` of the value.

    Parameters
    ----------
    values : (..., n) float64 or complex128
    keep : float
        Above 0, below 1.

    Returns
    -------
    (..., n)
        0 is the average before the first value.
    """
    if np.iscomplexobj(values):
        return exponential_average(values.real, keep) + 1j * exponential_average(values.imag, keep)
    count = values.shape[-1]
    padded = np.zeros((values.size // max(count, 1), -(-count // _AVERAGED) * _AVERAGED))
    padded[:, :count] = values.reshape(-1, count)
    age = np.subtract.outer(np.arange(_AVERAGED), np.arange(_AVERAGED))
    response = np.where(age >= 0, (1 - keep) * keep ** np.maximum(age, 0), 0.0)
    parts = padded.reshape(len(padded), -1, _AVERAGED) @ response.T
    memory = keep ** np.arange(1, _AVERAGED + 1)
    for n in range(1, parts.shape[1]):
        parts[:, n] += parts[:, n - 1, -1:] * memory
    return np.asarray(parts.reshape(len(padded), -1)[:, :count].reshape(values.shape))


def second_order_sections(sections: NDArray[np.float64], samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter along the last axis by sections (S, 6) one after the other, at rest before: (..., n)."""
    from scipy.signal import sosfilt

    return np.asarray(sosfilt(sections, samples, axis=-1))


def second_order_response(
    sections: NDArray[np.float64], frequencies_hz: NDArray[np.float64], rate_hz: float
) -> NDArray[np.complex128]:
    """Frequency response of sections (S, 6) one after the other: (F,)."""
    turn = np.exp(-1j * (2 * np.pi * frequencies_hz / rate_hz))
    response = np.ones(frequencies_hz.size, dtype=np.complex128)
    for section in sections:
        response = response * (np.polyval(section[2::-1], turn) / np.polyval(section[:2:-1], turn))
    return response


def resampled(samples: NDArray[np.float64], up: int, down: int) -> NDArray[np.float64]:
    """Change the sample rate along the first axis by the factor up / down."""
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(samples, up, down, axis=0))

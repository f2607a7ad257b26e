"""Recursive filters and changes of rate.

`scipy.signal` takes longer to load than a design.  A design filters a few short signals only, which is done here, with
the same bits.  The library is loaded at the first call that needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Instants up to which loading the library takes longer than the work.
_SHORT = 1 << 16


def recursive_filter(numerator: Sequence[float], denominator: Sequence[float], samples: NDArray[Any]) -> NDArray[Any]:
    """Filter along the last axis by a ratio of polynomials in z⁻¹, at rest before.

    The form is the transposed direct form II (Oppenheim & Schafer, Discrete-Time Signal Processing, §6.3).

    Parameters
    ----------
    numerator, denominator : sequence of float
        Coefficients, of z⁰ first.  The denominator begins with 1.
    samples : (..., n) float64 or complex128

    Returns
    -------
    (..., n)
    """
    if samples.shape[-1] > _SHORT:
        from scipy.signal import lfilter

        return np.asarray(lfilter(numerator, denominator, samples, axis=-1))
    order = max(len(numerator), len(denominator), 2) - 1
    b = [*map(float, numerator), *[0.0] * (order + 1 - len(numerator))]
    a = [*map(float, denominator), *[0.0] * (order + 1 - len(denominator))]
    # Plain numbers where there is one signal, else all signals at once.
    instants: Iterable[Any] = samples.tolist() if samples.ndim == 1 else np.moveaxis(samples, -1, 0)
    state, filtered = [0.0 * samples[..., 0] if samples.ndim > 1 else 0.0 for _ in range(order)], []
    for x in instants:
        y = state[0] + b[0] * x
        for k in range(1, order):
            state[k - 1] = state[k] + x * b[k] - y * a[k]
        state[-1] = x * b[-1] - y * a[-1]
        filtered.append(y)
    return np.stack(filtered, axis=-1)


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

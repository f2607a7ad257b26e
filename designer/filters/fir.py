"""The lines on which filters are designed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Spacing of the lines, wider towards high frequency, where bands are wider too, and where each ends.
_SPACING_HZ = (24.0, 47.0, 94.0, 150.0)
_REACH_HZ = (500.0, 1000.0, 6000.0)
# Lines per turn of phase that a filter of full length can make from one line to the next.
_LINES_PER_TURN = 1.2
# Stands in for 0 Hz, where the models have their static limit.
_LOWEST_HZ = 1.0


def design_lines_hz(longest: int, sample_rate_hz: int) -> NDArray[np.float64]:
    """Frequencies on which filters are designed, dense enough that a filter cannot misbehave between them.

    Parameters
    ----------
    longest : int
        Taps of the longest filter.
    sample_rate_hz : int
        Sample rate.

    Returns
    -------
    (F,) float64
        1 Hz to half the sample rate, rising.
    """
    widest = sample_rate_hz / (_LINES_PER_TURN * longest)
    begin, parts = _LOWEST_HZ, []
    for spacing, end in zip(_SPACING_HZ, (*_REACH_HZ, sample_rate_hz / 2), strict=True):
        count = int(np.ceil((end - begin) / min(spacing, widest)))
        parts.append(np.linspace(begin, end, count, endpoint=False))
        begin = end
    return np.append(np.concatenate(parts), sample_rate_hz / 2)


def spectra(impulse_responses: NDArray[np.float64], omega: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Spectra of filters on any frequencies.

    Parameters
    ----------
    impulse_responses : (..., N) float64
    omega : (F,) float64
        Radians per sample.

    Returns
    -------
    (F, ...) complex128
    """
    *shape, taps = impulse_responses.shape
    kernel = np.exp(-1j * omega[:, None] * np.arange(taps))
    return np.asarray((kernel @ impulse_responses.reshape(-1, taps).T).reshape(omega.size, *shape))

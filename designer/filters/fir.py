"""Frequency grid of the FIR design, and spectra of FIR filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Spacing of the lines, wider towards high frequency like the bands, and the upper end of each spacing but the last.
_SPACING_HZ = (24.0, 47.0, 94.0, 150.0)
_REACH_HZ = (500.0, 1000.0, 6000.0)
# Lines per cycle of phase over frequency of the latest tap of a filter of full length.
_LINES_PER_TURN = 1.2
# Lowest line, in place of 0 Hz, at which the acoustic models have no value.
_LOWEST_HZ = 1.0


def design_lines_hz(longest: int, sample_rate_hz: int) -> NDArray[np.float64]:
    """Frequencies on which filters are designed, dense enough for filters of a length.

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
    """Spectra of FIR filters at any frequencies.

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

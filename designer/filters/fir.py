"""From frequency responses to causal FIR filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Part of the filter's length over which its ends fade, to leave no step where the response is cut.
_FADE_FRACTION = 1 / 16


def design_grid_hz(taps: int, sample_rate_hz: int) -> NDArray[np.float64]:
    """Frequencies on which filters are designed: a DFT four times as long as the filter, against time aliasing.

    Parameters
    ----------
    taps : int
        Length of the filters.
    sample_rate_hz : int
        Sample rate.

    Returns
    -------
    (2 * taps + 1,) float64
        0 Hz to half the sample rate.
    """
    return np.asarray(np.fft.rfftfreq(4 * taps, 1 / sample_rate_hz), dtype=np.float64)


def circular_responses(response: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Impulse responses of the length of the DFT; negative times lie at the end.

    Parameters
    ----------
    response : (F, ...) complex128
        On the frequencies of `design_grid_hz`.

    Returns
    -------
    (..., 2 * F - 2) float64
    """
    return np.asarray(np.fft.irfft(np.moveaxis(response, 0, -1), axis=-1))


def causal_fir(circular: NDArray[np.float64], taps: int, delay: int) -> NDArray[np.float64]:
    """Shift by the modelling delay and keep a faded window.

    Parameters
    ----------
    circular : (..., M) float64
        From `circular_responses`.
    taps : int
        Length of the filters, up to M.
    delay : int
        Modelling delay, 0 … taps − 1.

    Returns
    -------
    (..., taps) float64
    """
    window = np.ones(taps)
    fade = max(2, int(taps * _FADE_FRACTION))
    ramp = np.sin(np.pi / 2 * (np.arange(fade) + 0.5) / fade) ** 2
    window[-fade:] = ramp[::-1]
    rise = min(fade, delay // 2)
    if rise:
        window[:rise] = np.sin(np.pi / 2 * (np.arange(rise) + 0.5) / rise) ** 2
    return np.asarray(np.roll(circular, delay, axis=-1)[..., :taps] * window)


def truncation_error_db(circular: NDArray[np.float64], fir: NDArray[np.float64], delay: int) -> float:
    """Energy of what the window took away, over the energy of all filters.

    Parameters
    ----------
    circular : (..., M) float64
        From `circular_responses`.
    fir : (..., N) float64
        From `causal_fir`.
    delay : int
        Modelling delay used there.

    Returns
    -------
    float
        dB; includes what time aliasing in the DFT has folded back outside of the window.
    """
    lost = np.roll(circular, delay, axis=-1)
    lost[..., : fir.shape[-1]] -= fir
    return float(10 * np.log10(max(np.sum(lost**2) / np.sum(circular**2), 1e-30)))

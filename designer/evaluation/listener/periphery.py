"""The ear's periphery: a bank of gammatone filters, whose outputs are kept as complex envelopes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.listener.responses import RATE_HZ

# Rate of the complex envelopes.
ENVELOPE_RATE_HZ = 4000
_LOWEST_HZ, _HIGHEST_HZ = 200.0, 8000.0
_ORDER = 4
# Of a filter of order 4 whose equivalent rectangular bandwidth is the ear's (Patterson et al. 1987).
_BANDWIDTH_PER_ERB = 1.019


def erb_hz(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Equivalent rectangular bandwidth of the ear (Glasberg & Moore, Hear. Res. 47 (1990), 103)."""
    return np.asarray(24.7 * (4.37e-3 * frequencies_hz + 1))


@lru_cache(maxsize=1)
def band_centres_hz() -> NDArray[np.float64]:
    """Centres of the bands, one ERB apart, 200 Hz to 8 kHz: (B,) float64."""
    first, last = (21.4 * np.log10(4.37e-3 * f + 1) for f in (_LOWEST_HZ, _HIGHEST_HZ))
    numbers = np.arange(first, last, 1.0)
    return np.asarray((10 ** (numbers / 21.4) - 1) / 4.37e-3)


def complex_envelopes(ears: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Filter signals at the ears by the bank.

    Parameters
    ----------
    ears : (2, N) float64
        Left and right ear at 24 kHz.

    Returns
    -------
    (B, 2, M) complex128
        Band, ear, time at 4 kHz: the analytic signal of the band, shifted down by the band's centre.

    Notes
    -----
    The filters are those of Hohmann (Acta Acustica united with Acustica 88 (2002), 433), in the frequency domain:
    (1 + j (f − f_c)/b)⁻⁴ with b = 1.019 ERB.  Their group delay at the centre is removed, so that bands are in step.
    """
    pad = RATE_HZ // 20
    length = _even_length(ears.shape[1] + 2 * pad)
    spectrum = np.fft.rfft(np.pad(ears, ((0, 0), (pad, 0))), length)
    count = length * ENVELOPE_RATE_HZ // RATE_HZ
    offsets = np.arange(-(count // 2), count - count // 2)
    centres = band_centres_hz()
    step = RATE_HZ / length
    middles = np.round(centres / step).astype(np.int64)
    bins = middles[:, None] + offsets
    inside = (bins > 0) & (bins < spectrum.shape[1])
    width = _BANDWIDTH_PER_ERB * erb_hz(centres)[:, None]
    detune = (bins * step - centres[:, None]) / width
    # The delay of the envelope's centre of gravity, 4/(2πb).
    response = inside * (1 + 1j * detune) ** -_ORDER * np.exp(1j * _ORDER * detune)
    taken = spectrum[:, np.clip(bins, 0, spectrum.shape[1] - 1)].transpose(1, 0, 2) * (2 * response[:, None])
    turned = np.fft.ifft(np.fft.ifftshift(taken, axes=2), axis=2) * (count / length)
    first = pad * ENVELOPE_RATE_HZ // RATE_HZ
    return np.asarray(turned[:, :, first : first + ears.shape[1] * ENVELOPE_RATE_HZ // RATE_HZ])


def _even_length(least: int) -> int:
    """Smallest length from `least` on with small factors that also holds whole samples of envelopes."""
    unit = 600
    return -(-least // unit) * unit

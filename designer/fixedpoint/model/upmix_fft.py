"""The 64-point transform of the upmix, in the integers of the firmware (docs/arithmetic.md, "Upmix").

Radix 4, decimation in time: three stages of 16 butterflies.  One complex transform takes both real inputs.
"""

from __future__ import annotations

import numpy as np

from designer.dsp.upmix_tables import TWIDDLE_BITS, WINDOW_SAMPLES, upmix_tables

_HALF = 1 << (TWIDDLE_BITS - 1)


def transform(real: np.ndarray, imaginary: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Transform (64, H) pairs of integers below 2**24; products with twiddles are rounded to nearest.

    Returns
    -------
    real, imaginary : (64, H) int64
        In natural order, not scaled down: below 2**30.
    """
    order = np.arange(WINDOW_SAMPLES)
    order = (order % 4) * 16 + (order // 4 % 4) * 4 + order // 16
    re, im = real[order].astype(np.int64), imaginary[order].astype(np.int64)
    for span in (1, 4, 16):
        re, im = _stage(re, im, span)
    return re, im


def _stage(re: np.ndarray, im: np.ndarray, span: int) -> tuple[np.ndarray, np.ndarray]:
    shape = (WINDOW_SAMPLES // (4 * span), 4, span, re.shape[1])
    re, im = re.reshape(shape), im.reshape(shape)
    if span > 1:
        # The first factor of each span is 1: its product, rounded, is the sample itself.
        re[:, 1:, 1:], im[:, 1:, 1:] = _turned(re[:, 1:, 1:], im[:, 1:, 1:], span)
    (r0, r1, r2, r3), (i0, i1, i2, i3) = np.moveaxis(re, 1, 0), np.moveaxis(im, 1, 0)
    sum_r, sum_i, difference_r, difference_i = r0 + r2, i0 + i2, r0 - r2, i0 - i2
    odd_r, odd_i, turned_r, turned_i = r1 + r3, i1 + i3, i1 - i3, r3 - r1
    out_r = np.stack([sum_r + odd_r, difference_r + turned_r, sum_r - odd_r, difference_r - turned_r], axis=1)
    out_i = np.stack([sum_i + odd_i, difference_i + turned_i, sum_i - odd_i, difference_i - turned_i], axis=1)
    return out_r.reshape(WINDOW_SAMPLES, -1), out_i.reshape(WINDOW_SAMPLES, -1)


def _turned(re: np.ndarray, im: np.ndarray, span: int) -> tuple[np.ndarray, np.ndarray]:
    """Multiply inputs 1 to 3 of the butterflies by their twiddles, but for the first of each span."""
    step = WINDOW_SAMPLES // (4 * span)
    twiddles = upmix_tables().twiddles[np.arange(1, 4)[:, None] * np.arange(1, span) * step]
    cosine, sine = twiddles[..., 0, None], twiddles[..., 1, None]
    return (re * cosine - im * sine + _HALF) >> TWIDDLE_BITS, (re * sine + im * cosine + _HALF) >> TWIDDLE_BITS

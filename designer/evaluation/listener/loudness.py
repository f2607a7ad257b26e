"""Programme loudness after ITU-R BS.1770-4, with the gates of EBU R 128."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.numerics.filtering import second_order_sections

# BS.1770-4 § 1: offset of the scale, block of 400 ms with 75 % overlap, absolute gate, relative gate.
_OFFSET_DB = -0.691
_BLOCK_S, _STEP_S = 0.4, 0.1
_ABSOLUTE_DB, _RELATIVE_DB = -70.0, -10.0
# The two filters of Annex 1 as analogue prototypes: shelf (frequency, Q, gain), high-pass (frequency, Q).  The bilinear
# transform at 48 kHz gives the coefficients of the Recommendation to six places.
_SHELF = (1681.974450955533, 0.7071752369554196, 3.999843853973347)
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)
_TABLE_RATE_HZ = 48000
# Exponent of the shelf's gain at its corner, as the table of the Recommendation has it.
_SHELF_CORNER = 0.4996667741545416


def k_weighting(rate_hz: int) -> NDArray[np.float64]:
    """Second-order sections of the K-weighting: (2, 6) float64.

    Parameters
    ----------
    rate_hz : int
        Sample rate, from 8 kHz.
    """
    frequency, quality, gain_db = _SHELF
    k, high = np.tan(np.pi * frequency / rate_hz), 10 ** (gain_db / 20)
    corner = high**_SHELF_CORNER
    over = 1 + k / quality + k * k
    shelf = [
        (high + corner * k / quality + k * k) / over,
        2 * (k * k - high) / over,
        (high - corner * k / quality + k * k) / over,
        1.0,
        2 * (k * k - 1) / over,
        (1 - k / quality + k * k) / over,
    ]
    frequency, quality = _HIGH_PASS
    k, known = (np.tan(np.pi * frequency / rate) for rate in (rate_hz, _TABLE_RATE_HZ))
    over = 1 + k / quality + k * k
    # The Recommendation's table has 1, −2, 1 at 48 kHz; other rates get the same gain.
    scale = (1 + known / quality + known * known) / over
    high_pass = [scale, -2 * scale, scale, 1.0, 2 * (k * k - 1) / over, (1 - k / quality + k * k) / over]
    return np.array([shelf, high_pass])


def programme_loudness(signals: NDArray[np.float64], rate_hz: int) -> float:
    """Integrated loudness of front channels, all of weight 1.

    Parameters
    ----------
    signals : (C, N) float64
        At least 400 ms; full scale 1.
    rate_hz : int
        Sample rate.

    Returns
    -------
    float
        LKFS (= LUFS); −∞ if no block passes the absolute gate.

    Raises
    ------
    ValueError
        If the signals are shorter than one block.
    """
    block, step = round(_BLOCK_S * rate_hz), round(_STEP_S * rate_hz)
    if signals.shape[1] < block:
        raise ValueError(f"signals: {signals.shape[1] / rate_hz:.3g} s: allowed is from {_BLOCK_S} s")
    power = np.sum(second_order_sections(k_weighting(rate_hz), signals) ** 2, axis=0)
    sums = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, signals.shape[1] - block + 1, step)
    means = (sums[starts + block] - sums[starts]) / block
    means = means[means > 10 ** ((_ABSOLUTE_DB - _OFFSET_DB) / 10)]
    if means.size == 0:
        return float("-inf")
    loud = means[means > means.mean() * 10 ** (_RELATIVE_DB / 10)]
    return float(_OFFSET_DB + 10 * np.log10(loud.mean()))

"""Bound of the difference between the integer centre and the float64 centre with the same gains, sample by sample.

All steps are exact except five.  Mid and side drop half a step of Q0.31 (not in q15, whose samples enter with 16 zero
bits).  The low-rate pair is rounded to Q3.28, the filtered centre to Q5.26, its crossfade again, and the result to the
samples' word.  Each error then passes the filters behind it, whose Σ|h| follows from the gains of the hop.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from designer.dsp.upmix import polyphase
from designer.dsp.upmix_tables import BANDS, DECIMATION, HOP_SAMPLES, PROTOTYPE_BITS, RATE_BITS, upmix_tables
from designer.fixedpoint.model.upmix_gains import GAIN_ONE
from designer.fixedpoint.number_format import NumberFormat


def centre_error_bound(number_format: NumberFormat, decisions: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Bound |C_fixed − C_float| from reset.

    Parameters
    ----------
    number_format : NumberFormat
    decisions : sequence of (7, 2) integers
        Gains after each finished hop, Q0.15, as `UpmixModel` keeps them.
    count : int
        Samples.

    Returns
    -------
    (count,) float64
        Full scale 1.
    """
    word, tables = number_format.sample, upmix_tables()
    halving = 0.0 if word.fraction_bits < 31 else 2.0**-32
    rate = np.abs(tables.rate_filter) * 2.0**-RATE_BITS
    low = rate.sum() * halving + 2.0**-29
    gains = np.zeros((count // HOP_SAMPLES + 2, BANDS + 1, 2))
    gains[2:] = np.array(decisions[: len(gains) - 2]).reshape(-1, BANDS + 1, 2) / GAIN_ONE
    half = tables.prototypes * 2.0**-PROTOTYPE_BITS
    taps = np.abs(np.einsum("hbc,bk->hkc", gains[:, :-1] - gains[:, -1:], half)).sum(axis=2)
    filtered = (2 * taps.sum(axis=1) - taps[:, -1]) * low + 2.0**-27
    per_hop = np.maximum(filtered[:-1], filtered[1:]) + 2.0**-27
    # The eight samples that interpolation looks at lie in this hop and the one before.
    per_hop = np.maximum(per_hop, np.concatenate([[0.0], per_hop[:-1]]))
    raised = DECIMATION * polyphase(rate).sum(axis=1).max() * per_hop
    top = np.abs(gains[:, -1]).sum(axis=1)
    total = raised + np.maximum(top[:-1], top[1:]) * halving + word.lsb / 2
    return np.repeat(total, HOP_SAMPLES)[:count]

"""Proof that nothing in the upmix overflows, for every input and every state.

For every sample |M| + |S| = max(|L|, |R|) ≤ 1.  Gains lie in [0, 1] for mid and in [-1, 1] for side.  Each step of
their recursion ends between two values of that range, so it cannot leave the range.  All other bounds are Σ|h|.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from designer.dsp.upmix import polyphase
from designer.dsp.upmix_tables import BAND_BINS, LOW_HOP, WINDOW_SAMPLES, upmix_tables
from designer.fixedpoint.model.upmix_gains import GAIN_ONE, SMOOTHING_SHIFT

_ROUND = 1 << 31


@dataclass(frozen=True)
class UpmixBound:
    """Worst case of one intermediate.

    Attributes
    ----------
    name : str
    magnitude : int
        Largest magnitude, raw.
    bits : int
        Word that holds it, sign bit counted.
    """

    name: str
    magnitude: int
    bits: int

    @property
    def holds(self) -> bool:
        """Whether the word is wide enough."""
        return self.magnitude < 1 << (self.bits - 1)


def prove_upmix() -> tuple[UpmixBound, ...]:
    """Bound every intermediate of the upmix, in the order of the signal."""
    tables = upmix_tables()
    rate_sum = int(np.abs(tables.rate_filter).sum())
    rate = (rate_sum << 31) + _ROUND
    low = rate >> 32
    prototypes = np.abs(tables.prototypes)
    # Gains of mid differ by at most 1 from the top band's, gains of side by at most 2.
    per_tap = 2 * GAIN_ONE * prototypes.sum(axis=0)
    taps = 2 * int(per_tap[:-1].sum()) + int(per_tap[-1])
    filtered = taps * low + _ROUND
    centre = (filtered >> 32) + 1
    phase = int(polyphase(np.abs(tables.rate_filter)).sum(axis=1).max())
    top_gain = 2 * 64 * GAIN_ONE
    raised = phase * centre + (top_gain << 31) + (1 << 37)
    shaded = ((low * int(tables.window.max())) >> 21) + 1
    # |re| + |im| of the input, summed over the window; each of 48 products may round up by one.
    spectrum = ((low * int(tables.window.sum())) >> 21) + WINDOW_SAMPLES + 48
    bins = BAND_BINS[-1] - BAND_BINS[0]
    power = bins * (2 * spectrum) ** 2
    remainder = ((1 << 28) + low) >> 6
    top_power = LOW_HOP * (remainder + 1) ** 2
    return (
        UpmixBound("rate filter, accumulator", rate, 64),
        UpmixBound("low rate, sum of two samples", 2 * low, 32),
        UpmixBound("low rate, tap", int(per_tap.max()), 32),
        UpmixBound("low rate, accumulator", filtered, 64),
        UpmixBound("low rate, centre", centre, 32),
        UpmixBound("low rate, cross-fade", LOW_HOP * centre + 8, 64),
        UpmixBound("centre, accumulator", raised, 64),
        UpmixBound("analysis, windowed sample", shaded, 32),
        UpmixBound("analysis, transform", spectrum, 32),
        UpmixBound("analysis, power of a band", power, 64),
        UpmixBound("analysis, power of the top band", top_power, 64),
        UpmixBound("analysis, smoothed power", _smoothed(max(power, top_power)), 64),
    )


def _smoothed(power: int) -> int:
    """Return the largest P: P + (p >> 4) − (P >> 4) rises with P and has its fixed point at 16·(p >> 4) + 15."""
    return ((power >> SMOOTHING_SHIFT) << SMOOTHING_SHIFT) + (1 << SMOOTHING_SHIFT) - 1

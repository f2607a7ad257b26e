"""Bit-exact model of the firmware's upmix, in NumPy integers (docs/arithmetic.md, "Upmix").

Samples of every number format enter as Q0.31.  Only the centre is rounded to the word of the samples, so that one model
serves all number formats.
"""

from __future__ import annotations

import numpy as np

from designer.dsp.upmix import polyphase
from designer.dsp.upmix_tables import BAND_BINS, BANDS, DECIMATION, LOW_HOP, LOW_TAPS, RATE_TAPS, upmix_tables
from designer.dsp.upmix_timing import PHASE_TAPS, UpmixFrame, windows_of
from designer.fixedpoint.model.upmix_fft import transform
from designer.fixedpoint.model.upmix_gains import slewed, smoothed, target_gains
from designer.fixedpoint.number_format import NumberFormat


class UpmixModel(UpmixFrame):
    """The upmix with its state; the output does not depend on how the input is cut into calls.

    Parameters
    ----------
    number_format : NumberFormat
        Gives the word of the samples.
    """

    dtype = np.int64

    def __init__(self, number_format: NumberFormat) -> None:
        self._word = number_format.sample
        self._shift = 31 - self._word.fraction_bits
        tables = upmix_tables()
        self._rate, self._window = tables.rate_filter, tables.window
        self._phases = polyphase(tables.rate_filter)
        self._prototypes = np.concatenate([tables.prototypes, tables.prototypes[:, -2::-1]], axis=1)
        super().__init__()

    def reset(self) -> None:
        """Return to the state after power-up."""
        super().reset()
        self._smoothed = [[0, 0, 0] for _ in range(BANDS + 1)]

    def _mid_side(self, stereo: np.ndarray) -> np.ndarray:
        left, right = (stereo << self._shift).T
        return np.asarray(np.stack([left + right, left - right], axis=1) >> 1)

    def _decimate(self, samples: np.ndarray, count: int) -> np.ndarray:
        windows = windows_of(samples, RATE_TAPS, DECIMATION, count)
        # Q0.29 x Q0.31 → Q.60, the upper word is Q3.28
        return np.asarray((np.einsum("jkc,k->jc", windows, self._rate) + (1 << 31)) >> 32)

    def _remainder(self, mid_side: np.ndarray, low: np.ndarray) -> np.ndarray:
        return np.asarray(((mid_side >> 3) - low) >> 6)

    def _powers(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        # Q3.28 x Q0.15 → Q.22: |re| + |im| of all 64 together stay below 2**28
        shaded = (low * self._window[:, None] + (1 << 20)) >> 21
        re, im = transform(shaded[..., 0], shaded[..., 1])
        bins = np.arange(BAND_BINS[0], BAND_BINS[-1])
        re, im, mirror_re, mirror_im = re[:, bins], im[:, bins], re[:, -bins], im[:, -bins]
        mid_re, mid_im, side_re, side_im = re + mirror_re, im - mirror_im, im + mirror_im, mirror_re - re
        products = np.stack(
            [mid_re**2 + mid_im**2, side_re**2 + side_im**2, mid_re * side_re + mid_im * side_im], axis=2
        )
        bands = np.add.reduceat(products, np.array(BAND_BINS[:-1]) - BAND_BINS[0], axis=1)
        mid, side = high[..., 0], high[..., 1]
        top = np.stack([mid * mid, side * side, mid * side], axis=2).sum(axis=1)
        return np.concatenate([bands, top[:, None]], axis=1)

    def _decide(self, powers: np.ndarray, gains: np.ndarray) -> np.ndarray:
        rows = []
        for state, of_hop, (mid, side) in zip(self._smoothed, powers.tolist(), gains.tolist(), strict=True):
            state[:] = (smoothed(old, new) for old, new in zip(state, of_hop, strict=True))
            target = target_gains(*state)
            rows.append((slewed(mid, target[0]), slewed(side, target[1])))
        return np.array(rows, dtype=np.int64)

    def _filter_low(self, low: np.ndarray, before: np.ndarray, after: np.ndarray, phase: np.ndarray) -> np.ndarray:
        windows = windows_of(low, LOW_TAPS, 1, phase.size)
        old, new = self._low_centre(windows, before), self._low_centre(windows, after)
        return np.asarray((old * (LOW_HOP - phase) + new * phase + 8) >> 4)

    def _low_centre(self, windows: np.ndarray, gains: np.ndarray) -> np.ndarray:
        # Q0.15 x Q0.15 → Q1.30 taps; x Q3.28 → Q.58, the upper word is Q5.26
        taps = np.einsum("jbc,bk->jkc", gains[:, :-1] - gains[:, -1:], self._prototypes)
        sums = np.sum(taps[..., 0] * windows[..., 0] - taps[..., 1] * windows[..., 1], axis=1)
        return np.asarray((sums + (1 << 31)) >> 32)

    def _interpolate(self, filtered: np.ndarray, newest: np.ndarray, phase: np.ndarray) -> np.ndarray:
        windows = filtered[newest[:, None] - np.arange(PHASE_TAPS)]
        # Q5.26 x Q0.29 → Q.55; the factor 4 of the change of rate makes it Q.53
        return np.asarray(np.sum(windows * self._phases[phase], axis=1))

    def _centre(
        self, raised: np.ndarray, mid_side: np.ndarray, before: np.ndarray, after: np.ndarray, phase: np.ndarray
    ) -> np.ndarray:
        # Q0.21 gains x Q0.31 → Q.52
        gains = (before << 6) + (after - before) * phase[:, None]
        top = gains[:, 0] * mid_side[:, 0] - gains[:, 1] * mid_side[:, 1]
        shift = 53 - self._word.fraction_bits
        return np.asarray((raised + 2 * top + (1 << (shift - 1))) >> shift)

    def _within_full_scale(self, centre: np.ndarray, stereo: np.ndarray) -> np.ndarray:
        lowest = np.maximum(stereo.max(axis=1) - self._word.largest, self._word.smallest)
        highest = np.minimum(stereo.min(axis=1) - self._word.smallest, self._word.largest)
        return np.asarray(np.clip(centre, lowest, highest))

"""Bit-exact model of the firmware's upmix, in NumPy integers (docs/arithmetic.md, "Upmix").

Samples of every number format enter as Q0.31.  Only the centre is rounded to the word of the samples, so that one model
serves all number formats.
"""

from __future__ import annotations

import numpy as np

from designer.dsp.upmix import polyphase
from designer.dsp.upmix_tables import BAND_BINS, BANDS, DECIMATION, HOP_SAMPLES, LOW_HOP, upmix_tables
from designer.dsp.upmix_timing import UpmixFrame, follow
from designer.fixedpoint.model.convolution import ExactFilters
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
        self._window = tables.window
        # Each frame of outputs is one hop.
        self._decimator = ExactFilters(tables.rate_filter[None], LOW_HOP, DECIMATION)
        prototypes = np.concatenate([tables.prototypes, tables.prototypes[:, -2::-1]], axis=1)
        self._bands = ExactFilters(prototypes, LOW_HOP)
        self._phases = ExactFilters(polyphase(tables.rate_filter), LOW_HOP)
        super().__init__()

    def reset(self) -> None:
        """Return to the state after power-up."""
        super().reset()
        self._smoothed = np.zeros((BANDS + 1, 3), dtype=np.int64)

    def _mid_side(self, stereo: np.ndarray) -> np.ndarray:
        left, right = stereo << self._shift
        found = np.empty_like(stereo)
        np.add(left, right, out=found[0])
        np.subtract(left, right, out=found[1])
        return np.asarray(np.right_shift(found, 1, out=found))

    def _decimate(self, samples: np.ndarray, count: int) -> np.ndarray:
        # Q0.29 x Q0.31 → Q.60, the upper word is Q3.28
        sums = self._decimator.frames(samples, -(-count // LOW_HOP)).reshape(2, -1)[:, :count]
        return np.asarray((sums + (1 << 31)) >> 32)

    def _remainder(self, mid_side: np.ndarray, low: np.ndarray) -> np.ndarray:
        return np.asarray(((mid_side >> 3) - low) >> 6)

    def _powers(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        # Q3.28 x Q0.15 → Q.22: |re| + |im| of all 64 together stay below 2**28
        shaded = (np.ascontiguousarray(low.transpose(0, 2, 1)) * self._window[:, None] + (1 << 20)) >> 21
        re, im = transform(*shaded)
        bins = slice(BAND_BINS[0], BAND_BINS[-1])
        mirrored = slice(-BAND_BINS[0], -BAND_BINS[-1], -1)
        re, im, mirror_re, mirror_im = re[bins], im[bins], re[mirrored], im[mirrored]
        mid_re, mid_im, side_re, side_im = re + mirror_re, im - mirror_im, im + mirror_im, mirror_re - re
        mid, side = high
        products = (
            (mid_re**2 + mid_im**2, mid * mid),
            (side_re**2 + side_im**2, side * side),
            (mid_re * side_re + mid_im * side_im, mid * side),
        )
        starts = np.array(BAND_BINS[:-1]) - BAND_BINS[0]
        powers = [[*np.add.reduceat(bands, starts, axis=0), top.sum(axis=1)] for bands, top in products]
        return np.array(powers).transpose(2, 1, 0)

    def _decide(self, powers: np.ndarray, gains: np.ndarray) -> np.ndarray:
        after = smoothed(self._smoothed.reshape(-1), powers.reshape(len(powers), -1)).reshape(powers.shape)
        self._smoothed = after[-1]
        targets = np.stack(target_gains(*after.transpose(2, 0, 1)), axis=2)
        return follow(gains, targets, slewed)

    def _filter_low(self, low: np.ndarray, gains: np.ndarray) -> np.ndarray:
        mid, side = self._bands.frames(low, len(gains) - 1)
        weights = gains[:, :-1] - gains[:, -1:]
        old, new = self._low_centre(mid, side, weights[:-1]), self._low_centre(mid, side, weights[1:])
        phase: np.ndarray = np.arange(LOW_HOP)
        return np.asarray((old * (LOW_HOP - phase) + new * phase + 8) >> 4)

    def _low_centre(self, mid: np.ndarray, side: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Bands of H hops, (H, 6, 16) each, and their weights (H, 6, 2) → (H, 16)."""
        # Q0.15 x Q0.15 → Q1.30 taps; x Q3.28 → Q.58, the upper word is Q5.26.  Each band is filtered first, and then
        # multiplied by its weight.  The sum is the same as that of a filter made of the weighted bands.  It fits 63
        # bits, so that parts of it may wrap.
        sums = weights[:, None, :, 0] @ mid - weights[:, None, :, 1] @ side
        return np.asarray((sums[:, 0] + (1 << 31)) >> 32)

    def _interpolate(self, filtered: np.ndarray, hops: int) -> np.ndarray:
        # Q5.26 x Q0.29 → Q.55; the factor 4 of the change of rate makes it Q.53
        return self._phases.frames(filtered, hops).transpose(0, 2, 1)

    def _centre(self, raised: np.ndarray, mid_side: np.ndarray, gains: np.ndarray, begin: int) -> np.ndarray:
        # Q0.21 gains x Q0.31 → Q.52
        nodes = gains.T[..., None]
        lines = (nodes[:, :-1] << 6) + (nodes[:, 1:] - nodes[:, :-1]) * np.arange(HOP_SAMPLES)
        of_mid, of_side = lines.reshape(2, -1)[:, begin : begin + raised.size]
        top = of_mid * mid_side[0] - of_side * mid_side[1]
        shift = 53 - self._word.fraction_bits
        return np.asarray((raised + 2 * top + (1 << (shift - 1))) >> shift)

    def _within_full_scale(self, centre: np.ndarray, stereo: np.ndarray) -> np.ndarray:
        lowest = np.maximum(np.maximum(*stereo) - self._word.largest, self._word.smallest)
        highest = np.minimum(np.minimum(*stereo) - self._word.smallest, self._word.largest)
        return np.asarray(np.minimum(np.maximum(centre, lowest), highest))

"""Exact integer convolution with BLAS: integers in float64, with every partial sum below 2**53.

A float64 holds every integer up to 2**53.  Products and sums of integers that stay below it are exact in any order,
with or without fused multiply-add.  Samples are therefore cut into digits small enough for ``max |digit| * sum |taps|``
to stay below 2**53.  Each digit is convolved as one product of matrices.  Row f holds the samples that the outputs of
frame f need, and the columns hold the taps, once for each output of a frame.
"""

from __future__ import annotations

import numpy as np

EXACT_LIMIT = 2**53
# Outputs of one frame.  More of them cost products with zeros, and fewer cost copies of samples.
_FRAME_OUTPUTS = 32
# Outputs computed at a time, so that the data of one piece stays in the processor's cache.
_PIECE = 1 << 14


class ExactFilters:
    """FIR filters with integer taps, all of the same samples.

    Parameters
    ----------
    taps : (B, N) integers
        1 <= N, ``sum |taps| < 2**52`` for each filter.
    frame_outputs : int
        Outputs of one frame.
    step : int
        Samples from one output to the next.
    """

    def __init__(self, taps: np.ndarray, frame_outputs: int = _FRAME_OUTPUTS, step: int = 1) -> None:
        taps = np.asarray(taps, dtype=np.int64)
        filters, self._taps = taps.shape
        self._outputs, self._hop = frame_outputs, frame_outputs * step
        self._length = step * (frame_outputs - 1) + self._taps
        self._magnitude = int(np.abs(taps).sum(axis=1).max())
        # A digit is at most 2**k; times the sum of all taps it must stay exact.
        self._digit_bits = (EXACT_LIMIT // max(self._magnitude, 1)).bit_length() - 1
        matrix = np.zeros((self._length, filters, frame_outputs))
        for n in range(frame_outputs):
            matrix[step * n : step * n + self._taps, :, n] = taps[:, ::-1].T
        self._matrix = matrix.reshape(self._length, -1)

    def frames(self, samples: np.ndarray, count: int) -> np.ndarray:
        """Filter whole frames.

        Parameters
        ----------
        samples : (..., M) integers
            Oldest first, ``|samples| <= 2**31``.  Those that are missing at the end count as zeros.
        count : int
            Frames.  Their first output has the first sample as its oldest.

        Returns
        -------
        (..., count, B, frame_outputs) int64

        Raises
        ------
        ValueError
            If the taps are too large for any exact digit, or the result could leave 64 bits.
        """
        peak = max(int(samples.max(initial=0)), -int(samples.min(initial=0)))
        if self._digit_bits < 1 or self._magnitude * peak >= 2**63:
            text = f"sum of |taps| = {self._magnitude}, |samples| up to {peak}"
            raise ValueError(f"{text}: not exact in 64 bits: take smaller taps or samples")
        shape = (*samples.shape[:-1], count, self._matrix.shape[1] // self._outputs, self._outputs)
        total, shift = None, 0
        while True:
            # What remains, a signed floor, is the last digit once its sums are exact.
            last = peak * self._magnitude <= EXACT_LIMIT
            digit = samples if last else samples & ((1 << self._digit_bits) - 1)
            part = self._product(digit, count)
            total = part if total is None else np.add(total, part << shift, out=total)
            if last:
                return total.reshape(shape)
            samples, shift = samples >> self._digit_bits, shift + self._digit_bits
            # A floor takes a negative sample one further down.
            peak = (peak >> self._digit_bits) + 1

    def _product(self, samples: np.ndarray, count: int) -> np.ndarray:
        padded = np.zeros((*samples.shape[:-1], max(count - 1, 0) * self._hop + self._length))
        used = min(padded.shape[-1], samples.shape[-1])
        padded[..., :used] = samples[..., :used]
        cut = np.lib.stride_tricks.sliding_window_view(padded, self._length, axis=-1)[..., :: self._hop, :]
        rows = cut[..., :count, :].reshape(-1, self._length)
        return (rows @ self._matrix).astype(np.int64)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Filter with the first filter: (M,) integers, M from N → (1 + (M − N) // step,) int64; raises as `frames`."""
        step = self._hop // self._outputs
        out = np.empty(1 + (samples.size - self._taps) // step, dtype=np.int64)
        for start in range(0, out.size, _PIECE):
            part = out[start : start + _PIECE]
            window = samples[start * step : (start + part.size - 1) * step + self._taps]
            part[:] = self.frames(window, -(-part.size // self._outputs))[:, 0].reshape(-1)[: part.size]
        return out


class FlooringFilter:
    """An FIR with every product shifted right by 16 and floored: ``sum_k (taps[k] * x[n - k]) >> 16``, exactly.

    A floor drops the low 16 bits of its product.  These depend only on the low 16 bits of the factors.  So the exact
    convolution, less the sum of all that is dropped, is 2**16 times the result.

    Parameters
    ----------
    taps : (N,) integers
        As for `ExactFilters`; fewer than 2**16.
    """

    def __init__(self, taps: np.ndarray) -> None:
        self._exact = ExactFilters(np.asarray(taps)[None])
        self._low_taps = np.asarray(taps, dtype=np.int64).astype(np.uint16)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Filter: (M,) integers, M from N → (M − N + 1,) int64; raises as `ExactFilters.frames`."""
        whole, low = self._exact(samples), samples.astype(np.uint16)
        for start in range(0, whole.size, _PIECE):
            count = min(_PIECE, whole.size - start)
            dropped = np.zeros(count, dtype=np.uint32)
            product = np.empty(count, dtype=np.uint16)
            for k, c in enumerate(self._low_taps):
                first = start + self._low_taps.size - 1 - k
                np.multiply(low[first : first + count], c, out=product)
                dropped += product
            whole[start : start + count] -= dropped
        return np.asarray(whole >> 16)

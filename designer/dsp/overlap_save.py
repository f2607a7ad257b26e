"""Convolution in blocks: a matrix of filters by overlap-save, and short filters by matrix products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.numerics.fast_length import fast_length

# Length of the transform in filter lengths.  It is about the best compromise of work per sample and cache size.
_BLOCK_PER_TAPS = 4
_SHORTEST = 4096
# Lengths whose spectra are kept, for signals that come in pieces of the same few lengths.
_LENGTHS_KEPT = 4


class OverlapSave:
    """A matrix of FIR filters with state.  The output does not depend on how the input is cut into calls.

    The method is overlap-save (Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 8).  It takes one transform
    for each input and one for each output, but none for each filter.

    Parameters
    ----------
    responses : (D, I, N) float64
        N from 1.
    """

    def __init__(self, responses: NDArray[np.float64]) -> None:
        self._inputs, taps = responses.shape[1:]
        self._responses = responses
        self._step = max(_SHORTEST, _BLOCK_PER_TAPS * taps) - taps + 1
        self._spectra: dict[int, NDArray[np.complex128]] = {}
        self._history = np.zeros((self._inputs, taps - 1))

    def process(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter samples.

        Parameters
        ----------
        samples : (n, I) float64

        Returns
        -------
        (n, D) float64
            Each channel is contiguous.

        Raises
        ------
        ValueError
            If the number of inputs does not fit.
        """
        if samples.ndim != 2 or samples.shape[1] != self._inputs:
            raise ValueError(f"samples {samples.shape}: allowed is (n, {self._inputs})")
        count, past = samples.shape[0], self._history.shape[1]
        extended = np.concatenate([self._history, samples.T], axis=1)
        output = np.empty((self._responses.shape[0], count))
        # Blocks of equal length, so that the last one is not mostly zeros.
        step = -(-count // max(-(-count // self._step), 1))
        size = fast_length(step + past, even=True)
        for start in range(0, count, max(step, 1)):
            stop = min(start + step, count)
            found = self._multiply(np.fft.rfft(extended[:, start : stop + past], size, axis=1), size)
            output[:, start:stop] = np.fft.irfft(found, size, axis=1)[:, past : past + stop - start]
        self._history = extended[:, extended.shape[1] - past :].copy()
        return output.T

    def _multiply(self, block: NDArray[np.complex128], size: int) -> NDArray[np.complex128]:
        """Spectra (I, F) of the inputs → (D, F) of the outputs."""
        if size not in self._spectra:
            for oldest in list(self._spectra)[: 1 - _LENGTHS_KEPT]:
                del self._spectra[oldest]
            self._spectra[size] = np.fft.rfft(self._responses, size, axis=2)
        found: NDArray[np.complex128] = np.einsum("dif,if->df", self._spectra[size], block)
        return found


class ToeplitzFilter:
    """Short FIR filters as one matrix product: frames of samples times a Toeplitz matrix of the taps.

    Parameters
    ----------
    taps : (B, N) float64
    frame_outputs : int
        Outputs of one frame, a compromise between products with zeros and the work of cutting frames.
    step : int
        Samples from one output to the next.
    """

    def __init__(self, taps: NDArray[np.float64], frame_outputs: int, step: int = 1) -> None:
        filters, length = taps.shape
        self._outputs, self._hop = frame_outputs, frame_outputs * step
        self._length = step * (frame_outputs - 1) + length
        matrix = np.zeros((self._length, filters, frame_outputs))
        for n in range(frame_outputs):
            matrix[step * n : step * n + length, :, n] = taps[:, ::-1].T
        self._matrix = matrix.reshape(self._length, -1)

    def frames(self, samples: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        """Filter whole frames.

        Parameters
        ----------
        samples : (..., M) float64
            Oldest first.  Those that are missing at the end count as zeros.
        count : int
            Frames.  Their first output has the first sample as its oldest.

        Returns
        -------
        (..., count, B, frame_outputs) float64
        """
        padded = np.zeros((*samples.shape[:-1], max(count - 1, 0) * self._hop + self._length))
        used = min(padded.shape[-1], samples.shape[-1])
        padded[..., :used] = samples[..., :used]
        cut = np.lib.stride_tricks.sliding_window_view(padded, self._length, axis=-1)[..., :: self._hop, :]
        product = cut[..., :count, :].reshape(-1, self._length) @ self._matrix
        return product.reshape(*samples.shape[:-1], count, -1, self._outputs)

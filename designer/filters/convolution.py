"""Fast exact streaming convolution of several inputs with a matrix of filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

# The transform is this many filters long: about the best trade of work per sample against cache.
_BLOCK_PER_TAPS = 8
_SHORTEST = 4096


class OverlapSave:
    """A matrix of FIR filters with state; the output does not depend on how the input is cut into calls.

    Overlap-save (Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 8): one transform for each input and one
    for each output, whatever the number of filters between them.

    Parameters
    ----------
    responses : (D, I, N) float64
        N from 1.
    """

    def __init__(self, responses: NDArray[np.float64]) -> None:
        self._outputs, self._inputs, taps = responses.shape
        self._size = int(next_fast_len(max(_SHORTEST, _BLOCK_PER_TAPS * taps), real=True))
        self._step = self._size - taps + 1
        self._spectra = rfft(responses, self._size, axis=2)
        self._history = np.zeros((self._inputs, taps - 1))

    def process(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter samples.

        Parameters
        ----------
        samples : (n, I) float64

        Returns
        -------
        (n, D) float64

        Raises
        ------
        ValueError
            If the number of inputs does not fit.
        """
        if samples.ndim != 2 or samples.shape[1] != self._inputs:
            raise ValueError(f"samples {samples.shape}: allowed is (n, {self._inputs})")
        count, past = samples.shape[0], self._history.shape[1]
        extended = np.concatenate([self._history, samples.T], axis=1)
        output = np.empty((count, self._outputs))
        for start in range(0, count, self._step):
            stop = min(start + self._step, count)
            block = rfft(extended[:, start : stop + past], self._size, axis=1)
            for d in range(self._outputs):
                spectrum = np.sum(self._spectra[d] * block, axis=0)
                output[start:stop, d] = irfft(spectrum, self._size)[past : past + stop - start]
        self._history = extended[:, extended.shape[1] - past :].copy()
        return output

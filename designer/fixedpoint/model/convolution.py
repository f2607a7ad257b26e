"""Exact integer convolution with BLAS: integers in float64, with every partial sum below 2**53.

A float64 holds every integer up to 2**53.  Products and sums of integers that stay below it are exact in any order,
with or without fused multiply-add.  Samples are therefore cut into digits small enough for ``max |digit| * sum |taps|``
to stay below 2**53.  Each digit is convolved as a product of matrices.  Block b of the output is
``sum_j X[b + j] @ T[j]``.  X are consecutive blocks of the samples, T is the Toeplitz matrix of the taps in blocks.
"""

from __future__ import annotations

import numpy as np

EXACT_LIMIT = 2**53
_BLOCK = 128
# Outputs computed at a time, so that the data of one piece stays in the processor's cache.
_PIECE = 256 * _BLOCK


def exact_convolve(samples: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Convolve integers exactly; like ``numpy.convolve(samples, taps, "valid")`` for samples longer than the taps.

    Parameters
    ----------
    samples : (M,) integers
        ``|samples| <= 2**31``.
    taps : (N,) integers
        1 <= N <= M, ``sum |taps| < 2**52``.

    Returns
    -------
    (M - N + 1,) int64

    Raises
    ------
    ValueError
        If the taps are too large for any exact digit, or the result could leave 64 bits.
    """
    samples, taps = np.asarray(samples, dtype=np.int64), np.asarray(taps, dtype=np.int64)
    magnitude = int(np.abs(taps).sum())
    peak = int(np.abs(samples).max(initial=0))
    # A digit is at most 2**k; times the sum of all taps it must stay exact.
    digit_bits = (EXACT_LIMIT // max(magnitude, 1)).bit_length() - 1
    if digit_bits < 1 or magnitude * peak >= 2**63:
        raise ValueError(f"sum of |taps| = {magnitude}, |samples| up to {peak}: not exact in 64 bits")
    blocks = -(-(_BLOCK + taps.size - 1) // _BLOCK)
    matrix = _toeplitz(taps, blocks)
    out = np.empty(samples.size - taps.size + 1, dtype=np.int64)
    for start in range(0, out.size, _PIECE):
        stop = min(start + _PIECE, out.size)
        window = samples[start : stop + taps.size - 1]
        out[start:stop] = _add_digits(window, matrix, stop - start, digit_bits, peak * magnitude < EXACT_LIMIT)
    return out


def floored_convolve(samples: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Convolve with every product shifted right by 16 and floored: ``sum_k (taps[k] * x[n - k]) >> 16``, exactly.

    A floor drops the low 16 bits of its product.  These depend only on the low 16 bits of the factors.  So the exact
    convolution, less the sum of all that is dropped, is 2**16 times the result.

    Parameters
    ----------
    samples, taps : integers
        As for `exact_convolve`; fewer than 2**16 taps.

    Returns
    -------
    (M - N + 1,) int64
    """
    samples = np.asarray(samples, dtype=np.int64)
    low, low_taps = samples.astype(np.uint16), np.asarray(taps, dtype=np.int64).astype(np.uint16)
    whole = exact_convolve(samples, taps)
    for start in range(0, whole.size, _PIECE):
        count = min(_PIECE, whole.size - start)
        dropped = np.zeros(count, dtype=np.uint32)
        product = np.empty(count, dtype=np.uint16)
        for k, c in enumerate(low_taps):
            first = start + low_taps.size - 1 - k
            np.multiply(low[first : first + count], c, out=product)
            dropped += product
        whole[start : start + count] -= dropped
    return np.asarray(whole >> 16)


def _add_digits(window: np.ndarray, matrix: np.ndarray, count: int, digit_bits: int, whole: bool) -> np.ndarray:
    """Cut into digits of `digit_bits`, low ones first: x = (x >> k) * 2**k + low, low from 0 to 2**k - 1."""
    if whole:
        return _product(window, matrix, count)
    total, shift = np.zeros(count, dtype=np.int64), 0
    while True:
        # What remains, a signed floor, is the last digit once it has no more than k bits besides its sign.
        last = bool(window.size == 0 or (-window.min() <= 1 << digit_bits and window.max() <= 1 << digit_bits))
        digit = window if last else window & ((1 << digit_bits) - 1)
        total += _product(digit, matrix, count) << shift
        if last:
            return total
        window, shift = window >> digit_bits, shift + digit_bits


def _product(samples: np.ndarray, matrix: np.ndarray, count: int) -> np.ndarray:
    """Multiply rows of samples by the Toeplitz matrix; exact as long as every sum stays below 2**53."""
    tap_blocks = matrix.shape[0]
    blocks = -(-count // _BLOCK)
    padded = np.zeros((blocks + tap_blocks - 1) * _BLOCK)
    padded[: samples.size] = samples
    rows = padded.reshape(-1, _BLOCK)
    out = rows[:blocks] @ matrix[0]
    for j in range(1, tap_blocks):
        out += rows[j : j + blocks] @ matrix[j]
    return np.asarray(out.reshape(-1)[:count].astype(np.int64))


def _toeplitz(taps: np.ndarray, blocks: int) -> np.ndarray:
    """Build the matrix from samples m to outputs n: ``T[m, n] = taps[N - 1 - (m - n)]``; (blocks, block, block)."""
    matrix = np.zeros((blocks * _BLOCK, _BLOCK))
    for n in range(_BLOCK):
        matrix[n : n + taps.size, n] = taps[::-1]
    return matrix.reshape(blocks, _BLOCK, _BLOCK)

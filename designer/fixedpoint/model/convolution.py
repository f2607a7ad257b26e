"""Exact integer convolution at the speed of BLAS: integers in float64, with every partial sum below 2**53.

A float64 holds every integer up to 2**53, so products and sums of integers that stay below it are exact, in whatever
order and with whatever fused multiply-add BLAS takes them.  Samples are therefore cut into parts small enough for
``max |part| * sum |taps|`` to stay below 2**53, and each part is convolved as a product of matrices: block b of the
output is ``sum_j X[b + j] @ T[j]``, where X are consecutive blocks of the samples and T the Toeplitz matrix of the
taps, cut alike.
"""

from __future__ import annotations

import numpy as np

EXACT_LIMIT = 2**53
_BLOCK = 128
# Outputs at a time: what one piece needs stays in the processor's cache.
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
        If the taps are too large for any exact part, or the result could leave 64 bits.
    """
    samples, taps = np.asarray(samples, dtype=np.int64), np.asarray(taps, dtype=np.int64)
    magnitude = int(np.abs(taps).sum())
    peak = int(np.abs(samples).max(initial=0))
    # A part of magnitude 2**k at most, times the sum of all taps.
    part_bits = (EXACT_LIMIT // max(magnitude, 1)).bit_length() - 1
    if part_bits < 1 or magnitude * peak >= 2**63:
        raise ValueError(f"sum of |taps| = {magnitude}, |samples| up to {peak}: not exact in 64 bits")
    parts = -(-(_BLOCK + taps.size - 1) // _BLOCK)
    matrix = _toeplitz(taps, parts)
    out = np.empty(samples.size - taps.size + 1, dtype=np.int64)
    for start in range(0, out.size, _PIECE):
        stop = min(start + _PIECE, out.size)
        window = samples[start : stop + taps.size - 1]
        out[start:stop] = _add_parts(window, matrix, stop - start, part_bits, peak * magnitude < EXACT_LIMIT)
    return out


def floored_convolve(samples: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Convolve with every product floored to its upper part first: ``sum_k (taps[k] * x[n - k]) >> 16``, exactly.

    A floor takes the low 16 bits off its product, and those depend on the low 16 bits of the factors only: the exact
    convolution less the sum of these rests is 2**16 times the result.

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
        rests = np.zeros(count, dtype=np.uint32)
        product = np.empty(count, dtype=np.uint16)
        for k, c in enumerate(low_taps):
            first = start + low_taps.size - 1 - k
            np.multiply(low[first : first + count], c, out=product)
            rests += product
        whole[start : start + count] -= rests
    return np.asarray(whole >> 16)


def _add_parts(window: np.ndarray, matrix: np.ndarray, count: int, part_bits: int, whole: bool) -> np.ndarray:
    """Cut into parts of `part_bits`, low ones first: x = (x >> k) * 2**k + low, low from 0 to 2**k - 1."""
    if whole:
        return _product(window, matrix, count)
    total, shift = np.zeros(count, dtype=np.int64), 0
    while True:
        # What is left, a signed floor, is itself a part once it has no more than k bits beside its sign.
        last = bool(window.size == 0 or (-window.min() <= 1 << part_bits and window.max() <= 1 << part_bits))
        part = window if last else window & ((1 << part_bits) - 1)
        total += _product(part, matrix, count) << shift
        if last:
            return total
        window, shift = window >> part_bits, shift + part_bits


def _product(samples: np.ndarray, matrix: np.ndarray, count: int) -> np.ndarray:
    """Rows of samples times the cut Toeplitz matrix; exact where the caller has seen to the size of the sums."""
    parts = matrix.shape[0]
    blocks = -(-count // _BLOCK)
    padded = np.zeros((blocks + parts - 1) * _BLOCK)
    padded[: samples.size] = samples
    rows = padded.reshape(-1, _BLOCK)
    out = rows[:blocks] @ matrix[0]
    for j in range(1, parts):
        out += rows[j : j + blocks] @ matrix[j]
    return np.asarray(out.reshape(-1)[:count].astype(np.int64))


def _toeplitz(taps: np.ndarray, parts: int) -> np.ndarray:
    """Matrix that turns samples m into outputs n: ``T[m, n] = taps[N - 1 - (m - n)]``; (parts, block, block)."""
    matrix = np.zeros((parts * _BLOCK, _BLOCK))
    for n in range(_BLOCK):
        matrix[n : n + taps.size, n] = taps[::-1]
    return matrix.reshape(parts, _BLOCK, _BLOCK)

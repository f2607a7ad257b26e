"""Lengths at which a Fourier transform is fast."""

from __future__ import annotations


def fast_length(least: int, even: bool = False) -> int:
    """Shortest length from ``least`` without prime factors above 5, and even if that is wanted."""
    length = max(least, 1)
    while not _is_fast(length) or (even and length % 2):
        length += 1
    return length


def _is_fast(length: int) -> bool:
    for prime in (2, 3, 5):
        while length % prime == 0:
            length //= prime
    return length == 1

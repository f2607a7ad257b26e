"""Error correction of a 256-bit flash word: ten check bits correct one error and detect two (RM0433 4.3.9).

The vendor does not publish the code. This one is an extended Hamming code with the same properties, in which an erased
word has erased check bits.
"""

from __future__ import annotations

from functools import cache

WORD_BYTES = 32
_DATA_BITS = 256
_CHECK_BITS = 9
_PARITY = 1 << _CHECK_BITS
ERASED = (1 << _CHECK_BITS + 1) - 1


@cache
def _columns() -> tuple[int, ...]:
    """Position of each data bit: the numbers from 3 on that are no powers of two."""
    numbers = (n for n in range(3, 1 << _CHECK_BITS) if n & n - 1)
    return tuple(number for number, _ in zip(numbers, range(_DATA_BITS), strict=False))


@cache
def _masks() -> tuple[int, ...]:
    """Of each check bit, the data bits that it sums."""
    columns = _columns()
    return tuple(sum(1 << bit for bit, column in enumerate(columns) if column >> n & 1) for n in range(_CHECK_BITS))


def _raw(word: int) -> int:
    checks = sum((word & mask).bit_count() % 2 << n for n, mask in enumerate(_masks()))
    return checks | (word.bit_count() + checks.bit_count()) % 2 << _CHECK_BITS


@cache
def _offset() -> int:
    return _raw((1 << _DATA_BITS) - 1) ^ ERASED


def check_bits(word: int) -> int:
    """Compute the ten check bits of a word of 256 bits."""
    return _raw(word) ^ _offset()


def correct(word: int, checks: int) -> tuple[int, int]:
    """Give the corrected word and the number of errors: 0, 1, or 2 for more than can be corrected."""
    difference = _raw(word) ^ checks ^ _offset()
    if difference == 0:
        return word, 0
    # The overall parity of data, check bits and itself is odd for an odd number of errors.
    syndrome = difference & _PARITY - 1
    odd = (difference.bit_count() % 2) == 1
    if not odd:
        return word, 2
    if syndrome == 0 or not syndrome & syndrome - 1:
        return word, 1
    if syndrome in _columns():
        return word ^ 1 << _columns().index(syndrome), 1
    return word, 2

"""The check of tables in memory: every bit counts, and a fault that was seen once is never forgotten."""

import ctypes
import zlib

import numpy as np
import pytest

SIZE = 301


class Check:
    """`ps_table_crc_t` over memory of this process."""

    def __init__(self, library, data, expected):
        self._library, self.memory = library, (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        library.host_table_crc_bytes.restype = ctypes.c_size_t
        library.host_table_crc_passes.restype = ctypes.c_uint32
        self._state = ctypes.create_string_buffer(library.host_table_crc_bytes())
        size = ctypes.c_size_t(len(data))
        library.host_table_crc_reset(self._state, self.memory, size, ctypes.c_uint32(expected))

    def run(self, portion):
        """Check the next bytes; whether no fault is known."""
        return bool(self._library.host_table_crc_check(self._state, ctypes.c_size_t(portion)))

    def whole(self):
        return self.run(SIZE)

    @property
    def passes(self):
        return int(self._library.host_table_crc_passes(self._state))


@pytest.fixture
def library(built):
    return built[3].library


@pytest.fixture
def data():
    return np.random.default_rng(1).bytes(SIZE)


@pytest.fixture
def check(library, data):
    return Check(library, data, zlib.crc32(data))


@pytest.mark.parametrize("portion", [1, 7, SIZE - 1, SIZE, SIZE + 5, 2 * SIZE])
def test_whole_tables_pass_in_portions_of_any_size(check, portion):
    steps = -(-SIZE // portion)
    for _ in range(3 * steps):
        assert check.run(portion)
    assert check.passes == 3


@pytest.mark.parametrize("at", [0, 150, SIZE - 1])
def test_every_bit_counts(check, at):
    check.memory[at] ^= 0x10
    assert not check.whole()
    assert check.passes == 0


def test_a_fault_is_told_at_the_end_of_its_pass(check):
    check.memory[SIZE - 1] ^= 1
    assert all(check.run(100) for _ in range(3))
    assert not check.run(100)


def test_tables_that_were_broken_once_stay_so(check):
    """What the filters read in between is unknown: memory that changes and changes back is broken memory."""
    assert check.whole()
    check.memory[7] ^= 1
    assert not check.whole()
    check.memory[7] ^= 1
    for _ in range(3):
        assert not check.whole()
    assert check.passes == 1


def test_another_crc_is_none(library, data):
    assert not Check(library, data, zlib.crc32(data) ^ 1).whole()

"""Waiting for a board that plays by itself."""

import time

TIMEOUT_S = 120.0


def await_blocks(board, count):
    """Wait until it has played so many blocks; one that plays nothing fails the test and does not hold it for ever."""
    deadline = time.monotonic() + TIMEOUT_S
    while (health := board.health())["blocks"] < count:
        assert time.monotonic() < deadline, f"{health['blocks']} of {count} blocks in {TIMEOUT_S:g} s: {health}"
        time.sleep(0.05)
    return health

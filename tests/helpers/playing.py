"""Waiting for a board that plays by itself."""

import time

from designer.errors import HilError

TIMEOUT_S = 120.0
# A board on a steady clock passes its 30 s of silence in a moment wherever it idles and the host is held up.
ATTEMPTS = 50


def await_blocks(board, count):
    """Wait until it has played so many blocks; one that plays nothing fails the test and does not hold it for ever."""
    deadline = time.monotonic() + TIMEOUT_S
    while (health := board.health())["blocks"] < count:
        assert time.monotonic() < deadline, f"{health['blocks']} of {count} blocks in {TIMEOUT_S:g} s: {health}"
        time.sleep(0.05)
    return health


def process_and_ask(board, samples):
    """Process samples and ask for the board's health in one session, however often a held-up host loses it."""
    for _ in range(ATTEMPTS):
        try:
            output = board.process(samples)
        except HilError as error:
            if "E_NOT_STARTED" not in str(error):
                raise
            continue
        health = board.health()
        if health["player"] != "PLAYING":
            return output, health
    raise AssertionError(f"no session of {ATTEMPTS} lasted to its end")

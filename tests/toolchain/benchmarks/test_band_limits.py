"""Paths that could run at a lower rate: found where there are some."""

import numpy as np
from scipy import signal

from benchmarks.band_limits import ENOUGH_DB, level_above


def test_a_lowpass_is_told_from_a_path_that_uses_the_whole_band():
    low, whole = signal.firwin(128, 0.1, window=("kaiser", 8.0)), signal.unit_impulse(128)
    found = level_above(np.stack([low, whole]))
    assert found[0] < ENOUGH_DB < found[1]
    assert found[1] == 0.0

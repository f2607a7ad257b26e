"""Banks for tests of the fixed-point floor."""

import numpy as np

from designer.filters.bank import FilterBank
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.quantise.bank import quantise_bank

INPUTS = ("left", "right", "centre")


def random_bank(seed, number_format, drivers=2, taps=24, peak_gain=0.9):
    """A float bank of decaying noise (asymmetric on purpose) and its quantised form."""
    rng = np.random.default_rng(seed)
    responses = rng.standard_normal((drivers, 3, taps)) * np.exp(-np.arange(taps) / (taps / 3))
    responses[..., :2] = 0.0
    responses *= peak_gain / np.abs(responses).sum(axis=(1, 2)).max()
    bank = FilterBank(responses, tuple(f"d{i}" for i in range(drivers)), INPUTS, 48000, 0)
    return bank, quantise_bank(bank, NumberFormat.named(number_format))


def mirror_bank(seed, number_format, taps=24, peak_gain=0.9):
    """A bank of a cabinet that is its own mirror image: a front driver, left and right ones."""
    rng = np.random.default_rng(seed)
    front, same, other = rng.standard_normal((3, 2, taps)) * np.exp(-np.arange(taps) / (taps / 3))
    responses = np.stack(
        [
            np.stack([front[0], front[0], front[1]]),
            np.stack([same[0], other[0], same[1]]),
            np.stack([other[0], same[0], same[1]]),
        ]
    )
    responses[..., :2] = 0.0
    responses *= peak_gain / np.abs(responses).sum(axis=(1, 2)).max()
    bank = FilterBank(responses, ("front", "left", "right"), INPUTS, 48000, 0)
    return bank, quantise_bank(bank, NumberFormat.named(number_format))

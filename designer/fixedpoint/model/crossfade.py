"""The change from one bank to another while it plays: the firmware's fade (core/dsp/pipeline.c), bit for bit.

One group of drivers fades after the other, so that the board runs only one group's filters twice at a time.  New
equalisers run beside the old from the start, and the first group waits until the paths behind them find a whole past.
"""

from __future__ import annotations

import numpy as np

from designer.fixedpoint.bank import FixedPointBank

# The whole change lasts at most this part of a second.
_CHANGES_PER_S = 50
_WEIGHT_BITS = 15


def warm_up_samples(bank: FixedPointBank, block_samples: int) -> int:
    """Whole blocks in which a new bank's equalisers make all the past that the paths behind them look back on."""
    return -(-bank.equalised_history_samples // block_samples) * block_samples


def group_samples(sample_rate_hz: int, groups: int, block_samples: int, warm_up: int = 0) -> int:
    """Length of one group's fade: whole blocks where all groups, after the warm-up, then stay within 20 ms."""
    whole = max((sample_rate_hz // _CHANGES_PER_S - warm_up) // groups, 1)
    return whole if whole < block_samples else whole - whole % block_samples


class Fade:
    """A change under way.

    Parameters
    ----------
    bank : FixedPointBank
        What is faded to.
    samples : int
        Length of one group's fade.
    warm_up : int
        Samples ahead of the first group's, in which nothing is heard of the new bank.
    """

    def __init__(self, bank: FixedPointBank, samples: int, warm_up: int = 0) -> None:
        self.bank = bank
        self._samples = samples
        self._done = -warm_up

    @property
    def is_over(self) -> bool:
        """Whether every group has arrived."""
        return self._done >= self._samples * len(self.bank.structure.groups)

    def mix(self, old: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Take the fade on by n samples: (n, D) int64 of both banks to the drivers' samples."""
        position = self._done + 1 + np.arange(old.shape[0], dtype=np.int64)
        mixed = old.copy()
        for g, group in enumerate(self.bank.structure.groups):
            passed = np.clip(position - g * self._samples, 0, self._samples)
            weight = (passed << _WEIGHT_BITS) // self._samples
            for driver in group.drivers:
                change = (new[:, driver] - old[:, driver]) * weight
                mixed[:, driver] += (change + (1 << (_WEIGHT_BITS - 1))) >> _WEIGHT_BITS
        self._done += old.shape[0]
        return mixed

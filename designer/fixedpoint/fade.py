"""The change from one bank to another while it plays: the firmware's fade (core/pipeline.c), bit for bit.

One group of drivers fades after the other, so that the board runs only one group's filters twice at a time.
"""

from __future__ import annotations

import numpy as np

from designer.fixedpoint.bank import FixedPointBank

# The whole change lasts at most this part of a second.
_CHANGES_PER_S = 50
_WEIGHT_BITS = 15


def group_samples(sample_rate_hz: int, groups: int, block_samples: int) -> int:
    """Length of one group's fade: whole blocks where all groups then stay within 20 ms."""
    whole = sample_rate_hz // _CHANGES_PER_S // groups
    return whole if whole < block_samples else whole - whole % block_samples


class Fade:
    """A change under way.

    Parameters
    ----------
    bank : FixedPointBank
        What is faded to.
    samples : int
        Length of one group's fade.
    """

    def __init__(self, bank: FixedPointBank, samples: int) -> None:
        self.bank = bank
        self._samples = samples
        self._done = 0

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
            for driver in (group.plus, group.minus):
                if driver is not None:
                    change = (new[:, driver] - old[:, driver]) * weight
                    mixed[:, driver] += (change + (1 << (_WEIGHT_BITS - 1))) >> _WEIGHT_BITS
        self._done += old.shape[0]
        return mixed

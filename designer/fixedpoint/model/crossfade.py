"""Bit-exact model of the crossfade from one bank to another while the board plays (``core/pipeline/crossfade.c``).

The groups of drivers fade one after the other, so that the board runs the filters of only one group twice at a time.
The new equalisers run from the start, together with the old ones.  The first group waits until the paths behind the new
equalisers have a complete past.
"""

from __future__ import annotations

import numpy as np

from designer.fixedpoint.bank import FixedPointBank

# The whole crossfade lasts at most a 50th of a second.
_CHANGES_PER_S = 50
_WEIGHT_BITS = 15


def warm_up_samples(bank: FixedPointBank, block_samples: int) -> int:
    """Whole blocks in which new equalisers fill the past that the paths behind them depend on."""
    return -(-bank.equalised_history_samples // block_samples) * block_samples


def group_samples(sample_rate_hz: int, groups: int, block_samples: int, warm_up: int = 0) -> int:
    """Length of one group's fade, so that warm-up and all groups take at most 20 ms; whole blocks where possible."""
    whole = max((sample_rate_hz // _CHANGES_PER_S - warm_up) // groups, 1)
    return whole if whole < block_samples else whole - whole % block_samples


class Fade:
    """A crossfade under way.

    Parameters
    ----------
    bank : FixedPointBank
        The new bank.
    samples : int
        Length of one group's fade.
    warm_up : int
        Samples ahead of the first group's fade, in which only the old bank is heard.
    """

    def __init__(self, bank: FixedPointBank, samples: int, warm_up: int = 0) -> None:
        self.bank = bank
        self._samples = samples
        self._done = -warm_up

    @property
    def is_over(self) -> bool:
        """Whether every group has changed to the new bank."""
        return self._done >= self._samples * len(self.bank.structure.groups)

    def mix(self, old: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Advance by n samples: mix the driver signals (n, D) int64 of both banks."""
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

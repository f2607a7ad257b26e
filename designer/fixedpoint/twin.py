"""The bit-exact twin of the firmware: same integers in, same integers out, written without CMSIS-DSP."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from designer.filters.engine import ENTRY_CHANNELS, Entry
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.convolution import exact_convolve
from designer.fixedpoint.qformat import SAMPLE_FORMATS
from designer.fixedpoint.upmix_decision import GAIN_ONE
from designer.fixedpoint.upmix_twin import UpmixTwin


@dataclass(frozen=True, eq=False)
class Stages:
    """The values at every stage of the pipeline, as the message TAP reads them from a board.

    Attributes
    ----------
    bus : (n, I) int64
        What the filters see, behind the upmix.
    path : (n, D * I) int64
        Each path's share of its driver's sum, at the sum's scale.
    sum : (n, D) int64
        Ahead of rounding, saturation and all that follows.
    output : (n, D) int64
        Driver samples.
    """

    bus: np.ndarray
    path: np.ndarray
    sum: np.ndarray
    output: np.ndarray


class Twin:
    """Upmix and FIR matrix of one design, with the firmware's state.

    Parameters
    ----------
    bank : FixedPointBank
        The design.
    """

    def __init__(self, bank: FixedPointBank) -> None:
        self._bank = bank
        self._word = SAMPLE_FORMATS[bank.arithmetic]
        self._upmix = UpmixTwin(bank.arithmetic)
        self._history_samples = max(
            (path.delay + path.taps - 1 for row in bank.paths for path in row if path.taps), default=0
        )
        self.reset()

    def reset(self) -> None:
        """Return to the state after power-up."""
        self._upmix.reset()
        self._history = np.zeros((self._history_samples, len(self._bank.input_names)), dtype=np.int64)

    def forget_decisions(self) -> None:
        """Drop the upmix's record of gains, which grows with the signal; only comparisons with float need it."""
        self._upmix.decisions.clear()

    @property
    def decisions(self) -> list[np.ndarray]:
        """Gains of the upmix after each hop since the reset, full scale 1: what a float reference is to take."""
        return [gains / GAIN_ONE for gains in self._upmix.decisions]

    def process(self, samples: np.ndarray, entry: Entry = "program") -> np.ndarray:
        """Run samples through the board's arithmetic.

        Parameters
        ----------
        samples : (n, 2) or (n, 3) integers
            Raw samples: L, R for the entry 'program', L', R', C for 'filters'.
        entry : 'program' or 'filters'
            Where the samples enter.

        Returns
        -------
        (n, D) int64
            Raw driver samples.

        Raises
        ------
        ValueError
            If the shape does not fit the entry or a sample lies outside the word.
        """
        return self.trace(samples, entry).output

    def trace(self, samples: np.ndarray, entry: Entry = "program") -> Stages:
        """Run samples as `process` does, and keep what every stage made of them."""
        samples = np.asarray(samples)
        if samples.ndim != 2 or samples.shape[1] != ENTRY_CHANNELS[entry]:
            raise ValueError(f"samples {samples.shape}: entry '{entry}' takes (n, {ENTRY_CHANNELS[entry]})")
        if samples.size and not (self._word.holds(int(samples.min())) and self._word.holds(int(samples.max()))):
            raise ValueError(f"samples: outside {self._word}")
        buses = self._upmix.process(samples) if entry == "program" else samples.astype(np.int64)
        return self._filter(buses)

    def _filter(self, buses: np.ndarray) -> Stages:
        extended = np.concatenate([self._history, buses])
        paths, sums, outputs = [], [], []
        for row in self._bank.paths:
            shares = self._shares(row, extended, buses.shape[0])
            paths += shares
            sums.append(np.sum(shares, axis=0))
            outputs.append(self._to_word(sums[-1], max(path.exponent for path in row)))
        self._history = extended[extended.shape[0] - self._history_samples :]
        return Stages(buses, *(np.stack(stage, axis=1) for stage in (paths, sums, outputs)))

    def _shares(self, row: tuple[FixedPointPath, ...], extended: np.ndarray, count: int) -> list[np.ndarray]:
        top = max(path.exponent for path in row)
        return [
            self._path(path, extended[:, i], count) << (top - path.exponent)
            if path.taps
            else np.zeros(count, dtype=np.int64)
            for i, path in enumerate(row)
        ]

    def _to_word(self, total: np.ndarray, exponent: int) -> np.ndarray:
        shift = exponent + (15 if self._bank.arithmetic == "q15" else 0)
        rounded = (total + ((1 << shift) >> 1)) >> shift
        return np.asarray(np.clip(rounded, self._word.smallest, self._word.largest))

    def _path(self, path: FixedPointPath, extended: np.ndarray, count: int) -> np.ndarray:
        """FIR of one path: the 34.30 accumulator for q15, the 2.62 accumulator's top word for q31."""
        newest = extended.size - path.delay
        window = extended[newest - count - path.taps + 1 : newest]
        sums = exact_convolve(window, path.coefficients)
        return sums if self._bank.arithmetic == "q15" else sums >> 31

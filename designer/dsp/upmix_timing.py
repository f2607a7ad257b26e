"""Framework of the upmix: hops, delays and order of operations, without the arithmetic.

The subclasses `Upmix` (float64) and `UpmixModel` (the firmware's integers) supply the arithmetic.  The output does not
depend on how the input is cut into calls.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from designer.dsp.upmix_tables import (
    BANDS,
    DECIMATION,
    DELAY_SAMPLES,
    HOP_SAMPLES,
    LOW_HOP,
    LOW_TAPS,
    RATE_TAPS,
    WINDOW_SAMPLES,
)

# Input is processed in pieces of this size, which bounds the memory for windows.
_PIECE_SAMPLES = 1 << 14
PHASE_TAPS = -(-RATE_TAPS // DECIMATION)


class UpmixFrame(ABC):
    """State of the upmix and order of its operations.

    Attributes
    ----------
    decisions : list of (7, 2) arrays
        Gains of mid and side after each finished hop since the reset, bands from low to high, then the top band.  It
        grows with the signal, so callers clear it from time to time.  The upmix itself does not read it.
    """

    dtype: type = np.float64

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Return to the state after power-up."""
        self._count = 0
        self._past: np.ndarray = np.zeros((DELAY_SAMPLES, 2), dtype=self.dtype)
        self._low: np.ndarray = np.zeros((WINDOW_SAMPLES, 2), dtype=self.dtype)
        self._high: np.ndarray = np.zeros((WINDOW_SAMPLES, 2), dtype=self.dtype)
        self._filtered: np.ndarray = np.zeros(PHASE_TAPS - 1, dtype=self.dtype)
        self._gains: np.ndarray = np.zeros((2, BANDS + 1, 2), dtype=self.dtype)
        self.decisions: list[np.ndarray] = []
        self._hops = 0

    def process(self, stereo: np.ndarray) -> np.ndarray:
        """Split stereo into left, right and centre, `DELAY_SAMPLES` later.

        Parameters
        ----------
        stereo : (n, 2)
            L and R, within full scale.

        Returns
        -------
        (n, 3)
            L', R', C, with L' + C = L and R' + C = R of `DELAY_SAMPLES` before.
        """
        stereo = np.asarray(stereo, dtype=self.dtype)
        pieces = [
            self._process(stereo[start : start + _PIECE_SAMPLES]) for start in range(0, len(stereo), _PIECE_SAMPLES)
        ]
        return np.concatenate([np.zeros((0, 3), dtype=self.dtype), *pieces])

    def _process(self, stereo: np.ndarray) -> np.ndarray:
        count, begin = stereo.shape[0], self._count % HOP_SAMPLES
        extended = np.concatenate([self._past, stereo])
        mid_side = self._mid_side(extended)
        first = -begin % DECIMATION
        instants = np.arange(first, count, DECIMATION)
        low = self._decimate(mid_side[first + DELAY_SAMPLES - RATE_TAPS + 1 :], instants.size)
        high = self._remainder(mid_side[instants + DELAY_SAMPLES - RATE_TAPS // 2], low)
        low, high = np.concatenate([self._low, low]), np.concatenate([self._high, high])
        gains = self._finish_hops(low, high, np.arange(HOP_SAMPLES - begin, count + 1, HOP_SAMPLES), first)

        hop, phase = np.divmod(begin + instants, HOP_SAMPLES)
        recent = low[WINDOW_SAMPLES - LOW_TAPS + 1 :]
        filtered = self._filter_low(recent, gains[hop], gains[hop + 1], phase // DECIMATION)
        filtered = np.concatenate([self._filtered, filtered])

        samples = np.arange(count)
        newest = PHASE_TAPS - 1 + (samples - first) // DECIMATION
        raised = self._interpolate(filtered, newest, (begin + samples) % DECIMATION)
        hop, phase = np.divmod(begin + samples, HOP_SAMPLES)
        centre = self._centre(raised, mid_side[:count], gains[hop, -1], gains[hop + 1, -1], phase)
        delayed = extended[:count]
        centre = self._within_full_scale(centre, delayed)

        self._count += count
        self._past = extended[count:]
        self._low, self._high = low[instants.size :], high[instants.size :]
        self._filtered = filtered[instants.size :]
        self._gains = gains[-2:]
        return np.column_stack([delayed - centre[:, None], centre])

    def _finish_hops(self, low: np.ndarray, high: np.ndarray, ends: np.ndarray, first: int) -> np.ndarray:
        """Gains of the hops that these samples touch: (2 + finished hops, 7, 2)."""
        if ends.size == 0:
            return self._gains
        last = WINDOW_SAMPLES - (first - ends) // DECIMATION
        powers = self._powers(
            low[last[:, None] - WINDOW_SAMPLES + np.arange(WINDOW_SAMPLES)],
            high[last[:, None] - LOW_HOP + np.arange(LOW_HOP)],
        )
        decided = self._decide_all(powers, self._gains[-1])
        self.decisions.extend(decided)
        return np.array([*self._gains, *decided])

    def _decide_all(self, powers: np.ndarray, gains: np.ndarray) -> list[np.ndarray]:
        """(H, 7, 3) powers of hops and the (7, 2) gains ahead of them → H times (7, 2) gains."""
        decided = []
        for row in powers:
            gains = self._decide(row, gains)
            decided.append(gains)
            self._hops += 1
        return decided

    @abstractmethod
    def _mid_side(self, stereo: np.ndarray) -> np.ndarray:
        """(n, 2) L, R → (n, 2) mid, side."""

    @abstractmethod
    def _decimate(self, samples: np.ndarray, count: int) -> np.ndarray:
        """(at least 4·J + 25, 2) samples, oldest first, and J → (J, 2) low-rate samples."""

    @abstractmethod
    def _remainder(self, mid_side: np.ndarray, low: np.ndarray) -> np.ndarray:
        """(J, 2) samples and their lowpass → (J, 2) what the lowpass took away."""

    @abstractmethod
    def _powers(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """(H, 64, 2) and (H, 16, 2), oldest sample first → (H, 7, 3) powers of mid, of side, and of both crossed."""

    @abstractmethod
    def _decide(self, powers: np.ndarray, gains: np.ndarray) -> np.ndarray:
        """(7, 3) powers of a hop and the (7, 2) gains so far → (7, 2) next gains."""

    @abstractmethod
    def _filter_low(self, low: np.ndarray, before: np.ndarray, after: np.ndarray, phase: np.ndarray) -> np.ndarray:
        """(J + 52, 2) low-rate samples, oldest first, (J, 7, 2) gains, (J,) 0 to 15 → (J,) low-rate centre."""

    @abstractmethod
    def _interpolate(self, filtered: np.ndarray, newest: np.ndarray, phase: np.ndarray) -> np.ndarray:
        """(J + 7,) low-rate centre, oldest first, (n,) index of the newest of 8, (n,) 0 to 3 → (n,) at the full rate.

        An index of 6 reaches one sample before the first; its tap is zero in that phase.
        """

    @abstractmethod
    def _centre(
        self, raised: np.ndarray, mid_side: np.ndarray, before: np.ndarray, after: np.ndarray, phase: np.ndarray
    ) -> np.ndarray:
        """Add the top band: (n,), (n, 2), (n, 2), (n, 2), (n,) 0 to 63 → (n,) centre."""

    @abstractmethod
    def _within_full_scale(self, centre: np.ndarray, stereo: np.ndarray) -> np.ndarray:
        """Bound C so that C, L − C and R − C stay within full scale for all gains."""


def windows_of(signal: np.ndarray, taps: int, step: int, count: int) -> np.ndarray:
    """Cut windows out of a signal (n, 2), newest sample first: (count, taps, 2).

    The first window begins at the first sample, and each next one ``step`` samples later.
    """
    if count == 0:
        return np.empty((0, taps, 2), dtype=signal.dtype)
    every = np.lib.stride_tricks.sliding_window_view(signal, taps, axis=0)[::step][:count]
    return np.ascontiguousarray(every[:, :, ::-1].transpose(0, 2, 1))

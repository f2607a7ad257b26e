"""Framework of the upmix: hops, delays and order of operations, without the arithmetic.

The subclasses `Upmix` (float64) and `UpmixModel` (the firmware's integers) supply the arithmetic.  The output does not
depend on how the input is cut into calls.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

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

# Input is processed in pieces of this size, so that their arrays stay in the processor's cache.
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
        self._past: np.ndarray = np.zeros((2, DELAY_SAMPLES), dtype=self.dtype)
        self._low: np.ndarray = np.zeros((2, WINDOW_SAMPLES + LOW_HOP), dtype=self.dtype)
        self._high: np.ndarray = np.zeros((2, LOW_HOP), dtype=self.dtype)
        self._filtered: np.ndarray = np.zeros(PHASE_TAPS - 1 + LOW_HOP, dtype=self.dtype)
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
            L', R', C, with L' + C = L and R' + C = R of `DELAY_SAMPLES` before.  Each channel is contiguous.
        """
        channels: np.ndarray = np.ascontiguousarray(np.asarray(stereo, dtype=self.dtype).T)
        found: np.ndarray = np.empty((3, channels.shape[1]), dtype=self.dtype)
        for start in range(0, channels.shape[1], _PIECE_SAMPLES):
            piece = slice(start, start + _PIECE_SAMPLES)
            self._process(channels[:, piece], found[:, piece])
        return found.T

    def _process(self, stereo: np.ndarray, found: np.ndarray) -> None:
        count, begin = stereo.shape[1], self._count % HOP_SAMPLES
        extended = np.concatenate([self._past, stereo], axis=1)
        mid_side = self._mid_side(extended)
        # Low-rate samples of the piece, and those of its first hop that are done already.
        first = -begin % DECIMATION
        instants, done = -(-(count - first) // DECIMATION), (begin + first) // DECIMATION
        touched, finished = -(-(begin + count) // HOP_SAMPLES), (begin + count) // HOP_SAMPLES
        low = self._decimate(mid_side[:, first + DELAY_SAMPLES - RATE_TAPS + 1 :], instants)
        high = self._remainder(mid_side[:, first + DELAY_SAMPLES - RATE_TAPS // 2 :: DECIMATION][:, :instants], low)
        low, high = np.concatenate([self._low, low], axis=1), np.concatenate([self._high, high], axis=1)
        gains = self._gains
        if finished:
            gains = np.concatenate([gains, self._finish_hops(low, high, finished, done)])

        # All filters run over whole hops, from the begin of the first.
        recent = low[:, WINDOW_SAMPLES + LOW_HOP - (LOW_TAPS - 1) - done :]
        filtered = self._filter_low(recent, gains[: touched + 1]).reshape(-1)[done : done + instants]
        filtered = np.concatenate([self._filtered, filtered])
        raised = self._interpolate(filtered[LOW_HOP - done :], touched).reshape(-1)[begin : begin + count]
        centre = self._centre(raised, mid_side[:, :count], gains[: touched + 1, -1], begin)
        delayed = extended[:, :count]
        centre = self._within_full_scale(centre, delayed)

        self._count += count
        self._past = extended[:, count:]
        self._low, self._high = low[:, instants:], high[:, instants:]
        self._filtered = filtered[instants:]
        self._gains = gains[-2:]
        np.subtract(delayed, centre, out=found[:2])
        found[2] = centre

    def _finish_hops(self, low: np.ndarray, high: np.ndarray, hops: int, done: int) -> np.ndarray:
        """Decide the gains at the ends of hops, of which the first has low-rate samples done: (hops, 7, 2)."""
        windows = np.lib.stride_tricks.sliding_window_view(low, WINDOW_SAMPLES, axis=1)
        newest = high[:, LOW_HOP - done :][:, : hops * LOW_HOP]
        powers = self._powers(windows[:, 2 * LOW_HOP - done :: LOW_HOP][:, :hops], newest.reshape(2, hops, LOW_HOP))
        decided = self._decide(powers, self._gains[-1])
        self._hops += hops
        self.decisions.extend(decided)
        return decided

    @abstractmethod
    def _mid_side(self, stereo: np.ndarray) -> np.ndarray:
        """(2, n) L, R → (2, n) mid, side."""

    @abstractmethod
    def _decimate(self, samples: np.ndarray, count: int) -> np.ndarray:
        """(2, at least 4·J + 25) samples, oldest first, and J → (2, J) low-rate samples."""

    @abstractmethod
    def _remainder(self, mid_side: np.ndarray, low: np.ndarray) -> np.ndarray:
        """(2, J) samples and their lowpass → (2, J) what the lowpass took away."""

    @abstractmethod
    def _powers(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """(2, H, 64) and (2, H, 16), oldest sample first → (H, 7, 3) powers of mid, of side, and of both crossed."""

    @abstractmethod
    def _decide(self, powers: np.ndarray, gains: np.ndarray) -> np.ndarray:
        """(H, 7, 3) powers of hops and the (7, 2) gains ahead of them → (H, 7, 2) gains."""

    @abstractmethod
    def _filter_low(self, low: np.ndarray, gains: np.ndarray) -> np.ndarray:
        """Low-rate centre of H hops.

        (2, at most 16·H + 52) low-rate samples, oldest first, and (H + 1, 7, 2) gains at the ends of the hops →
        (H, 16).  Samples that are missing at the end count as zeros.
        """

    @abstractmethod
    def _interpolate(self, filtered: np.ndarray, hops: int) -> np.ndarray:
        """(at most 16·H + 7,) low-rate centre, oldest first, and H → (H, 64) at the full rate."""

    @abstractmethod
    def _centre(self, raised: np.ndarray, mid_side: np.ndarray, gains: np.ndarray, begin: int) -> np.ndarray:
        """Add the top band.

        (n,) and (2, n) samples, (H + 1, 2) gains at the ends of the hops that they touch, and the place of the first
        sample in its hop → (n,) centre.
        """

    @abstractmethod
    def _within_full_scale(self, centre: np.ndarray, stereo: np.ndarray) -> np.ndarray:
        """Bound C so that C, L − C and R − C stay within full scale for all gains; (n,) and (2, n)."""


def follow(
    gains: np.ndarray, targets: np.ndarray, slewed: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Let gains follow their targets from hop to hop.

    Parameters
    ----------
    gains : (...) array
        The gains ahead of the first hop.
    targets : (H, ...) array
        Targets of each hop.
    slewed : callable
        The next step from gains towards their targets.  It is the target itself where that is near.

    Returns
    -------
    (H, ...) array
    """
    before = np.concatenate([gains[None], targets]).reshape(len(targets) + 1, -1)
    goals = targets.reshape(len(targets), -1)
    # Begin with each gain at its target.  Only where a step does not reach, and in the hops behind, is that not so.
    hop, gain = np.nonzero(slewed(before[:-1], goals) != goals)
    while hop.size:
        found = slewed(before[hop, gain], goals[hop, gain])
        changed = (found != before[hop + 1, gain]) & (hop + 1 < len(targets))
        before[hop + 1, gain] = found
        hop, gain = hop[changed] + 1, gain[changed]
    return before[1:].reshape(targets.shape)

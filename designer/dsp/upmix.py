"""Upmix of stereo to left, right and centre in float64.

The centre of a band is C = a·(M − h·S), from mid M and side S.  P_M and P_S are their smoothed powers, and P_X is
their smoothed product.

* h = P_X/P_S, within ±1, is the regression of mid on side.  The remainder M − h·S is orthogonal to S.  Uncorrelated
  sources cannot give more than ±1.
* a = (P_M − P_S)/P_E is the Wiener gain of the centre in the remainder, whose power is P_E = P_M − 2h·P_X + h²·P_S.
  With uncorrelated sources left, centre and right, P_M − P_S is the power of the centre.
* Where mid and side are coherent, there is one source off the centre, and a falls to 0.  The factor is 2·(1 − γ²), at
  most 1, with γ² = P_X²/(P_M·P_S).

The regression extends the similarity of Avendano and Jot ("A frequency-domain approach to multichannel upmix", J. AES
52(7), 2004) to least squares.  For h = 0 and γ = 0 the gain is the Wiener form of Vickers' ratio.  (Vickers,
"Frequency-domain two- to three-channel upmix for center channel derivation", AES 127, 2009.)
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

import numpy as np

from designer.dsp.overlap_save import ToeplitzFilter
from designer.dsp.upmix_tables import (
    BAND_BINS,
    BANDS,
    DECIMATION,
    HOP_SAMPLES,
    LOW_HOP,
    PROTOTYPE_BITS,
    RATE_BITS,
    RATE_TAPS,
    WINDOW_BITS,
    upmix_tables,
)
from designer.dsp.upmix_timing import PHASE_TAPS, UpmixFrame

SMOOTHING = 1.0 / 16.0
GAIN_SLEW_PER_HOP = 0.25
# Rounding error of a gain of up to 1 that is a sum of steps.
_REACHED = 1e-15
# Side below this part of mid's power (−48 dB) counts as an imperfect centre, not as a source of its own.
SIDE_FLOOR = 2.0**-16


def target_gains(power_mid: np.ndarray, power_side: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """Gains of mid and side for the centre.

    Parameters
    ----------
    power_mid, power_side, cross : (B,) float64
        Smoothed powers P_M, P_S and P_X, with P_X² ≤ P_M·P_S.

    Returns
    -------
    (B, 2) float64
        Gain a of mid, 0 … 1, and gain b = a·h of side, −a … a.  The centre is C = a·M − b·S.
    """
    gains = np.zeros((power_mid.size, 2))
    on = power_mid > power_side
    mid, side, cross = power_mid[on], power_side[on], cross[on]
    floored = side + SIDE_FLOOR * mid
    h = np.clip(cross / floored, -1.0, 1.0)
    coherence = np.minimum(cross**2 / (mid * floored), 1.0)
    left_over = np.maximum(mid - 2 * h * cross + h**2 * side, mid - side)
    gain = (mid - side) / left_over * np.minimum(2.0 * (1.0 - coherence), 1.0)
    gains[on] = np.stack([gain, gain * h], axis=1)
    return gains


class Upmix(UpmixFrame):
    """Upmix in float64, with state.  The output does not depend on how the input is cut into calls.

    Parameters
    ----------
    full_scale : float
        Largest positive sample.  It is 1 − 1 LSB in comparisons with a fixed-point sample format.
    decisions : sequence of (7, 2) arrays, optional
        Gains to take after each hop in place of its own: those of the bit-exact model with which it is compared.
    """

    def __init__(self, full_scale: float = 1.0, decisions: Sequence[np.ndarray] | None = None) -> None:
        self._full_scale = full_scale
        self._given = decisions
        tables = upmix_tables()
        rate = np.ldexp(tables.rate_filter.astype(np.float64), -RATE_BITS)
        half = np.ldexp(tables.prototypes.astype(np.float64), -PROTOTYPE_BITS)
        self._decimator = ToeplitzFilter(rate[None], DECIMATION)
        self._bands = ToeplitzFilter(np.concatenate([half, half[:, -2::-1]], axis=1))
        self._phases = np.ascontiguousarray(polyphase(DECIMATION * rate)[:, ::-1].T)
        self._window = np.ldexp(tables.window.astype(np.float64), -WINDOW_BITS)
        super().__init__()

    def reset(self) -> None:
        """Return to the state after power-up."""
        super().reset()
        self._smoothed = np.zeros((BANDS + 1, 3))

    def _mid_side(self, stereo: np.ndarray) -> np.ndarray:
        return np.asarray(np.stack([stereo[:, 0] + stereo[:, 1], stereo[:, 0] - stereo[:, 1]], axis=1) / 2)

    def _decimate(self, samples: np.ndarray, count: int) -> np.ndarray:
        return self._decimator(samples, count)[..., 0]

    def _remainder(self, mid_side: np.ndarray, low: np.ndarray) -> np.ndarray:
        return np.asarray(mid_side - low)

    def _powers(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        spectra = np.fft.rfft(low * self._window[:, None], axis=1)
        return _band_powers(spectra, high)

    def _decide(self, powers: np.ndarray, gains: np.ndarray) -> np.ndarray:
        assert self._given is not None
        return np.asarray(self._given[self._hops], dtype=np.float64)

    def _decide_all(self, powers: np.ndarray, gains: np.ndarray) -> list[np.ndarray]:
        if self._given is not None:
            return super()._decide_all(powers, gains)
        # Smoothing and targets of all hops at once: only the slew has to go hop by hop, where it acts.
        smoothed = _smooth(self._smoothed, powers)
        self._smoothed = smoothed[-1]
        targets = target_gains(*smoothed.reshape(-1, 3).T).reshape(*smoothed.shape[:2], 2)
        self._hops += len(targets)
        return list(_slewed(gains, targets))

    def _filter_low(self, low: np.ndarray, before: np.ndarray, after: np.ndarray, phase: np.ndarray) -> np.ndarray:
        ramp = (phase / LOW_HOP)[:, None, None]
        gains = before + (after - before) * ramp
        weights = gains[:, :-1] - gains[:, -1:]
        # Each band is filtered first, and then multiplied by its gain.  The sum is the same as with a new filter for
        # every sample, with less work.
        bands = self._bands(low, phase.size)
        return np.asarray(
            np.einsum("jb,jb->j", weights[..., 0], bands[:, 0]) - np.einsum("jb,jb->j", weights[..., 1], bands[:, 1])
        )

    def _interpolate(self, filtered: np.ndarray, newest: np.ndarray, phase: np.ndarray) -> np.ndarray:
        # All phases of every low-rate sample at once; the zero ahead is the sample before the first.
        padded = np.concatenate([[0.0], filtered])
        windows = np.lib.stride_tricks.sliding_window_view(padded, PHASE_TAPS)
        return np.asarray((np.ascontiguousarray(windows) @ self._phases)[newest - (PHASE_TAPS - 2), phase])

    def _centre(
        self, raised: np.ndarray, mid_side: np.ndarray, before: np.ndarray, after: np.ndarray, phase: np.ndarray
    ) -> np.ndarray:
        gains = before + (after - before) * (phase / HOP_SAMPLES)[:, None]
        return np.asarray(raised + gains[:, 0] * mid_side[:, 0] - gains[:, 1] * mid_side[:, 1])

    def _within_full_scale(self, centre: np.ndarray, stereo: np.ndarray) -> np.ndarray:
        left, right = stereo.T
        lowest = np.maximum(np.maximum(left, right) - self._full_scale, -1.0)
        highest = np.minimum(np.minimum(left, right) + 1.0, self._full_scale)
        return np.asarray(np.clip(centre, lowest, highest))


def _smooth(state: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """First-order recursion over hops, (7, 3) and (H, 7, 3) → (H, 7, 3): a product with its triangular matrix."""
    response, memory = _recursion(len(powers))
    return np.asarray(
        (response @ powers.reshape(len(powers), -1)).reshape(powers.shape) + memory[:, None, None] * state
    )


@cache
def _recursion(hops: int) -> tuple[np.ndarray, np.ndarray]:
    """Weigh each hop's power (H, H), and the state before (H,), in the smoothed power of each hop."""
    age = np.subtract.outer(np.arange(hops), np.arange(hops))
    response = np.where(age >= 0, SMOOTHING * (1.0 - SMOOTHING) ** np.maximum(age, 0), 0.0)
    return response, (1.0 - SMOOTHING) ** np.arange(1, hops + 1)


def _slewed(gains: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Gains (H, 7, 2) that follow their targets, by at most the slew a hop."""
    steps = np.abs(np.diff(np.concatenate([gains[None], targets]), axis=0)).max(axis=(1, 2))
    decided, count, done = targets.copy(), len(targets), 0
    for late in np.flatnonzero(steps > GAIN_SLEW_PER_HOP):
        # From a target that is out of reach until one has been reached again.
        for hop in range(max(int(late), done), count):
            before = decided[hop - 1] if hop else gains
            decided[hop] = before + np.clip(targets[hop] - before, -GAIN_SLEW_PER_HOP, GAIN_SLEW_PER_HOP)
            done = hop + 1
            if np.abs(decided[hop] - targets[hop]).max() <= _REACHED:
                break
    return decided


def polyphase(rate_filter: np.ndarray) -> np.ndarray:
    """Taps of each phase, newest low-rate sample first: (29,) → (4, 8), zero-padded."""
    padded = np.zeros(DECIMATION * -(-RATE_TAPS // DECIMATION), dtype=rate_filter.dtype)
    padded[:RATE_TAPS] = rate_filter
    return padded.reshape(-1, DECIMATION).T


def _band_powers(spectra: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(H, 33, 2) complex and (H, 16, 2) → (H, 7, 3)."""
    mid, side = spectra[..., 0], spectra[..., 1]
    bins = np.stack([np.abs(mid) ** 2, np.abs(side) ** 2, (mid * side.conj()).real], axis=2)
    bands = [bins[:, a:b].sum(axis=1) for a, b in itertools.pairwise(BAND_BINS)]
    top = np.stack([high[..., 0] ** 2, high[..., 1] ** 2, high[..., 0] * high[..., 1]], axis=2).sum(axis=1)
    return np.stack([*bands, top], axis=1)

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
from designer.dsp.upmix_timing import UpmixFrame, follow

SMOOTHING = 1.0 / 16.0
GAIN_SLEW_PER_HOP = 0.25
# Side below this part of mid's power (−48 dB) counts as an imperfect centre, not as a source of its own.
SIDE_FLOOR = 2.0**-16
# Hops that are smoothed by one product of matrices.
_RECURSION_HOPS = 64


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
        # Each frame of outputs is one hop.
        self._decimator = ToeplitzFilter(rate[None], LOW_HOP, DECIMATION)
        self._bands = ToeplitzFilter(np.concatenate([half, half[:, -2::-1]], axis=1), LOW_HOP)
        self._phases = ToeplitzFilter(polyphase(DECIMATION * rate), LOW_HOP)
        self._window = np.ldexp(tables.window.astype(np.float64), -WINDOW_BITS)
        super().__init__()

    def reset(self) -> None:
        """Return to the state after power-up."""
        super().reset()
        self._smoothed = np.zeros((BANDS + 1, 3))

    def _mid_side(self, stereo: np.ndarray) -> np.ndarray:
        found = np.empty_like(stereo)
        np.add(stereo[0], stereo[1], out=found[0])
        np.subtract(stereo[0], stereo[1], out=found[1])
        return np.asarray(np.multiply(found, 0.5, out=found))

    def _decimate(self, samples: np.ndarray, count: int) -> np.ndarray:
        return self._decimator.frames(samples, -(-count // LOW_HOP)).reshape(2, -1)[:, :count]

    def _remainder(self, mid_side: np.ndarray, low: np.ndarray) -> np.ndarray:
        return np.asarray(mid_side - low)

    def _powers(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        return _band_powers(np.fft.rfft(low * self._window, axis=2), high)

    def _decide(self, powers: np.ndarray, gains: np.ndarray) -> np.ndarray:
        if self._given is not None:
            return np.array(self._given[self._hops : self._hops + len(powers)], dtype=np.float64)
        # Smoothing and targets of all hops at once: only the slew has to go hop by hop, where it acts.
        smoothed = _smooth(self._smoothed, powers)
        self._smoothed = smoothed[-1]
        targets = target_gains(*smoothed.reshape(-1, 3).T).reshape(*smoothed.shape[:2], 2)
        return follow(gains, targets, _slewed)

    def _filter_low(self, low: np.ndarray, gains: np.ndarray) -> np.ndarray:
        mid, side = self._bands.frames(low, len(gains) - 1)
        weights = gains[:, :-1] - gains[:, -1:]
        # Each band is filtered first, and then multiplied by its gain.  The sum is the same as with a new filter for
        # every sample, with less work.
        ends = np.stack([weights[:-1], weights[1:]], axis=1)
        old, new = (ends[..., 0] @ mid - ends[..., 1] @ side).transpose(1, 0, 2)
        return np.asarray(old + (new - old) * (np.arange(LOW_HOP) / LOW_HOP))

    def _interpolate(self, filtered: np.ndarray, hops: int) -> np.ndarray:
        return self._phases.frames(filtered, hops).transpose(0, 2, 1)

    def _centre(self, raised: np.ndarray, mid_side: np.ndarray, gains: np.ndarray, begin: int) -> np.ndarray:
        nodes = gains.T[..., None]
        lines = nodes[:, :-1] + (nodes[:, 1:] - nodes[:, :-1]) * (np.arange(HOP_SAMPLES) / HOP_SAMPLES)
        of_mid, of_side = lines.reshape(2, -1)[:, begin : begin + raised.size]
        return np.asarray(raised + of_mid * mid_side[0] - of_side * mid_side[1])

    def _within_full_scale(self, centre: np.ndarray, stereo: np.ndarray) -> np.ndarray:
        lowest = np.maximum(np.maximum(*stereo) - self._full_scale, -1.0)
        highest = np.minimum(np.minimum(*stereo) + 1.0, self._full_scale)
        return np.asarray(np.minimum(np.maximum(centre, lowest), highest))


def _smooth(state: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """First-order recursion over hops, (7, 3) and (H, 7, 3) → (H, 7, 3): products with its triangular matrix."""
    smoothed, state = np.empty((len(powers), state.size)), state.reshape(-1)
    for start in range(0, len(powers), _RECURSION_HOPS):
        part = powers[start : start + _RECURSION_HOPS].reshape(-1, state.size)
        response, memory = _recursion(len(part))
        smoothed[start : start + len(part)] = response @ part + memory[:, None] * state
        state = smoothed[start + len(part) - 1]
    return smoothed.reshape(powers.shape)


@cache
def _recursion(hops: int) -> tuple[np.ndarray, np.ndarray]:
    """Weigh each hop's power (H, H), and the state before (H,), in the smoothed power of each hop."""
    age = np.subtract.outer(np.arange(hops), np.arange(hops))
    response = np.where(age >= 0, SMOOTHING * (1.0 - SMOOTHING) ** np.maximum(age, 0), 0.0)
    return response, (1.0 - SMOOTHING) ** np.arange(1, hops + 1)


def _slewed(gains: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Take the next step of gains towards their targets, by at most the slew a hop."""
    return np.asarray(np.minimum(np.maximum(targets, gains - GAIN_SLEW_PER_HOP), gains + GAIN_SLEW_PER_HOP))


def polyphase(rate_filter: np.ndarray) -> np.ndarray:
    """Taps of each phase, newest low-rate sample first: (29,) → (4, 8), zero-padded."""
    padded = np.zeros(DECIMATION * -(-RATE_TAPS // DECIMATION), dtype=rate_filter.dtype)
    padded[:RATE_TAPS] = rate_filter
    return padded.reshape(-1, DECIMATION).T


def _band_powers(spectra: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(2, H, 33) complex and (2, H, 16) → (H, 7, 3)."""
    low = spectra[..., BAND_BINS[0] : BAND_BINS[-1]]
    band_of_bin = np.repeat(np.eye(BANDS), np.diff(BAND_BINS), axis=0)
    powers = []
    for one, other in ((0, 0), (1, 1), (0, 1)):
        bins = low[one].real * low[other].real + low[one].imag * low[other].imag
        top = np.einsum("hn,hn->h", high[one], high[other])
        powers.append(np.concatenate([bins @ band_of_bin, top[:, None]], axis=1))
    return np.stack(powers, axis=2)

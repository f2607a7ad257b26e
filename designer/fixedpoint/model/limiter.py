"""Bit-exact model of volume and limiters (`core/dsp/volume.c`, `limiter.c`)."""

from __future__ import annotations

import numpy as np

from designer.dsp.limiter import HOP_SAMPLES
from designer.fixedpoint.limiter_settings import (
    GAIN_BITS,
    GAIN_ONE,
    RAMP_BITS,
    RELEASE_BITS,
    RELEASE_GOAL,
    VOLUME_STEP_RAW,
    FixedLimiter,
)


def scale(samples: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Multiply by gains at 2**28 and round; a gain of 1 changes nothing."""
    return np.asarray((samples * gains + (1 << (RAMP_BITS - 1))) >> RAMP_BITS)


def ramp(nodes: np.ndarray, position: int, count: int) -> np.ndarray:
    """Interpolate linearly between the gains at the ends of hops.

    Parameters
    ----------
    nodes : (m, ...) int64
        The first belongs to the start of the present hop.
    position : int
        Samples of that hop that are done.
    count : int
        Samples wanted; they end within the last hop of `nodes`.

    Returns
    -------
    (count, ...) int64
        At 2**28.  Each channel is contiguous.
    """
    starts, ends = nodes[:-1].T[..., None], nodes[1:].T[..., None]
    lines = starts * HOP_SAMPLES + (ends - starts) * np.arange(HOP_SAMPLES)
    return np.asarray(lines.reshape(*lines.shape[:-2], -1)[..., position : position + count].T)


def sample_gains(decisions: list[np.ndarray], count: int) -> np.ndarray:
    """Turn the decisions since a reset into the gain of every sample: (count, G) float64."""
    groups = decisions[0].shape[0] if decisions else 1
    rest = np.full((2, groups), GAIN_ONE, dtype=np.int64)
    nodes = np.concatenate([rest, np.reshape(decisions, (-1, groups)).astype(np.int64)])
    return np.asarray(np.ldexp(ramp(nodes, 0, count), -RAMP_BITS))


class LimiterModel:
    """The limiters of all drivers, with the firmware's state.

    Parameters
    ----------
    settings : FixedLimiter

    Attributes
    ----------
    limits : (D,) int64
        May be changed between two calls.  A higher one also holds for the samples of the hop that has begun.
    decisions : list of (G,) int64
        Gains at the end of each hop that has been played.
    least : (D,) int64
        Least gain that any hop of each driver required.
    """

    def __init__(self, settings: FixedLimiter) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Return to the state after power-up."""
        settings = self._settings
        drivers, groups = len(settings.limits), settings.groups
        self.limits = np.array(settings.limits, dtype=np.int64)
        self.decisions: list[np.ndarray] = []
        self.least = np.full(drivers, GAIN_ONE, dtype=np.int64)
        self._past = np.zeros((settings.delay_samples, drivers), dtype=np.int64)
        self._peak = np.zeros(drivers, dtype=np.int64)
        self._position = 0
        self._targets = np.full((settings.hops, groups), GAIN_ONE, dtype=np.int64)
        self._smoothed = np.full((settings.hops, groups), GAIN_ONE, dtype=np.int64)
        self._nodes = np.full((2, groups), GAIN_ONE, dtype=np.int64)

    def process(self, driver_signals: np.ndarray) -> np.ndarray:
        """Limit driver signals (n, D) int64 of any size; return (n, D) int64 within the limits."""
        count = driver_signals.shape[0]
        if count == 0:
            return driver_signals
        extended = np.concatenate([self._past, driver_signals])
        nodes = np.concatenate([self._nodes, self._decide(self._peaks(driver_signals))])
        output = extended[:count]
        if (nodes != GAIN_ONE).any():
            output = scale(output, ramp(nodes, self._position, count))
        self._past = extended[count:]
        self._nodes = nodes[-2:]
        self._position = (self._position + count) % HOP_SAMPLES
        return output

    def _peaks(self, driver_signals: np.ndarray) -> np.ndarray:
        """Find the largest magnitude above the limit in each finished hop, else 0: (hops, D)."""
        stop = self._position + driver_signals.shape[0]
        hops = -(-stop // HOP_SAMPLES)
        magnitudes = np.zeros((driver_signals.shape[1], hops * HOP_SAMPLES), dtype=np.int64)
        np.bitwise_xor(driver_signals.T, driver_signals.T >> 63, out=magnitudes[:, self._position : stop])
        peaks = magnitudes.reshape(-1, hops, HOP_SAMPLES).max(axis=2).T
        peaks = np.where(peaks > self.limits, peaks, 0)
        peaks[0] = np.maximum(peaks[0], self._peak)
        self._peak = np.zeros_like(self._peak) if stop % HOP_SAMPLES == 0 else peaks[-1]
        return peaks[: stop // HOP_SAMPLES]

    def _decide(self, peaks: np.ndarray) -> np.ndarray:
        """Decide the gains at the ends of the coming hops: (hops, G)."""
        if not peaks.shape[0]:
            return self._nodes[:0]
        hops = self._settings.hops
        targets = np.where(peaks >= self.limits, (self.limits << GAIN_BITS) // (peaks + 1), GAIN_ONE)
        self.least = np.minimum(self.least, targets.min(axis=0))
        if self._settings.linked:
            targets = targets.min(axis=1, keepdims=True)
        known = np.concatenate([self._targets, targets])
        held = np.minimum.reduce([known[k : k + len(targets)] for k in range(hops + 1)])
        smoothed = np.concatenate([self._smoothed, self._release(held)])
        sums = np.add.reduce([smoothed[k : k + len(targets)] for k in range(1, hops + 1)])
        self._targets, self._smoothed = known[-hops:], smoothed[-hops:]
        gains = sums // hops
        self.decisions.extend(gains)
        return np.asarray(gains)

    def _release(self, held: np.ndarray) -> np.ndarray:
        if held.min() == GAIN_ONE == self._smoothed[-1].min():
            return held
        states = zip(held.T.tolist(), self._smoothed[-1].tolist(), strict=True)
        return np.array([_released(of_hops, gain, self._settings.release) for of_hops, gain in states]).T


def _released(held: list[int], gain: int, rate: int) -> list[int]:
    """Let one gain follow the held ones (H) down at once and up slowly."""
    released = []
    for most in held:
        gain += (RELEASE_GOAL - gain) * rate >> RELEASE_BITS
        if gain > most:
            gain = most
        released.append(gain)
    return released


class VolumeModel:
    """A gain that moves to its target by at most 2**18 each hop, with the firmware's state."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Go to full volume, at rest."""
        self.jump(GAIN_ONE)

    def jump(self, gain: int) -> None:
        """Go to a gain at once, as the board does when it begins to play."""
        self.target = self._before = self._after = gain
        self._position = 0

    def process(self, buses: np.ndarray) -> np.ndarray:
        """Scale the inputs of the filters, (n, I) int64; return the same shape."""
        count = buses.shape[0]
        nodes = [self._before, self._after]
        while HOP_SAMPLES * (len(nodes) - 1) <= self._position + count:
            nodes.append(nodes[-1] + min(max(self.target - nodes[-1], -VOLUME_STEP_RAW), VOLUME_STEP_RAW))
        gains, position = np.array(nodes, dtype=np.int64), self._position
        over, self._position = divmod(position + count, HOP_SAMPLES)
        self._before, self._after = nodes[over], nodes[over + 1]
        return buses if (gains == GAIN_ONE).all() else scale(buses, ramp(gains, position, count)[:, None])

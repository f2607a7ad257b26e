"""Volume and the look-ahead limiter of each driver, in float64.

The limiter lowers the gain ahead of what would pass a driver's limit, so that no signal clips (McNally, "Dynamic range
control of digital audio signals", J. Audio Eng. Soc. 32 (1984), 5, with the look-ahead and the smoothed minimum of
Hämäläinen, "Smoothing of the control signal without clipped output in digital peak limiters", DAFx-02).  Time goes in
hops of 16 samples.  Each hop has a target: the largest gain at which its loudest sample keeps the limit.  The least of
the newest targets is held, released towards 1, and averaged over as many hops; straight lines join the averages.  Each
gain averaged knows of both hops beside the node that it serves, so no line passes a target.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.layout.model import Layout

HOP_SAMPLES = 16
# The release heads for a gain so far beyond 1, and so reaches 1 itself.
RELEASE_BEYOND = 1 / 8
# The volume moves by at most so much each hop: from silence to full scale within 1024 samples.
VOLUME_STEP = 1 / 64


@dataclass(frozen=True)
class LimiterSettings:
    """What the limiters of all drivers do.

    Attributes
    ----------
    limits : tuple of D float
        Largest magnitude of each driver, full scale 1.
    hops : int
        Over which the gain is averaged; it looks one hop further ahead.
    release : float
        Part of its way that the gain goes back each hop.
    linked : bool
        Whether the driver that needs the least gain sets that of all, so that their filters stay in proportion.
    """

    limits: tuple[float, ...]
    hops: int
    release: float
    linked: bool

    @property
    def delay_samples(self) -> int:
        """How much later a sample leaves the limiter than it entered."""
        return (self.hops + 1) * HOP_SAMPLES


def limiter_settings(layout: Layout) -> LimiterSettings:
    """Turn a layout's limits and times into those of the limiter; the look-ahead is rounded up to whole hops."""
    rate, output = layout.sample_rate_hz, layout.output
    ahead = math.ceil(output.look_ahead_ms * rate / (1000 * HOP_SAMPLES))
    return LimiterSettings(
        tuple(10 ** (driver.limit_db / 20) for driver in layout.drivers),
        max(ahead - 1, 1),
        -math.expm1(-1000 * HOP_SAMPLES / (output.release_ms * rate)),
        output.link_limiters,
    )


class Limiter:
    """The limiters of all drivers, with state.

    Parameters
    ----------
    settings : LimiterSettings
    decisions : sequence of (G,) arrays, optional
        Gains at the end of each hop that is played, in the place of its own; G is 1 where the limiters are linked.
    """

    def __init__(self, settings: LimiterSettings, decisions: Sequence[NDArray[np.float64]] | None = None) -> None:
        self._settings, self._decisions = settings, decisions
        drivers, groups = len(settings.limits), 1 if settings.linked else len(settings.limits)
        self._past = np.zeros((settings.delay_samples, drivers))
        self._peak = np.zeros(drivers)
        self._position = 0
        self._targets = np.ones((settings.hops + 1, groups))
        self._smoothed = np.ones((settings.hops, groups))
        self._before, self._after = np.ones(groups), np.ones(groups)
        self._hops = 0

    def process(self, feeds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Limit what the filters made, (n, D), delayed by `LimiterSettings.delay_samples`; (n, D)."""
        extended = np.concatenate([self._past, feeds])
        output = np.empty(feeds.shape)
        start = 0
        while start < feeds.shape[0]:
            whole = (feeds.shape[0] - start) // HOP_SAMPLES if self._position == 0 else 0
            if whole:
                stop = start + whole * HOP_SAMPLES
                output[start:stop] = self._whole_hops(extended[start:stop], feeds[start:stop])
            else:
                stop = min(start + HOP_SAMPLES - self._position, feeds.shape[0])
                output[start:stop] = self._part_of_hop(extended[start:stop], feeds[start:stop])
            start = stop
        self._past = extended[feeds.shape[0] :]
        return output

    def _part_of_hop(self, delayed: NDArray[np.float64], feeds: NDArray[np.float64]) -> NDArray[np.float64]:
        part = (self._position + np.arange(len(feeds)))[:, None] / HOP_SAMPLES
        output = delayed * (self._before + (self._after - self._before) * part)
        self._peak = np.maximum(self._peak, np.abs(feeds).max(axis=0))
        self._position += len(feeds)
        if self._position == HOP_SAMPLES:
            self._before, self._after = self._after, self._end_hops(self._peak[None])[0]
            self._position, self._peak = 0, np.zeros_like(self._peak)
        return output

    def _whole_hops(self, delayed: NDArray[np.float64], feeds: NDArray[np.float64]) -> NDArray[np.float64]:
        hops = (-1, HOP_SAMPLES, feeds.shape[1])
        ends = self._end_hops(np.abs(feeds.reshape(hops)).max(axis=1))
        nodes = np.concatenate([[self._before, self._after], ends])
        self._before, self._after = nodes[-2:]
        line = nodes[:-2, None] + np.diff(nodes[:-1], axis=0)[:, None] * (np.arange(HOP_SAMPLES) / HOP_SAMPLES)[:, None]
        return np.asarray((delayed.reshape(hops) * line).reshape(feeds.shape))

    def _end_hops(self, peaks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gains that hops of these peaks (H, D) lead to: (H, G)."""
        needed = np.minimum(1.0, self._settings.limits / np.maximum(peaks, 1e-300))
        targets = needed.min(axis=1, keepdims=True) if self._settings.linked else needed
        # Oldest first; each hop holds the least of the newest.
        known = np.concatenate([self._targets, targets])
        held = np.lib.stride_tricks.sliding_window_view(known, len(self._targets), axis=0)[1:].min(axis=2)
        smoothed = np.concatenate([self._smoothed, self._released(held)])
        ends = np.lib.stride_tricks.sliding_window_view(smoothed, len(self._smoothed), axis=0)[1:].mean(axis=2)
        self._targets, self._smoothed = known[len(targets) :], smoothed[len(targets) :]
        if self._decisions is not None:
            ends = np.array(self._decisions[self._hops : self._hops + len(targets)], dtype=np.float64)
        self._hops += len(targets)
        return np.asarray(ends)

    def _released(self, held: NDArray[np.float64]) -> NDArray[np.float64]:
        """Follow what is held (H, G) down at once and back slowly; hop by hop only where it is not all 1."""
        smoothed, newest = np.ones_like(held), self._smoothed[-1]
        lowered = np.flatnonzero((held < 1.0).any(axis=1))
        hop = 0
        while hop < len(held):
            if (newest == 1.0).all():
                following = np.searchsorted(lowered, hop)
                if following == lowered.size:
                    break
                hop = int(lowered[following])
            released = newest + (1 + RELEASE_BEYOND - newest) * self._settings.release
            newest = smoothed[hop] = np.minimum(np.minimum(released, 1.0), held[hop])
            hop += 1
        return smoothed


class Volume:
    """A gain that moves to where it is set without a click.

    Parameters
    ----------
    gain : float
        At the start.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.target = gain
        self._before = self._after = gain
        self._position = 0

    def process(self, buses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale (n, I); (n, I)."""
        if self._before == self._after == self.target == 1.0:
            self._position = (self._position + buses.shape[0]) % HOP_SAMPLES
            return buses
        gains = np.empty(buses.shape[0])
        for n in range(gains.size):
            gains[n] = self._before + (self._after - self._before) * self._position / HOP_SAMPLES
            self._position += 1
            if self._position == HOP_SAMPLES:
                step = min(max(self.target - self._after, -VOLUME_STEP), VOLUME_STEP)
                self._before, self._after, self._position = self._after, self._after + step, 0
        return buses * gains[:, None]

"""Volume and the look-ahead limiter of each driver, in float64.

The limiter lowers the gain before a sample would exceed a driver's limit, so that no signal clips.  It follows McNally,
"Dynamic range control of digital audio signals", J. Audio Eng. Soc. 32 (1984), 5.  Look-ahead and smoothed minimum are
those of Hämäläinen, "Smoothing of the control signal without clipped output in digital peak limiters", DAFx-02.

Time goes in hops of 16 samples.  The target of a hop is the largest gain at which its loudest sample keeps the limit.
The limiter holds the minimum of the newest targets, releases it towards 1, and averages it over several hops.  Straight
lines join the averages.  Each averaged value takes both hops beside a node into account, so no line exceeds a target.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.layout.model import Layout

HOP_SAMPLES = 16
# The release approaches 1 plus this, so that it reaches 1 in finite time.
RELEASE_BEYOND = 1 / 8
# Largest change of the volume each hop.  From silence to full scale it takes 1024 samples.
VOLUME_STEP = 1 / 64


@dataclass(frozen=True)
class LimiterSettings:
    """Settings of the limiters of all drivers.

    Attributes
    ----------
    limits : tuple of D float
        Largest magnitude of each driver, above 0 up to full scale 1.
    hops : int
        Hops over which the gain is averaged, from 1.  The limiter looks one hop further ahead.
    release : float
        Part of the distance to its end that the gain returns each hop, 0 … 1.
    linked : bool
        Whether all drivers get the smallest gain of any, so that their filters stay in proportion.
    """

    limits: tuple[float, ...]
    hops: int
    release: float
    linked: bool

    @property
    def delay_samples(self) -> int:
        """Delay of the limiter, samples."""
        return (self.hops + 1) * HOP_SAMPLES


def limiter_settings(layout: Layout) -> LimiterSettings:
    """Convert a layout's limits and times to settings.  The look-ahead is rounded up to whole hops."""
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
        Gains at the end of each hop, in place of the limiter's own.  G is 1 if the limiters are linked, else D.
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

    def process(self, driver_signals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Limit driver signals.

        Parameters
        ----------
        driver_signals : (n, D) float64
            Driver signals, full scale 1.

        Returns
        -------
        (n, D) float64
            Later by `LimiterSettings.delay_samples`.
        """
        extended = np.concatenate([self._past, driver_signals])
        output = np.empty(driver_signals.shape)
        start = 0
        while start < driver_signals.shape[0]:
            whole = (driver_signals.shape[0] - start) // HOP_SAMPLES if self._position == 0 else 0
            if whole:
                stop = start + whole * HOP_SAMPLES
                output[start:stop] = self._whole_hops(extended[start:stop], driver_signals[start:stop])
            else:
                stop = min(start + HOP_SAMPLES - self._position, driver_signals.shape[0])
                output[start:stop] = self._part_of_hop(extended[start:stop], driver_signals[start:stop])
            start = stop
        self._past = extended[driver_signals.shape[0] :]
        return output

    def _part_of_hop(self, delayed: NDArray[np.float64], driver_signals: NDArray[np.float64]) -> NDArray[np.float64]:
        part = (self._position + np.arange(len(driver_signals)))[:, None] / HOP_SAMPLES
        output = delayed * (self._before + (self._after - self._before) * part)
        self._peak = np.maximum(self._peak, np.abs(driver_signals).max(axis=0))
        self._position += len(driver_signals)
        if self._position == HOP_SAMPLES:
            self._before, self._after = self._after, self._end_hops(self._peak[None])[0]
            self._position, self._peak = 0, np.zeros_like(self._peak)
        return output

    def _whole_hops(self, delayed: NDArray[np.float64], driver_signals: NDArray[np.float64]) -> NDArray[np.float64]:
        hops = (-1, HOP_SAMPLES, driver_signals.shape[1])
        ends = self._end_hops(np.abs(driver_signals.reshape(hops)).max(axis=1))
        nodes = np.concatenate([[self._before, self._after], ends])
        self._before, self._after = nodes[-2:]
        line = nodes[:-2, None] + np.diff(nodes[:-1], axis=0)[:, None] * (np.arange(HOP_SAMPLES) / HOP_SAMPLES)[:, None]
        return np.asarray((delayed.reshape(hops) * line).reshape(driver_signals.shape))

    def _end_hops(self, peaks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gains at the end of H hops with peaks (H, D): (H, G)."""
        needed = np.minimum(1.0, self._settings.limits / np.maximum(peaks, 1e-300))
        targets = needed.min(axis=1, keepdims=True) if self._settings.linked else needed
        # Oldest first.  Each hop holds the minimum of the newest targets.
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
        """Follow the held gains (H, G) down at once and up slowly.  Stretches where all gains are 1 are skipped."""
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
    """A gain that moves to its target without a click.

    Parameters
    ----------
    gain : float
        Initial gain, linear, from 0.

    Attributes
    ----------
    target : float
        Gain that the volume moves to, linear.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.target = gain
        self._before = self._after = gain
        self._position = 0

    def process(self, buses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale signals (n, I): (n, I) float64."""
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

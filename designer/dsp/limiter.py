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
        self._targets = np.ones((settings.hops, groups))
        self._smoothed = np.ones((settings.hops, groups))
        self._nodes = np.ones((2, groups))
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
        count = driver_signals.shape[0]
        extended = np.concatenate([self._past, driver_signals])
        nodes = np.concatenate([self._nodes, self._end_hops(self._peaks(driver_signals))])
        output = extended[:count]
        if (nodes != 1.0).any():
            output = output * _ramp(nodes, self._position, count)
        self._past, self._nodes = extended[count:], nodes[-2:]
        self._position = (self._position + count) % HOP_SAMPLES
        return output

    def _peaks(self, driver_signals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Find the largest magnitude in each finished hop: (hops, D)."""
        stop = self._position + driver_signals.shape[0]
        hops = -(-stop // HOP_SAMPLES)
        padded = np.zeros((driver_signals.shape[1], hops * HOP_SAMPLES))
        padded[:, self._position : stop] = driver_signals.T
        # Many hops in each row: the maximum of rows is much quicker than that of 16 neighbours.
        magnitudes = np.empty((HOP_SAMPLES, padded.size // HOP_SAMPLES))
        np.abs(padded.reshape(-1, HOP_SAMPLES).T, out=magnitudes)
        peaks = magnitudes.max(axis=0).reshape(-1, hops).T
        if hops:
            peaks[0] = np.maximum(peaks[0], self._peak)
            self._peak = peaks[-1] if stop % HOP_SAMPLES else np.zeros_like(self._peak)
        return np.asarray(peaks[: stop // HOP_SAMPLES])

    def _end_hops(self, peaks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gains at the end of H hops with peaks (H, D): (H, G)."""
        if not len(peaks):
            return self._nodes[:0]
        needed = np.minimum(1.0, self._settings.limits / np.maximum(peaks, 1e-300))
        targets = needed.min(axis=1, keepdims=True) if self._settings.linked else needed
        # Oldest first.  Each hop holds the minimum of the newest targets.
        hops, count = self._settings.hops, len(targets)
        known = np.concatenate([self._targets, targets])
        held = np.minimum.reduce([known[k : k + count] for k in range(hops + 1)])
        smoothed = np.concatenate([self._smoothed, self._released(held)])
        ends = np.add.reduce([smoothed[k : k + count] for k in range(1, hops + 1)]) / hops
        self._targets, self._smoothed = known[count:], smoothed[count:]
        if self._decisions is not None:
            ends = np.array(self._decisions[self._hops : self._hops + count], dtype=np.float64)
        self._hops += count
        return np.asarray(ends)

    def _released(self, held: NDArray[np.float64]) -> NDArray[np.float64]:
        """Follow the held gains (H, G) down at once and up slowly."""
        if held.min() == self._smoothed[-1].min() == 1.0:
            return held
        columns = zip(held.T.tolist(), self._smoothed[-1].tolist(), strict=True)
        return np.array([_released(of_hops, gain, self._settings.release) for of_hops, gain in columns]).T


def _released(held: list[float], gain: float, rate: float) -> list[float]:
    """Let one gain follow the held ones (H)."""
    released = []
    for most in held:
        gain = min(gain + (1 + RELEASE_BEYOND - gain) * rate, most)
        released.append(gain)
    return released


def _ramp(nodes: NDArray[np.float64], position: int, count: int) -> NDArray[np.float64]:
    """Interpolate linearly between gains (m, G) at the ends of hops, from a place in the first: (count, G)."""
    starts, ends = nodes[:-1].T[..., None], nodes[1:].T[..., None]
    lines = starts + (ends - starts) * (np.arange(HOP_SAMPLES) / HOP_SAMPLES)
    return np.asarray(lines.reshape(len(lines), -1)[:, position : position + count].T)


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
        count = buses.shape[0]
        nodes = [self._before, self._after]
        while HOP_SAMPLES * (len(nodes) - 1) <= self._position + count:
            nodes.append(nodes[-1] + min(max(self.target - nodes[-1], -VOLUME_STEP), VOLUME_STEP))
        gains, position = np.array(nodes)[:, None], self._position
        over, self._position = divmod(position + count, HOP_SAMPLES)
        self._before, self._after = nodes[over], nodes[over + 1]
        return buses if (gains == 1.0).all() else buses * _ramp(gains, position, count)

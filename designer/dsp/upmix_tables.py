"""Tables of the upmix, as the integers that firmware, twin and float reference all use.

The upmix filters mid and side at a quarter of the sample rate, where its bands lie; what differs from the top band is
brought back up.  One linear-phase lowpass serves both changes of rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

DECIMATION = 4
HOP_SAMPLES = 64
LOW_HOP = HOP_SAMPLES // DECIMATION
RATE_TAPS = 29
LOW_TAPS = 53
WINDOW_SAMPLES = 64
# Bins of the 64-point transform at which each band begins; the last entry ends the last band, and all above it is
# the top band.  One bin is 187.5 Hz at 48 kHz; bin 0 is left out: it says nothing of direction.
BAND_BINS = (1, 2, 3, 5, 8, 12, 19)
BANDS = len(BAND_BINS) - 1
# Both changes of rate, then the low-rate filter: a linear-phase filter delays by half its length.
DELAY_SAMPLES = 2 * (RATE_TAPS // 2) + DECIMATION * (LOW_TAPS // 2)

RATE_BITS = 29
PROTOTYPE_BITS = 15
WINDOW_BITS = 15
TWIDDLE_BITS = 30

# Edges of the rate filter, in cycles per sample of the full rate: what aliases lies above the top prototype.
_PASS, _STOP = 3500.0 / 48000.0, 8500.0 / 48000.0
# First half and centre tap of the rate filter: the Parks-McClellan solution for these edges, Q0.29, sum 2**29.  Kept as
# numbers, because a design would spend more on loading a solver than on everything else; a test solves it anew.
_RATE_HALF = (
    -1216493,
    -1355038,
    -144789,
    2874482,
    6062178,
    6151473,
    405661,
    -10343947,
    -20072465,
    -19358558,
    -527297,
    36604879,
    82298490,
    120138281,
    133837198,
)
# The analysis looks hardest at what the delayed signal is about to play: 3/4 of the window is behind its peak.
_WINDOW_PEAK = 0.75


@dataclass(frozen=True, eq=False)
class UpmixTables:
    """Integer tables, all read-only.

    Attributes
    ----------
    rate_filter : (29,) int64
        Q0.29, symmetric, sum 2**29: ahead of every fourth sample, and times 4 between them.
    prototypes : (6, 27) int64
        Q0.15, first half and centre tap of each band's 53-tap linear-phase filter.
    window : (64,) int64
        Q0.15, of the analysis; oldest sample first.
    twiddles : (48, 2) int64
        Q1.30, cos and -sin of 2·pi·k/64.
    """

    rate_filter: np.ndarray
    prototypes: np.ndarray
    window: np.ndarray
    twiddles: np.ndarray

    def __post_init__(self) -> None:
        for table in (self.rate_filter, self.prototypes, self.window, self.twiddles):
            table.setflags(write=False)


@lru_cache(maxsize=1)
def upmix_tables() -> UpmixTables:
    """Compute the tables; they are the same for every layout and scale with its sample rate."""
    rate = np.array([*_RATE_HALF, *_RATE_HALF[-2::-1]], dtype=np.int64)
    # Lowpass filters of rising edge; bands are their differences, so that the bands' sum is the last of them.
    edges = [(bin_ - 0.5) / WINDOW_SAMPLES for bin_ in BAND_BINS[1:]]
    half = LOW_TAPS // 2 + 1
    lowpass = np.array([_round(_lowpass(edge)[:half], PROTOTYPE_BITS) for edge in edges])
    prototypes = np.diff(lowpass, axis=0, prepend=np.zeros((1, half), dtype=np.int64))
    x = (np.arange(WINDOW_SAMPLES) + 0.5) / WINDOW_SAMPLES
    rise = np.sin(np.pi / 2 * x / _WINDOW_PEAK) ** 2
    fall = np.cos(np.pi / 2 * (x - _WINDOW_PEAK) / (1 - _WINDOW_PEAK)) ** 2
    window = _round(np.where(x < _WINDOW_PEAK, rise, fall), WINDOW_BITS)
    angle = 2 * np.pi * np.arange(3 * WINDOW_SAMPLES // 4) / WINDOW_SAMPLES
    twiddles = _round(np.stack([np.cos(angle), -np.sin(angle)], axis=1), TWIDDLE_BITS)
    return UpmixTables(rate, prototypes, window, twiddles)


def _lowpass(edge: float) -> np.ndarray:
    """Windowed-sinc lowpass of 53 taps, Hann window, unity at 0 Hz; the edge in cycles per sample."""
    taps = 2 * edge * np.sinc(2 * edge * (np.arange(LOW_TAPS) - LOW_TAPS // 2)) * np.hanning(LOW_TAPS)
    return np.asarray(taps / taps.sum())


def _round(values: np.ndarray, bits: int) -> np.ndarray:
    return np.asarray(np.floor(np.ldexp(values, bits) + 0.5).astype(np.int64))

"""Integer tables of the upmix, shared by the firmware, its bit-exact model and the float reference.

The upmix filters all bands but the top one at a quarter of the sample rate.  One linear-phase lowpass serves both
changes of rate.
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
# Bins of the 64-point transform at which each band begins.  The last entry ends the last band, and the top band lies
# above it.  One bin is 187.5 Hz at 48 kHz.  Bin 0 is left out, because it tells nothing about direction.
BAND_BINS = (1, 2, 3, 5, 8, 12, 19)
BANDS = len(BAND_BINS) - 1
# Delay of both changes of rate and of the low-rate filter.  A linear-phase filter delays by half its length.
DELAY_SAMPLES = 2 * (RATE_TAPS // 2) + DECIMATION * (LOW_TAPS // 2)

RATE_BITS = 29
PROTOTYPE_BITS = 15
WINDOW_BITS = 15
TWIDDLE_BITS = 30

# Edges of the rate filter, in cycles per sample of the full rate.  Aliases lie above the highest low-rate band.
_PASS, _STOP = 3500.0 / 48000.0, 8500.0 / 48000.0
# First half and centre tap of the rate filter, Q0.29, sum 2**29.  It is the Parks-McClellan solution for these edges.
# The numbers are kept, because loading a solver takes longer than the rest of a design.  A test solves it again.
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
# Place of the window's peak.  It gives the most weight to samples that the delayed signal plays next.
_WINDOW_PEAK = 0.75


@dataclass(frozen=True, eq=False)
class UpmixTables:
    """Integer tables of the upmix, all read-only.

    Attributes
    ----------
    rate_filter : (29,) int64
        Lowpass of both changes of rate, Q0.29, symmetric, sum 2**29.  Interpolation uses it times 4.
    prototypes : (6, 27) int64
        First half and centre tap of each band's 53-tap linear-phase filter, Q0.15.
    window : (64,) int64
        Window of the analysis, Q0.15, oldest sample first.
    twiddles : (48, 2) int64
        Twiddle factors cos and −sin of 2·π·k/64, Q1.30.
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
    """Compute the tables.  They are the same for all layouts, and scale with the sample rate."""
    rate = np.array([*_RATE_HALF, *_RATE_HALF[-2::-1]], dtype=np.int64)
    # Bands are differences of lowpass filters with rising edges, so that the sum of all bands is the last lowpass.
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
    """Windowed-sinc lowpass of 53 taps, Hann window, unity at 0 Hz.  The edge is in cycles per sample."""
    taps = 2 * edge * np.sinc(2 * edge * (np.arange(LOW_TAPS) - LOW_TAPS // 2)) * np.hanning(LOW_TAPS)
    return np.asarray(taps / taps.sum())


def _round(values: np.ndarray, bits: int) -> np.ndarray:
    return np.asarray(np.floor(np.ldexp(values, bits) + 0.5).astype(np.int64))

"""Level of the driver signals for music: what `output.peak_gain_db` is, where a layout leaves it to the design."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.filters.fir import spectra
from designer.layout.model import Layout
from designer.layout.sections import DEFAULT_PEAK_GAIN_DB

# Pink noise within these frequencies, with slopes of 6 dB per octave outside: the spectrum of music on average.
_BAND_HZ = (40.0, 4000.0)
_LINES_HZ = np.geomspace(20.0, 20000.0, 121)
# Power of L, R and C after the upmix, relative to one channel of music: what five recordings have on average.
PROGRAMME_SHARES = (0.35, 0.35, 0.5)
# Level of a driver signal, for music of this level, at which the limiter takes more than 1 dB for 1 % of the time.  The
# five recordings of benchmarks/room_trade.py need 0 to 1.9 dB less, or up to 3.8 dB more.
_LIMITED_LEVEL_DB = -2.0
# Σ|h| of a driver that every number format takes, with room for rounding and trimming.
_MOST_PEAK_GAIN_DB = 17.0


def programme_spectrum() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lines (F,), hertz, and the part (F,) of the power of music that each of them has."""
    weight = 1 / ((1 + (_BAND_HZ[0] / _LINES_HZ) ** 2) * (1 + (_LINES_HZ / _BAND_HZ[1]) ** 2))
    # Lines are equally far apart in octaves, which is pink.
    return _LINES_HZ, weight / weight.sum()


def programme_levels_db(layout: Layout, impulse_responses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power of each driver signal for music of unit power in each channel, relative to the driver's limit.

    Parameters
    ----------
    layout : Layout
        Gives the limits.
    impulse_responses : (D, 3, N) float64

    Returns
    -------
    (D,) float64
        dB.
    """
    lines, weight = programme_spectrum()
    omega = 2 * np.pi * lines / layout.sample_rate_hz
    power = np.abs(spectra(impulse_responses, omega)) ** 2 @ np.array(PROGRAMME_SHARES)
    limits_db = np.array([driver.limit_db for driver in layout.drivers])
    return np.asarray(10 * np.log10(weight @ power) - limits_db)


def peak_gain_db(layout: Layout, impulse_responses: NDArray[np.float64]) -> float:
    """Choose the level that the loudest driver can reach.

    Parameters
    ----------
    layout : Layout
        Its ``output.peak_gain_db`` is taken, unless it is the default and the design is made for a room.
    impulse_responses : (D, 3, N) float64
        At any scale.

    Returns
    -------
    float
        dB, a multiple of 0.5.  Music at full scale then keeps the limiter below 1 dB for about 99 % of the time, as
        far as the number formats allow.  A design without a room has 6 dB.
    """
    asked_db = layout.output.peak_gain_db
    if asked_db is not None and (asked_db != DEFAULT_PEAK_GAIN_DB or not layout.is_designed_for_a_room):
        return asked_db
    spare_db = _LIMITED_LEVEL_DB - float(programme_levels_db(layout, impulse_responses).max())
    reached_db = 20 * np.log10(float(np.abs(impulse_responses).sum(axis=(1, 2)).max()))
    return float(np.clip(np.floor(2 * (spare_db + reached_db)) / 2, DEFAULT_PEAK_GAIN_DB, _MOST_PEAK_GAIN_DB))

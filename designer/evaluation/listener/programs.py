"""Programs that a listener hears: test signals at places between left and right, as stereo or behind the upmix."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from designer.dsp.upmix import Upmix
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.evaluation.listener.responses import RATE_HZ
from designer.evaluation.listener.signals import signal
from designer.numerics.filtering import resampled

# Half the angle between the loudspeakers of a stereo pair.
BASE_DEG = 30.0
# Places from right to left, 6° apart.
PANNED_DEG = tuple(float(a) for a in np.linspace(-BASE_DEG, BASE_DEG, 11))


def pan_gains(azimuth_deg: float) -> tuple[float, float]:
    """Gains of left and right by the law of tangents (Bernfeld, AES 44, 1973), power 1.

    Raises
    ------
    ValueError
        Beyond ±30°.
    """
    if abs(azimuth_deg) > BASE_DEG:
        raise ValueError(f"azimuth_deg = {azimuth_deg:g}: allowed is −{BASE_DEG:g} … {BASE_DEG:g}")
    ratio = np.tan(np.deg2rad(azimuth_deg)) / np.tan(np.deg2rad(BASE_DEG))
    left, right = 1 + ratio, 1 - ratio
    size = np.hypot(left, right)
    return float(left / size), float(right / size)


def stereo_program(name: str, azimuth_deg: float) -> NDArray[np.float64]:
    """Pan a test signal.

    Parameters
    ----------
    name : str
        One of `designer.evaluation.listener.signals.SIGNAL_NAMES`.
    azimuth_deg : float
        −30 … 30.

    Returns
    -------
    (2, M) float64
        Left and right at 24 kHz.
    """
    return np.outer(pan_gains(azimuth_deg), signal(name))


@lru_cache(maxsize=128)
def upmixed_program(name: str, azimuth_deg: float, rate_hz: int) -> NDArray[np.float64]:
    """Pan a test signal and run it through the upmix.

    Parameters
    ----------
    name, azimuth_deg
        As `stereo_program`.
    rate_hz : int
        Sample rate of the upmix.

    Returns
    -------
    (3, M) float64
        L′, R′ and C at 24 kHz.
    """
    common = gcd(RATE_HZ, rate_hz)
    here, there = RATE_HZ // common, rate_hz // common
    stereo = np.outer(resampled(signal(name), there, here), pan_gains(azimuth_deg))
    buses = Upmix().process(np.pad(stereo, ((0, DELAY_SAMPLES), (0, 0))))[DELAY_SAMPLES:]
    program = resampled(buses, here, there).T
    program.setflags(write=False)
    return program

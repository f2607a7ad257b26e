"""Reference pressure that all channels are designed to, so that they arrive at the listener together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.layout.model import Layout


def reference_pressure(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Pressure at the listener of an ideal point source at the cabinet's centre, e^{−jkr}/r.

    Each channel is designed to give this pressure.  L and R give it at their ipsilateral ear, C at the centre of the
    head.  So all channels arrive in phase, and the filters' only delay is the modelling delay.  For sound from the
    front, the ear of a spherical head lies on the same wavefront as its centre.  Its delay 3a·sin θ/c is zero there
    (Kuhn, J. Acoust. Soc. Am. 62 (1977), 157).

    Parameters
    ----------
    layout : Layout
        Gives the distance and the speed of sound.
    frequencies_hz : (F,) float64
        Not negative.

    Returns
    -------
    (F,) complex128
        Pascal.
    """
    distance = layout.listener.distance_m
    return np.asarray(np.exp(-2j * np.pi * frequencies_hz * distance / layout.speed_of_sound_m_per_s) / distance)

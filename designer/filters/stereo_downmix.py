"""Stereo downmix: the same loudspeaker without Proscenium's filters, as a baseline.

The left input goes to drivers on the left, the right input to drivers on the right.  Drivers in the median plane get
half of each.  The centre goes to all drivers.  Each driver plays its own band only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.filters.bands import role_weights
from designer.filters.bank import FilterBank
from designer.filters.reference import reference_pressure
from designer.layout.model import Layout
from designer.layout.sections import INPUT_NAMES

_TAPS = 1024
# The level is matched over this band, which carries most of the loudness of music.
_LEVEL_BAND_HZ = (300.0, 5000.0)
_LEVEL_LINES = 48
# A driver with less lateral offset is in the median plane: y of its axis on a sphere, metres in a baffle.
_MEDIAN = 0.01


def mixing_weights(layout: Layout) -> NDArray[np.float64]:
    """Share of each input (left, right, centre) in each driver: (D, 3) float64, 0 … 1."""
    sides = np.array(
        [
            float(driver.direction[1]) if layout.cabinet.shape == "sphere" else (driver.y_m or 0.0)
            for driver in layout.drivers
        ]
    )
    left = np.where(sides > _MEDIAN, 1.0, np.where(sides < -_MEDIAN, 0.0, 0.5))
    return np.stack([left, 1.0 - left, np.ones_like(left)], axis=1)


def downmix_bank(layout: Layout) -> FilterBank:
    """Build the filters of the stereo downmix: linear phase, and as loud at the listener as a design.

    Parameters
    ----------
    layout : Layout
        Validated layout.

    Returns
    -------
    FilterBank
        (D, 3, 1024).  At the nominal head each input has the mean power of the reference pressure, 300 Hz … 5 kHz.
    """
    grid = np.fft.rfftfreq(_TAPS, 1.0 / layout.sample_rate_hz)
    bands = _played(layout, np.maximum(grid, 1.0))
    mixing = mixing_weights(layout)
    response = bands[:, :, None] * mixing * _levels(layout, mixing)
    impulse = (
        np.roll(np.fft.irfft(response, n=_TAPS, axis=0), _TAPS // 2, axis=0) * np.hanning(_TAPS + 1)[:-1, None, None]
    )
    responses = np.ascontiguousarray(impulse.transpose(1, 2, 0))
    return FilterBank(responses, layout.driver_names, INPUT_NAMES, layout.sample_rate_hz, _TAPS // 2)


def _played(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Band of each driver, whatever its roles: (F, D)."""
    return np.maximum(
        role_weights(layout, frequencies_hz, "crosstalk"), role_weights(layout, frequencies_hz, "beamformer")
    )


def _levels(layout: Layout, mixing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain that makes each input as loud as the reference: (3,)."""
    frequencies = np.geomspace(*_LEVEL_BAND_HZ, _LEVEL_LINES)
    ears = ear_plant(layout, frequencies, HeadPoses.nominal()).transfer
    pressure = ears @ (_played(layout, frequencies)[:, :, None] * mixing)
    reference = np.mean(np.abs(reference_pressure(layout, frequencies)) ** 2)
    return np.asarray(np.sqrt(reference / np.mean(np.abs(pressure) ** 2, axis=(0, 1))))

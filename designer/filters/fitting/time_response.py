"""Time response of a channel: deviation of its group delay, and pre-ringing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Centres of the octaves in which the group delay is measured.
_OCTAVES_HZ = (707.0, 1414.0, 2828.0, 5657.0)
# High frequencies, which are hardly heard, fade out over this range.  The fade is wide, because the impulse of the
# faded band rings itself.  With this fade it has −42 dB ahead of `PEAK_S`.  A fade from 14 kHz would have −30 dB.
AUDIBLE_HZ = (10000.0, 20000.0)
# Half the width of the main peak of an impulse of that band.
PEAK_S = 0.0001
# Earliest sound before the peak: the modelling delay plus the travel time over a cabinet's radius.
_EARLIEST_S = 0.0024


def audible(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of the pressure at each line (F,), Hz: 1 up to 10 kHz, 0 from 20 kHz, float64."""
    low, high = AUDIBLE_HZ
    return np.asarray(np.cos(np.pi / 2 * np.clip((frequencies_hz - low) / (high - low), 0, 1)) ** 2)


class TimeResponse:
    """Measures the time response of channels on the lines of a design.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Dense enough for the length of the filters (`design_lines_hz`).
    sample_rate_hz : int
    """

    def __init__(self, frequencies_hz: NDArray[np.float64], sample_rate_hz: int) -> None:
        self._omega = 2 * np.pi * frequencies_hz / sample_rate_hz
        self._octaves = [np.abs(np.log2(np.maximum(frequencies_hz, 1e-3) / centre)) <= 0.5 for centre in _OCTAVES_HZ]
        # In units of the sample rate: the trapezoidal rule over lines, both signs of frequency.
        self._share = audible(frequencies_hz)
        self._width = np.gradient(frequencies_hz) / sample_rate_hz
        own, earliest = round(PEAK_S * sample_rate_hz), round(_EARLIEST_S * sample_rate_hz)
        before = -np.arange(own + 1, earliest + 1)
        self._phasors = np.exp(1j * before[:, None] * self._omega) * (2 * self._share * self._width)

    def lateness_samples(self, pressure: NDArray[np.complex128], delay: int) -> float:
        """Largest deviation of the group delay from the modelling delay, in octaves 500 Hz … 8 kHz.

        Parameters
        ----------
        pressure : (F,) complex128
            Relative to the reference pressure.
        delay : int
            Modelling delay, samples.

        Returns
        -------
        float
            Samples, not negative.
        """
        phase = np.unwrap(np.angle(pressure * np.exp(1j * self._omega * delay)))
        found = []
        for chosen in self._octaves:
            lines = self._omega[chosen] - self._omega[chosen].mean()
            found.append(abs(float(lines @ phase[chosen])) / float(np.sum(lines**2)))
        return max(found)

    def pre_ringing_db(self, pressure: NDArray[np.complex128], delay: int) -> float:
        """Energy ahead of the main peak over all energy, dB.  The parameters are those of `lateness_samples`."""
        ahead = (self._phasors @ (pressure * np.exp(1j * self._omega * delay))).real
        total = 2 * float(np.sum(np.abs(pressure * self._share) ** 2 * self._width))
        return 10 * float(np.log10(max(float(ahead @ ahead) / total, 1e-20)))

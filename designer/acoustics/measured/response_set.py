"""Responses of one file, in the coordinates of the loudspeaker or of the head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# The onset counts, not the peak: a reflection may be louder than the direct sound of a driver that faces away.
_ONSET, _AVERAGED_S = 0.25, 0.0005


@dataclass(frozen=True, eq=False)
class ResponseSet:
    """Responses of one file, one for each place.

    Attributes
    ----------
    places_m : (M, 3) float64
        Cartesian: x points forward, y to the left, z up.  A driver's file has places of the microphone as the
        loudspeaker sees them.  A head's file has places of the source as the head sees them.
    responses : (M, C, N) float64
        C channels: one for a driver; left ear, right ear for a head.
    delays_samples : (M, C) float64
        Delay that the file declares beside each response, fractional.  It is not in ``responses``.
    sample_rate_hz : float
    has_phase : bool
        Whether the file has phase.  Otherwise the responses are minimum phase, rebuilt from magnitudes.
    band_hz : (float, float)
        Lowest and highest frequency that the file has.
    notes : tuple of str
        What was done to the data, for the report.
    """

    places_m: NDArray[np.float64]
    responses: NDArray[np.float64]
    delays_samples: NDArray[np.float64]
    sample_rate_hz: float
    has_phase: bool = True
    band_hz: tuple[float, float] = (0.0, float("inf"))
    notes: tuple[str, ...] = ()

    @property
    def distances_m(self) -> NDArray[np.float64]:
        """Distance of each place: (M,) float64."""
        return np.asarray(np.linalg.norm(self.places_m, axis=1))

    @cached_property
    def arrivals_samples(self) -> NDArray[np.float64]:
        """Where the energy of each response first comes within 6 dB of its largest: (M, C) float64.

        The energy is averaged over half a millisecond, so that noise does not pass for an onset.  The declared delay
        is added.
        """
        half = max(1, int(_AVERAGED_S / 2 * self.sample_rate_hz))
        energy = np.cumsum(np.pad(self.responses, ((0, 0), (0, 0), (half + 1, half))) ** 2, axis=2)
        energy = energy[:, :, 2 * half + 1 :] - energy[:, :, : -2 * half - 1]
        onsets = np.argmax(energy >= _ONSET * energy.max(axis=2, keepdims=True), axis=2)
        return np.asarray(onsets + self.delays_samples)

    @cached_property
    def is_loud(self) -> NDArray[np.bool_]:
        """Which responses have a peak within 10 dB of the highest, at 1 m: (M, C) bool.  Noise hides no such onset."""
        peak = np.abs(self.responses).max(axis=2) * self.distances_m[:, None]
        return np.asarray(peak**2 > 0.1 * peak.max() ** 2)

    @property
    def directions(self) -> NDArray[np.float64]:
        """Unit vector of each place: (M, 3) float64."""
        return self.places_m / self.distances_m[:, None]

"""Responses of one file, in the coordinates of the loudspeaker or of the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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

    @property
    def directions(self) -> NDArray[np.float64]:
        """Unit vector of each place: (M, 3) float64."""
        return self.places_m / self.distances_m[:, None]

"""Interpolation of measured responses between directions.

Each response is split into a delay, the centroid of its energy, and the rest.  Each of the two varies slowly with
direction, so both are interpolated.  The result is exact in measured directions, and smooth between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Number of nearest measured directions in one interpolation.
_NEIGHBOURS = 10
# Above this part of the Nyquist frequency the response keeps its value, because converters' filters dominate there.
HIGHEST_PER_NYQUIST = 0.92
# Chords that are computed at once.
_MOST_CHORDS = 2_000_000


@dataclass(frozen=True, eq=False)
class DirectionalSet:
    """Impulse responses over directions.

    Attributes
    ----------
    directions : (M, 3) float64
        Unit vectors, in the caller's coordinates.
    responses : (M, C, N) float64
        C channels (one for a driver, two for a head).
    delays_samples : (M, C) float64
        Centroid of each response's energy.
    travelled_samples : (M, C) float64
        Delay of the measurement itself, such as travel time, less the delay that a file declares.  It is removed.
    sample_rate_hz : float
    """

    directions: NDArray[np.float64]
    responses: NDArray[np.float64]
    delays_samples: NDArray[np.float64]
    travelled_samples: NDArray[np.float64]
    sample_rate_hz: float

    @classmethod
    def from_responses(
        cls,
        directions: NDArray[np.float64],
        responses: NDArray[np.float64],
        sample_rate_hz: float,
        travelled_samples: NDArray[np.float64] | None = None,
    ) -> DirectionalSet:
        """Split responses into delay and rest.

        Parameters
        ----------
        directions : (M, 3) float64
            Any length but zero.
        responses : (M, C, N) float64
            Finite, none silent.
        sample_rate_hz : float
        travelled_samples : (M, C) float64, optional
            Delay of each response that is removed, such as its travel time.  It may be fractional and negative.

        Raises
        ------
        ValueError
            If shapes do not fit, or a response is silent or not finite.
        """
        if responses.ndim != 3 or directions.shape != (responses.shape[0], 3):
            raise ValueError(
                f"responses {responses.shape}, directions {directions.shape}: allowed (M, C, N) and (M, 3)"
            )
        if not np.all(np.isfinite(responses)):
            raise ValueError("responses: contain values that are not finite")
        energy = responses**2
        total = energy.sum(axis=2)
        if np.any(total == 0):
            raise ValueError(f"responses: measurement {int(np.argwhere(total == 0)[0][0])} is silent")
        delays = energy @ np.arange(responses.shape[2]) / total
        unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        travelled = np.zeros_like(delays) if travelled_samples is None else travelled_samples
        return cls(unit, responses, delays, travelled, float(sample_rate_hz))

    def gap_deg(self, directions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Angle from each direction (Q, 3), unit, to the nearest that was measured: (Q,) float64, degrees."""
        return np.asarray(np.rad2deg(np.arccos(np.clip((directions @ self.directions.T).max(axis=1), -1.0, 1.0))))

    def at(self, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Spectra in any directions.

        Parameters
        ----------
        frequencies_hz : (F,) float64
            Not negative.  Above 0.92 of the measurement's Nyquist frequency the response keeps its value.
        directions : (Q, 3) float64
            Unit vectors.

        Returns
        -------
        (F, Q, C) complex128
        """
        weights = self.weights(directions)
        used = np.flatnonzero(np.any(weights != 0, axis=0))
        return self.between(frequencies_hz, weights, used)

    def between(
        self,
        frequencies_hz: NDArray[np.float64],
        weights: NDArray[np.float64],
        used: NDArray[np.int64],
        known: Callable[[NDArray[np.float64]], NDArray[np.complex128]] | None = None,
    ) -> NDArray[np.complex128]:
        """Interpolate spectra, or what they differ from known ones, with the weights of each direction.

        Parameters
        ----------
        frequencies_hz : (F,) float64
        weights : (Q, M) float64
            From `weights`.
        used : (U,) int64
            Measurements that have a weight.
        known : callable, optional
            From frequencies (F,) to known spectra (F, U) of one channel in the used directions, without travel time.
            They are subtracted before interpolation.

        Returns
        -------
        (F, Q, C) complex128
        """
        limit = HIGHEST_PER_NYQUIST * self.sample_rate_hz / 2
        omega = 2 * np.pi * np.minimum(frequencies_hz, limit) / self.sample_rate_hz
        taps = np.arange(self.responses.shape[2])
        kernel = np.exp(-1j * omega[:, None] * taps)
        channels = self.responses.shape[1]
        aligned = np.empty((frequencies_hz.size, used.size, channels), dtype=np.complex128)
        for channel in range(channels):
            lead = np.exp(1j * omega[:, None] * self.delays_samples[used, channel])
            spectra = kernel @ self.responses[used, channel].T
            if known is not None:
                late = np.exp(-1j * omega[:, None] * self.travelled_samples[used, channel])
                spectra = spectra - known(omega * self.sample_rate_hz / (2 * np.pi)) * late
            aligned[:, :, channel] = spectra * lead
        part = weights[:, used]
        # Real weights times complex spectra: one real product for both parts.
        rows = np.ascontiguousarray(aligned.transpose(1, 0, 2)).reshape(used.size, -1).view(np.float64)
        between = (part @ rows).view(np.complex128).reshape(len(part), frequencies_hz.size, channels).transpose(1, 0, 2)
        delays_s = part @ (self.delays_samples[used] - self.travelled_samples[used]) / self.sample_rate_hz
        return np.asarray(between * np.exp(-2j * np.pi * frequencies_hz[:, None, None] * delays_s))

    def weights(self, directions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weight of each measurement for each direction: (Q, M), rows sum to 1.

        The weights are those of multiquadrics of the chord with a constant (Hardy 1971).  The system is never singular
        (Micchelli 1986).  The width follows the spacing of the grid.  A measured direction gets its own response.
        """
        weights = np.zeros((len(directions), len(self.directions)))
        # A part at a time, so that the memory stays small with any number of directions.
        step = max(1, _MOST_CHORDS // len(self.directions))
        for first in range(0, len(directions), step):
            rows = slice(first, first + step)
            near, solved = self._weights_of_nearest(directions[rows])
            np.put_along_axis(weights[rows], near, solved, axis=1)
        return weights

    def _weights_of_nearest(self, directions: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Nearest measurements and their weights: (Q, K) each."""
        count = min(_NEIGHBOURS, len(self.directions))
        chords = np.linalg.norm(directions[:, None, :] - self.directions, axis=2)
        near = np.argsort(chords, axis=1, kind="stable")[:, :count]
        distance = np.take_along_axis(chords, near, axis=1)
        width = distance.mean(axis=1, keepdims=True)
        places = self.directions[near]
        between = np.linalg.norm(places[:, :, None] - places[:, None, :], axis=3)
        system = np.zeros((len(directions), count + 1, count + 1))
        system[:, :count, :count] = np.hypot(between, width[..., None])
        system[:, count, :count] = system[:, :count, count] = 1.0
        right = np.concatenate([np.hypot(distance, width), np.ones_like(width)], axis=1)
        solved = np.linalg.solve(system, right[..., None])[:, :count, 0]
        return near, solved

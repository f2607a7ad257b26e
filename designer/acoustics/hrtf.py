"""Measured heads (HRTF), which can replace the rigid sphere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.directional import DirectionalSet
from designer.acoustics.measured.files import Signature, read_head, signature
from designer.errors import LayoutError

# Largest angle between a direction and the nearest measured one.
LARGEST_GAP_DEG = 25.0
# Largest equalisation of what all directions share: loudspeaker, microphone and ear canal.
_MOST_EQUALISATION_DB = 20.0
_SMOOTHING_OCTAVES = 1.0 / 6.0
_TAPS = 1024
_FRONT = np.array([[1.0, 0.0, 0.0]])
# Where the ears of a head that faces the source follow the phase of its centre (Kuhn 1977).
_PHASE_HZ = (500.0, 1500.0)


@dataclass(frozen=True, eq=False)
class MeasuredHead:
    """Head-related transfer functions of any direction.

    Attributes
    ----------
    data : DirectionalSet
        Two channels, left ear first; directions as seen by the listener.
    equaliser : (K,) complex128
        Inverse of the diffuse-field average, minimum phase, at ``k·rate/_TAPS`` Hz.
    front_delay_s : float
        Delay of the mean of both ears for sound from the front, which is that of the head's centre.
    """

    data: DirectionalSet
    equaliser: NDArray[np.complex128]
    front_delay_s: float

    def pressure(
        self, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64], *, nearest: bool = False
    ) -> NDArray[np.complex128]:
        """Pressure at both ears, relative to the free field at the centre of the head.

        Parameters
        ----------
        frequencies_hz : (F,) float64
        directions : (Q, 3) float64
            Unit vectors in the head's coordinates: x along the nose, y to its left.
        nearest : bool
            Whether the nearest measured direction is taken where none is within 25°.

        Returns
        -------
        (F, Q, 2) complex128

        Raises
        ------
        LayoutError
            If nothing was measured within 25° of a direction.
        """
        gaps = self.data.gap_deg(directions)
        far = gaps > LARGEST_GAP_DEG
        if nearest and far.any():
            directions = directions.copy()
            directions[far] = self.data.directions[np.argmax(directions[far] @ self.data.directions.T, axis=1)]
        elif far.any():
            x, y, z = directions[int(gaps.argmax())]
            azimuth, elevation = np.rad2deg(np.arctan2(y, x)), np.rad2deg(np.arcsin(z))
            raise LayoutError(
                f"HRTF: nothing was measured within {LARGEST_GAP_DEG:g}° of azimuth {azimuth:+.0f}°, elevation "
                f"{elevation:+.0f}°: use a set with more directions"
            )
        spectra = self.data.at(frequencies_hz, directions)
        grid = np.arange(self.equaliser.size) * self.data.sample_rate_hz / _TAPS
        common = np.interp(frequencies_hz, grid, self.equaliser.real) + 1j * np.interp(
            frequencies_hz, grid, self.equaliser.imag
        )
        undelayed = np.exp(2j * np.pi * frequencies_hz * self.front_delay_s)
        return np.asarray(spectra * (common * undelayed)[:, None, None])


def load_head(path: Path) -> MeasuredHead:
    """Read an HRTF from SOFA (SimpleFreeFieldHRIR).

    The set is diffuse-field equalised: a minimum-phase filter removes what is common to all directions.  So the
    loudspeaker and the ear canal of the measurement have no effect.  The result suits headphones, which are
    diffuse-field equalised themselves.

    Parameters
    ----------
    path : Path
        ``.sofa`` file.

    Returns
    -------
    MeasuredHead

    Raises
    ------
    LayoutError
        If the file is missing, damaged or of another kind.
    """
    return _load(str(path), signature(path))


@lru_cache(maxsize=4)
def _load(path: str, changed: Signature) -> MeasuredHead:
    found = read_head(Path(path))
    data = DirectionalSet.from_responses(found.places_m, found.responses, found.sample_rate_hz, -found.delays_samples)
    equaliser = _diffuse_equaliser(found.responses, found.places_m)
    grid = np.arange(equaliser.size) * data.sample_rate_hz / _TAPS
    front = data.at(grid, _FRONT)[:, 0].sum(axis=1) * equaliser
    coarse = float((data.delays_samples - data.travelled_samples).min()) / data.sample_rate_hz
    phase = np.unwrap(np.angle(front * np.exp(2j * np.pi * grid * coarse)))
    fitted = (grid >= _PHASE_HZ[0]) & (grid <= _PHASE_HZ[1])
    slope, offset = np.polyfit(2 * np.pi * grid[fitted], phase[fitted], 1)
    # Below this band, remove the phase of the measurement's loudspeaker, which is the same in all directions.
    turned = phase - slope * 2 * np.pi * grid - 2 * np.pi * np.round(offset / (2 * np.pi))
    share = np.clip(np.log(_PHASE_HZ[1] / np.maximum(grid, 1.0)) / np.log(_PHASE_HZ[1] / _PHASE_HZ[0]), 0.0, 1.0)
    return MeasuredHead(data, equaliser * np.exp(-1j * turned * share), float(coarse - slope))


def _diffuse_equaliser(responses: NDArray[np.float64], places_m: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Minimum-phase inverse of the power average over directions and ears: (K,) at the bins of ``_TAPS``."""
    power = np.mean(np.abs(np.fft.rfft(responses, _TAPS, axis=2)) ** 2, axis=1)
    average = _solid_angles(places_m) @ power
    smooth = _octave_smooth(average)
    level_db = -10 * np.log10(smooth / np.median(smooth[8:256]))
    magnitude = 10 ** (np.clip(level_db, -_MOST_EQUALISATION_DB, _MOST_EQUALISATION_DB) / 20)
    magnitude /= np.sqrt(np.median(smooth[8:256]))
    # Minimum phase through the real cepstrum: Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 13.
    cepstrum = np.fft.irfft(np.log(magnitude), _TAPS)
    folded = np.zeros(_TAPS)
    folded[0], folded[_TAPS // 2] = cepstrum[0], cepstrum[_TAPS // 2]
    folded[1 : _TAPS // 2] = 2 * cepstrum[1 : _TAPS // 2]
    return np.asarray(np.exp(np.fft.rfft(folded)))


def _solid_angles(places_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the sphere for each direction: rings of equal elevation share their zone; the sum is 1."""
    unit = places_m / np.linalg.norm(places_m, axis=1, keepdims=True)
    rings, index, count = np.unique(np.round(unit[:, 2], 4), return_inverse=True, return_counts=True)
    edges = np.concatenate([[-1.0], (rings[1:] + rings[:-1]) / 2, [1.0]])
    weight = (np.diff(edges) / count)[index.reshape(-1)]
    return np.asarray(weight / weight.sum())


def _octave_smooth(power: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = np.arange(power.size)
    half = 2 ** (_SMOOTHING_OCTAVES / 2)
    low = np.maximum((bins / half).astype(int), 0)
    high = np.minimum(np.ceil(bins * half).astype(int) + 1, power.size)
    sums = np.concatenate([[0.0], np.cumsum(power)])
    return np.asarray((sums[high] - sums[low]) / (high - low))

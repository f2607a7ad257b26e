"""Measured drivers and heads in the listener's coordinates and the model's units."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.directional import DirectionalSet
from designer.acoustics.response_files import ResponseFile, read_responses
from designer.errors import LayoutError

# AES69 gives positions as seen by the source, whose front faces the listener.  So this is half a turn about z.
SOURCE_TO_LISTENER = np.diag([-1.0, -1.0, 1.0])

# Largest angle to a measured direction over which responses are interpolated.
LARGEST_GAP_DEG = 25.0
# Band in which the measured level is set to the model's.
_LEVEL_BAND_HZ = (300.0, 1500.0)
_LEVEL_LINES = 32
# Time that is kept before the onset of the earliest response.
_WINDOW_BEFORE_S = 0.0015
_FADE_PART = 0.25
_ONSET = 0.25


@lru_cache(maxsize=32)
def _load(path: str, changed_ns: int, window_s: float, speed_of_sound_m_per_s: float) -> DirectionalSet:
    found = read_responses(Path(path))
    distances = np.linalg.norm(found.places_m, axis=1)
    responses = window_responses(found.responses[:, 0], found.sample_rate_hz, window_s) * distances[:, None]
    directions = found.places_m / distances[:, None] @ SOURCE_TO_LISTENER.T
    # Differences of distance belong to the measurement, so their travel times are removed.
    travelled = (distances - distances.min()) / speed_of_sound_m_per_s * found.sample_rate_hz
    return DirectionalSet.from_responses(directions, responses[:, None, :], found.sample_rate_hz, travelled)


def load_driver(path: Path, window_s: float, speed_of_sound_m_per_s: float) -> DirectionalSet:
    """Read a driver's responses: windowed, at 1 m, in the listener's coordinates.

    Parameters
    ----------
    path : Path
        SOFA file or folder.
    window_s : float
        Kept after the peak.
    speed_of_sound_m_per_s : float

    Raises
    ------
    LayoutError
        If the file is missing, damaged or of another kind.
    """
    return _load(str(path), _changed(path), window_s, speed_of_sound_m_per_s)


def window_responses(responses: NDArray[np.float64], rate_hz: float, after_s: float) -> NDArray[np.float64]:
    """Cut and fade out the late part of responses, at the same time for all: (M, N) to (M, N').

    Parameters
    ----------
    responses : (M, N) float64
    rate_hz : float
        Sample rate.
    after_s : float
        Time that is kept after the latest onset.
    """
    level = np.abs(responses)
    # The onset counts, not the peak: a reflection may be louder than the direct sound of a driver that faces away.
    onsets = np.argmax(level >= _ONSET * level.max(axis=1, keepdims=True), axis=1)
    start = max(0, int(onsets.min() - _WINDOW_BEFORE_S * rate_hz))
    stop = min(responses.shape[1], int(onsets.max() + after_s * rate_hz))
    kept = responses[:, start:stop].copy()
    fade = max(1, int(_FADE_PART * after_s * rate_hz))
    if stop < responses.shape[1] and kept.shape[1] > fade:
        kept[:, -fade:] *= 0.5 * (1 + np.cos(np.pi * (np.arange(fade) + 1) / (fade + 1)))
    return kept


def measured_field(
    driver: str,
    data: DirectionalSet,
    frequencies_hz: NDArray[np.float64],
    relative_m: NDArray[np.float64],
    model: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.complex128]],
    *,
    gain_db: float,
    from_hz: float,
    complete: bool,
    speed_of_sound_m_per_s: float,
) -> NDArray[np.complex128]:
    """Pressure of a measured driver at points, in the model's units.

    Files do not tell the level and the start of the drive.  So the measured level and delay are set to the model's in
    the direction in which the driver is loudest.

    Parameters
    ----------
    driver : str
        For messages.
    data : DirectionalSet
        From `load_driver`.
    frequencies_hz : (F,) float64
    relative_m : (P, 3) float64
        From the centre of the cabinet.
    model : callable
        From frequencies (F,) and relative points (P, 3) to the model's pressure (F, P).  It gives level and delay, and
        directions that were not measured.
    gain_db : float
        Level relative to the model's.
    from_hz : float
        Frequency below which the model replaces the measurement, 0 for never.
    complete : bool
        Whether the model gives directions that were not measured.  Otherwise they are refused.
    speed_of_sound_m_per_s : float

    Returns
    -------
    (F, P) complex128

    Raises
    ------
    LayoutError
        If a direction was not measured and may not be completed.
    """
    distances = np.linalg.norm(relative_m, axis=1)
    directions = relative_m / distances[:, None]
    gaps = data.gap_deg(directions)
    if gaps.max() > LARGEST_GAP_DEG and not complete:
        worst = directions[int(gaps.argmax())]
        azimuth = np.rad2deg(np.arctan2(worst[1], -worst[0]))
        raise LayoutError(
            f"driver '{driver}', measured: nothing within {LARGEST_GAP_DEG:g}° of azimuth {azimuth:+.0f}° (listener's "
            f"view), the nearest is {gaps.max():.0f}° away: measure there, or set measured.complete = true"
        )
    wavenumbers = 2 * np.pi * frequencies_hz[:, None] / speed_of_sound_m_per_s
    level, delay_s = _calibration(data, model, float(distances.max()), speed_of_sound_m_per_s)
    spectra = data.at(frequencies_hz, directions)[:, :, 0] * level * 10 ** (gain_db / 20)
    spectra = spectra * np.exp(-2j * np.pi * frequencies_hz * delay_s)[:, None]
    measured = spectra * np.exp(-1j * wavenumbers * distances) / distances
    share = _share(frequencies_hz, from_hz)[:, None] * np.clip(2 - gaps / LARGEST_GAP_DEG, 0.0, 1.0)
    if np.all(share == 1):
        return np.asarray(measured)
    return np.asarray(share * measured + (1 - share) * model(frequencies_hz, relative_m))


def _calibration(
    data: DirectionalSet,
    model: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.complex128]],
    distance_m: float,
    speed_of_sound_m_per_s: float,
) -> tuple[float, float]:
    """Gain and delay that bring the measurement to the model where the driver is loudest."""
    loudest = int(np.argmax(np.sum(data.responses**2, axis=(1, 2))))
    direction = data.directions[loudest : loudest + 1]
    lines = np.geomspace(*_LEVEL_BAND_HZ, _LEVEL_LINES)
    measured = data.at(lines, direction)[:, 0, 0]
    travel = np.exp(2j * np.pi * lines * distance_m / speed_of_sound_m_per_s) * distance_m
    wanted = model(lines, distance_m * direction)[:, 0] * travel
    gain = np.sqrt(np.mean(np.abs(wanted) ** 2) / np.mean(np.abs(measured) ** 2))
    # Without the delay of the centroid, the phase that is fitted does not wrap.
    coarse_s = float(data.delays_samples[loudest, 0] - data.travelled_samples[loudest]) / data.sample_rate_hz
    rest = np.unwrap(np.angle(wanted * np.conj(measured * np.exp(2j * np.pi * lines * coarse_s))))
    slope = np.polyfit(2 * np.pi * lines, rest, 1)[0]
    return float(gain), float(-slope - coarse_s)


def _share(frequencies_hz: NDArray[np.float64], from_hz: float) -> NDArray[np.float64]:
    """Share of the measurement against the model: 0 an octave below ``from_hz``, 1 from there."""
    if from_hz <= 0:
        return np.ones_like(frequencies_hz)
    octaves = np.clip(np.log2(np.maximum(frequencies_hz, 1e-3) / from_hz) + 1, 0.0, 1.0)
    return np.asarray(np.sin(np.pi / 2 * octaves) ** 2)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise LayoutError(
            f"'{path}': no such file or folder: paths in a layout are relative to its own file"
        ) from error


def read_head(path: Path) -> ResponseFile:
    """Read an HRTF, with places as seen by the listener and the left ear first.

    Raises
    ------
    LayoutError
        If the file is missing, damaged or of another kind.
    """
    _changed(path)
    return read_responses(path, head=True)

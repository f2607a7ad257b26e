"""Signals to listen to: built-in ones, the music that the set-up installs, and files of the user."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from designer.errors import LayoutError
from designer.regression.signals import MUSIC
from designer.render.audio_files import StereoReader

MOST_S = 20.0
_SEED = 20261129
_BURST_S, _PAUSE_S, _FADE_S = 0.7, 0.3, 0.02
_LEVEL = 0.25
# White noise to pink noise: J. O. Smith, Spectral Audio Signal Processing, "Example: Synthesis of 1/F Noise".
_PINK_ZEROS = (0.049922035, -0.095993537, 0.050612699, -0.004408786)
_PINK_POLES = (1.0, -2.494956002, 2.017265875, -0.522189400)
SIGNALS = {
    "panned": "noise that goes left, half left, centre, half right, right",
    "speech": "noise in the rhythm of speech, in the centre",
    "wide": "noise that differs between left and right",
    "clicks": "clicks, left and right in turn",
}


def make_signal(name: str, rate_hz: int) -> NDArray[np.float64]:
    """Make a built-in signal, full scale 1.

    Parameters
    ----------
    name : str
        Key of `SIGNALS`.
    rate_hz : int

    Returns
    -------
    (n, 2) float64

    Raises
    ------
    LayoutError
        If there is no such signal.
    """
    rng = np.random.default_rng(_SEED)
    if name == "panned":
        # Constant power.
        angles = np.linspace(0, np.pi / 2, 5)
        parts = [_burst(rng, rate_hz)[:, None] * [np.cos(angle), np.sin(angle)] for angle in angles]
        return np.asarray(np.concatenate(parts))
    if name == "speech":
        time = np.arange(round(6.0 * rate_hz)) / rate_hz
        rhythm = np.maximum(0, np.sin(2 * np.pi * 2.0 * time)) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.31 * time))
        mono = _pink(rng, time.size) * rhythm
        return np.asarray(np.stack([mono, mono], axis=1) * np.sqrt(0.5))
    if name == "wide":
        return np.asarray(np.stack([_pink(rng, round(6.0 * rate_hz)) for _ in range(2)], axis=1) * 0.7)
    if name == "clicks":
        clicks = np.zeros((round(4.0 * rate_hz), 2))
        for n, start in enumerate(range(0, clicks.shape[0], rate_hz // 2)):
            clicks[start, n % 2] = 0.7
        return clicks
    raise LayoutError(f"signal '{name}': allowed are {', '.join(SIGNALS)}")


def read_music(path: Path, rate_hz: int, seconds: float = MOST_S) -> NDArray[np.float64]:
    """Read the beginning of an audio file, (n, 2), at a sample rate.

    Raises
    ------
    LayoutError
        If it is no audio file, or has more than two channels.
    """
    wanted, parts = round(seconds * rate_hz), []
    with closing(StereoReader(path, rate_hz)) as reader:
        for piece in reader.pieces():
            parts.append(piece)
            wanted -= len(piece)
            if wanted <= 0:
                break
    if not parts:
        raise LayoutError(f"'{path.name}': no samples")
    return np.concatenate(parts)[: round(seconds * rate_hz)]


@dataclass
class Music:
    """Music that goes round and round.

    Attributes
    ----------
    samples : (n, 2) float64
    rate_hz : int
    """

    samples: NDArray[np.float64]
    rate_hz: int
    _position: int = 0

    @classmethod
    def built_in(cls, rate_hz: int) -> Music:
        """Take the music that the set-up installs, or noise where it is missing."""
        found = read_music(MUSIC, rate_hz) if MUSIC.is_file() else make_signal("panned", rate_hz)
        return cls(found, rate_hz)

    def next(self, seconds: float) -> NDArray[np.float64]:
        """Return the next piece, (n, 2)."""
        count = round(seconds * self.rate_hz)
        places = (self._position + np.arange(count)) % len(self.samples)
        self._position = int((self._position + count) % len(self.samples))
        return self.samples[places]


def _burst(rng: np.random.Generator, rate_hz: int) -> NDArray[np.float64]:
    noise = _pink(rng, round(_BURST_S * rate_hz))
    fade = round(_FADE_S * rate_hz)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
    noise[:fade] *= ramp
    noise[-fade:] *= ramp[::-1]
    return np.concatenate([noise, np.zeros(round(_PAUSE_S * rate_hz))])


def _pink(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    noise = lfilter(_PINK_ZEROS, _PINK_POLES, rng.standard_normal(count))
    return np.asarray(np.clip(noise * (_LEVEL / np.std(noise)), -1, 1))

"""Bit-exact model of the board's own test signals (core/dsp/generator.h): a function of seed and frame number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from designer.dsp.engine import INJECTION_CHANNELS, InjectionPoint
from designer.fixedpoint.number_format import NumberFormat

SignalName = Literal["noise", "full_scale", "scenes"]
SCENE_FRAMES = 2048
MAX_ATTENUATION = 15

_WEYL = np.uint32(0x9E3779B9)
_SCENE_KEY = 0x53434E45
_SCENE_LEVEL = 7
_INDEPENDENT, _CENTRE, _OPPOSITE, _SILENT = range(4)


@dataclass(frozen=True)
class GeneratedSignal:
    """A signal that the board can generate.

    Attributes
    ----------
    name : 'noise', 'full_scale' or 'scenes'
        'noise' is white and uniform over full scale.  'full_scale' has random signs at full scale.  'scenes' is noise
        whose level changes every 2048 frames, and so does the second channel: independent of the first, equal, opposite
        or silent.
    seed : int
        0 to 2**32 - 1.
    attenuation : int
        Right shift of every sample, 0 to 15.

    Raises
    ------
    ValueError
        If a field lies outside its range.
    """

    name: SignalName
    seed: int
    attenuation: int = 0

    def __post_init__(self) -> None:
        if self.name not in ("noise", "full_scale", "scenes"):
            raise ValueError(f"signal '{self.name}': allowed are noise, full_scale, scenes")
        if not 0 <= self.seed < 2**32 or not 0 <= self.attenuation <= MAX_ATTENUATION:
            raise ValueError(f"seed {self.seed}, attenuation {self.attenuation}: allowed 32 bits, 0 to 15")

    def samples(
        self, number_format: NumberFormat, injection_point: InjectionPoint, position: int, frames: int
    ) -> np.ndarray:
        """Make the samples from number `position` on; (frames, channels of the injection point) int64, raw."""
        n = (np.arange(frames, dtype=np.uint64) + np.uint64(position)).astype(np.uint32)
        channels = [self._channel(channel, n) for channel in range(INJECTION_CHANNELS[injection_point])]
        words = np.stack(channels, axis=1) >> self.attenuation
        return np.asarray(words >> (32 - number_format.sample.bits))

    def _channel(self, channel: int, n: np.ndarray) -> np.ndarray:
        if self.name == "noise":
            return self._noise(channel, n)
        if self.name == "full_scale":
            return np.asarray(np.where(self._noise(channel, n) < 0, -(2**31), 2**31 - 1))
        scene = _mix((n // np.uint32(SCENE_FRAMES)) * _WEYL + np.uint32(self.seed ^ _SCENE_KEY)).astype(np.int64)
        level = scene & _SCENE_LEVEL
        if channel != 1:
            return np.asarray(self._noise(channel, n) >> level)
        relation = (scene >> 3) & 3
        first, own = self._noise(0, n) >> level, self._noise(1, n) >> level
        return np.asarray(np.choose(relation, [own, first, ~first, np.zeros_like(first)]))

    def _noise(self, channel: int, n: np.ndarray) -> np.ndarray:
        key = _mix(np.array([(self.seed + (channel + 1) * int(_WEYL)) & 0xFFFFFFFF], dtype=np.uint32))
        return np.asarray(_mix(n * _WEYL + key).view(np.int32).astype(np.int64))


def _mix(x: np.ndarray) -> np.ndarray:
    """Finaliser of MurmurHash3 (Appleby): every bit of the result depends on every bit of x; (n,) uint32."""
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x85EBCA6B)
    x = x ^ (x >> np.uint32(13))
    x = x * np.uint32(0xC2B2AE35)
    return np.asarray(x ^ (x >> np.uint32(16)))

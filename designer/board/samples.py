"""Samples as the line carries them: raw values of the number format, in portions that fit a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from designer.dsp.engine import InjectionPoint, check_channels


def to_raw(samples: np.ndarray, injection_point: InjectionPoint, word: np.dtype[Any]) -> np.ndarray:
    """Pack raw samples (n, channels of the injection point) for the line.

    Raises
    ------
    ValueError
        If the shape does not fit the injection point, samples are no integers, or one lies outside the word.
    """
    samples = np.asarray(samples)
    check_channels(samples, injection_point)
    if not np.issubdtype(samples.dtype, np.integer):
        raise ValueError(f"samples of {samples.dtype}: raw integers are needed")
    limits = np.iinfo(word)
    if samples.size and not (limits.min <= int(samples.min()) and int(samples.max()) <= limits.max):
        raise ValueError(f"samples: outside {limits.min} to {limits.max}")
    return np.ascontiguousarray(samples, dtype=word)


def portions(raw: np.ndarray, frames: int, progress: Callable[[int], None]) -> Iterator[bytes]:
    """Cut samples (n, channels) into messages of `frames` each; call `progress` after each message."""
    for start in range(0, raw.shape[0], frames):
        part = raw[start : start + frames]
        yield part.tobytes()
        progress(start + part.shape[0])

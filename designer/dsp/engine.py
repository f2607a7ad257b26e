"""The whole signal path in float64: the reference for the board's fixed-point arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from designer.dsp.limiter import Limiter, Volume
from designer.dsp.overlap_save import OverlapSave
from designer.dsp.upmix import Upmix

# Samples processed at a time, so that their arrays stay in the processor's cache.
_PIECE_SAMPLES = 1 << 14

InjectionPoint = Literal["program", "filters"]
INJECTION_CHANNELS: dict[InjectionPoint, int] = {"program": 2, "filters": 3}


def check_channels(samples: np.ndarray, injection_point: InjectionPoint) -> None:
    """Refuse samples whose shape does not fit their injection point.

    Parameters
    ----------
    samples : (n, 2) or (n, 3)
    injection_point : 'program' or 'filters'

    Raises
    ------
    ValueError
        If the shape is another.
    """
    channels = INJECTION_CHANNELS[injection_point]
    if samples.ndim != 2 or samples.shape[1] != channels:
        raise ValueError(f"samples {samples.shape}: injection point '{injection_point}' takes (n, {channels})")


class FloatEngine:
    """Upmix, volume, FIR matrix and limiters, with state, so that a long signal can be run in pieces.

    Parameters
    ----------
    impulse_responses : (D, 3, N) float64
    full_scale : float
        Largest positive sample, see `Upmix`.
    decisions : sequence of (7, 2) arrays, optional
        Gains of the upmix after each hop in place of its own, see `Upmix`.
    limiter : Limiter, optional
        Without it driver signals are not limited.

    Attributes
    ----------
    volume : Volume
    """

    def __init__(
        self,
        impulse_responses: np.ndarray,
        full_scale: float = 1.0,
        decisions: Sequence[np.ndarray] | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        self._upmix = Upmix(full_scale, decisions)
        self.volume = Volume()
        self._matrix = OverlapSave(impulse_responses)
        self._limiter = limiter

    def forget_decisions(self) -> None:
        """Clear the upmix's record of gains, which grows with the signal."""
        self._upmix.decisions.clear()

    def process(self, samples: np.ndarray, injection_point: InjectionPoint = "program") -> np.ndarray:
        """Run samples through the signal path.

        Parameters
        ----------
        samples : (n, 2) or (n, 3) float64
            L, R for the injection point 'program', L', R', C for 'filters'; within ±1.
        injection_point : 'program' or 'filters'

        Returns
        -------
        (n, D) float64

        Raises
        ------
        ValueError
            If the number of channels does not fit the injection point.
        """
        check_channels(samples, injection_point)
        pieces = np.split(samples, range(_PIECE_SAMPLES, samples.shape[0], _PIECE_SAMPLES))
        return np.concatenate([self._process(piece, injection_point) for piece in pieces])

    def _process(self, samples: np.ndarray, injection_point: InjectionPoint) -> np.ndarray:
        buses = self._upmix.process(samples) if injection_point == "program" else np.asarray(samples, dtype=np.float64)
        self._upmix.decisions.clear()
        driver_signals = self._matrix.process(self.volume.process(buses))
        return driver_signals if self._limiter is None else self._limiter.process(driver_signals)

"""Responses from the channels of a system to the ears: filters and loudspeakers in one."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.listener.responses import LEAD_SAMPLES, RATE_HZ, BinauralResponses
from designer.numerics.fast_length import fast_length


@dataclass(frozen=True, eq=False)
class ChannelResponses:
    """Impulse responses from I channels to both ears at 24 kHz, in one place of the head.

    Attributes
    ----------
    direct, reflected : (2, I, N) float64
        Ear, channel, tap.
    arrival_samples : int
        When the direct sound arrives.
    """

    direct: NDArray[np.float64]
    reflected: NDArray[np.float64]
    arrival_samples: int

    @property
    def whole(self) -> NDArray[np.float64]:
        """Direct and reflected sound: (2, I, N) float64."""
        return self.direct + self.reflected

    def ears(self, program: NDArray[np.float64]) -> NDArray[np.float64]:
        """Play a program.

        Parameters
        ----------
        program : (I, M) float64
            At 24 kHz.

        Returns
        -------
        (2, M + N − 1) float64
        """
        count = program.shape[1] + self.direct.shape[2] - 1
        length = fast_length(count)
        spectra = np.fft.rfft(self.whole, length, axis=2) * np.fft.rfft(program, length, axis=1)
        return np.asarray(np.fft.irfft(spectra.sum(axis=1), length, axis=1)[:, :count])


def channel_responses(
    responses: BinauralResponses,
    place: int,
    filters: NDArray[np.float64],
    rate_hz: int,
    modelling_delay_samples: int,
) -> ChannelResponses:
    """Put filters ahead of drivers.

    Parameters
    ----------
    responses : BinauralResponses
        Of D drivers.
    place : int
        Which of its places.
    filters : (D, I, N) float64
        Impulse responses from channels to drivers.
    rate_hz : int
        Their sample rate.
    modelling_delay_samples : int
        Their delay.

    Returns
    -------
    ChannelResponses
    """
    direct, early = responses.direct[place], responses.early[place]
    taps = int(np.ceil(filters.shape[2] * RATE_HZ / rate_hz))
    needed = max(direct.shape[2], early.shape[2], responses.late.shape[2]) + taps
    # Whole samples at both rates, so that the bins of both are the same frequencies.
    unit = RATE_HZ // gcd(RATE_HZ, rate_hz)
    length = unit * fast_length(-(-needed // unit))
    spectra = np.fft.rfft(filters, length * rate_hz // RATE_HZ, axis=2)[:, :, : length // 2 + 1]
    reflected = np.fft.rfft(early, length, axis=2) + np.fft.rfft(responses.late, length, axis=2)
    parts = [
        np.fft.irfft(np.einsum("edf,dif->eif", part, spectra), length, axis=2)
        for part in (np.fft.rfft(direct, length, axis=2), reflected)
    ]
    return ChannelResponses(parts[0], parts[1], LEAD_SAMPLES + round(modelling_delay_samples * RATE_HZ / rate_hz))

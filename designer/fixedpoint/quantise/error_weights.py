"""Weights over frequency of the error of the coefficients, for each path of the matrix.

An error of the coefficients adds an error E(f) to the response of a path.  It matters most in the band that the path
serves, where the ratios between drivers make a null or a beam.  There the weight is 1.  L and R serve the frequencies
up to the highest at which the target asks for cancellation.  C serves the beam's band and its fade.  Both end where the
driver's own band ends.  Elsewhere below 16 kHz an error only changes the timbre, and the weight is lower.  Above 16 kHz
the threshold of hearing lies more than 40 dB above that at 3 kHz (ISO 389-7), and the weight is lowest.

The mean over frequency of the logarithm of the error cannot fall (Gerzon & Craven, J. Audio Eng. Soc. 37, 1989, 391).
An error that leaves one band returns in another, and the unweighted error grows.  The two levels below set the
compromise for the shipped layouts.  In the served bands the error is 10 dB lower than with rounding.  In the rest of
the audible band it is about the same.  It is larger above 16 kHz.  White noise, in which all frequencies count alike,
must keep its signal-to-noise ratio (see `designer.fixedpoint.quantise.bank`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from designer.filters.bands import role_weights
from designer.filters.beam.design import beam_share
from designer.filters.stereo.crosstalk import target_curve_db
from designer.layout.model import Layout
from designer.layout.sections import INPUT_NAMES

# The autocorrelation of the weight must cover as many lags as the longest filter has taps, 2048.
_BINS = 4096
AUDIBLE_HZ = 16000.0
_AUDIBLE_DB = -15.0
_INAUDIBLE_DB = -27.0
# Width of the transition between two levels: filters of a few hundred taps cannot follow a step.
_RAMP_HZ = 500.0


@dataclass(frozen=True, eq=False)
class ErrorWeights:
    """Weights of the power of the coefficients' error.

    Attributes
    ----------
    frequencies_hz : (F,) float64
        Uniform from 0 Hz to half the sample rate, both included.
    power : (D, I, F) float64
        Above 0, at most 1.
    served : (D, I, F) bool
        The band that the path serves; reports call it in-band.
    """

    frequencies_hz: NDArray[np.float64]
    power: NDArray[np.float64]
    served: NDArray[np.bool_]

    def __post_init__(self) -> None:
        bins = self.frequencies_hz.size
        if self.power.ndim != 3 or self.power.shape != self.served.shape or self.power.shape[2] != bins:
            raise ValueError(f"power {self.power.shape} and served {self.served.shape}: allowed is (D, I, {bins})")
        if not np.all((self.power > 0) & (self.power <= 1)):
            raise ValueError("power: allowed is above 0, up to 1")


def error_weights(layout: Layout) -> ErrorWeights:
    """Weight the error of each path by its effect on nulls, beams and listeners.

    Outside the driver's band the weight falls, but not below the least weight of its frequency.

    Parameters
    ----------
    layout : Layout
        Gives the drivers' bands, the cancellation target and the beam's band.

    Returns
    -------
    ErrorWeights
        (D, 3, 4097), on the grid of a DFT of 8192 points.
    """
    frequencies = np.linspace(0.0, layout.sample_rate_hz / 2, _BINS + 1)
    # Bands are functions of log f; 0 Hz takes the value of the first bin.
    positive = np.maximum(frequencies, frequencies[1])
    heard_db = np.interp(frequencies, [AUDIBLE_HZ, AUDIBLE_HZ + _RAMP_HZ], [_AUDIBLE_DB, _INAUDIBLE_DB])
    heard = 10 ** (heard_db / 10)
    power, served = [], []
    for source in INPUT_NAMES:
        role: Literal["crosstalk", "beamformer"] = "beamformer" if source == "centre" else "crosstalk"
        top_hz = served_top_hz(layout, source)
        # (F, D): 1 within the driver's band, falling at 24 dB per octave outside of it.
        band = role_weights(layout, positive, role)
        served_db = np.interp(frequencies, [top_hz, top_hz + _RAMP_HZ], [0.0, _INAUDIBLE_DB])
        power.append(np.maximum(band**2 * 10 ** (served_db[:, None] / 10), heard[:, None]))
        served.append((frequencies[:, None] <= top_hz) & (band >= np.sqrt(0.5)))
    return ErrorWeights(frequencies, np.stack(power).transpose(2, 0, 1), np.stack(served).transpose(2, 0, 1))


def served_top_hz(layout: Layout, source: str) -> float:
    """Upper end of the band that an input's paths serve, at most 16 kHz.

    The lower end is the driver's own, because filters of a few hundred taps do not resolve the lowest 200 Hz.

    Parameters
    ----------
    layout : Layout
    source : 'left', 'right' or 'centre'

    Returns
    -------
    float
        Hz.  Without a null or a beam the whole audible band is served.
    """
    frequencies = np.linspace(0.0, AUDIBLE_HZ, _BINS + 1)[1:]
    if source == "centre":
        asked = beam_share(layout, frequencies) > 0
    else:
        asked = target_curve_db(layout.crosstalk.anechoic_target_gain_db, frequencies) > 0
    return float(frequencies[asked].max(initial=0.0)) or AUDIBLE_HZ

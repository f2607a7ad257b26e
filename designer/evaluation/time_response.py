"""Time response: pre-ringing, group delay, and flatness at the crossovers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import ear_plant, field_plant
from designer.acoustics.poses import HeadPoses
from designer.evaluation.plant import decibels, rounded
from designer.evaluation.records import PREFIXED, Curve, Record
from designer.filters.fir import spectra
from designer.filters.fitting.time_response import PEAK_S, audible
from designer.filters.reference import reference_pressure
from designer.layout.model import Layout

_DFT = 2048
_GUARD_S = 0.001
_GROUP_DELAY_BAND_HZ = (500.0, 8000.0)
# A crossover is where a driver's band begins or ends within this range.  It is evaluated over one octave.
_CROSSOVER_BAND_HZ = (100.0, 12000.0)


@dataclass(frozen=True, eq=False)
class TimeResponsePlant:
    """Transfer to the point of each channel: the left ear for L, the right ear for R, the head's centre for C.

    Attributes
    ----------
    layout : Layout
    """

    layout: Layout

    @cached_property
    def frequencies_hz(self) -> NDArray[np.float64]:
        """Lines of a DFT of 2048, without 0 Hz: (1024,) float64."""
        return np.asarray(np.fft.rfftfreq(_DFT, 1 / self.layout.sample_rate_hz)[1:], dtype=np.float64)

    @cached_property
    def transfer(self) -> NDArray[np.complex128]:
        """Pressure at the point of each channel, relative to the reference pressure: (F, 3, D)."""
        ears = ear_plant(self.layout, self.frequencies_hz, HeadPoses.nominal()).transfer
        centre = field_plant(self.layout, self.frequencies_hz, np.zeros((1, 3))).transfer
        reference = reference_pressure(self.layout, self.frequencies_hz)
        return np.concatenate([ears, centre], axis=1) / reference[:, None, None]


@dataclass(frozen=True, kw_only=True)
class ChannelTimeResponse(Record):
    """Time response of one channel.

    Attributes
    ----------
    pre_ringing_db : float
        Energy before the main peak over all energy, within the audible band.  The peak includes 0.1 ms around it.  A
        perfect impulse has −42 dB.
    pre_ringing_before_1_ms_db : float
        The same for energy more than 1 ms before the peak.
    arrival_ms : float
        Time of the peak, without the travel time of sound.
    """

    pre_ringing_db: float
    pre_ringing_before_1_ms_db: float
    arrival_ms: float


@dataclass(frozen=True, kw_only=True)
class TimeResponseFigures(Record):
    """Time responses at the listener.

    Attributes
    ----------
    left, right, centre : ChannelTimeResponse
    group_delay_spread_samples : float
        Largest less smallest group delay of all channels, octaves 500 Hz … 8 kHz.
    crossovers_hz : tuple of float
        Frequencies at which the band of a driver begins or ends.
    crossover_flatness_db : tuple of float
        Largest deviation of a channel from its mean within an octave around each.
    """

    left: ChannelTimeResponse = field(metadata=PREFIXED)
    right: ChannelTimeResponse = field(metadata=PREFIXED)
    centre: ChannelTimeResponse = field(metadata=PREFIXED)
    group_delay_spread_samples: float
    crossovers_hz: Curve
    crossover_flatness_db: Curve


def evaluate_time_response(
    layout: Layout, impulse_responses: NDArray[np.float64], plant: TimeResponsePlant | None = None
) -> TimeResponseFigures:
    """Compute the figures of the time response at the listener.

    Parameters
    ----------
    layout : Layout
    impulse_responses : (D, 3, N) float64
    plant : TimeResponsePlant, optional
        Of the same layout.

    Returns
    -------
    TimeResponseFigures
    """
    plant = plant or TimeResponsePlant(layout)
    frequencies = plant.frequencies_hz
    omega = 2 * np.pi * frequencies / layout.sample_rate_hz
    drive = spectra(impulse_responses, omega)
    heard = np.einsum("fcd,fdc->fc", plant.transfer, drive)
    share = audible(frequencies)
    left, right, centre = (
        _channel(
            np.fft.irfft(np.concatenate([heard[:1, channel].real, heard[:, channel] * share])), layout.sample_rate_hz
        )
        for channel in range(3)
    )
    crossovers = _crossovers_hz(layout)
    return TimeResponseFigures(
        left=left,
        right=right,
        centre=centre,
        group_delay_spread_samples=round(_group_delay_spread(frequencies, omega, heard), 3),
        crossovers_hz=rounded(np.array(crossovers)),
        crossover_flatness_db=rounded(np.array([_flatness_db(frequencies, heard, f) for f in crossovers])),
    )


def _channel(impulse: NDArray[np.float64], rate: int) -> ChannelTimeResponse:
    peak = int(np.argmax(np.abs(impulse[: _DFT // 2])))
    # Times before 0 lie at the end of the DFT.
    turned = np.roll(impulse, _DFT // 2 - peak) ** 2
    total, middle = turned.sum(), _DFT // 2
    own, guard = round(PEAK_S * rate), round(_GUARD_S * rate)
    return ChannelTimeResponse(
        pre_ringing_db=round(float(decibels(turned[: middle - own].sum() / total)), 3),
        pre_ringing_before_1_ms_db=round(float(decibels(turned[: middle - guard].sum() / total)), 3),
        arrival_ms=round(1000 * peak / rate, 4),
    )


def _group_delay_spread(
    frequencies: NDArray[np.float64], omega: NDArray[np.float64], heard: NDArray[np.complex128]
) -> float:
    """Slope of the phase, fitted over each octave of each channel."""
    phase = np.unwrap(np.angle(heard), axis=0)
    delays = []
    low, high = _GROUP_DELAY_BAND_HZ
    for centre in low * np.sqrt(2) * 2 ** np.arange(0, np.log2(high / low) - 0.99):
        chosen = np.abs(np.log2(frequencies / centre)) <= 0.5
        lines = omega[chosen] - omega[chosen].mean()
        delays.append(-(lines @ phase[chosen]) / np.sum(lines**2))
    return float(np.ptp(np.array(delays)))


def _crossovers_hz(layout: Layout) -> list[float]:
    edges = {edge for driver in layout.drivers for edge in driver.band_hz}
    return sorted(edge for edge in edges if _CROSSOVER_BAND_HZ[0] <= edge <= _CROSSOVER_BAND_HZ[1])


def _flatness_db(frequencies: NDArray[np.float64], heard: NDArray[np.complex128], crossover: float) -> float:
    """Largest deviation within half an octave to each side, smoothed over a third octave."""
    centres = crossover * 2 ** (np.arange(-6, 7) / 12)
    octaves = np.abs(np.log2(frequencies[:, None] / centres))
    # At 96 kHz the lines are so far apart that a low third octave may have none: its nearest stands for it.
    near = octaves <= np.maximum(1 / 6, octaves.min(axis=0))
    power = np.stack([np.mean(np.abs(heard[lines]) ** 2, axis=0) for lines in near.T])
    level = decibels(power)
    return float(np.abs(level - level.mean(axis=0)).max())

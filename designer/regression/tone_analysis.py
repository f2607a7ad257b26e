"""Figures of one channel from its response to tones, as AES17 defines them.

AES17 notches the fundamental out and measures what is left from 20 Hz to 20 kHz.  Here the fundamental is fitted by
least squares, which removes that one frequency only.  The power of the rest is summed over the spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal.windows import blackmanharris

TONE_HZ = 997.0  # AES17: prime, so that every code of the converter is met
BAND_HZ = (20.0, 20000.0)
FLOOR_DB = -300.0


@dataclass(frozen=True)
class Tone:
    """A tone as a channel returns it.

    Attributes
    ----------
    amplitude : float
        Peak of the fundamental, full scale 1.
    phase_rad : float
        Of the fundamental at the first sample, cosine phase.
    residual : (n,) float64
        What is left without fundamental and constant.
    """

    amplitude: float
    phase_rad: float
    residual: np.ndarray


def tone(frequency_hz: float, level_dbfs: float, samples: int, rate_hz: int) -> np.ndarray:
    """Sine of a peak level relative to full scale; (n,) float64."""
    return np.asarray(10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * np.arange(samples) / rate_hz))


def fit_tone(signal: np.ndarray, frequency_hz: float, rate_hz: int) -> Tone:
    """Split a signal into a sine of known frequency and the rest, by least squares.

    Parameters
    ----------
    signal : (n,) float64
        Settled: without the beginning that the filters have not filled yet.
    frequency_hz, rate_hz : float, int
    """
    angle = 2 * np.pi * frequency_hz * np.arange(signal.size) / rate_hz
    basis = np.stack([np.cos(angle), np.sin(angle), np.ones_like(angle)], axis=1)
    weights = np.linalg.lstsq(basis, signal, rcond=None)[0]
    cosine, sine = float(weights[0]), float(weights[1])
    return Tone(float(np.hypot(cosine, sine)), float(np.arctan2(-sine, cosine)), signal - basis @ weights)


def thd_n_db(signal: np.ndarray, rate_hz: int, frequency_hz: float = TONE_HZ) -> float:
    """THD+N: all but the fundamental over the whole, 20 Hz to 20 kHz (AES17), in decibels."""
    found = fit_tone(signal, frequency_hz, rate_hz)
    noise = band_rms(found.residual, rate_hz)
    return _db(noise / np.hypot(noise, found.amplitude / np.sqrt(2)))


def dynamic_range_db(signal: np.ndarray, rate_hz: int, full_scale: float, frequency_hz: float = TONE_HZ) -> float:
    """Dynamic range: full scale over what is left beside a tone at -60 dBFS, A-weighted (AES17).

    Parameters
    ----------
    signal : (n,) float64
        Response to the tone.
    rate_hz : int
    full_scale : float
        Peak of the response to a tone at 0 dBFS: the channel's gain at this frequency.
    frequency_hz : float
    """
    noise = band_rms(fit_tone(signal, frequency_hz, rate_hz).residual, rate_hz, weighted=True)
    return -_db(noise / (full_scale / np.sqrt(2)))


def band_rms(signal: np.ndarray, rate_hz: int, *, weighted: bool = False) -> float:
    """RMS from 20 Hz to 20 kHz, A-weighted on request; a Blackman-Harris window keeps what lies outside out."""
    window = blackmanharris(signal.size, sym=False)
    power = np.abs(np.fft.rfft(signal * window)) ** 2 * 2 / (signal.size * np.sum(window**2))
    frequency = np.fft.rfftfreq(signal.size, 1 / rate_hz)
    inside = (frequency >= BAND_HZ[0]) & (frequency <= min(BAND_HZ[1], rate_hz / 2))
    gain = a_weighting(frequency[inside]) if weighted else np.ones(int(inside.sum()))
    return float(np.sqrt(np.sum(power[inside] * gain**2)))


def a_weighting(frequency_hz: np.ndarray) -> np.ndarray:
    """Gain of the A-weighting, 1 at 1 kHz (IEC 61672-1:2013, annex E)."""
    f2 = np.asarray(frequency_hz, dtype=np.float64) ** 2

    def ra(square: np.ndarray | float) -> np.ndarray:
        bottom = (square + 20.598997**2) * np.sqrt((square + 107.65265**2) * (square + 737.86223**2))
        return np.asarray(12194.217**2 * square**2 / (bottom * (square + 12194.217**2)))

    return np.asarray(ra(f2) / ra(1000.0**2))


def spectrum_dbfs(signal: np.ndarray, rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """Amplitude spectrum in which a sine of peak 1 reads 0 dB: frequencies, levels."""
    window = blackmanharris(signal.size, sym=False)
    level = np.abs(np.fft.rfft(signal * window)) * 2 / np.sum(window)
    return np.fft.rfftfreq(signal.size, 1 / rate_hz), 20 * np.log10(np.maximum(level, 10 ** (FLOOR_DB / 20)))


def delay_samples(response: np.ndarray, reference: np.ndarray, band: tuple[float, float], rate_hz: int) -> float:
    """How much later one impulse response is than another, to fractions of a sample.

    The peak of the cross-correlation gives the whole samples.  The slope of the cross-spectrum's phase over a band,
    weighted by its magnitude, gives the rest.

    Parameters
    ----------
    response, reference : (n,) float64
    band : (float, float)
        Hertz.
    rate_hz : int
    """
    size = 4 * response.size
    ours, theirs = np.fft.rfft(response, size), np.fft.rfft(reference, size)
    cross = ours * np.conj(theirs)
    frequency = np.fft.rfftfreq(size, 1 / rate_hz)
    inside = (frequency >= band[0]) & (frequency <= band[1])
    correlation = np.fft.irfft(np.where(inside, cross, 0), size)
    coarse = int(np.argmax(np.abs(correlation)))
    coarse = coarse - size if coarse > size // 2 else coarse
    sign = np.sign(correlation[coarse])
    omega = 2 * np.pi * frequency[inside] / rate_hz
    rest = sign * cross[inside] * np.exp(1j * omega * coarse)
    weight = np.abs(rest)
    return float(coarse - np.sum(weight * omega * np.angle(rest)) / np.sum(weight * omega**2))


def _db(ratio: float) -> float:
    return float(20 * np.log10(max(ratio, 10 ** (FLOOR_DB / 20))))

"""What a driver adds to its model in all directions: resonances, delay, gain and polarity.

A measured field is split in two.  The larger part is the modelled field times one response of the driver, which is the
least-squares fit over all directions.  So noise averages out of it.  The rest is interpolated between directions, and
counts as far as it is not noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.directional import HIGHEST_PER_NYQUIST, DirectionalSet
from designer.acoustics.measured.window import DirectSound

# From frequencies (F,) and directions (Q, 3) to the model (F, Q) at 1 m, without travel time from the centre.
DirectionModel = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.complex128]]

_HIGHEST_HZ = 20000.0
# Band in which a driver has to resemble its model.
_TOLD_HZ = (100.0, 2000.0)
_MOST_LINES = 512
# Directions that the fit uses; more change nothing.
_MOST_DIRECTIONS = 400
# Least part of the energy that the model is taken to miss: 40 dB down.
_LEAST_REST = 1e-4
# Angle over which the rest and its noise are averaged.
_SMOOTH_DEG = 12.0
_BANDS_HZ = 1000.0 * 2.0 ** (np.arange(-10, 14) / 3)
# A rest whose noise is below this part of it counts whole.
_CLEAN = 0.02
# Noise so far below the sound is none, for people.
_CLEAN_DB = 20.0
# Deviations by which a rest has to exceed what noise leaves.
_SURE = 2.0


@dataclass(frozen=True, eq=False)
class DriverResponse:
    """Response of a driver relative to its model, and how far the rest of the measurement counts.

    Attributes
    ----------
    lines_hz : (L,) float64
        Even grid.
    delay_s : float
        Delay of the response.  It is taken out of ``values``.
    values : (L,) complex128
    variance : (L,) float64
        Of the values, by noise.
    bands_hz : (B,) float64
        Third octaves.
    directions : (S, 3) float64
        Where ``rest`` and ``noise`` are known.
    level, rest, noise : (B, S) float64
        Energy of the fit, of what it leaves without noise, and of the noise.
    loudness : (L,) float64
        Root of the energy in all directions, without noise, over that of the model.
    coherence : (L,) float64
        Part of the energy that the fit explains, 0 to 1.
    explained : float
        The same for the whole band in which delay and polarity are told.
    """

    lines_hz: NDArray[np.float64]
    delay_s: float
    values: NDArray[np.complex128]
    variance: NDArray[np.float64]
    bands_hz: NDArray[np.float64]
    directions: NDArray[np.float64]
    level: NDArray[np.float64]
    rest: NDArray[np.float64]
    noise: NDArray[np.float64]
    loudness: NDArray[np.float64]
    coherence: NDArray[np.float64]
    explained: float

    def at(self, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Response at frequencies (F,): (F,) complex128.  Outside of the lines it keeps its value."""
        real, imaginary = (
            np.interp(frequencies_hz, self.lines_hz, part) for part in (self.values.real, self.values.imag)
        )
        return np.asarray((real + 1j * imaginary) * np.exp(-2j * np.pi * frequencies_hz * self.delay_s))

    def towards(self, gain: float, delay_s: float) -> DriverResponse:
        """Bring the values nearer to one gain and delay, as far as what they differ by may be noise.

        This is the Wiener weight in third octaves.  Without noise nothing changes.

        Parameters
        ----------
        gain : float
            With its sign.
        delay_s : float
        """
        plain = gain * np.exp(-2j * np.pi * self.lines_hz * (delay_s - self.delay_s))
        off = self.values - plain
        bands = self.bands_hz
        seen = _band_means(self.lines_hz, np.stack([np.abs(off) ** 2, self.variance], axis=1), bands)
        true = np.maximum(seen[:, 0] - seen[:, 1], 0.0)
        share = true / np.maximum(true + seen[:, 1], 1e-300)
        share = np.where(share > 1 - _CLEAN, 1.0, share)
        wanted = np.interp(np.log(self.lines_hz), np.log(bands), share)
        return replace(self, values=plain + wanted * off)

    def share_of_rest(
        self, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Part of the rest that counts, 0 to 1: (F, Q) float64.

        It is the Wiener weight: the energy of the rest over that of rest and noise.
        """
        kernel = _kernel(directions, self.directions)
        rest, noise = self.rest @ kernel.T, self.noise @ kernel.T
        share = rest / np.maximum(rest + noise, 1e-300)
        return self._between_bands(np.where(share > 1 - _CLEAN, 1.0, share), frequencies_hz)

    def share_without_noise(
        self, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Part of the field that tells of the measurement and not of noise, 0 to 1: (F, Q) float64.

        It is 1 where noise is 20 dB down, and 0 where it is as loud as the sound.
        """
        kernel = _kernel(directions, self.directions)
        level, noise = self.level @ kernel.T, self.noise @ kernel.T
        above_db = 10 * np.log10(np.maximum(level, 1e-300) / np.maximum(noise, 1e-30 * level + 1e-300))
        return self._between_bands(np.clip(above_db / _CLEAN_DB, 0.0, 1.0), frequencies_hz)

    def _between_bands(self, share: NDArray[np.float64], frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Interpolate over the logarithm of frequency: (B, Q) to (F, Q)."""
        points = np.log(self.bands_hz)
        wanted = np.log(np.maximum(frequencies_hz, 1.0))
        upper = np.clip(np.searchsorted(points, wanted), 1, points.size - 1)
        part = np.clip((wanted - points[upper - 1]) / (points[upper] - points[upper - 1]), 0.0, 1.0)[:, None]
        return np.asarray((1 - part) * share[upper - 1] + part * share[upper])


def fit_driver(data: DirectionalSet, sound: DirectSound, model: DirectionModel) -> DriverResponse:
    """Fit the response of a driver over all directions.

    Parameters
    ----------
    data : DirectionalSet
        One channel, in directions that the model has.
    sound : DirectSound
        What ``data`` was made of.
    model : callable
        See `DirectionModel`.

    Returns
    -------
    DriverResponse
    """
    every = len(data.directions)
    rows = np.linspace(0, every - 1, min(every, _MOST_DIRECTIONS)).astype(int)
    highest = min(_HIGHEST_HZ, HIGHEST_PER_NYQUIST * data.sample_rate_hz / 2)
    seconds = data.responses.shape[2] / data.sample_rate_hz
    size = int(np.clip(2 * highest * seconds, 32, _MOST_LINES))
    lines = highest * (np.arange(size) + 1) / size
    measured = own_spectra(data, lines, rows)
    wanted = model(lines, data.directions[rows])
    power = np.sum(np.abs(wanted) ** 2, axis=1)
    response = np.sum(wanted.conj() * measured, axis=1) / power
    fitted = wanted * response[:, None]
    left = np.abs(measured - fitted) ** 2
    # Without the delay of the centroids, which may be far longer than the window, the rest lies within the window.
    coarse_s = float(np.median((data.delays_samples - data.travelled_samples)[rows])) / data.sample_rate_hz
    near = response * np.exp(2j * np.pi * lines * coarse_s)
    delay_s = coarse_s + peak_delay_s(lines, near * np.sqrt(power / len(rows)))[0]
    undelayed = response * np.exp(2j * np.pi * lines * delay_s)
    bands = _BANDS_HZ[(highest > _BANDS_HZ) & (lines[0] < _BANDS_HZ)]
    level = _band_means(lines, np.abs(fitted) ** 2, bands)
    noise = _noise(sound, bands, data.sample_rate_hz, len(rows))
    rest = _rest(lines, left, bands, noise, _kernel(data.directions[rows], data.directions[rows]))
    total, kept = np.sum(np.abs(measured) ** 2, axis=1), np.sum(np.abs(fitted) ** 2, axis=1)
    coherence = kept / np.maximum(total, 1e-300)
    noise_on_lines = np.interp(np.log(lines), np.log(bands), noise.mean(axis=1))
    clean = np.maximum(total - len(rows) * noise_on_lines, kept)
    # Octaves count alike.
    within = ((lines > _TOLD_HZ[0]) & (lines < _TOLD_HZ[1])) / lines
    explained = float(np.sum(within * kept) / max(np.sum(within * clean), 1e-300))
    variance, loudness = noise_on_lines / power, np.sqrt(clean / power)
    rest = np.maximum(rest, _LEAST_REST * level)
    return DriverResponse(
        lines,
        delay_s,
        undelayed,
        variance,
        bands,
        data.directions[rows],
        level,
        rest,
        noise,
        loudness,
        coherence,
        explained,
    )


def _noise(sound: DirectSound, bands_hz: NDArray[np.float64], rate_hz: float, directions: int) -> NDArray[np.float64]:
    """Energy of noise in third octaves: (B, S).  It is a mean over directions at 1 m, the same for all of them."""
    if sound.disturbance is None:
        return np.zeros((bands_hz.size, directions))
    grid = np.linspace(0.0, rate_hz / 2, sound.disturbance.size)
    return np.repeat(np.interp(bands_hz, grid, sound.disturbance)[:, None], directions, axis=1)


def _rest(
    lines_hz: NDArray[np.float64],
    left: NDArray[np.float64],
    bands_hz: NDArray[np.float64],
    noise: NDArray[np.float64],
    kernel: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Energy that a fit leaves, beyond what noise may leave: (B, S), negative where noise explains all of it."""
    # Noise alone leaves a rest that scatters about its mean, by the number of values that are averaged.
    count = 0.5 * _band_means(lines_hz, np.ones((lines_hz.size, 1)), bands_hz, total=True) / np.sum(kernel**2, axis=1)
    surplus = (_band_means(lines_hz, left, bands_hz) - noise) @ kernel.T
    return np.asarray(surplus - _SURE * noise / np.sqrt(np.maximum(count, 1.0)))


def own_spectra(
    data: DirectionalSet, frequencies_hz: NDArray[np.float64], rows: NDArray[np.int64]
) -> NDArray[np.complex128]:
    """Spectra of measurements without their travel time: (F, rows) complex128."""
    omega = 2 * np.pi * frequencies_hz / data.sample_rate_hz
    kernel = np.exp(-1j * omega[:, None] * np.arange(data.responses.shape[2]))
    return np.asarray(
        (kernel @ data.responses[rows, 0].T) * np.exp(1j * omega[:, None] * data.travelled_samples[rows, 0])
    )


def peak_delay_s(lines_hz: NDArray[np.float64], spectrum: NDArray[np.complex128]) -> tuple[float, float]:
    """Delay at which a spectrum on an even grid without 0 Hz has its peak in time, and the signed peak.

    Parameters
    ----------
    lines_hz : (L,) float64
        Multiples of their first.
    spectrum : (L,) complex128

    Returns
    -------
    delay_s : float
        Within half the period of the first line.
    peak : float
        Its sign is the polarity.
    """
    size = 1 << int(np.ceil(np.log2(16 * lines_hz.size)))
    taper = np.sin(np.pi * (np.arange(lines_hz.size) + 1) / (lines_hz.size + 1)) ** 2
    curve = np.fft.irfft(np.concatenate([[0.0], spectrum * taper]), size) * size
    top = int(np.abs(curve).argmax())
    before, at, after = (abs(curve[(top + step) % size]) for step in (-1, 0, 1))
    bend = before - 2 * at + after
    place = top + (0.5 * (before - after) / bend if bend < 0 else 0.0)
    period = 1.0 / lines_hz[0]
    delay = place / size * period
    return float(delay - period * np.round(delay / period)), float(curve[top])


def _kernel(at: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of known directions for others, Gaussian over the angle, rows of sum 1: (Q, S)."""
    cosines = np.clip(at @ known.T, -1.0, 1.0)
    angles = np.arccos(cosines)
    # Where all are far away, the nearest ones count.
    exponent = (angles**2 - angles.min(axis=1, keepdims=True) ** 2) / (2 * np.deg2rad(_SMOOTH_DEG) ** 2)
    weights = np.exp(-exponent)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _band_means(
    lines_hz: NDArray[np.float64], power: NDArray[np.float64], bands_hz: NDArray[np.float64], *, total: bool = False
) -> NDArray[np.float64]:
    """Mean, or total, of a power (L, S) over third octaves, at least of the nearest line: (B, S)."""
    means = []
    for centre in bands_hz:
        inside = (lines_hz >= centre * 2 ** (-1 / 6)) & (lines_hz < centre * 2 ** (1 / 6))
        inside[int(np.abs(lines_hz - centre).argmin())] = True
        means.append(power[inside].sum(axis=0) / (1 if total else np.count_nonzero(inside)))
    return np.stack(means)

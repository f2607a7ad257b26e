"""Test signals, as raw integers in the board's sample format."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from designer.dsp.engine import InjectionPoint
from designer.errors import LayoutError
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.fixedpoint.number_format import QFormat
from designer.fixedpoint.proof.worst_case import driver_input
from designer.render.audio_files import StereoReader

SEED = 20260214
MUSIC = Path("/usr/share/games/asc/music/frontiers.mp3")  # Debian package asc-music
MUSIC_START_S = 20.0
IMPULSES = 8


@dataclass(frozen=True, eq=False)
class Signal:
    """One test signal.

    Attributes
    ----------
    name : str
    injection_point : 'program' or 'filters'
        Where it enters.
    samples : (n, channels) int64
        Raw values in the board's sample format.
    """

    name: str
    injection_point: InjectionPoint
    samples: np.ndarray


def standard_signals(bank: FixedPointBank, music: Path | None = None) -> list[Signal]:
    """Build the test signals of the regression.

    Parameters
    ----------
    bank : FixedPointBank
        Gives the sample format, the sample rate, and the filters for which the worst case is computed.
    music : Path, optional
        Mono or stereo audio file.  By default, one second of a piece from the Debian package asc-music.

    Returns
    -------
    list of Signal
        Impulses at each input, noise, the worst case of every driver, program noise, full scale, a sweep and music.

    Raises
    ------
    LayoutError
        If the audio file cannot be read, has more than two channels, is empty or holds values that are not finite.
    """
    rate, word = bank.sample_rate_hz, bank.number_format.sample
    rng = np.random.default_rng(SEED)
    signals = [Signal(f"impulse_{name}", "filters", _impulse(bank, i)) for i, name in enumerate(bank.input_names)]
    noise = word.quantise(rng.uniform(-0.5, 0.5, (rate // 4, 3)))
    signals.append(Signal("noise", "filters", noise))
    signals.append(Signal("worst_case", "filters", _worst_case(bank)))
    program_noise = word.quantise(rng.uniform(-0.5, 0.5, (rate // 8, 2)))
    signals.append(Signal("program_noise", "program", program_noise))
    full = rng.choice(np.array([word.smallest, word.largest]), (rate // 16, 2))
    signals.append(Signal("full_scale", "program", full))
    signals.append(Signal("sweep", "program", _sweep(rate, rate // 4, word)))
    signals.append(Signal("music", "program", word.quantise(_read_music(music, rate))))
    return signals


def _response_samples(bank: FixedPointBank) -> int:
    return bank.history_samples + 1 + bank.limiter.delay_samples


def _impulse(bank: FixedPointBank, channel: int) -> np.ndarray:
    """Impulses of falling height.  Each is followed by silence for the length of its response."""
    heights = impulse_heights(bank)
    samples = np.zeros((heights.size, _response_samples(bank), len(bank.input_names)), dtype=np.int64)
    samples[:, 0, channel] = heights
    return samples.reshape(-1, len(bank.input_names))


def impulse_heights(bank: FixedPointBank) -> np.ndarray:
    """Raw heights of the K impulses of a test signal: (K,) int64, from full scale down to about 0.8 of it.

    All heights are lower where a limiter would otherwise reduce a response.  Each height is rounded differently at the
    output.  So K impulses give the response with an error that is √K times smaller than that of one.
    """
    # Half a step is left for rounding.
    peaks = np.abs(dequantised_impulse_responses(bank)).max(axis=(1, 2))
    reachable = ((np.array(bank.limiter.limits) - 0.5) / np.maximum(peaks, 1e-12)).min()
    largest = int(min(bank.number_format.sample.largest, reachable))
    return np.array([largest - k * (largest // 37) for k in range(IMPULSES)], dtype=np.int64)


def read_response(bank: FixedPointBank, output: np.ndarray) -> np.ndarray:
    """Estimate impulse responses by least squares over the impulses of one test signal.

    Parameters
    ----------
    bank : FixedPointBank
    output : (K n, D) integers
        Output of the board for a signal of K impulses, raw.

    Returns
    -------
    (n, D) float64
        Without the limiters' delay; in LSB for an input of one LSB.
    """
    heights = impulse_heights(bank).astype(np.float64)
    repeats = np.asarray(output, dtype=np.float64).reshape(heights.size, -1, output.shape[1])
    mean = np.einsum("k,knd->nd", heights, repeats) / float(heights @ heights)
    return np.asarray(mean[bank.limiter.delay_samples :])


def _worst_case(bank: FixedPointBank) -> np.ndarray:
    """Full scale with the signs of the filters, driver by driver.  The output then reaches the bound of the proof."""
    parts = []
    for driver in range(len(bank.driver_names)):
        part = driver_input(bank, driver)
        parts += [part, np.zeros_like(part)]
    return np.concatenate(parts)


def _sweep(rate: int, count: int, word: QFormat) -> np.ndarray:
    """Logarithmic sweep from 20 Hz to 20 kHz at -6 dBFS: upward on the left, downward on the right."""
    seconds, low, high = count / rate, 20.0, min(20000.0, 0.45 * rate)
    t = np.arange(count) / rate
    octave = np.log(high / low)
    up = 0.5 * np.sin(2 * np.pi * low * seconds / octave * np.expm1(t / seconds * octave))
    return word.quantise(np.stack([up, up[::-1]], axis=1))


def _read_music(path: Path | None, rate: int) -> np.ndarray:
    """One second of the default piece, or the whole of a given file: (n, 2) float64 at the board's rate."""
    if path is not None:
        with closing(StereoReader(path, rate)) as given:
            return np.concatenate(list(given.pieces()))
    try:
        with soundfile.SoundFile(MUSIC) as reader:
            reader.seek(int(MUSIC_START_S * reader.samplerate))
            native = reader.samplerate
            music = reader.read(native, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise LayoutError(f"'{MUSIC}': cannot be read as audio: {error}: give a file with --input") from error
    if native != rate:
        from scipy.signal import resample_poly

        music = resample_poly(music, rate, native)
    return np.asarray(np.clip(music, -1.0, 1.0))

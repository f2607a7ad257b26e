"""Audio measurements (AES17) of the board's own output, compared with the design.

Tones enter at the filter input, because the filters are linear.  The measured path is the loudest one at the frequency
of the tone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from designer.board.session import Board
from designer.design.model import Design
from designer.regression.tone_analysis import (
    TONE_HZ,
    delay_samples,
    dynamic_range_db,
    fit_tone,
    spectrum_dbfs,
    thd_n_db,
    tone,
)

THD_LEVEL_DBFS = -1.0
DYNAMIC_RANGE_LEVEL_DBFS = -60.0
# Least peak of the output at which linearity is measured.  Below it, an output without dither is not linear on average.
LEAST_OUTPUT_LSB = 32
LEVEL_STEP_DB = {16: 10, 32: 20}
TONE_S = 0.25
DELAY_BAND_HZ = (300.0, 4000.0)
# Paths are compared where they are audible: within 40 dB of their own peak.
RESPONSE_FLOOR_DB = -40.0
SEED = 17


@dataclass(frozen=True, eq=False)
class Metrics:
    """Figures of one run, and the curves behind them.

    Attributes
    ----------
    figures : dict of str to float
        By name.  The unit is at the end of the name.
    curves : dict
        ``response`` has frequencies and, for each path, the levels of board and design.  ``spectrum`` is that of the
        tone at -1 dBFS.  ``linearity`` has levels and deviations.  Frequencies are in hertz, levels in decibels.
    """

    figures: dict[str, float]
    curves: dict[str, Any]


def measure(
    design: Design,
    board: Board,
    responses: np.ndarray,
    progress: Callable[[str], None] = lambda name: None,
) -> Metrics:
    """Measure with tones, and compare the impulse responses with those of the design.

    Parameters
    ----------
    design : Design
    board : Board
        Open.
    responses : (D, I, N) float64
        The board's impulse responses.
    progress : callable
        Called with the name of each measurement as it starts.

    Raises
    ------
    HilError
        If the board does not answer.
    """
    progress("responses and delays")
    curves: dict[str, Any] = {"response": _response_curves(design, responses)}
    figures = {"response_deviation_db": _response_deviation(design, responses), **_delays(design, responses)}
    bench = _Bench(design, board)
    progress("THD+N")
    loud = bench.run(bench.level_dbfs)
    figures["thd_n_db"] = thd_n_db(loud, bench.rate)
    frequency, level = spectrum_dbfs(loud, bench.rate)
    curves["spectrum"] = {"frequency_hz": frequency.tolist(), "level_dbfs": level.tolist()}
    full_scale = fit_tone(loud, TONE_HZ, bench.rate).amplitude * 10 ** (-bench.level_dbfs / 20)
    progress("dynamic range")
    figures["dynamic_range_db"] = dynamic_range_db(bench.run(DYNAMIC_RANGE_LEVEL_DBFS), bench.rate, full_scale)
    progress("level linearity")
    least = 20 * np.log10(LEAST_OUTPUT_LSB * bench.word.lsb / full_scale)
    top = min(-10, int(np.floor(bench.level_dbfs)))
    levels = list(range(top, int(np.floor(least)), -LEVEL_STEP_DB[bench.word.bits])) or [top]
    found = [fit_tone(bench.run(level), TONE_HZ, bench.rate).amplitude for level in levels]
    deviation = [float(20 * np.log10(a / full_scale) - x) for a, x in zip(found, levels, strict=True)]
    figures["level_linearity_db"] = max(map(abs, deviation))
    curves["linearity"] = {"level_dbfs": levels, "deviation_db": deviation}
    progress("silence")
    figures["idle_noise_lsb"] = bench.idle()
    return Metrics(figures, curves)


class _Bench:
    """One path of the board, to be measured with tones."""

    def __init__(self, design: Design, board: Board) -> None:
        self.board = board
        self.rate = design.layout.sample_rate_hz
        self.word = design.fixed.number_format.sample
        responses = design.bank.impulse_responses
        self._settle = responses.shape[2] + design.fixed.limiter.delay_samples
        phasor = np.exp(-2j * np.pi * TONE_HZ * np.arange(responses.shape[2]) / self.rate)
        gains = np.abs(responses @ phasor)
        self._driver, self._bus = (int(n) for n in np.unravel_index(int(np.argmax(gains)), gains.shape))
        # The tone must stay below the limiters, as only the filters are measured.  6 dB are left for its onset.
        limits = np.array(design.fixed.limiter.limits) * self.word.lsb
        free_db = 20 * np.log10(np.min(limits / np.maximum(gains[:, self._bus], 1e-9))) - 6.0
        self.level_dbfs = float(min(THD_LEVEL_DBFS, free_db))

    def run(self, level_dbfs: float) -> np.ndarray:
        """Measure the settled response of the path to a tone: (n,) float64, full scale 1.

        A tone of 16 bits has triangular dither (AES17).  Without it, its own rounding would be measured as distortion.
        """
        count = self._settle + round(TONE_S * self.rate)
        signal = tone(TONE_HZ, level_dbfs, count, self.rate)
        if self.word.bits == 16:
            rng = np.random.default_rng(SEED)
            signal = signal + (rng.random(count) - rng.random(count)) * self.word.lsb
        samples = np.zeros((count, 3), dtype=np.int64)
        samples[:, self._bus] = self.word.quantise(np.clip(signal, -1.0, 1.0))
        output = self.board.process(samples, "filters")[self._settle :, self._driver]
        return np.asarray(output * self.word.lsb)

    def idle(self) -> float:
        """Largest output without input, in LSB."""
        return float(np.abs(self.board.process(np.zeros((self._settle, 3), dtype=np.int64), "filters")).max(initial=0))


def _padded(responses: np.ndarray, samples: int) -> np.ndarray:
    return np.pad(responses, ((0, 0), (0, 0), (0, max(0, samples - responses.shape[2]))))


def _both(design: Design, responses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    length = max(responses.shape[2], design.bank.impulse_responses.shape[2])
    return _padded(responses, length), _padded(design.bank.impulse_responses, length)


def _level_db(values: np.ndarray) -> np.ndarray:
    return np.asarray(20 * np.log10(np.maximum(np.abs(values), 1e-15)))


def _response_deviation(design: Design, responses: np.ndarray) -> float:
    """Largest deviation of a path's magnitude from the float design, where the path is audible; decibels."""
    board, float_design = (_level_db(np.fft.rfft(r, 4 * r.shape[2])) for r in _both(design, responses))
    peak = float_design.max(axis=2, keepdims=True)
    heard = (float_design > peak + RESPONSE_FLOOR_DB) & (peak > -200.0)
    return float(np.max(np.abs(board - float_design)[heard], initial=0.0))


def _response_curves(design: Design, responses: np.ndarray) -> dict[str, Any]:
    board, float_design = _both(design, responses)
    rate, size = design.layout.sample_rate_hz, 4 * board.shape[2]
    grid = np.geomspace(50.0, min(20000.0, 0.48 * rate), 120)
    kernel = np.exp(-2j * np.pi * np.outer(np.arange(board.shape[2]), grid) / rate)
    paths = {}
    for d, driver in enumerate(design.bank.driver_names):
        for i, name in enumerate(design.bank.input_names):
            if float_design[d, i].any():
                paths[f"{driver} <- {name}"] = {
                    "board_db": _level_db(board[d, i] @ kernel).tolist(),
                    "design_db": _level_db(float_design[d, i] @ kernel).tolist(),
                }
    return {"frequency_hz": grid.tolist(), "paths": paths, "fft_samples": size}


def _delays(design: Design, responses: np.ndarray) -> dict[str, float]:
    """Latency of the loudest path, and the worst error of the delay between two drivers of one input, in samples."""
    board, float_design = _both(design, responses)
    loudest = np.unravel_index(int(np.argmax(np.abs(float_design))), float_design.shape)
    rate, errors = design.layout.sample_rate_hz, [0.0]
    for i in range(board.shape[1]):
        energy = np.sum(float_design[:, i] ** 2, axis=1)
        heard = np.flatnonzero(energy > energy.max() * 10 ** (RESPONSE_FLOOR_DB / 10))
        for d in heard[1:]:
            ours = delay_samples(board[d, i], board[heard[0], i], DELAY_BAND_HZ, rate)
            theirs = delay_samples(float_design[d, i], float_design[heard[0], i], DELAY_BAND_HZ, rate)
            errors.append(abs(ours - theirs))
    return {
        "latency_samples": float(np.argmax(np.abs(board[loudest[0], loudest[1]])) + design.fixed.limiter.delay_samples),
        "inter_channel_delay_error_samples": max(errors),
    }

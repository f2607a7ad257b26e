"""Error of the board against float64 over time and over frequency, for plots."""

from __future__ import annotations

from typing import Any

import numpy as np

from designer.design.model import Design
from designer.dsp.engine import FloatEngine
from designer.dsp.limiter import Limiter
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.regression.signals import Signal

_POINTS = 200
_SEGMENT = 1024


def error_curves(design: Design, signal: Signal, output: np.ndarray) -> dict[str, Any]:
    """Levels of output and error of each driver over frequency, and the largest error over time.

    Parameters
    ----------
    design : Design
    signal : Signal
        The test signal.
    output : (n, D) integers
        Output of the board for this signal, raw.

    Returns
    -------
    dict
        ``frequency_hz`` and ``time_s`` are the axes.  ``drivers`` has for each driver ``output_dbfs`` and
        ``error_dbfs`` over frequency (Hann window, averaged), and ``error_lsb`` over time.
    """
    word, rate = design.fixed.number_format.sample, design.layout.sample_rate_hz
    model = PipelineModel(design.fixed)
    model.process(signal.samples, signal.injection_point)
    limiter = Limiter(design.fixed.limiter.as_float(design.fixed.number_format), model.limiter_decisions)
    engine = FloatEngine(design.bank.impulse_responses, word.largest * word.lsb, model.decisions, limiter)
    reference = engine.process(word.to_float(signal.samples), signal.injection_point)
    error = word.to_float(output) - reference
    count = error.shape[0] // _POINTS * _POINTS
    drivers = {}
    for d, name in enumerate(design.bank.driver_names):
        drivers[name] = {
            "output_dbfs": _spectrum(reference[:, d]),
            "error_dbfs": _spectrum(error[:, d]),
            "error_lsb": np.abs(error[:count, d] / word.lsb).reshape(_POINTS, -1).max(axis=1).tolist(),
        }
    return {
        "frequency_hz": np.fft.rfftfreq(_SEGMENT, 1 / rate).tolist()[1:],
        "time_s": (np.arange(_POINTS) * (count // _POINTS) / rate).tolist(),
        "drivers": drivers,
    }


def _spectrum(x: np.ndarray) -> list[float]:
    """Mean level of each bin but the first; a sine of peak 1 has 0 dB."""
    window = np.hanning(_SEGMENT)
    segments = x[: x.size // _SEGMENT * _SEGMENT].reshape(-1, _SEGMENT) * window
    power = np.mean(np.abs(np.fft.rfft(segments, axis=1)) ** 2, axis=0) * 4 / np.sum(window) ** 2
    return [float(v) for v in 10 * np.log10(np.maximum(power[1:], 1e-30))]

"""The figures that the history keeps of each run, which direction is better, and how much worse is accepted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from designer.toolchain.boards import BOARDS, find_board

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Figure:
    """A figure that has a history.

    Attributes
    ----------
    name : str
        With its unit at the end.
    unit : str
        The unit as reports write it.
    meaning : str
    better : 'higher' or 'lower'
    margin : float
        How much worse than the baseline the figure may be: in its own unit, or, where `relative`, as a part of the
        baseline.
    relative : bool
    """

    name: str
    unit: str
    meaning: str
    better: Better
    margin: float
    relative: bool = False

    def limit(self, baseline: float) -> float:
        """Compute the worst value that is accepted as no worse than the baseline."""
        allowed = self.margin * abs(baseline) if self.relative else self.margin
        return baseline - allowed if self.better == "higher" else baseline + allowed

    def is_worse(self, value: float, baseline: float) -> bool:
        """Whether a value is worse than the baseline by more than the margin."""
        limit = self.limit(baseline)
        return value < limit if self.better == "higher" else value > limit


# Runs are deterministic, so a figure of one design never moves by itself.  A new design, compiler or firmware may move
# figures.  The margins say which changes are accepted.
FIGURES = (
    Figure("noise_snr_db", "dB", "filters on noise at -6 dBFS against float64", "higher", 0.5),
    Figure("noise_max_error_lsb", "LSB", "the same, largest error", "lower", 0.5),
    Figure("music_snr_db", "dB", "whole program path on music against float64", "higher", 0.5),
    Figure("response_deviation_db", "dB", "path magnitudes against float64, within 40 dB of their peak", "lower", 0.01),
    Figure("thd_n_db", "dB", "997 Hz at -1 dBFS, 20 Hz to 20 kHz", "lower", 0.5),
    Figure("dynamic_range_db", "dB(A)", "997 Hz at -60 dBFS, A-weighted", "higher", 0.5),
    Figure("level_linearity_db", "dB", "deviation of the gain over level", "lower", 0.05),
    Figure("idle_noise_lsb", "LSB", "largest output without input", "lower", 0.0),
    Figure("latency_samples", "samples", "to the peak of the loudest path", "lower", 0.0),
    Figure("inter_channel_delay_error_samples", "samples", "between drivers, against float64", "lower", 0.001),
    Figure("cancellation_gain_db", "dB", "mean of left and right, 1 to 5 kHz, at the ears", "higher", 0.2),
    Figure("virtual_itd_error_us", "µs", "left and right virtual source against the target", "lower", 5.0),
    Figure("null_depth_db", "dB", "mean depth of the centre's nulls", "higher", 0.5),
    Figure("instructions_per_frame", "instructions", "whole pipeline, a frame", "lower", 0.01, relative=True),
    Figure("load_percent", "%", "of the core's clock at 1.25 cycles an instruction", "lower", 0.01, relative=True),
    Figure("flash_bytes", "bytes", "image", "lower", 0.02, relative=True),
    Figure("ram_bytes", "bytes", "image, static", "lower", 0.02, relative=True),
)
BY_NAME = {figure.name: figure for figure in FIGURES}

_CYCLES_PER_INSTRUCTION = 1.25
_BAND_HZ = (900.0, 5100.0)
# Keys of the acoustic figures in `hil.json`, left and right channel.
_CANCELLATION_GAINS = ("left_cancellation_gain_db", "right_cancellation_gain_db")
_TIME_DIFFERENCES = ("left_itd_us", "right_itd_us")


def collect(report: dict[str, Any], block_samples: int, sample_rate_hz: int) -> dict[str, float]:
    """Pick the figures out of a report (`hil.json`); what was not measured is left out.

    Parameters
    ----------
    report : dict
    block_samples, sample_rate_hz : int
    """
    found: dict[str, float | None] = {}
    signals = report.get("signals", {})
    found["noise_snr_db"] = signals.get("noise", {}).get("snr_db")
    found["noise_max_error_lsb"] = signals.get("noise", {}).get("max_error_lsb")
    found["music_snr_db"] = signals.get("music", {}).get("snr_db")
    found |= (report.get("metrics") or {}).get("figures", {})
    found |= dict(_acoustic(report.get("acoustics") or {}))
    if (instructions := report.get("instructions_per_block")) is not None:
        found["instructions_per_frame"] = instructions / block_samples
        cycles = instructions / block_samples * _CYCLES_PER_INSTRUCTION * sample_rate_hz
        found["load_percent"] = 100 * cycles / _core_hz(str(report.get("board")))
    found |= report.get("image") or {}
    return {name: float(value) for name in BY_NAME if (value := found.get(name)) is not None and math.isfinite(value)}


def _core_hz(board_name: str) -> int:
    """Frequency of a board's core; of the STM32F405 where the name tells no board."""
    named = [board for board in BOARDS.values() if board.name in board_name]
    return (named[0] if named else find_board("stm32f405")).core_hz


def _acoustic(figures: dict[str, Any]) -> Iterator[tuple[str, float]]:
    cancellation, beam = figures.get("cancellation", {}), figures.get("beam", {})
    gains = [
        value
        for key in _CANCELLATION_GAINS
        for f, value in zip(cancellation.get("band_centres_hz", []), cancellation.get(key, []), strict=False)
        if value is not None and _BAND_HZ[0] <= f <= _BAND_HZ[1]
    ]
    if gains:
        yield "cancellation_gain_db", sum(gains) / len(gains)
    target = cancellation.get("target_itd_us")
    errors = [
        abs(abs(cancellation[key]) - abs(target))
        for key in _TIME_DIFFERENCES
        if target is not None and cancellation.get(key) is not None
    ]
    if errors:
        yield "virtual_itd_error_us", max(errors)
    if beam.get("mean_null_depth_db") is not None:
        yield "null_depth_db", beam["mean_null_depth_db"]

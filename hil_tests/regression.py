"""One regression run: every signal through the board, the three comparisons, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from designer.pipeline import Design
from designer.report.scorecard import acoustic_figures
from hil_tests.acoustics import AcousticDeviation, compare_acoustics
from hil_tests.board import Board
from hil_tests.compare import SignalReport, compare
from hil_tests.locate import locate_streamed
from hil_tests.signals import Signal, read_response


@dataclass(frozen=True)
class HilReport:
    """Everything that one run showed.

    Attributes
    ----------
    layout, board, digest, arithmetic : str
    seconds_of_audio : float
        Per channel, all signals.
    signals : tuple of SignalReport
    acoustics : dict
        Figures recomputed from the board's impulse responses.
    deviations : tuple of AcousticDeviation
        The same beside those of the float design.
    instructions_per_block : int or None
        Of the pipeline, where the board can count them.
    image : dict
        Flash and RAM bytes.
    status : dict
        The board's own counters at the end.
    """

    layout: str
    board: str
    digest: str
    arithmetic: str
    seconds_of_audio: float
    signals: tuple[SignalReport, ...]
    acoustics: dict[str, Any]
    deviations: tuple[AcousticDeviation, ...]
    instructions_per_block: int | None
    image: dict[str, int]
    status: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether every signal and every acoustic figure is within its bounds."""
        return all(signal.passed for signal in self.signals) and all(d.passed for d in self.deviations)

    def faults(self) -> list[str]:
        """List what is out of bounds, one line each."""
        lines = []
        for s in self.signals:
            if not s.bit_exact:
                where = "it came out right when run again" if s.located is None else f"located: {s.located}"
                lines.append(f"signal '{s.name}': board differs from twin: {s.first_difference}; {where}")
            if not s.within_bound:
                lines.append(f"signal '{s.name}': error {s.max_error_lsb:.3g} LSB beyond its bound")
            if s.snr_db < s.snr_limit_db:
                lines.append(f"signal '{s.name}': SNR {s.snr_db:.1f} dB, required {s.snr_limit_db:.1f} dB")
        lines += [
            f"{d.figure}: board {d.board:.2f}, design {d.design:.2f}, allowed deviation {d.allowed:g}"
            for d in self.deviations
            if not d.passed
        ]
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "layout": self.layout,
            "board": self.board,
            "digest": self.digest,
            "arithmetic": self.arithmetic,
            "verdict": "pass" if self.passed else "fail",
            "faults": self.faults(),
            "seconds_of_audio": self.seconds_of_audio,
            "instructions_per_block": self.instructions_per_block,
            "image": self.image,
            "signals": {signal.name: signal.to_dict() for signal in self.signals},
            "acoustics": self.acoustics,
            "acoustic_deviations": [d.to_dict() for d in self.deviations],
            "status": self.status,
        }


def run_regression(
    design: Design,
    board: Board,
    signals: Sequence[Signal],
    *,
    instructions_per_block: int | None = None,
    image: dict[str, int] | None = None,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> HilReport:
    """Run every signal from reset and compare.

    Parameters
    ----------
    design : Design
        Its digest is what the board must show; the board checks it when it opens.
    board : Board
        Open.
    signals : sequence of Signal
    instructions_per_block : int, optional
        As measured beforehand.
    image : dict, optional
        ``flash_bytes`` and ``ram_bytes``.
    progress : callable
        Told the signal's name, the samples done and the samples in all.
    """
    reports, responses, done = [], {}, 0
    total = sum(signal.samples.shape[0] for signal in signals)
    for signal in signals:
        progress(signal.name, done, total)
        output = board.process(signal.samples, signal.entry)
        done += signal.samples.shape[0]
        report = compare(signal, output, design.bank, design.fixed)
        if report.first_difference_sample is not None:
            # Streamed again up to there: the board is looked into, stage by stage.
            where = locate_streamed(board, design.fixed, signal.samples, signal.entry, report.first_difference_sample)
            report = replace(report, located=where)
        reports.append(report)
        if signal.name.startswith("impulse_"):
            responses[signal.name.removeprefix("impulse_")] = read_response(design.fixed, output)
    progress("", done, total)
    measured = np.stack([responses[name] for name in design.bank.input_names], axis=2).transpose(1, 2, 0)
    figures = acoustic_figures(design.layout, measured)
    expected = acoustic_figures(design.layout, design.designed.impulse_responses)
    return HilReport(
        design.layout.name,
        board.name,
        design.digest,
        design.fixed.arithmetic,
        done / design.layout.sample_rate_hz,
        tuple(reports),
        figures,
        tuple(compare_acoustics(figures, expected)),
        instructions_per_block,
        image or {},
        board.status(),
    )

"""Results of a regression run: signals, comparisons, faults and the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from designer.regression.compare_acoustics import AcousticDeviation
from designer.regression.compare_generated import GeneratedReport
from designer.regression.compare_played import PlayedReport
from designer.regression.compare_streamed import SignalReport
from designer.regression.measurements import Metrics


@dataclass(frozen=True)
class FaultCount:
    """One kind of fault that the test put on the line.

    Attributes
    ----------
    kind : str
    injected : int
        Number of faults.
    noticed : dict of str to int
        Counters of board and host that changed, by name.
    recovered : bool
        The next session worked, and every sample was right.
    """

    kind: str
    injected: int
    noticed: dict[str, int]
    recovered: bool


@dataclass(frozen=True)
class HilReport:
    """All results of one run.

    Attributes
    ----------
    layout, board, digest, number_format : str
    seconds_of_audio : float
        Of all signals together.
    signals : tuple of SignalReport
    acoustics : dict
        Figures recomputed from the board's impulse responses.
    deviations : tuple of AcousticDeviation
        Each of these figures against the float design.
    instructions_per_block : int or None
        Of the pipeline; None if the board cannot count instructions.
    image : dict
        Bytes of flash, RAM and stack.
    status : dict
        The board's own counters at the end.
    generated : tuple of GeneratedReport
        Results of signals that the board generated itself.
    played : tuple of PlayedReport
        Results of signals that went through the converters of a virtual board.
    metrics : Metrics or None
    injected : tuple of FaultCount
        Faults that were put on the line.
    not_measured : dict
        Reason by name of each measurement that is missing.
    curves : dict
        Curves for plots.
    semihosting_times_real_time : dict
        Speed over semihosting by signal, in multiples of real time.
    wall_s : float
    worsened : tuple of str
        Figures worse than the baseline by more than their margins.
    failed_tests : dict
        Message by name of each failed test.
    """

    layout: str
    board: str
    digest: str
    number_format: str
    seconds_of_audio: float
    signals: tuple[SignalReport, ...]
    acoustics: dict[str, Any]
    deviations: tuple[AcousticDeviation, ...]
    instructions_per_block: int | None
    image: dict[str, int]
    status: dict[str, Any]
    generated: tuple[GeneratedReport, ...] = ()
    played: tuple[PlayedReport, ...] = ()
    metrics: Metrics | None = None
    injected: tuple[FaultCount, ...] = ()
    not_measured: dict[str, str] = field(default_factory=dict)
    curves: dict[str, Any] = field(default_factory=dict)
    semihosting_times_real_time: dict[str, float] = field(default_factory=dict)
    wall_s: float = 0.0
    worsened: tuple[str, ...] = ()
    failed_tests: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every signal and every acoustic figure is within its bounds."""
        return self.within_bounds and not self.worsened

    @property
    def within_bounds(self) -> bool:
        """As `passed`, without the comparison with earlier runs."""
        return (
            all(signal.passed for signal in self.signals)
            and all(d.passed for d in self.deviations)
            and all(report.bit_exact for report in self.generated)
            and all(report.passed for report in self.played)
            and all(fault.recovered for fault in self.injected)
            and not self.failed_tests
        )

    def faults(self) -> list[str]:
        """List everything that is out of bounds, one line each."""
        lines = []
        for s in self.signals:
            if not s.bit_exact:
                where = "the second run was right" if s.located is None else f"located: {s.located}"
                lines.append(f"signal '{s.name}': board differs from model: {s.first_difference}; {where}")
            if not s.within_bound:
                lines.append(f"signal '{s.name}': error {s.max_error_lsb:.3g} LSB beyond its bound")
            if s.snr_db < s.snr_limit_db:
                lines.append(f"signal '{s.name}': SNR {s.snr_db:.1f} dB, required {s.snr_limit_db:.1f} dB")
        lines += [
            f"{d.figure}: board {d.board:.2f}, design {d.design:.2f}, allowed deviation {d.allowed:g}"
            for d in self.deviations
            if not d.passed
        ]
        lines += [f"generated '{g.signal}' ({g.injection_point}): {g.fault}" for g in self.generated if not g.bit_exact]
        lines += [f"played '{p.signal}': {p.explanation}" for p in self.played if not p.passed]
        lines += [f"fault '{f.kind}': not recovered from" for f in self.injected if not f.recovered]
        lines += [f"test '{name}' failed: {why}" for name, why in self.failed_tests.items()]
        lines += [f"worse than the baseline: {line}" for line in self.worsened]
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "layout": self.layout,
            "board": self.board,
            "digest": self.digest,
            "arithmetic": self.number_format,
            "verdict": "pass" if self.passed else "fail",
            "faults": self.faults(),
            "seconds_of_audio": self.seconds_of_audio,
            "instructions_per_block": self.instructions_per_block,
            "image": self.image,
            "signals": {signal.name: signal.to_dict() for signal in self.signals},
            "acoustics": self.acoustics,
            "acoustic_deviations": [d.to_dict() for d in self.deviations],
            "status": self.status,
            "generated": [g.to_dict() for g in self.generated],
            "played": [p.to_dict() for p in self.played],
            "metrics": None if self.metrics is None else {"figures": self.metrics.figures},
            "injected_faults": [asdict(fault) for fault in self.injected],
            "not_measured": self.not_measured,
            "fast_lane_times_real_time": self.semihosting_times_real_time,
            "wall_s": self.wall_s,
            "worsened": list(self.worsened),
            "failed_tests": self.failed_tests,
        }

"""One regression on one board.  Each part is measured once, when it is first asked for.

Both pytest (`hil_tests/test_*.py`) and ``proscenium hil`` use it, and their reports have the same form.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from designer.board.open import QemuBoard, VirtualBoard
from designer.board.session import Board
from designer.design.model import Design
from designer.dsp.engine import InjectionPoint
from designer.errors import HilError
from designer.evaluation.acoustic import acoustic_figures
from designer.fixedpoint.model.generator import GeneratedSignal
from designer.regression.compare_acoustics import AcousticDeviation, compare_acoustics
from designer.regression.compare_generated import GeneratedReport, verify_generated
from designer.regression.compare_played import PlayedReport, verify_changes, verify_played
from designer.regression.compare_streamed import SignalReport, compare
from designer.regression.error_curves import error_curves
from designer.regression.first_difference import locate_streamed
from designer.regression.measurements import Metrics, measure
from designer.regression.report import FaultCount, HilReport
from designer.regression.signals import Signal, read_response

# Signals that the board generates itself: all kinds of input to upmix and filters, and full scale.
GENERATED: tuple[tuple[GeneratedSignal, InjectionPoint], ...] = (
    (GeneratedSignal("scenes", 20260214), "program"),
    (GeneratedSignal("noise", 20260215, 1), "filters"),
    (GeneratedSignal("full_scale", 20260216), "filters"),
)
GENERATED_S = 10.0
# In QEMU, longer signals go through semihosting.  The shorter ones test the serial line.
SERIAL_LIMIT_S = 3.0


@dataclass
class Suite:
    """A design on an open board, and all that has been measured so far.

    Attributes
    ----------
    design : Design
    board : Board
    signals : list of Signal
    instructions_per_block : int or None
    image : dict
        ``flash_bytes``, ``ram_bytes`` and those of the stack (`designer.toolchain.stack.sizes_of`).
    progress : callable
        Called with a name, the number of samples done, and the number of all samples.
    """

    design: Design
    board: Board
    signals: list[Signal]
    instructions_per_block: int | None = None
    image: dict[str, int] = field(default_factory=dict)
    progress: Callable[[str, int, int], None] = lambda name, done, total: None
    not_measured: dict[str, str] = field(default_factory=dict)
    failed_tests: dict[str, str] = field(default_factory=dict)
    faults: list[FaultCount] = field(default_factory=list)
    curves: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    times_real_time: dict[str, float] = field(default_factory=dict)
    _reports: dict[str, SignalReport] = field(default_factory=dict)
    _responses: dict[str, np.ndarray] = field(default_factory=dict)
    _generated: dict[str, GeneratedReport] = field(default_factory=dict)
    played: list[PlayedReport] = field(default_factory=list)
    _metrics: Metrics | None = None
    _done: int = 0

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.design.layout.sample_rate_hz

    def signal(self, name: str) -> SignalReport:
        """Stream a signal and compare the output.  If it differs, find the first wrong intermediate."""
        if name not in self._reports:
            signal = next(s for s in self.signals if s.name == name)
            self.progress(name, self._done, sum(s.samples.shape[0] for s in self.signals))
            output = self._stream(signal)
            self._done += signal.samples.shape[0]
            report = compare(signal, output, self.design.bank, self.design.fixed)
            if report.first_difference_sample is not None:
                where = locate_streamed(
                    self.board,
                    self.design.fixed,
                    signal.samples,
                    signal.injection_point,
                    report.first_difference_sample,
                )
                report = replace(report, located=where)
            self._reports[name] = report
            if name == "noise":
                self.curves["error"] = error_curves(self.design, signal, output)
            if name.startswith("impulse_"):
                self._responses[name.removeprefix("impulse_")] = read_response(self.design.fixed, output)
        return self._reports[name]

    def _stream(self, signal: Signal) -> np.ndarray:
        count = signal.samples.shape[0]
        if not isinstance(self.board, QemuBoard) or count <= SERIAL_LIMIT_S * self.rate:
            return self.board.process(signal.samples, signal.injection_point)
        with self.board.quickest_line():
            began = time.monotonic()
            output = self.board.process(signal.samples, signal.injection_point)
            self.times_real_time[signal.name] = count / self.rate / (time.monotonic() - began)
        return output

    def responses(self) -> np.ndarray:
        """Impulse responses of the board; (D, I, N) float64."""
        for name in self.design.bank.input_names:
            self.signal(f"impulse_{name}")
        parts = [self._responses[name] for name in self.design.bank.input_names]
        return np.stack(parts, axis=2).transpose(1, 2, 0)

    def _stack_used(self) -> dict[str, int]:
        """Bytes of stack that the board has used, if the board reports them."""
        if "stack_reserved_bytes" not in self.image:
            return {}
        try:
            free = int(self.board.health()["stack_free"])
        except HilError:  # no audio, no health
            return {}
        return {"stack_used_bytes": self.image["stack_reserved_bytes"] - free}

    def acoustics(self) -> tuple[dict[str, Any], tuple[AcousticDeviation, ...]]:
        """Figures at the ears from the board's impulse responses, and their deviations from the float design's."""
        figures = acoustic_figures(self.design.layout, self.responses())
        expected = acoustic_figures(self.design.layout, self.design.designed.impulse_responses)
        return figures.to_json(), tuple(compare_acoustics(figures, expected))

    def metrics(self) -> Metrics:
        """Measure audio figures such as THD+N (AES17) over the quickest line."""
        if self._metrics is None:
            responses = self.responses()
            with self.board.quickest_line():
                self._metrics = measure(self.design, self.board, responses, lambda name: self.progress(name, 0, 1))
        return self._metrics

    def generated(
        self, signal: GeneratedSignal, injection_point: InjectionPoint, seconds: float = GENERATED_S
    ) -> GeneratedReport:
        """Let the board play a signal that it generates, and compare the CRCs of the output."""
        key = f"{signal.name}_{injection_point}_{seconds:g}s"
        if key not in self._generated:
            name = f"generated {signal.name}"
            self._generated[key] = verify_generated(
                self.board,
                self.design.fixed,
                signal,
                injection_point,
                seconds,
                lambda done, total: self.progress(name, done, total),
            )
        return self._generated[key]

    def play_through_converters(self, elf: Path) -> tuple[PlayedReport, ...]:
        """Play the music, then scenes with changes, through the converters of a virtual board that boots an image.

        It is another board than the one of the serial line: what it keeps in its flash goes with it. Nothing is played
        where there are no converters; the reason is noted.
        """
        drivers = len(self.design.layout.drivers)
        if not isinstance(self.board, VirtualBoard):
            why = "only a virtual board has converters whose samples a program can see"
            self.not_measured.setdefault("converters", why)
        elif drivers > self.board.target.audio_channels:
            why = f"{drivers} drivers, and the board's converters have {self.board.target.audio_channels} channels"
            self.not_measured.setdefault("converters", why)
        elif not self.played:
            music = [s for s in self.signals if s.name == "music"]
            with VirtualBoard(elf, self.design.digest, self.design.layout, target=self.board.target) as board:
                for signal in music:
                    self.progress("converters: music", 0, 2)
                    self.played.append(verify_played(board, self.design, signal.name, signal.samples))
                self.progress("converters: scenes", 1, 2)
                self.played.append(verify_changes(board, self.design))
        return tuple(self.played)

    def everything(self, seconds: float = GENERATED_S) -> HilReport:
        """Measure everything that does not disturb the line, and report."""
        for signal in self.signals:
            self.signal(signal.name)
        for generated, injection_point in GENERATED:
            self.generated(generated, injection_point, seconds)
        self.metrics()
        self.not_measured["faults"] = "this command does not disturb the line; 'pytest hil_tests' (make hil) does"
        return self.report()

    def report(self) -> HilReport:
        """Build the report of what has been measured."""
        self.progress("", 1, 1)
        heard = all(f"impulse_{name}" in self._reports for name in self.design.bank.input_names)
        figures, deviations = self.acoustics() if heard else ({}, ())
        if not heard:
            self.not_measured.setdefault("acoustics", "the impulses were not asked for")
        streamed = sum(report.samples for report in self._reports.values())
        frames = streamed + sum(g.frames for g in self._generated.values()) + sum(p.frames for p in self.played)
        if self.instructions_per_block is None:
            self.not_measured.setdefault("load", "a real board counts ticks, not instructions")
        return HilReport(
            layout=self.design.layout.name,
            board=self.board.name,
            digest=self.design.digest,
            number_format=self.design.fixed.number_format.name,
            seconds_of_audio=frames / self.rate,
            signals=tuple(self._reports.values()),
            acoustics=figures,
            deviations=deviations,
            instructions_per_block=self.instructions_per_block,
            image={**self.image, **self._stack_used()},
            status=self.board.status(),
            generated=tuple(self._generated.values()),
            played=tuple(self.played),
            metrics=self._metrics,
            injected=tuple(self.faults),
            not_measured=dict(self.not_measured),
            curves=self.curves,
            semihosting_times_real_time=dict(self.times_real_time),
            wall_s=time.monotonic() - self.began,
            failed_tests=dict(self.failed_tests),
        )


def run_regression(design: Design, board: Board, signals: list[Signal]) -> HilReport:
    """Stream signals, compare the outputs, and report only these."""
    suite = Suite(design, board, signals)
    for signal in signals:
        suite.signal(signal.name)
    return suite.report()

"""The HTML report of a regression: one self-contained file with figures, spectra and errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from designer.regression.compare_played import PlayedReport
from designer.regression.history import baseline, trend
from designer.regression.report import HilReport
from designer.regression.tracked_figures import BY_NAME
from designer.report.chart import BEFORE, SERIES, Chart, chart, frequency_axis, line
from designer.report.html import Section, decimal, details, notices, paragraph, table, tiles
from designer.report.page import compose

_RUNS_SHOWN = 20


def render_page(report: HilReport, figures: dict[str, float], history: list[dict[str, Any]]) -> str:
    """Compose ``hil.html``.

    Parameters
    ----------
    report : HilReport
    figures : dict
        As `designer.regression.tracked_figures.collect` returns them.
    history : list of dict
        Records of the same layout and board, including this run.

    Returns
    -------
    str
        A whole HTML document; it loads nothing from the network.
    """
    sections = [
        _summary(report),
        _signals(report),
        _metrics(report, figures),
        _errors(report),
        _faults(report),
        history_section(history),
    ]
    subtitle = f"Regression on {report.board} · digest {report.digest[:16]}"
    return compose(f"{report.layout}: hardware in the loop", report.layout, subtitle, [s for s in sections if s])


def render_history(layout: str, lines: list[dict[str, Any]]) -> str:
    """Compose the page of ``--history``: one chart for each figure of each board."""
    boards = list(dict.fromkeys(line["board"] for line in lines))
    sections = [
        history_section([line for line in lines if line["board"] == board], board, f"history-{n}")
        for n, board in enumerate(boards)
    ] or [history_section([])]
    return compose(f"{layout}: history", layout, "Trends of the regression's figures", sections)


def _summary(report: HilReport) -> Section:
    verdicts = [s.bit_exact for s in report.signals] + [g.bit_exact for g in report.generated]
    verdicts += [p.bit_exact for p in report.played]
    exact, count = sum(verdicts), len(verdicts)
    good = "good" if report.passed else "bad"
    key = [
        ("passed" if report.passed else "FAILED", "verdict", good),
        (f"{exact} of {count}", "signals bit exact", "good" if exact == count else "bad"),
        (decimal(report.seconds_of_audio, 1, "s"), "of audio compared", ""),
        (decimal(report.wall_s, 0, "s"), "run time", ""),
    ]
    faults = [(fault, "") for fault in report.faults()]
    missing = [(f"Not measured: {name}.", f"{reason}.") for name, reason in report.not_measured.items()]
    return Section("summary", "Summary", tiles(key) + (notices(faults + missing) if faults or missing else ""))


def _signals(report: HilReport) -> Section:
    rows = [
        (
            s.name,
            str(s.samples),
            "bit exact" if s.bit_exact else f"differs by {s.board_model_max_difference_lsb}",
            f"{decimal(s.max_error_lsb, 2)} ({decimal(s.error_bound_lsb, 2)})",
            f"{decimal(s.snr_db)} ({decimal(s.snr_limit_db)})",
            "pass" if s.passed else "FAIL",
        )
        for s in report.signals
    ]
    rows += [
        (
            f"generated {g.signal}, {g.injection_point}",
            str(g.frames),
            f"{g.crcs} CRCs equal" if g.bit_exact else g.fault,
            "–",
            "–",
            "pass" if g.bit_exact else "FAIL",
        )
        for g in report.generated
    ]
    rows += [
        (
            f"{p.signal}, through the converters",
            str(p.frames),
            _changes(p) if p.passed else p.explanation,
            "–",
            "–",
            "pass" if p.passed else "FAIL",
        )
        for p in report.played
    ]
    headings = ("signal", "samples", "board = model", "error (bound), LSB", "SNR (required), dB", "verdict")
    return Section("signals", "Signals", tail=table(headings, rows, stacked=True))


def _changes(played: PlayedReport) -> str:
    """Say that all samples are right, and what the host changed at which frame."""
    changes = ", ".join(f"{name} at {frame}" for name, frame in played.changes.items())
    return f"bit exact; {changes}" if changes else "bit exact"


def _metrics(report: HilReport, figures: dict[str, float]) -> Section | None:
    rows = [(BY_NAME[name].meaning, name, f"{value:.6g}", BY_NAME[name].unit) for name, value in figures.items()]
    charts = tuple(_metric_charts(report))
    if not rows:
        return None
    headings = ("meaning", "figure", "value", "unit")
    return Section("metrics", "Figures", table(headings, rows, words=2, stacked=True), charts)


def _metric_charts(report: HilReport) -> Iterator[Chart]:
    if report.metrics is None:
        return
    response = report.metrics.curves["response"]
    traces = []
    for n, (name, path) in enumerate(response["paths"].items()):
        colour = SERIES[n % len(SERIES)]
        traces.append(line(name, response["frequency_hz"], path["board_db"], colour))
        design = line("design", response["frequency_hz"], path["design_db"], BEFORE, dash="dot", width=1)
        traces.append({**design, "showlegend": n == 0})
    yield chart(
        "Frequency response of every path, from the board's impulse responses. Dotted: the float design.",
        traces,
        420,
        xaxis=frequency_axis(50.0),
        yaxis={"title": {"text": "level, dB"}},
    )
    spectrum = report.metrics.curves["spectrum"]
    yield chart(
        "Spectrum of the output for a tone of 997 Hz at −1 dBFS. All other lines are distortion and noise.",
        [line("output", spectrum["frequency_hz"][1:], spectrum["level_dbfs"][1:], SERIES[0], width=1)],
        xaxis=frequency_axis(20.0),
        yaxis={"title": {"text": "level, dBFS"}},
    )
    linearity = report.metrics.curves["linearity"]
    yield chart(
        "Deviation of the gain against the level of the tone.",
        [line("deviation", linearity["level_dbfs"], linearity["deviation_db"], SERIES[0], mode="lines+markers")],
        xaxis={"title": {"text": "level, dBFS"}},
        yaxis={"title": {"text": "deviation, dB"}},
    )


def _errors(report: HilReport) -> Section | None:
    error = report.curves.get("error")
    if error is None:
        return None
    spectra, times = [], []
    for n, (name, driver) in enumerate(error["drivers"].items()):
        colour = SERIES[n % len(SERIES)]
        spectra.append(line(f"{name}: output", error["frequency_hz"], driver["output_dbfs"], colour))
        spectra.append(line(f"{name}: error", error["frequency_hz"], driver["error_dbfs"], colour, dash="dot"))
        times.append(line(name, error["time_s"], driver["error_lsb"], colour, width=1))
    charts = (
        chart(
            "Noise through the filters: output, and error against float64 (dotted).",
            spectra,
            420,
            xaxis=frequency_axis(50.0),
            yaxis={"title": {"text": "level per bin, dBFS"}},
        ),
        chart(
            "The same error over time: the largest value of each short interval.",
            times,
            xaxis={"title": {"text": "time, s"}},
            yaxis={"title": {"text": "error, LSB"}},
        ),
    )
    return Section("errors", "Error against float64", charts=charts)


def _faults(report: HilReport) -> Section | None:
    if not report.injected:
        return None
    rows = [
        (
            fault.kind,
            ", ".join(f"{name} {count}" for name, count in fault.noticed.items()) or "–",
            str(fault.injected),
            "yes" if fault.recovered else "NO",
        )
        for fault in report.injected
    ]
    headings = ("fault", "counters that noticed it", "count", "recovered")
    lead = paragraph("Faults on purpose. After each, every sample must be right and the next session must work.")
    return Section("faults", "Faults", lead, tail=table(headings, rows, words=2, stacked=True))


def history_section(lines: list[dict[str, Any]], title: str = "History", anchor: str = "history") -> Section:
    """Trends on one board: a table of all figures, a chart for each, and a table of the last runs."""
    series = trend(lines)
    if not series:
        return Section(anchor, title, paragraph("No run is recorded yet."))
    base = baseline(lines)
    old = (base or {}).get("figures", {})
    rows = [
        (
            name,
            BY_NAME[name].unit,
            *(f"{value:.6g}" for value in (values[0][1], values[-1][1])),
            f"{old[name]:.6g}" if name in old else "–",
            f"{BY_NAME[name].limit(old[name]):.6g}" if name in old else "–",
            str(len(values)),
        )
        for name, values in series.items()
    ]
    headings = ("figure", "unit", "first", "last", "baseline", "allowed", "runs")
    charts = tuple(_trend(name, [value for _, value in values], old.get(name)) for name, values in series.items())
    accepted = [(f"Baseline accepted {line['time']}:", str(line["accepted"])) for line in lines if line.get("accepted")]
    runs = [line for line in lines if not line.get("accepted")][-_RUNS_SHOWN:]
    keys = ("time", "verdict", "digest", "commit", "compiler")
    last = table(keys, [[str(line.get(key, "–"))[:40] for key in keys] for line in runs], words=len(keys), stacked=True)
    tail = (notices(accepted) if accepted else "") + details(f"The last {len(runs)} runs", last)
    return Section(anchor, title, table(headings, rows, words=2, stacked=True), charts, tail)


def _trend(name: str, values: list[float], old: float | None) -> Chart:
    figure = BY_NAME[name]
    traces = [line("run", range(1, len(values) + 1), values, SERIES[0], mode="lines+markers")]
    if old is not None:
        ends = [1, max(len(values), 2)]
        traces.append(line("baseline", ends, [old, old], BEFORE, dash="dash", width=1))
        limit = figure.limit(old)
        traces.append(line("allowed", ends, [limit, limit], SERIES[1], dash="dot", width=1))
    return chart(
        f"{name}: {figure.meaning}; {figure.better} is better.",
        traces,
        240,
        xaxis={"title": {"text": "run"}, "tick0": 1, "dtick": max(1, len(values) // 8)},
        yaxis={"title": {"text": figure.unit}},
    )

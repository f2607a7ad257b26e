"""How results look in a terminal (Rich); part of the command line."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from designer.design.model import Design
    from designer.evaluation.acoustic import AcousticFigures
    from designer.evaluation.records import Curve
    from designer.evaluation.scorecard import Bound, Scorecard
    from designer.layout.model import Layout
    from designer.toolchain.doctor import Finding

_WIDTH = 110
_SOURCES = {"IMAGE": "the image", "LINE": "tuning", "SLOT": "flash (committed)"}


def _console() -> Console:
    # A pipe has no width.  A fixed one keeps reports in logs from wrapping.
    return Console(width=None if sys.stdout.isatty() else _WIDTH, markup=False)


@contextmanager
def signal_progress(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show the progress of the audio.  Without a terminal, print one line for each signal."""
    if quiet:
        yield lambda name, done, total: None
        return
    if not sys.stderr.isatty():
        yield _line_progress
        return
    columns = TextColumn("{task.description:16s}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True, markup=False)) as bar:
        task = bar.add_task("")
        yield lambda name, done, total: bar.update(task, description=name, completed=done, total=total)


@contextmanager
def sweep_progress(quiet: bool) -> Iterator[Callable[[int, int, int], None]]:
    """Show how many points of a sweep are done.  Without a terminal, print a line at each tenth of them."""
    if quiet:
        yield lambda done, failed, total: None
        return
    if not sys.stderr.isatty():
        told = -1

        def tell(done: int, failed: int, total: int) -> None:
            nonlocal told
            if 10 * done // total > told:
                told = 10 * done // total
                sys.stderr.write(f"    {done} of {total} points, {failed} failed\n")

        yield tell
        return
    columns = TextColumn("{task.description:16s}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True, markup=False)) as bar:
        task = bar.add_task("")
        yield lambda done, failed, total: bar.update(
            task, description=f"{failed} failed" if failed else "designing", completed=done, total=total
        )


def _line_progress(name: str, done: int, total: int) -> None:
    if name:
        sys.stderr.write(f"    {100 * done // total:3d} %  {name}\n")


def layout_table(layout: Layout) -> None:
    """Print a layout as a table of its drivers."""
    console = _console()
    cabinet = layout.cabinet
    size = (
        f"sphere of {cabinet.radius_m * 100:.1f} cm radius"
        if cabinet.shape == "sphere"
        else f"flat baffle of {cabinet.width_m * 100:.0f} x {cabinet.height_m * 100:.0f} cm"
    )
    table = Table(title=f"{layout.name}: {layout.description}", title_justify="left")
    for heading in ("channel", "driver", "place", "diaphragm", "band", "roles"):
        table.add_column(heading)
    for driver in layout.drivers:
        place = (
            f"azimuth {driver.azimuth_deg or 0:+.0f}°, elevation {driver.elevation_deg or 0:+.0f}°"
            if cabinet.shape == "sphere"
            else f"y {driver.y_m or 0:+.3f} m, z {driver.z_m or 0:+.3f} m"
        )
        low, high = driver.band_hz
        band = f"{low:g} to {min(high, layout.sample_rate_hz / 2):g} Hz"
        radius = f"{driver.radius_m * 1000:.1f} mm radius"
        table.add_row(str(driver.channel), driver.name, place, radius, band, ", ".join(driver.roles))
    console.print(table)
    console.print(
        f"valid: {size}, listener at {layout.listener.distance_m:g} m, {layout.sample_rate_hz} Hz, "
        f"{layout.number_format}, {layout.filters.taps or 'as few as possible'} taps, blocks of {layout.block_samples}"
    )


def findings_table(findings: list[Finding]) -> None:
    """Print which tools are on this machine, and which are not."""
    table = Table(title="This machine", title_justify="left")
    for heading in ("", "what", "for", "where, or how to get it"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        mark = "ok" if finding.found else "MISSING" if finding.needed else "absent"
        table.add_row(mark, finding.name, finding.purpose, finding.detail)
    console = _console()
    console.print(table)
    missing = [finding.name for finding in findings if finding.needed and not finding.found]
    console.print(f"needed and missing: {', '.join(missing)}" if missing else "everything that is needed is here")


def comparison_table(first: str, second: str, rows: list[dict[str, Any]]) -> None:
    """Print the figures in which two designs differ, side by side."""
    table = Table(title="Figures of the quantised design that differ", title_justify="left")
    for heading in ("figure", first, second, "difference"):
        table.add_column(heading, justify="left" if heading == "figure" else "right", overflow="fold")
    for row in rows:
        if row["first"] != row["second"]:
            table.add_row(row["figure"], *(_value(row[key]) for key in ("first", "second", "difference")))
    console = _console()
    console.print(table)
    same = sum(row["first"] == row["second"] for row in rows)
    console.print(f"{same} of {len(rows)} figures are equal")


def _value(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)[:24]


def status_table(found: dict[str, Any]) -> None:
    """Show the status that a board reports."""
    table = Table(title=f"{found['board']}: '{found['layout']}'", title_justify="left", show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="left", overflow="fold")
    tables, line, health = found["tables"], found["line"], found["health"]
    table.add_row("design", f"{tables['digest'][:16]}…, from {_SOURCES.get(tables['source'], tables['source'])}")
    table.add_row("started", f"{line['uptime_s']:.1f} s ago ({found['reset_cause'].lower()})")
    if found["fault"]:
        where = ", ".join(f"{name} 0x{value:X}" for name, value in found["fault"].items())
        table.add_row("last fault", f"{where}; {found['faults']} in a row")
    if health is None:
        table.add_row("audio", "this board has none")
    else:
        _health_rows(table, health)
    if tables["endurance"]:
        table.add_row("flash for tables", f"erased {tables['erasures']} of {tables['endurance']} times")
    table.add_row("processor clock", line["clock_source"])
    spoiled = line["bad_cobs"] + line["bad_crc"] + line["bad_header"]
    table.add_row("serial line", f"{spoiled} spoiled frames, {line['receive_overruns']} bytes lost")
    _console().print(table)


def _health_rows(table: Table, health: dict[str, Any]) -> None:
    table.add_row("player", f"{health['player']}, clocked by {health['audio_clock']}")
    table.add_row("load", f"{100 * health['load']:.0f} % of a block at most")
    misses = f"{health['deadline_misses']} of {health['blocks']}"
    table.add_row("blocks late", f"{misses}; {health['underruns']} underruns, {health['overruns']} overruns")
    table.add_row("peaks in", "  ".join(_dbfs(health[name]) for name in ("peak_left", "peak_right")))
    table.add_row("peaks out", "  ".join(map(_dbfs, health["peaks"])))
    table.add_row("volume", "silent" if health["volume_db"] is None else f"{health['volume_db']:.1f} dB")
    table.add_row("limiters", "  ".join(f"{gain:.1f} dB" for gain in health["limiter_gain_db"]))
    celsius = health["temperature"]
    table.add_row("temperature", "no sensor" if celsius is None else f"{celsius} °C")
    table.add_row("stack never used", f"{health['stack_free']} bytes")
    table.add_row("tables found whole", f"{health['table_checks']} times")


def _dbfs(peak: float) -> str:
    return f"{20 * math.log10(peak):.1f} dBFS" if peak > 0 else "silence"


def design_tables(result: Design, card: Scorecard) -> None:
    """Summarise a design: figures at the listener, proof, missed bounds and filters."""
    console = _console()
    _figure_table(console, card)
    table = Table(title="Overflow proof", title_justify="left")
    for heading in ("driver", "64-bit sum needs", "peak gain", "output"):
        table.add_column(heading, justify="left" if heading == "driver" else "right")
    for row in card.proof.drivers:
        output = f"limited by up to {-row.most_reduction_db:.1f} dB" if row.is_limited else "never limited"
        table.add_row(row.driver, f"{row.sum_bits} bits", f"{row.peak_gain:.2f}", output)
    console.print(table)
    _missed_table(console, card.bounds)
    table = Table(title="Filters", title_justify="left")
    for heading in ("step", "FIRs", "taps", "left"):
        table.add_column(heading, justify="left" if heading == "step" else "right")
    for saving in result.savings:
        left = f"{100 * saving.taps / max(result.savings[0].taps, 1):.0f} %"
        table.add_row(saving.step, str(saving.firs), str(saving.taps), left)
    console.print(table)
    bank = result.bank
    console.print(
        f"{len(bank.driver_names)} drivers x {len(bank.input_names)} inputs, {card.fir_taps} taps, "
        f"latency {card.latency_ms:.2f} ms, digest {result.digest[:16]}…"
    )


def _missed_table(console: Console, bounds: Sequence[Bound]) -> None:
    """Print every bound that the design misses, with the reason.  What is equal for left and right is printed once."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for bound in bounds:
        if bound.met:
            continue
        side, _, rest = bound.figure.partition(" ")
        figure, sides = (rest, [side]) if side in ("left", "right") else (bound.figure, [])
        where = ", ".join(f"{f:.0f}" for f in bound.missed_bands_hz)
        row = (figure, f"{bound.value:.1f} {bound.unit}", f"{bound.bound:g}", where, bound.reason)
        rows.setdefault(row, []).extend(sides)
    if not rows:
        console.print("everything that is asked is reached")
        return
    table = Table(title="Asked and not reached", title_justify="left")
    for heading in ("figure", "value", "asked", "third octaves, Hz", "why"):
        table.add_column(heading, justify="right" if heading in ("value", "asked") else "left", overflow="fold")
    for (figure, *cells), sides in rows.items():
        table.add_row(f"{sides[0]} {figure}" if len(sides) == 1 else figure, *cells)
    console.print(table)


def history_table(layout: str, lines: list[dict[str, Any]]) -> None:
    """Show each figure over the recorded runs: for each board the trend, the baseline and the last value."""
    from designer.regression import history
    from designer.regression.tracked_figures import BY_NAME

    console = _console()
    if not lines:
        console.print(f"no run of '{layout}' is recorded yet: run 'proscenium hil {layout}'")
    for board in dict.fromkeys(line["board"] for line in lines):
        own = [line for line in lines if line["board"] == board]
        base = history.baseline(own)
        table = Table(title=f"History of '{layout}' on {board}", title_justify="left")
        for heading in ("figure", "unit", "trend", "baseline", "last", "allowed", "runs"):
            table.add_column(heading, justify="left" if heading in ("figure", "unit", "trend") else "right")
        for name, series in history.trend(own).items():
            values = [value for _, value in series]
            old = (base or {}).get("figures", {}).get(name)
            worse = old is not None and BY_NAME[name].is_worse(values[-1], old)
            table.add_row(
                name,
                BY_NAME[name].unit,
                history.sparkline(values),
                "-" if old is None else f"{old:.6g}",
                f"{values[-1]:.6g}" + (" WORSE" if worse else ""),
                "-" if old is None else f"{BY_NAME[name].limit(old):.6g}",
                str(len(values)),
            )
        console.print(table)
        if base is not None:
            console.print(f"baseline: run of {base['time']}, {base.get('accepted', 'the first that passed')}")


_SHOWN_BANDS_HZ = (251.19, 501.19, 1000.0, 1995.26, 3981.07, 7943.28)


def _shown_curves(figures: AcousticFigures) -> tuple[tuple[str, Curve], ...]:
    """Curves that are printed, with their names; all are over the same third octaves."""
    cancellation, beam = figures.cancellation, figures.beam
    return (
        ("cancellation target, dB", cancellation.target_gain_db),
        ("cancellation left, dB", cancellation.left.cancellation_gain_db),
        ("cancellation right, dB", cancellation.right.cancellation_gain_db),
        ("effort left, dB", cancellation.left.effort_db),
        ("centre at 0°, dB", beam.response_0_deg_db),
        ("centre at +45°, dB", beam.response_45_deg_db),
        ("centre at -45°, dB", beam.response_minus_45_deg_db),
        ("centre at +90°, dB", beam.response_90_deg_db),
        ("centre at -90°, dB", beam.response_minus_90_deg_db),
    )


def _figure_table(console: Console, card: Scorecard) -> None:
    """Print acoustic figures in a few third-octave bands, with one row for each figure and version."""
    table = Table(title="At the listener, per third octave", title_justify="left")
    table.add_column("figure")
    table.add_column("from")
    for band in _SHOWN_BANDS_HZ:
        table.add_column(f"{band:.0f} Hz", justify="right")
    centres = card.quantised.cancellation.band_centres_hz
    nearest = [min(range(len(centres)), key=_distance(centres, band)) for band in _SHOWN_BANDS_HZ]
    for (label, designed), (_, quantised) in zip(
        _shown_curves(card.designed), _shown_curves(card.quantised), strict=True
    ):
        table.add_row(label, "float", *(f"{designed[i]:+.1f}" for i in nearest))
        table.add_row(label, "quantised", *(f"{quantised[i]:+.1f}" for i in nearest))
    console.print(table)


def _distance(centres: Sequence[float], band: float) -> Callable[[int], float]:
    return lambda index: abs(centres[index] - band)

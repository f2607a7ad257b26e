"""Prints what a listener in a room hears of designs, beside plain mixing on the same drivers and a real pair.

    .venv/bin/python -m benchmarks.listening [LAYOUT…] [--before FILE] [--json FILE] [--head SOFA]

A layout is the name of a shipped one or a TOML file; by default all shipped ones are measured.  `--json` writes all
figures to a file.  `--before` reads such a file and prints its figures ahead of those of now; benchmarks/data has the
file of the design before it knew of rooms.  `--head` adds a measured head, such as your own.  Nothing is timed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from designer.design.build import build_design
from designer.errors import LayoutError
from designer.evaluation.listener.heads import ListenerHead
from designer.evaluation.listener.judge import HeardSystem
from designer.evaluation.listener.listening_test import ListeningTest, listening_test
from designer.evaluation.listening_room import ROOM_NAMES
from designer.evaluation.movement import evaluate_sweet_spot, mapped_heads
from designer.evaluation.records import Record, RecordError
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.layout.model import Layout
from designer.layout.shipped import find_layout, shipped_layouts

# Music of the Debian package asc-music, which the set-up installs: file, start and length in seconds.
_ASC = Path("/usr/share/games/asc/music")
_MUSIC = ((_ASC / "frontiers.mp3", 30.0, 8.0), (_ASC / "machine_wars.mp3", 60.0, 8.0))


@dataclass(frozen=True, kw_only=True)
class LayoutListening(Record):
    """Figures of one layout.

    Attributes
    ----------
    layout, digest : str
    common_gain_db : float
        Gain common to all filters.
    cancellation_zone_m : float
        Width in which the cancellation is 6 dB or more, in free space.
    test : ListeningTest
    """

    layout: str
    digest: str
    common_gain_db: float
    cancellation_zone_m: float
    test: ListeningTest


@dataclass(frozen=True, kw_only=True)
class Measured(Record):
    """All layouts.

    Attributes
    ----------
    layouts : tuple of LayoutListening
    """

    layouts: tuple[LayoutListening, ...]


Figure = Callable[[LayoutListening], float]


@dataclass(frozen=True)
class Row:
    """One row of a table: what it shows of the design, of plain mixing, and of a real pair."""

    title: str
    design: Figure
    plain: Figure | None = None
    pair: Figure | None = None
    digits: int = 1


def read_music(rate_hz: int) -> NDArray[np.float64]:
    """Read the pieces of music, one after the other, each with its peak at full scale.

    Parameters
    ----------
    rate_hz : int
        Wanted sample rate.

    Returns
    -------
    (n, 2) float64

    Raises
    ------
    LayoutError
        If a piece cannot be read.
    """
    pieces = []
    for path, start_s, seconds in _MUSIC:
        try:
            native = soundfile.info(path).samplerate
            first, count = int(start_s * native), int(seconds * native)
            x, _ = soundfile.read(path, start=first, frames=count, dtype="float64", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise LayoutError(f"'{path}': cannot be read: {error}: apt-get install asc-music") from error
        common = gcd(rate_hz, native)
        piece = resample_poly(x[:, :2], rate_hz // common, native // common, axis=0)
        pieces.append(piece / np.abs(piece).max())
    return np.asarray(np.concatenate(pieces))


def measure(layout: Layout, more_heads: tuple[ListenerHead, ...] = ()) -> LayoutListening:
    """Design a layout and listen to its quantised tables."""
    design = build_design(layout)
    filters = dequantised_impulse_responses(design.fixed)
    return LayoutListening(
        layout=layout.name,
        digest=design.sources.digest,
        common_gain_db=round(design.gain_db, 2),
        cancellation_zone_m=evaluate_sweet_spot(filters, mapped_heads(layout)).width_above_6_db_m,
        test=listening_test(
            layout, filters, design.bank.modelling_delay_samples, read_music(layout.sample_rate_hz), more_heads
        ),
    )


def _levels_rows() -> list[Row]:
    """Rows of the levels in each room."""

    def row(room: int, channel: str, figure: str, title: str) -> Row:
        def of(which: str) -> Figure:
            return lambda m: float(getattr(getattr(getattr(m.test.levels[room], which), channel), figure))

        return Row(f"{ROOM_NAMES[room]}: {title}", of("design"), of("plain"))

    figures = (
        ("left", "direct_to_reverberant_db", "direct to reverberant, L, dB"),
        ("centre", "direct_to_reverberant_db", "direct to reverberant, C, dB"),
        ("centre", "clarity_c50_db", "clarity C50, C, dB"),
    )
    return [row(room, *figure) for room in range(len(ROOM_NAMES)) for figure in figures]


def _heard_rows(place: int) -> list[Row]:
    """Rows of what one head hears in one room."""

    def row(title: str, figure: Callable[[HeardSystem], float], digits: int = 1) -> Row:
        def of(which: str) -> Figure:
            return lambda m: figure(getattr(m.test.heard[place], which))

        return Row(title, of("design"), of("plain"), of("pair"), digits)

    return [
        row("L is heard at, °", lambda h: h.mean_of(30.0, "azimuth_deg"), 0),
        row("C is heard at, °", lambda h: h.mean_of(0.0, "azimuth_deg"), 0),
        row("R is heard at, °", lambda h: h.mean_of(-30.0, "azimuth_deg"), 0),
        row("error of panned places, rms, °", lambda h: h.panning_error_deg),
        row("apparent width of L, °", lambda h: h.mean_of(30.0, "width_deg"), 0),
        row("apparent width of C, °", lambda h: h.mean_of(0.0, "width_deg"), 0),
        row("time in which L is stable, %", lambda h: 100 * h.mean_of(30.0, "stable_part"), 0),
        row("direct to reverberant, L, dB", lambda h: h.left.direct_to_reverberant_db),
        row("direct to reverberant, C, dB", lambda h: h.centre.direct_to_reverberant_db),
        row("clarity C50, L, dB", lambda h: h.left.clarity_c50_db),
        row("clarity C50, C, dB", lambda h: h.centre.clarity_c50_db),
        row("interaural coherence, L, early", lambda h: h.left.coherence_early, 2),
        row("interaural coherence, L, late", lambda h: h.left.coherence_late, 2),
        row("interaural coherence, C, early", lambda h: h.centre.coherence_early, 2),
        row("interaural coherence, C, late", lambda h: h.centre.coherence_late, 2),
        row("coloration, L, dB", lambda h: h.left.coloration_db),
        row("coloration, C, dB", lambda h: h.centre.coloration_db),
    ]


def _zone_rows() -> list[Row]:
    def row(title: str, figure: str, scale: float) -> Row:
        def of(which: str) -> Figure:
            return lambda m: scale * float(getattr(getattr(m.test.zones, which), figure))

        return Row(title, of("design"), of("plain"), of("pair"), 0)

    return [
        row("width of the zone, cm", "width_m", 100),
        row("places in the zone, %", "share", 100),
        row("turns of the head in the zone, %", "turned_share", 100),
    ]


def _loudness_rows() -> list[Row]:
    def row(title: str, figure: str) -> Row:
        return Row(title, lambda m: _of_loudness(m, "design", figure), lambda m: _of_loudness(m, "plain", figure))

    def over_plain(title: str, design: str, plain: str) -> Row:
        return Row(title, lambda m: _of_loudness(m, "design", design) - _of_loudness(m, "plain", plain))

    return [
        row("loudness, limiters equally active, LKFS", "active_loudness_db"),
        row("loudness at volume 0 dB, LKFS", "loudness_db"),
        row("greatest level, limiters equally active, dB", "greatest_level_db"),
        row("volume at that activity, dB", "active_gain_db"),
        row("crest of the loudest driver signal, dB", "crest_db"),
        row("time with more than 1 dB of limiting, %", "limited_percent"),
        row("bass 60-200 Hz over middle, dB", "bass_balance_db"),
        over_plain("design over plain mixing, limiters equally active, dB", "active_loudness_db", "active_loudness_db"),
        over_plain("design at volume 0 dB over plain mixing, limiters active, dB", "loudness_db", "active_loudness_db"),
        over_plain("bass of the design over that of plain mixing, dB", "bass_balance_db", "bass_balance_db"),
    ]


def _of_loudness(m: LayoutListening, which: str, figure: str) -> float:
    loudness = m.test.loudness
    return float("nan") if loudness is None else float(getattr(getattr(loudness, which), figure))


def all_tables(measured: Measured) -> list[tuple[str, list[Row]]]:
    """Titles and rows of all tables."""
    heard = [(h.room, h.head) for h in measured.layouts[0].test.heard]
    first = [
        Row("gain common to all filters, dB", lambda m: m.common_gain_db),
        Row("zone with 6 dB of cancellation, cm", lambda m: 100 * m.cancellation_zone_m, digits=0),
    ]
    return [
        ("Levels in rooms, energy of images: design / plain mixing", [*_levels_rows(), *first]),
        *((f"{room} room, {head}", _heard_rows(place)) for place, (room, head) in enumerate(heard)),
        (f"Listening zone, living room, {measured.layouts[0].test.zones.head}", _zone_rows()),
        ("Music, living room, sphere: design / plain mixing", _loudness_rows()),
    ]


def _cell(row: Row, found: LayoutListening, before: LayoutListening | None) -> str:
    text = _number(row.design(found), row.digits)
    if before is not None:
        text = f"{_number(row.design(before), row.digits)} → {text}"
    return text if row.plain is None else f"{text} / {_number(row.plain(found), row.digits)}"


def _number(value: float, digits: int) -> str:
    # Adding 0 takes the sign from a zero.
    return f"{round(value, digits) + 0.0:.{digits}f}"


def table_text(title: str, rows: list[Row], measured: Measured, before: Measured | None) -> str:
    """Write one table in Markdown, a column for each layout and one for the real pair."""
    earlier = {m.layout: m for m in before.layouts} if before else {}
    names = [m.layout for m in measured.layouts]
    lines = [f"| {title} | {' | '.join(names)} | real pair |", "|---" * (len(names) + 2) + "|"]
    for row in rows:
        cells = [_cell(row, found, earlier.get(found.layout)) for found in measured.layouts]
        pair = "" if row.pair is None else _number(row.pair(measured.layouts[0]), row.digits)
        lines.append(f"| {row.title} | {' | '.join(cells)} | {pair} |")
    return "\n".join(lines)


def read_measured(path: Path) -> Measured:
    """Read figures that `--json` wrote.

    Raises
    ------
    LayoutError
        If the file is missing or something else.
    """
    try:
        return Measured.from_json(json.loads(path.read_text()))
    except (OSError, json.JSONDecodeError, RecordError) as error:
        raise LayoutError(f"--before {path}: {error}: allowed is a file that --json wrote") from error


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.listening", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("layouts", nargs="*", metavar="LAYOUT", help="names or TOML files; default: all shipped")
    parser.add_argument("--before", type=Path, metavar="FILE", help="figures of earlier, printed ahead of those of now")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--head", type=Path, action="append", default=[], metavar="SOFA", help="one more head")
    chosen = parser.parse_args(arguments)
    try:
        before = read_measured(chosen.before) if chosen.before else None
        layouts = [find_layout(name) for name in chosen.layouts or shipped_layouts()]
        heads = tuple(ListenerHead(path.stem, hrtf=path) for path in chosen.head)
        measured = Measured(layouts=tuple(measure(layout, heads) for layout in layouts))
    except LayoutError as error:
        parser.exit(2, f"{error}\n")
    for title, rows in all_tables(measured):
        sys.stdout.write(f"\n{table_text(title, rows, measured, before)}\n")
    if chosen.json:
        chosen.json.write_text(json.dumps(measured.to_json(), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

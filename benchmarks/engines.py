"""Speed of both engines and of rendering to the ears.

``python -m benchmarks.engines [LAYOUT …]`` prints how many times faster than real time each is on one core.  Processor
time is counted, because it depends less on the load of the machine than wall time.  It is the best of several runs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table

from benchmarks.matrix import DEFAULT_LAYOUT
from designer.design.build import build_design
from designer.design.model import Design
from designer.dsp.engine import FloatEngine
from designer.dsp.limiter import Limiter
from designer.evaluation.listening_room import parse_room
from designer.fixedpoint.model.generator import GeneratedSignal
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.layout.shipped import find_layout, shipped_layouts
from designer.numerics.threads import with_one_blas_thread
from designer.render.binaural import ears_with_and_without
from designer.render.files import render_binaural

# Least speed of the default layout, times real time.
GOALS = {"bit-exact": 30.0, "float": 100.0, "binaural": 40.0}
_SECONDS, _RUNS = 2, 15
# A song: the responses of the room are computed once for each file.
_SONG_SECONDS = 180


def _best_s(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


@with_one_blas_thread
def measure_engines(name: str) -> dict[str, Any]:
    """Measure one layout.

    Returns
    -------
    dict
        ``layout``, ``number_format``, and times real time: ``bit-exact`` and ``float`` engine, both with limiters at
        work, and ``binaural``, a song to the ears in a living room, with and without the design.
    """
    result = build_design(find_layout(name))
    number_format, rate = result.fixed.number_format, result.layout.sample_rate_hz
    samples = GeneratedSignal("scenes", 1).samples(number_format, "program", 0, _SECONDS * rate)
    model = PipelineModel(result.fixed)
    limiter = Limiter(result.fixed.limiter.as_float(number_format))
    reference = FloatEngine(result.bank.impulse_responses, limiter=limiter)
    stereo = number_format.sample.to_float(samples)
    return {
        "layout": name,
        "number_format": number_format.name,
        "bit-exact": _SECONDS / _best_s(lambda: model.process(samples), _RUNS),
        "float": _SECONDS / _best_s(lambda: reference.process(stereo), _RUNS),
        "binaural": _SONG_SECONDS / _best_s(lambda: _to_ears(result), 1) if name == DEFAULT_LAYOUT else None,
    }


def _to_ears(result: Design) -> None:
    """Do what ``proscenium render --binaural --room living`` does."""
    layout, rate = result.layout, result.layout.sample_rate_hz
    room = parse_room("living", layout)
    with tempfile.TemporaryDirectory(prefix="proscenium-bench-") as scratch:
        source, *targets = (Path(scratch) / f"{name}.wav" for name in ("in", "out", "before"))
        noise = np.random.default_rng(1).uniform(-0.3, 0.3, (rate, 2))
        soundfile.write(source, np.tile(noise, (_SONG_SECONDS, 1)), rate, "PCM_16")
        ears = ears_with_and_without(layout, result.gain_db, result.bank.modelling_delay_samples, room)
        render_binaural(result.bank, result.fixed, *ears, source, targets[0], targets[1], "float")


def engine_table(rows: list[dict[str, Any]]) -> Table:
    """Format the figures as a table."""
    table = Table(title="Engines: times real time, processor time of one core", title_justify="left")
    for heading in ("layout", "format", *GOALS):
        table.add_column(heading, justify="left" if heading in ("layout", "format") else "right")
    for row in rows:
        speeds = (f"{row[kind]:.1f}" if row[kind] else "" for kind in GOALS)
        table.add_row(row["layout"], row["number_format"], *speeds)
    return table


def engine_goals(rows: list[dict[str, Any]]) -> dict[str, bool]:
    """Compare the default layout with its goals."""
    found = next((row for row in rows if row["layout"] == DEFAULT_LAYOUT), None)
    if found is None:
        return {}
    return {
        f"{DEFAULT_LAYOUT}, {kind}: {found[kind]:.1f} >= {goal:.0f} times real time": found[kind] >= goal
        for kind, goal in GOALS.items()
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("layouts", nargs="*", default=sorted(shipped_layouts()))
    arguments = parser.parse_args()
    console = Console(width=120)
    rows = [measure_engines(name) for name in arguments.layouts]
    console.print(engine_table(rows))
    for goal, met in engine_goals(rows).items():
        console.print(f"{'met     ' if met else 'NOT MET '} {goal}", highlight=False)


if __name__ == "__main__":
    main()

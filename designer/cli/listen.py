"""The command that makes audio files: render."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from designer.cli.common import DesignArgument, JsonOption, QuietOption, app, print_json, say

if TYPE_CHECKING:
    from designer.filters.bank import FilterBank
    from designer.fixedpoint.bank import FixedPointBank

_KEMAR = Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa")


class EngineName(StrEnum):
    """Engines of a rendering."""

    float = "float"
    fixed = "fixed"


@app.command()
def render(
    directory: DesignArgument,
    source: Annotated[Path, typer.Argument(metavar="IN", help="Mono or stereo WAV or FLAC, any rate and length.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="WAV or FLAC, with a channel for each driver, or for each ear.")
    ],
    engine: Annotated[
        EngineName, typer.Option(help="Float reference, or bit-exact model of the board.")
    ] = EngineName.float,
    binaural: Annotated[
        bool,
        typer.Option(
            "--binaural",
            help="Write the sound at the listener's ears, for headphones: OUT with the design, OUT.before without.",
        ),
    ] = False,
    hrtf: Annotated[
        str | None,
        typer.Option("--hrtf", metavar="sphere|kemar|FILE.sofa", help="Head of the listener [that of the layout]."),
    ] = None,
    room: Annotated[
        str | None,
        typer.Option(
            "--room", metavar="living|LxWxH[@S]", help="Room, size in metres, reverberation time S in seconds [none]."
        ),
    ] = None,
    align: Annotated[
        bool | None,
        typer.Option("--align/--no-align", help="Remove the latency, or begin as the board's output does [--align]."),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Render an audio file to driver signals, or to the listener's ears with and without the design."""
    from designer.cli.common import usage_error
    from designer.design.store import load_tables
    from designer.render.files import render as run

    bank, fixed = load_tables(directory)
    if hrtf is not None and not binaural:
        raise usage_error("--hrtf needs --binaural: driver signals have no head: add --binaural or leave out --hrtf")
    if room is not None and not binaural:
        raise usage_error("--room needs --binaural: driver signals have no room: add --binaural or leave out --room")
    if align is False and binaural:
        raise usage_error("--no-align is for driver signals: what the ears receive is aligned: leave it out")
    # Processor time does not depend on the load of the machine.
    began = time.process_time()
    with rendering_progress(json or quiet) as progress:
        if binaural:
            figures = _binaural(directory, bank, fixed, source, target, engine.value, hrtf, room, progress)
        else:
            figures = run(bank, fixed, source, target, engine.value, progress, aligned=align is not False)
    figures["times_real_time"] = figures["seconds_of_audio"] / (time.process_time() - began)
    if json:
        print_json({"target": str(target), **figures})
    elif binaural:
        say(
            f"{target} and {_before(target)}: what the ears receive with and without the design, "
            f"{figures['seconds_of_audio']:.2f} s, {figures['rms_dbfs']:.1f} and "
            f"{figures['before_rms_dbfs']:.1f} dBFS rms; {figures['times_real_time']:.1f} x real time",
            quiet,
        )
    else:
        say(
            f"{target}: {len(bank.driver_names)} channels ({', '.join(bank.driver_names)}), "
            f"{figures['seconds_of_audio']:.2f} s, peak {figures['peak_dbfs']:.1f} dBFS; "
            f"{figures['times_real_time']:.1f} x real time",
            quiet,
        )


def _before(target: Path) -> Path:
    return target.with_name(f"{target.stem}.before{target.suffix}")


def _binaural(
    directory: Path,
    bank: FilterBank,
    fixed: FixedPointBank,
    source: Path,
    target: Path,
    engine: Any,
    hrtf: str | None,
    room: str | None,
    progress: Callable[[int, int], None],
) -> dict[str, float]:
    from designer.design.store import check_inputs, load_design_layout, load_gain_db
    from designer.evaluation.listening_room import parse_room
    from designer.render.binaural import ears_with_and_without
    from designer.render.files import render_binaural

    layout = load_design_layout(directory)
    if hrtf is not None:
        chosen = {"sphere": None, "kemar": str(_KEMAR)}.get(hrtf, hrtf)
        layout = layout.model_copy(update={"listener": layout.listener.model_copy(update={"hrtf": chosen})})
    check_inputs(directory, layout)
    around = None if room is None else parse_room(room, layout)
    ears = ears_with_and_without(layout, load_gain_db(directory), bank.modelling_delay_samples, around)
    return render_binaural(bank, fixed, *ears, source, target, _before(target), engine, progress)


@contextmanager
def rendering_progress(quiet: bool, what: str = "rendering") -> Iterator[Callable[[int, int], None]]:
    """Show how far a file is, where there is a terminal."""
    from designer.cli.tables import signal_progress

    with signal_progress(quiet or not _terminal()) as show:
        yield lambda done, total: show(what, done, max(total, 1))


def _terminal() -> bool:
    import sys

    return sys.stderr.isatty()

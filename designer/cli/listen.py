"""Verbs that make sound: render."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from designer.cli.common import DesignArgument, app, say


class EngineName(StrEnum):
    """Arithmetic of a rendering."""

    float = "float"
    fixed = "fixed"


@app.command()
def render(
    directory: DesignArgument,
    source: Annotated[Path, typer.Argument(metavar="IN.wav", help="Mono or stereo audio.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.wav", help="One channel for each driver, in channel order.")],
    engine: Annotated[EngineName, typer.Option(help="Float reference or bit-exact twin.")] = EngineName.float,
) -> None:
    """Render an audio file to driver feeds."""
    from designer.pipeline import load_tables
    from designer.render import render as run

    bank, fixed = load_tables(directory)
    figures = run(bank, fixed, source, target, engine.value)
    say(
        f"{target}: {len(bank.driver_names)} channels ({', '.join(bank.driver_names)}), "
        f"{figures['seconds_of_audio']:.2f} s, peak {figures['peak_dbfs']:.1f} dBFS"
    )

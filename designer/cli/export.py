"""The command that writes filters for other tools: export."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from designer.cli.common import DesignArgument, JsonOption, QuietOption, app, print_json, say


class Target(StrEnum):
    """Formats of an export."""

    wav = "wav"
    camilladsp = "camilladsp"
    sofa = "sofa"
    npz = "npz"
    rew = "rew"


class Version(StrEnum):
    """Filters of a design that can be exported."""

    float = "float"
    quantised = "quantised"


@app.command()
def export(
    directory: DesignArgument,
    to: Annotated[Target, typer.Option("--to", help="Format of the files.")],
    version: Annotated[
        Version, typer.Option("--from", help="The float design, or the quantised tables of the board.")
    ] = (Version.float),
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Directory [DIR/export/FORMAT].")] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a design's filters as multichannel WAV, CamillaDSP configuration, SOFA, NumPy or REW text."""
    from dataclasses import replace

    from designer.design.store import load_design_layout, load_tables
    from designer.export.files import EXPORTERS, write_export
    from designer.fixedpoint.dequantised import dequantised_impulse_responses

    layout = load_design_layout(directory)
    bank, fixed = load_tables(directory)
    if version is Version.quantised:
        tables = dequantised_impulse_responses(fixed, bank.impulse_responses.shape[2])
        bank = replace(bank, impulse_responses=tables, two_stage=None)
    paths = write_export(EXPORTERS[to.value](layout, bank), out or directory / "export" / to.value)
    if json:
        print_json({"to": to.value, "files": [str(path) for path in paths]})
    else:
        for path in paths:
            say(f"  {path}", quiet)

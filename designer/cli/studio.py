"""The command that opens the studio."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from designer.cli.common import PortOption, app, say, usage_error


@app.command()
def studio(
    layout: Annotated[
        str | None, typer.Argument(metavar="[LAYOUT]", help="A layout file, or the name of a shipped one.")
    ] = None,
    port: PortOption = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="Only here files are read and written [that of LAYOUT, or here]."),
    ] = None,
    http: Annotated[int, typer.Option("--http", min=0, max=65535, help="Port of the page; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Open a local page on which one designs a loudspeaker, hears it, and sends it to a board."""
    try:
        from designer.studio.server import run_studio
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "tomlkit", "uvicorn", "websockets"):
            raise
        raise usage_error(f"the studio needs {error.name}: pip install 'proscenium[studio]'") from error

    def opened(address: str) -> None:
        say(f"The studio is at {address}")
        say("It answers this machine only. Ctrl-C ends it.")
        if browser:
            import webbrowser

            webbrowser.open(address)

    chosen, name = _folder_of(layout, folder)
    run_studio(name, chosen, http, port, opened)


def _folder_of(layout: str | None, folder: Path | None) -> tuple[Path, str | None]:
    """Choose the folder, and name the layout in it; a shipped layout has its name alone."""
    from designer.layout.shipped import shipped_layouts

    if layout is None or layout in shipped_layouts():
        return folder or Path(), layout
    path = Path(layout)
    if not path.is_file():
        raise usage_error(f"layout '{layout}': no such file or shipped layout: leave it out to choose one on the page")
    inside = path.resolve().parent
    if folder is not None and folder.resolve() != inside:
        raise usage_error(f"layout '{layout}' is not in --folder {folder}: leave --folder out, or copy the file there")
    return inside, path.name

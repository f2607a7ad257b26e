"""The command line: the only place that prints, picks default paths and exits."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from designer.errors import ProsceniumError

if TYPE_CHECKING:
    from designer.pipeline import Design
    from designer.toolchain.image import Image

app = typer.Typer(
    name="proscenium",
    help="From the layout of a small multi-driver loudspeaker to a proven, flashable speaker board.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

LayoutArgument = Annotated[str, typer.Argument(metavar="LAYOUT", help="A layout file, or the name of a shipped one.")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where to write [build/<layout>].")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")]
PortOption = Annotated[str | None, typer.Option("--port", help="Serial port of a real board, e.g. /dev/ttyACM0.")]


class BoardName(StrEnum):
    """Boards that can be named on the command line."""

    virtual = "virtual"
    stm32f405 = "stm32f405"


class EngineName(StrEnum):
    """Arithmetic of a rendering."""

    float = "float"
    fixed = "fixed"


BoardOption = Annotated[BoardName, typer.Option("--board", help="The virtual board (QEMU) or a real one.")]


@app.command()
def design(layout: LayoutArgument, out: OutOption = None, json: JsonOption = False) -> None:
    """Design the filters, quantise them, prove them, and write tables, C sources and scorecard."""
    from designer.views import design_tables, print_json

    result, card, directory = _design(layout, out, quiet=json)
    if json:
        print_json(card)
    else:
        design_tables(result, card)
        _say(f"written to {directory}: filters.npz, tables.npz, scorecard.json, generated/")


@app.command()
def generate(layout: LayoutArgument, out: OutOption = None) -> None:
    """Design, and write the coefficient tables and C sources."""
    result, _, directory = _design(layout, out)
    for name in sorted(result.sources.files):
        _say(f"  {directory / 'generated' / name}")
    _say(f"digest {result.digest}")


@app.command()
def build(layout: LayoutArgument, out: OutOption = None) -> None:
    """Design, generate and cross-compile the image firmware.elf."""
    result, _, directory = _design(layout, out)
    image = _build(result, directory)
    _say(f"{image.elf}: {image.flash_bytes} bytes of flash, {image.ram_bytes} bytes of RAM")
    _say(f"digest {image.digest}")


@app.command()
def flash(
    layout: LayoutArgument,
    board: BoardOption = BoardName.virtual,
    port: PortOption = None,
    out: OutOption = None,
) -> None:
    """Build the image and put it on a board; what runs there is then asked for its digest."""
    from hil_tests.board import open_board

    if board is BoardName.stm32f405:
        from designer.pipeline import find_layout
        from designer.toolchain.flash import check_channels

        check_channels(find_layout(layout), board.value)
    result, _, directory = _design(layout, out)
    image = _build(result, directory)
    if board is BoardName.stm32f405:
        from designer.toolchain.flash import flash as program

        _step("writing and verifying the flash through ST-Link")
        program(image, result.layout, board.value)
        if port is None:
            _say("written and verified; with --port the digest is read back over serial as well")
            return
    _step("asking the board for its digest")
    with open_board(image.elf, result.digest, result.layout, port) as running:
        _say(f"{running.name} runs layout '{result.layout.name}', digest {result.digest}")


@app.command()
def hil(
    layout: LayoutArgument,
    board: BoardOption = BoardName.virtual,
    port: PortOption = None,
    input_file: Annotated[Path | None, typer.Option("--input", help="Stereo audio to stream instead of music.")] = None,
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """Run the hardware-in-the-loop regression and write hil.json; exit code 4 if anything is out of bounds."""
    from designer.pipeline import save_json
    from designer.views import hil_tables, print_json, signal_progress
    from hil_tests.board import measure_instructions, open_board
    from hil_tests.regression import run_regression
    from hil_tests.signals import standard_signals

    if board is BoardName.stm32f405 and port is None:
        raise _usage("--board stm32f405 needs --port, e.g. --port /dev/ttyACM0")
    result, _, directory = _design(layout, out, quiet=json)
    signals = standard_signals(result.fixed, input_file)
    image = _build(result, directory, quiet=json)
    instructions = None
    if port is None:
        _step("counting instructions on the virtual board", quiet=json)
        instructions = measure_instructions(image.elf, result.digest, result.layout)
    _step("streaming audio through the board over serial", quiet=json)
    with open_board(image.elf, result.digest, result.layout, port) as running, signal_progress(json) as progress:
        report = run_regression(
            result,
            running,
            signals,
            instructions_per_block=instructions,
            image={"flash_bytes": image.flash_bytes, "ram_bytes": image.ram_bytes},
            progress=progress,
        )
    save_json(report.to_dict(), directory / "hil.json")
    if json:
        print_json(report.to_dict())
    else:
        hil_tables(report, result.layout)
        _say(f"written to {directory / 'hil.json'}")
    if not report.passed:
        raise typer.Exit(4)


@app.command()
def render(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A design, as 'proscenium design' wrote it.")],
    source: Annotated[Path, typer.Argument(metavar="IN.wav", help="Mono or stereo audio.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.wav", help="One channel for each driver, in channel order.")],
    engine: Annotated[EngineName, typer.Option(help="Float reference or bit-exact twin.")] = EngineName.float,
) -> None:
    """Render an audio file to driver feeds."""
    from designer.pipeline import load_tables
    from designer.render import render as run

    bank, fixed = load_tables(directory)
    figures = run(bank, fixed, source, target, engine.value)
    _say(
        f"{target}: {len(bank.driver_names)} channels ({', '.join(bank.driver_names)}), "
        f"{figures['seconds_of_audio']:.2f} s, peak {figures['peak_dbfs']:.1f} dBFS"
    )


@app.command()
def check(layout: LayoutArgument) -> None:
    """Say what is wrong with a layout, or what it describes."""
    from designer.pipeline import find_layout
    from designer.views import layout_table

    layout_table(find_layout(layout))


@app.command()
def layouts() -> None:
    """List the shipped layouts."""
    from designer.pipeline import find_layout, shipped_layouts

    for name in shipped_layouts():
        found = find_layout(name)
        typer.echo(f"{name:12s} {len(found.drivers)} drivers, {found.arithmetic}: {found.description}")


def main() -> None:
    """Entry point: a user's mistake is one message and an exit code, never a stack trace."""
    try:
        app()
    except ProsceniumError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        typer.echo(f"error: {error.filename or 'file'}: {error.strerror}: check the path and its permissions", err=True)
        sys.exit(2)


def _design(layout: str, out: Path | None, quiet: bool = False) -> tuple[Design, dict[str, object], Path]:
    from designer import pipeline

    found = pipeline.find_layout(layout)
    directory = out or Path("build") / found.name
    _step(f"designing '{found.name}': {len(found.drivers)} drivers, {found.sample_rate_hz} Hz", quiet=quiet)
    result = pipeline.design(found)
    _step("evaluating what the listener gets", quiet=quiet)
    card = pipeline.save(result, directory)
    return result, card, directory


def _build(result: Design, directory: Path, quiet: bool = False) -> Image:
    from designer.toolchain.compiler import build_image

    _step("compiling the image for stm32f405", quiet=quiet)
    return build_image(directory / "generated", "stm32f405", directory / "firmware.elf")


def _usage(message: str) -> ProsceniumError:
    from designer.errors import LayoutError

    return LayoutError(message)


def _step(text: str, quiet: bool = False) -> None:
    if not quiet:
        typer.echo(f"==> {text}", err=True)


def _say(text: str) -> None:
    typer.echo(text)


if __name__ == "__main__":
    main()

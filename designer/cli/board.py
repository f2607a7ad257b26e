"""Commands that put a design on a board and test it there: flash, hil."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from designer.cli.common import (
    BoardName,
    BoardOption,
    BootloaderPortOption,
    JsonOption,
    LayoutArgument,
    OutOption,
    PortOption,
    PublicKeyOption,
    QuietOption,
    app,
    print_json,
    run_build,
    run_design,
    run_image,
    say,
    step,
    usage_error,
    write_report,
)
from designer.toolchain.flashing.via import Via

if TYPE_CHECKING:
    from designer.design.model import Design
    from designer.toolchain.image import Image

ViaOption = Annotated[
    Via,
    typer.Option(
        "--via", help="How to write a real board: openocd or pyocd by a debug probe; uart by the serial line alone."
    ),
]


@app.command()
def flash(
    layout: LayoutArgument,
    board: BoardOption = BoardName.virtual,
    port: PortOption = None,
    via: ViaOption = Via.openocd,
    bootloader_port: BootloaderPortOption = None,
    public_key: PublicKeyOption = None,
    out: OutOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Build the image, put it on a board, and ask the board for the digest of the design that it runs."""
    from designer.board.open import open_board
    from designer.toolchain.boards import find_board

    target = find_board(board.value)
    _check_port(port)
    if board.is_real:
        from designer.layout.shipped import find_layout
        from designer.toolchain.flash import check_channels

        if via is Via.uart and port is None:
            raise usage_error("--via uart needs --port, e.g. --port /dev/ttyUSB0")
        if via is not Via.uart and bootloader_port is not None:
            raise usage_error(f"--bootloader-port {bootloader_port}: only --via uart uses the bootloader in ROM")
        check_channels(find_layout(layout), board.value)
    result, image = run_image(layout, out, json or quiet, board, public_key)
    values = {"layout": result.layout.name, "board": board.value, "digest": result.digest}
    if board.is_real:
        _write(image, result, board, via, (port, bootloader_port or port), json or quiet)
        if port is None:
            if json:
                print_json({**values, "verified": "flash"})
            else:
                say(f"digest {result.digest}: written; {via.value} read the flash back, and it is equal", quiet)
                say("The board was NOT asked over serial what it runs: give --port, e.g. /dev/ttyUSB0", quiet)
            return
    step("asking the board for its digest", quiet=json or quiet)
    with open_board(image.elf, result.digest, result.layout, port, target, board is BoardName.qemu) as running:
        if json:
            print_json({**values, "board": running.name, "verified": "digest"})
        else:
            say(f"{running.name} runs layout '{result.layout.name}', digest {result.digest}", quiet)


def _write(
    image: Image, result: Design, board: BoardName, via: Via, ports: tuple[str | None, str | None], quiet: bool
) -> None:
    """Write the flash of a real board, and show how far it is; the ports are the board's and its bootloader's."""
    from designer.board.bootloader import enter_bootloader
    from designer.cli.listen import rendering_progress
    from designer.toolchain.flash import flash as program

    port, bootloader_port = ports
    if via is Via.uart and port is not None and enter_bootloader(port, bootloader_port):
        step("the running board has entered its bootloader", quiet=quiet)
    step(f"writing the flash through {via.value}, and reading it back", quiet=quiet)
    with rendering_progress(quiet or via is not Via.uart, "flashing") as progress:
        program(image, result.layout, board.value, via, bootloader_port, progress)


@app.command()
def hil(
    layout: LayoutArgument,
    board: BoardOption = BoardName.virtual,
    port: PortOption = None,
    input_file: Annotated[Path | None, typer.Option("--input", help="Audio to stream instead of music.")] = None,
    out: OutOption = None,
    seconds: Annotated[
        float,
        typer.Option("--seconds", min=0.01, max=1e6, help="Length of each generated signal; 3600 is an hour."),
    ] = 10.0,
    history: Annotated[
        bool, typer.Option("--history", help="Show the trends of earlier runs, without a new run.")
    ] = False,
    accept: Annotated[
        str | None,
        typer.Option("--accept", metavar="REASON", help="Make the last run the baseline, and record the reason."),
    ] = None,
    history_file: Annotated[
        Path | None,
        typer.Option("--history-file", metavar="FILE", help="File of the history [hil_history.jsonl beside hil.json]."),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the hardware-in-the-loop regression and write hil.json. Exit code 4 if anything is out of bounds."""
    from designer.board.open import measure_instructions, open_board
    from designer.cli.tables import signal_progress
    from designer.regression.save import save_results
    from designer.regression.signals import standard_signals
    from designer.regression.suite import Suite
    from designer.toolchain.boards import find_board
    from designer.toolchain.stack import sizes_of

    target = find_board(board.value)
    if history or accept is not None:
        named = f"{target.name} at {port}" if port else _virtual_name(board, target.name)
        _look_back(layout, out, history_file, accept, named, json, quiet)
        return
    if board.is_real and port is None:
        raise usage_error(f"--board {board.value} needs --port, e.g. --port /dev/ttyACM0")
    _check_port(port)
    _check_music(layout, input_file)
    silent = json or quiet
    result, card, directory = run_design(layout, out, quiet=silent)
    signals = standard_signals(result.fixed, input_file)
    image = run_build(result, directory, silent, board)
    sizes = sizes_of(image)
    instructions = None
    if port is None:
        step("counting instructions in QEMU", quiet=silent)
        instructions = measure_instructions(image.elf, result.digest, result.layout, target=target)
    step("streaming audio through the board over serial", quiet=silent)
    with (
        open_board(image.elf, result.digest, result.layout, port, target, board is BoardName.qemu) as running,
        signal_progress(silent) as progress,
    ):
        suite = Suite(result, running, signals, instructions, sizes, progress)
        suite.play_through_converters(image.elf)
        found = suite.everything(seconds)
    report, values = save_results(found, result, directory, history_file, board.suffix)
    if not board.suffix:
        write_report(result, card, directory, quiet=silent)
    if json:
        print_json(values)
    else:
        _say_results(values, directory, board, quiet)
    if not report.passed:
        raise typer.Exit(4)


def _check_port(port: str | None) -> None:
    """Refuse a port that cannot be opened, ahead of all that takes time."""
    from designer import protocol
    from designer.toolchain.serial_port import check_serial_port

    if port is not None:
        check_serial_port(port, protocol.BAUD_RATE)


def _check_music(layout: str, path: Path | None) -> None:
    """Refuse a file that is no stereo audio, ahead of all that takes time."""
    from designer.layout.shipped import find_layout
    from designer.render.audio_files import StereoReader

    if path is not None:
        StereoReader(path, find_layout(layout).sample_rate_hz).close()


def _virtual_name(board: BoardName, target_name: str) -> str | None:
    """Name in the history of a board without a port; None for all boards."""
    if board is BoardName.virtual:
        return None
    return board.value if board.value.startswith("virtual:") else f"qemu:{target_name}"


def _say_results(values: dict[str, Any], directory: Path, board: BoardName, quiet: bool) -> None:
    """Print the summary of a run and the files that were written."""
    from designer.regression.terminal_summary import screen

    say(screen(values), quiet)
    files = [f"hil{board.suffix}.json", f"hil{board.suffix}.html", *([] if board.suffix else ["report.html"])]
    say(f"written to {directory}: {', '.join(files)}", quiet)


def _look_back(
    layout: str,
    out: Path | None,
    history_file: Path | None,
    accept: str | None,
    board: str | None,
    json: bool,
    quiet: bool,
) -> None:
    """Show trends or set the baseline, of all boards or of the one that was named."""
    from designer.cli.tables import history_table
    from designer.files import replace_file
    from designer.layout.shipped import find_layout
    from designer.regression import history
    from designer.regression.html_page import render_history

    name = find_layout(layout).name
    directory = out or Path("build") / name
    path = history_file or directory / history.FILE_NAME
    if accept is not None:
        line = history.accept(path, name, accept, board)
        print_json(line) if json else say(f"baseline of '{name}' on {line['board']}: {accept.strip()}", quiet)
        return
    lines = history.read(path, name, board)
    if json:
        print_json(lines)
        return
    if not quiet:
        history_table(name, lines)
    if lines:
        page = directory / "hil_history.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        replace_file(page, lambda file: file.write(render_history(name, lines).encode()))
        say(f"written to {page}", quiet)

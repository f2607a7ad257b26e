"""Verbs that talk to a board: flash, hil."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from designer.cli.common import (
    BoardName,
    BoardOption,
    JsonOption,
    LayoutArgument,
    OutOption,
    PortOption,
    QuietOption,
    app,
    print_json,
    run_build,
    run_design,
    say,
    step,
    usage_error,
    write_report,
)


@app.command()
def flash(
    layout: LayoutArgument,
    board: BoardOption = BoardName.virtual,
    port: PortOption = None,
    out: OutOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Build the image and put it on a board; what runs there is then asked for its digest."""
    from designer.toolchain.boards import find_board
    from hil_tests.board import open_board

    target = find_board(board.value)
    if board.is_real:
        from designer.pipeline import find_layout
        from designer.toolchain.flash import check_channels

        check_channels(find_layout(layout), board.value)
    result, _, directory = run_design(layout, out, quiet=json or quiet)
    image = run_build(result, directory, json or quiet, board)
    told = {"layout": result.layout.name, "board": board.value, "digest": result.digest}
    if board.is_real:
        from designer.toolchain.flash import flash as program

        step("writing and verifying the flash through ST-Link", quiet=json or quiet)
        program(image, result.layout, board.value)
        if port is None:
            if json:
                print_json({**told, "verified": "flash"})
            else:
                say("written and verified; with --port the digest is read back over serial as well", quiet)
            return
    step("asking the board for its digest", quiet=json or quiet)
    with open_board(image.elf, result.digest, result.layout, port, target) as running:
        if json:
            print_json({**told, "board": running.name, "verified": "digest"})
        else:
            say(f"{running.name} runs layout '{result.layout.name}', digest {result.digest}", quiet)


@app.command()
def hil(
    layout: LayoutArgument,
    board: BoardOption = BoardName.virtual,
    port: PortOption = None,
    input_file: Annotated[Path | None, typer.Option("--input", help="Stereo audio to stream instead of music.")] = None,
    out: OutOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the hardware-in-the-loop regression and write hil.json; exit code 4 if anything is out of bounds."""
    from designer.pipeline import save_json
    from designer.toolchain.boards import find_board
    from designer.views import hil_tables, signal_progress
    from hil_tests.board import measure_instructions, open_board
    from hil_tests.regression import run_regression
    from hil_tests.signals import standard_signals

    target = find_board(board.value)
    if board.is_real and port is None:
        raise usage_error("--board stm32f405 needs --port, e.g. --port /dev/ttyACM0")
    silent = json or quiet
    result, card, directory = run_design(layout, out, quiet=silent)
    signals = standard_signals(result.fixed, input_file)
    image = run_build(result, directory, silent, board)
    instructions = None
    if port is None:
        step("counting instructions on the virtual board", quiet=silent)
        instructions = measure_instructions(image.elf, result.digest, result.layout, target=target)
    step("streaming audio through the board over serial", quiet=silent)
    with (
        open_board(image.elf, result.digest, result.layout, port, target) as running,
        signal_progress(silent) as progress,
    ):
        report = run_regression(
            result,
            running,
            signals,
            instructions_per_block=instructions,
            image={"flash_bytes": image.flash_bytes, "ram_bytes": image.ram_bytes},
            progress=progress,
        )
    saved = directory / f"hil{board.suffix}.json"
    save_json(report.to_dict(), saved)
    if not board.suffix:
        write_report(result, card, directory, quiet=silent)
    if json:
        print_json(report.to_dict())
    elif not quiet:
        hil_tables(report, result.layout)
        say(f"written to {directory}: {saved.name}" + ("" if board.suffix else ", report.html"))
    if not report.passed:
        raise typer.Exit(4)

"""Verbs of the virtual board: play, board."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from designer.cli.common import (
    JsonOption,
    LayoutArgument,
    OutOption,
    QuietOption,
    app,
    print_json,
    run_image,
    say,
    step,
)
from designer.errors import LayoutError

TraceOption = Annotated[
    Path | None,
    typer.Option("--trace", metavar="FILE", help="Interrupts, DMA halves and deadlines, for ui.perfetto.dev."),
]


@app.command()
def play(
    layout: LayoutArgument,
    source: Annotated[Path, typer.Argument(metavar="IN", help="Mono or stereo WAV or FLAC, any rate and length.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="WAV or FLAC, with a channel for each driver.")],
    trace: TraceOption = None,
    out: OutOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Play an audio file through the firmware itself: into the virtual board's ADC, and out of its DACs."""
    from designer.board.open import VirtualBoard
    from designer.board.play_file import play_file
    from designer.cli.listen import rendering_progress

    _check_trace(trace, source, target)
    result, image = run_image(layout, out, json or quiet)
    step("booting it on the virtual board", quiet=json or quiet)
    began = time.monotonic()
    with (
        VirtualBoard(image.elf, result.digest, result.layout, _options(trace)) as board,
        rendering_progress(json or quiet, "playing") as progress,
    ):
        figures = play_file(board, source, target, progress)
    figures["times_real_time"] = figures["seconds_of_audio"] / (time.monotonic() - began)
    names = [driver.name for driver in result.layout.drivers]
    if json:
        print_json({"target": str(target), "digest": result.digest, **figures})
    else:
        late = f", {figures['late_blocks']} blocks late" if figures["late_blocks"] else ""
        say(
            f"{target}: {len(names)} channels ({', '.join(names)}) from the board's DACs, "
            f"{figures['seconds_of_audio']:.2f} s, peak {figures['peak_dbfs']:.1f} dBFS{late}; "
            f"{figures['times_real_time']:.1f} x real time",
            quiet,
        )


def _check_trace(trace: Path | None, *others: Path) -> None:
    if trace is not None and any(trace.resolve() == other.resolve() for other in others):
        raise LayoutError(f"trace '{trace}': is the input or the output: give another file")


def _options(trace: Path | None, gdb: int | None = None) -> tuple[str, ...]:
    """Options of the board's process."""
    return (
        *(("--trace", str(trace.resolve())) if trace is not None else ()),
        *(("--gdb", str(gdb)) if gdb is not None else ()),
    )


@app.command()
def board(
    layout: LayoutArgument,
    gdb: Annotated[
        int | None,
        typer.Option("--gdb", metavar="PORT", min=1, max=65535, help="Wait for GDB at this port of this machine."),
    ] = None,
    trace: TraceOption = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="URL",
            help="Serve the serial line by network: rfc2217://localhost:2217, or socket://. It has no password.",
        ),
    ] = None,
    out: OutOption = None,
    quiet: QuietOption = False,
) -> None:
    """Run the virtual board until Ctrl-C: its serial line is a pseudo terminal, for every command that has --port."""
    from designer.board.line_server import LineServer
    from designer.board.virtual_process import VirtualProcess

    _, image = run_image(layout, out, quiet)
    process = VirtualProcess(image.elf, _options(trace, gdb))
    servers = ExitStack()
    try:
        server = None if listen is None else servers.enter_context(LineServer(listen, process.port))
        say(f"serial line: {process.port if server is None else server.url}")
        if gdb is not None:
            say(f"debugger: gdb-multiarch {image.elf} -ex 'target remote localhost:{gdb}'")
        step("Ctrl-C ends", quiet=quiet)
        process.wait()
    except KeyboardInterrupt:
        return
    finally:
        process.stop()
        servers.close()

"""The command that gives a board new tables while it plays: tune."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from designer.cli.common import (
    JsonOption,
    LayoutArgument,
    OutOption,
    PortOption,
    QuietOption,
    app,
    print_json,
    run_image,
    say,
    step,
)
from designer.errors import ProsceniumError

if TYPE_CHECKING:
    from designer.board.session import Board
    from designer.board.tune import Kept, Sign

# An editor writes a file in several steps.  They count as one save after this pause.
_SETTLE_MS = 30
_LOOK_MS = 500

_Signature = tuple[int, int, int] | None


@app.command()
def tune(
    layout: LayoutArgument,
    port: PortOption = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Repeat at every save of the layout file until Ctrl-C.")
    ] = False,
    commit: Annotated[
        bool, typer.Option("--commit", help="Keep the filters in the board's flash: the next start plays them.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Sign with this private key, for a board with its public half."),
    ] = None,
    out: OutOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Design, and let a playing board fade to the new filters, delays and levels without flashing.

    Without --port, the virtual board boots the image in build/<layout>; a missing image is built.
    """
    sign = None if key is None else _signer(key)
    with _opener(layout, port, out, json or quiet) as connect:
        path = _path_of(layout)
        seen = _signature(path)
        _tune_once(layout, connect, json, quiet, commit, sign)
        if watch:
            step(f"watching '{path}'; Ctrl-C ends", quiet=json or quiet)
            for _ in _saves(path, seen):
                try:
                    _tune_once(layout, connect, json, quiet, commit, sign)
                except (ProsceniumError, OSError) as error:
                    # The layout is not fully written, or the cable is unplugged.  The board plays on, and the watch
                    # continues.
                    typer.echo(f"error: {error}", err=True)


@contextmanager
def _opener(layout: str, port: str | None, out: Path | None, quiet: bool) -> Iterator[Any]:
    """Yield a function that opens the board.  A real board opens at each call, a virtual one only once."""
    from designer.board.open import SerialBoard, VirtualBoard

    with ExitStack() as stack:
        if port is not None:
            yield lambda: SerialBoard(port)
            return
        elf = _image_of(layout, out, quiet)
        step("booting it on the virtual board", quiet=quiet)
        board = stack.enter_context(VirtualBoard(elf))
        yield lambda: nullcontext(board)


def _image_of(layout: str, out: Path | None, quiet: bool) -> Path:
    from designer.layout.shipped import find_layout

    elf = (out or Path("build") / find_layout(layout).name) / "firmware.elf"
    if not elf.is_file():
        run_image(layout, out, quiet)
    return elf


def _signer(key: Path) -> Sign:
    from designer.toolchain.keys import signer

    return signer(key)


def _tune_once(layout: str, connect: Any, json: bool, quiet: bool, keep: bool, sign: Sign | None) -> None:
    from designer.board.tune import commit, tune_board
    from designer.codegen.table_set import pack
    from designer.design.build import build_design
    from designer.layout.shipped import find_layout

    begun = time.monotonic()
    result = build_design(find_layout(layout))
    designed = time.monotonic()
    board: Board
    with connect() as board:
        tuned = tune_board(board, pack(result.layout, result.fixed, result.digest), sign)
        kept = commit(board.link) if keep else None
        name = board.name
    ended = time.monotonic()
    seconds = {"design": round(designed - begun, 3), "board": round(ended - designed, 3)}
    if json:
        values = {"layout": result.layout.name, "board": name, "digest": result.digest}
        slot = None if kept is None else kept.number
        flash = None if kept is None else asdict(kept)
        print_json({**values, "slot": slot, "flash": flash, **asdict(tuned), "seconds": seconds})
    else:
        fades = f"fades from {tuned.before[:12]} to {result.digest[:12]}"
        what = "plays it already" if tuned.before == result.digest else fades
        spent = f"designed in {seconds['design']:.2f} s, on the board in {seconds['board']:.2f} s"
        say(f"{name}: '{result.layout.name}' {what}; {spent}{_about(kept)}", quiet)
        if tuned.late_blocks:
            late = f"{tuned.late_blocks} blocks were late, and so silent, while old and new filters ran together"
            step(f"{late}; only the new ones run now; shorter ones (filters.taps) fade in time", quiet)


def _about(kept: Kept | None) -> str:
    if kept is None:
        return ""
    if not kept.written:
        return f"; its flash held them already, as number {kept.number}"
    worn = f", erased {kept.erasures} of {kept.endurance} times" if kept.endurance else ""
    return f"; kept in its flash as number {kept.number}{worn}"


def _path_of(layout: str) -> Path:
    from designer.layout.shipped import shipped_layouts

    return shipped_layouts().get(layout, Path(layout)) if not Path(layout).is_file() else Path(layout)


def _saves(path: Path, seen: _Signature) -> Iterator[None]:
    """Yield after each save of a file, even if an editor replaces it with a new file."""
    from watchfiles import watch

    # Watch the directory: a replaced file is another file.  Poll as well: a save may come before the watch begins.
    for _ in watch(
        path.resolve().parent,
        debounce=10 * _SETTLE_MS,
        step=_SETTLE_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        recursive=False,
        raise_interrupt=False,
    ):
        now = _signature(path)
        if now not in (seen, None):
            seen = now
            yield


def _signature(path: Path) -> _Signature:
    """Identify a save; None while there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino

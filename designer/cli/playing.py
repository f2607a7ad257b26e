"""Verbs for a board that plays: status, volume."""

from __future__ import annotations

from typing import Annotated

import typer

from designer.cli.common import JsonOption, NeededPortOption, QuietOption, app, print_json, say


@app.command()
def status(
    port: NeededPortOption,
    json: JsonOption = False,
) -> None:
    """Ask a board how it is, without disturbing what it plays: load, peaks, limiters, misses, clocks, temperature."""
    from designer.views import status_table
    from hil_tests.boards import SerialBoard
    from hil_tests.tune import status_of

    with SerialBoard(port) as board:
        found = status_of(board)
    if json:
        print_json(found)
    else:
        status_table(found)


@app.command(context_settings={"ignore_unknown_options": True})  # so that a negative number is one
def volume(
    volume_db: Annotated[float, typer.Argument(metavar="DB", help="0 is full volume, -inf is silence.", max=0.0)],
    port: NeededPortOption,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Set a playing board's volume, without a click, and tell how far its limiters have turned down."""
    from hil_tests.boards import SerialBoard

    with SerialBoard(port) as board:
        board.set_volume(volume_db)
        health = board.health()
        told = {
            "board": board.name,
            "layout": board.info.layout_name,
            "volume_db": None if health["volume_db"] == float("-inf") else health["volume_db"],
            "limiter_gain_db": health["limiter_gain_db"],
        }
    if json:
        print_json(told)
    else:
        gains = ", ".join(f"{gain:.1f}" for gain in told["limiter_gain_db"])
        say(f"{told['board']}: {health['volume_db']:.1f} dB; least gain of the limiters by channel: {gains} dB", quiet)

"""Commands for a board that plays: status, volume, limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from designer.cli.common import JsonOption, NeededPortOption, QuietOption, app, print_json, say, usage_error

if TYPE_CHECKING:
    from designer.board.session import Board


@app.command()
def status(
    port: NeededPortOption,
    json: JsonOption = False,
) -> None:
    """Show load, peaks, limiters, late blocks, clocks and temperature of a playing board. It plays on undisturbed."""
    from designer.board.open import SerialBoard
    from designer.board.tune import status_of
    from designer.cli.tables import status_table

    with SerialBoard(port) as board:
        found = status_of(board)
    if json:
        print_json(found)
    else:
        status_table(found)


@app.command(context_settings={"ignore_unknown_options": True})  # accepts a negative number as an argument
def volume(
    volume_db: Annotated[float, typer.Argument(metavar="DB", help="0 is full volume, -inf is silence.", max=0.0)],
    port: NeededPortOption,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Set the volume of a playing board without clicks, and show the gains of its limiters."""
    from designer.board.open import SerialBoard

    with SerialBoard(port) as board:
        board.set_volume(volume_db)
        health = board.health()
        values = {
            "board": board.name,
            "layout": board.info.layout_name,
            "volume_db": None if health["volume_db"] == float("-inf") else health["volume_db"],
            "limiter_gain_db": health["limiter_gain_db"],
        }
    if json:
        print_json(values)
    else:
        gains = ", ".join(f"{gain:.1f}" for gain in values["limiter_gain_db"])
        say(
            f"{values['board']}: {health['volume_db']:.1f} dB; least gain of the limiters by channel: {gains} dB", quiet
        )


@app.command(context_settings={"ignore_unknown_options": True})
def limit(
    port: NeededPortOption,
    driver: Annotated[str | None, typer.Argument(metavar="DRIVER", help="Channel, from 0, or name [show all].")] = None,
    limit_db: Annotated[
        float | None,
        typer.Argument(metavar="DB", help="New limit in dBFS, at most that of the design [show the present one]."),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option("--layout", help="Layout with the drivers' names [the shipped one on the board]."),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the driver limits of a playing board, or set one. A limit is at most that of the design."""
    from designer.board.open import SerialBoard

    with SerialBoard(port) as board:
        names = _names_of(board, layout)
        channel = None if driver is None else _channel_of(driver, names)
        if channel is not None and limit_db is not None:
            now = board.limits()
            raw = now.raw_at(channel, limit_db, _called(channel, names))
            board.set_limiter(channel, raw, now.release)
        now = board.limits()
        values: dict[str, Any] = {"board": board.name, "layout": board.info.layout_name, "limits": []}
    for n, (level_db, most_db) in enumerate(zip(now.levels_db(now.raw), now.levels_db(now.design_raw), strict=True)):
        if channel in (None, n):
            row = {"channel": n, "driver": names[n], "limit_db": round(level_db, 2), "design_db": round(most_db, 2)}
            values["limits"].append(row)
            most = "the design's" if now.raw[n] == now.design_raw[n] else f"the design's: {most_db:.2f}"
            say(f"{values['board']}: {_called(n, names)}: {level_db:.2f} dBFS ({most})", quiet or json)
    if json:
        print_json(values)


def _names_of(board: Board, layout: str | None) -> list[str | None]:
    """Names in channel order; None where they are unknown."""
    from designer.layout.shipped import find_layout, shipped_layouts

    wanted = layout or board.info.layout_name
    if layout is None and wanted not in shipped_layouts():
        return [None] * board.info.drivers
    names = [driver.name for driver in find_layout(wanted).drivers]
    if len(names) != board.info.drivers:
        if layout is not None:
            raise usage_error(
                f"--layout {layout}: {len(names)} drivers, and the board has {board.info.drivers} "
                f"(layout '{board.info.layout_name}'): give the layout that it was flashed with, or a channel"
            )
        return [None] * board.info.drivers
    return [*names]


def _channel_of(driver: str, names: list[str | None]) -> int:
    channel = int(driver) if driver.isdecimal() and int(driver) < len(names) else None
    if driver in names:
        if channel not in (None, names.index(driver)):
            raise usage_error(
                f"driver '{driver}': is the name of channel {names.index(driver)} and the number of another: "
                "rename the driver in the layout"
            )
        return names.index(driver)
    if channel is not None:
        return channel
    named = ", ".join(f"'{name}'" for name in names if name is not None)
    remedy = f" or {named}" if named else "; for names give --layout"
    raise usage_error(f"driver '{driver}': allowed are channels 0 to {len(names) - 1}{remedy}")


def _called(channel: int, names: list[str | None]) -> str:
    name = names[channel]
    return f"channel {channel}" if name is None else f"channel {channel} '{name}'"

"""Commands about who may change a board: keys, protect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from designer.cli.common import (
    BoardName,
    BootloaderPortOption,
    JsonOption,
    PortOption,
    QuietOption,
    app,
    print_json,
    say,
    step,
    usage_error,
)
from designer.toolchain.flashing.via import Via

keys_app = typer.Typer(
    help="Keys for signed tables (Ed25519): a board built with a public key takes tables of its owner only.",
    no_args_is_help=True,
)
app.add_typer(keys_app, name="keys")

KeyFile = Annotated[Path, typer.Argument(metavar="FILE", help="The private key, as PEM.")]


@keys_app.command()
def new(file: KeyFile, json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Make a key pair. FILE gets the private key, FILE.pub the public one. Keep the private key to yourself."""
    from designer.errors import OutputConflictError
    from designer.files import replace_file
    from designer.toolchain.keys import new_key

    beside = file.with_name(file.name + ".pub")
    if beside.exists():
        raise OutputConflictError(f"'{beside}' exists: a key is never overwritten; choose another name")
    public = new_key(file).hex()
    replace_file(beside, lambda opened: opened.write(f"{public}\n".encode()))
    if json:
        print_json({"private": str(file), "public": str(beside), "key": public})
        return
    say(f"private key: {file} (for its owner only; without it a board can only be flashed anew)", quiet)
    say(f"public key:  {beside}: {public}", quiet)


@keys_app.command()
def show(file: KeyFile, json: JsonOption = False) -> None:
    """Print the public key that belongs to a private key."""
    from designer.toolchain.keys import public_half

    public = public_half(file).hex()
    print_json({"key": public}) if json else say(public)


@app.command()
def protect(
    board: Annotated[BoardName, typer.Option("--board", help="A real board.")],
    level: Annotated[int, typer.Option("--level", min=0, max=1, help="1: no probe reads the flash. 0: none; ERASES.")],
    via: Annotated[Via, typer.Option("--via", help="openocd or uart.")] = Via.openocd,
    port: PortOption = None,
    bootloader_port: BootloaderPortOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really do it.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Set read-out protection of a real board's chip. Level 2, which is for ever, is not offered."""
    from designer.toolchain.boards import find_board
    from designer.toolchain.flashing.protect import protect as set_level

    if not board.is_real:
        raise usage_error(f"--board {board.value}: only a real board has read-out protection")
    if via is Via.uart and port is None:
        raise usage_error("--via uart needs --port, e.g. --port /dev/ttyUSB0")
    if via is not Via.uart and bootloader_port is not None:
        raise usage_error(f"--bootloader-port {bootloader_port}: only --via uart uses the bootloader in ROM")
    if not yes:
        what = (
            "level 0 removes the protection and ERASES the whole flash"
            if level == 0
            else "level 1 locks probes out of the flash; to flash again, level 0 must first erase all"
        )
        raise usage_error(f"{what}. Nothing was done: add --yes if you want this")
    if via is Via.uart and port is not None:
        from designer.board.bootloader import enter_bootloader

        enter_bootloader(port, bootloader_port)
    set_level(find_board(board.value), level, via, bootloader_port or port)
    step(f"read-out protection is at level {level}; switch the supply off and on", quiet=quiet)

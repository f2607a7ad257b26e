"""Run a virtual board as a process: ``python -m designer.board.virtual firmware.elf``."""

from __future__ import annotations

import argparse
import socket
import sys
from contextlib import nullcontext
from pathlib import Path

from designer.board.control import Channel, ChannelClosedError
from designer.board.virtual.chips import CHIPS
from designer.board.virtual.codecs import CODECS
from designer.board.virtual.serve import Server
from designer.board.virtual.trace import Trace
from designer.errors import ProsceniumError


def main() -> int:
    """Start the board, name its serial line, and serve until the starter is gone."""
    parser = argparse.ArgumentParser(prog="python -m designer.board.virtual", description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("--chip", choices=tuple(CHIPS), default="stm32f405")
    parser.add_argument("--codec", choices=tuple(CODECS), help="on a TDM line, in place of the converters")
    parser.add_argument("--crystal-hz", type=int, default=8_000_000)
    parser.add_argument("--channel", type=int, help="handle of a socket to the program that started this one")
    parser.add_argument("--trace", type=Path, help="write a trace for ui.perfetto.dev to this file")
    parser.add_argument("--gdb", type=int, metavar="PORT", help="let GDB connect at this port of this machine")
    options = parser.parse_args()
    channel = None if options.channel is None else Channel(socket.socket(fileno=options.channel))
    try:
        board = CHIPS[options.chip](options.image, options.crystal_hz, options.codec)
        with nullcontext() if options.trace is None else Trace(options.trace, board):
            _serve(Server(board, channel, options.gdb), channel)
    except ProsceniumError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except (ChannelClosedError, KeyboardInterrupt):
        pass
    return 0


def _serve(server: Server, channel: Channel | None) -> None:
    if channel is not None:
        channel.send({"port": server.port})
    else:
        sys.stdout.write(f"serial line: {server.port}\n")
        sys.stdout.flush()
    try:
        server.serve()
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())

"""A virtual board as a lab has it: its line by RFC 2217, and its supply by HTTP (labgrid's power model ``simplerest``).

``python -m hil_tests.harness.lab_board firmware.elf --line rfc2217://localhost:2217 --power localhost:8217``
"""

from __future__ import annotations

import argparse
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from designer.board.line_server import LineServer
from designer.board.virtual_process import VirtualProcess

_PATH = "/power"


class Supply:
    """The supply of a virtual board."""

    def __init__(self, process: VirtualProcess) -> None:
        self._process = process
        self._lock = threading.Lock()
        self.is_on = True

    def switch(self, on: bool) -> None:
        """Switch it; while it is off the board's time stands."""
        with self._lock:
            if on and not self.is_on:
                self._process.ask("power_on")
            self._process.ask("hold", held=not on)
            self.is_on = on


def power_server(supply: Supply, address: tuple[str, int]) -> ThreadingHTTPServer:
    """Serve ``/power/0``, ``/power/1`` and ``/power``, which answers 0 or 1."""

    class Handler(BaseHTTPRequestHandler):
        """Answers one request."""

        def do_GET(self) -> None:
            """Switch or tell."""
            if self.path not in (_PATH, f"{_PATH}/0", f"{_PATH}/1"):
                self.send_error(404)
                return
            if self.path != _PATH:
                supply.switch(self.path.endswith("1"))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"1" if supply.is_on else b"0")

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(address, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    """Run a board until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("elf", type=Path)
    parser.add_argument("--line", default="rfc2217://localhost:0")
    parser.add_argument("--power", default="localhost:0", metavar="HOST:PORT")
    options = parser.parse_args()
    host, _, port = options.power.rpartition(":")
    process = VirtualProcess(options.elf)
    try:
        with LineServer(options.line, process.port) as line:
            power = power_server(Supply(process), (host, int(port)))
            print(f"{line.url} http://{host}:{power.server_address[1]}{_PATH}", flush=True)
            process.wait()
    except KeyboardInterrupt:
        return
    finally:
        process.stop()


if __name__ == "__main__":
    main()

"""Requests of a page that concern the board, and what the page is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from serial.tools.list_ports import comports

from designer.errors import BoardNotFoundError, HilError, LayoutError, ProsceniumError
from designer.regression import history
from designer.studio.board_line import VIRTUAL, BoardLine
from designer.studio.design_steps import Made
from designer.studio.hub import Request, Studio
from designer.studio.music import Music
from designer.studio.regression_run import run_regression
from designer.toolchain.flashing.via import Via

_POLL_S = 0.4
_FED_S = 0.1
_LOST = (HilError, BoardNotFoundError, OSError)
Result = TypeVar("Result")


class BoardDesk:
    """The board of a studio.  All that talks to it runs in one thread, one thing after the other.

    Parameters
    ----------
    studio : Studio
        Gets these requests as ``board.…``.
    port : str, optional
        Serial port that is opened at once.
    """

    def __init__(self, studio: Studio, port: str | None = None) -> None:
        self._studio, self._first_port = studio, port
        self._work = studio.folder.state / "board"
        self._line = BoardLine(self._work)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="board")
        self._music: Music | None = None
        self._busy = False
        self.known: dict[str, Any] = {"status": "none", "message": "", "name": "", "playing": False}
        names = ("connect", "disconnect", "push", "commit", "volume", "limit", "check", "flash", "play", "regression")
        studio.register("board", {name: getattr(self, name) for name in names})
        studio.add_topic("board", self.state)
        studio.follow(lambda made: self._tell())

    def state(self) -> dict[str, Any]:
        """Collect what the page shows of the board."""
        made = self._studio.made
        digest = (self.known.get("found") or {}).get("tables", {}).get("digest")
        return {
            **self.known,
            "ports": [*([] if self._first_port is None else [self._first_port]), *(port.device for port in comports())],
            "drivers": [] if made is None else list(made.bank.driver_names),
            "design_digest": None if made is None else made.digest,
            "plays_design": made is not None and digest == made.digest,
        }

    async def start(self) -> None:
        """Open the first port, and look at the board from now on."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._look())
        if self._first_port is not None:
            with suppress(ProsceniumError):
                await self.connect({"port": self._first_port})

    async def stop(self) -> None:
        """Release the board."""
        self._task.cancel()
        await self._loop.run_in_executor(self._thread, self._line.close)
        self._thread.shutdown()

    # Requests.

    async def connect(self, request: Request) -> None:
        """Open the board at a port, or start a virtual board."""
        port = str(request["port"])
        if port == VIRTUAL:
            made = self._made()
            await self._do("starting a virtual board", lambda: self._line.start_virtual(made, self._say))
        else:
            await self._do(f"opening {port}", lambda: self._line.open_port(port, self._first_port))
        self.known.update(status="connected", name=self._line.name, regression=None, check=None)
        await self._refresh()

    async def disconnect(self, request: Request) -> None:
        """Release the board."""
        await self._do("closing the board", self._line.close)
        self.known = {"status": "none", "message": "", "name": "", "playing": False}
        self._tell()

    async def push(self, request: Request) -> dict[str, Any]:
        """Let the board fade to the present design."""
        made = self._made()
        found = await self._do("pushing the design", lambda: self._line.push(made))
        self.known["check"] = None
        await self._refresh()
        return found

    async def commit(self, request: Request) -> int:
        """Keep the tables in the board's flash."""
        _require_confirmed(request, "the board's flash is written")
        slot = await self._do("writing the board's flash", self._line.commit)
        await self._refresh()
        return slot

    async def volume(self, request: Request) -> None:
        """Set the volume, dB up to 0; null is silence."""
        level = float("-inf") if request["db"] is None else float(request["db"])
        await self._do("", lambda: self._line.board.set_volume(level))

    async def limit(self, request: Request) -> None:
        """Set the limit of a driver, dBFS."""
        channel, level = int(request["channel"]), float(request["db"])
        await self._do("", lambda: self._line.set_limit(channel, level))
        await self._refresh()

    async def check(self, request: Request) -> dict[str, Any]:
        """Compare the board with the model, bit for bit, on a short signal."""
        made = self._made()
        self.known["check"] = await self._do("comparing every bit", lambda: self._line.check(made))
        await self._refresh()
        return dict(self.known["check"])

    async def flash(self, request: Request) -> None:
        """Write the image of the present design into a real board's flash."""
        _require_confirmed(request, "the whole flash of the board is written")
        via = str(request.get("via", Via.openocd))
        if via not in list(Via):
            raise LayoutError(f"via '{via}': allowed are {', '.join(Via)}")
        made = self._made()

        def progress(done: int, of: int) -> None:
            self._say(f"writing the flash: {100 * done // max(1, of)} %")

        await self._do("flashing the board", lambda: self._line.flash(made, Via(via), self._say, progress))
        await self._refresh()

    async def play(self, request: Request) -> None:
        """Feed music to a virtual board's input, or stop."""
        wanted = bool(request["on"])
        if wanted and self._line.name != VIRTUAL:
            raise LayoutError("music is fed to a virtual board only: a real one has its own input")
        if wanted and self._music is None:
            rate = self._made().layout.sample_rate_hz
            self._music = await self._do("reading the music", lambda: Music.built_in(rate))
        self.known["playing"] = wanted
        self._tell()

    async def regression(self, request: Request) -> None:
        """Run the regression on the connected board."""
        text, folder = self._studio.document.state.text, self._studio.document.folder
        self._made()

        def progress(name: str, done: int, total: int) -> None:
            self._loop.call_soon_threadsafe(self._progress, name, done, total)

        values = await self._do(
            "running the regression",
            lambda: run_regression(text, folder, self._line.board, self._work, progress),
        )
        lines = history.read(self._work / history.FILE_NAME, values["layout"], values["board"])
        trend = [{key: line[key] for key in ("time", "verdict", "digest", "figures")} for line in lines[-20:]]
        self.known.update(regression=values, history=trend, progress=None)
        await self._refresh()

    # Inside.

    def _made(self) -> Made:
        made, design = self._studio.made, self._studio.design
        if made is None or design.get("error") or "digest" not in design or design["digest"] != made.digest:
            raise LayoutError("the design is not ready yet: wait for its curves, or mend the layout")
        return made

    async def _do(self, what: str, work: Callable[[], Result]) -> Result:
        """Do something with the board while the page shows what."""
        if self._busy:
            raise HilError(f"the board is busy: {self.known['message']}: wait until it is done")
        self._busy = True
        if what:
            self.known.update(message=what)
            self._tell()
        try:
            return await self._loop.run_in_executor(self._thread, work)
        finally:
            self._busy = False
            self.known.update(message="", progress=None)
            self._tell()

    def _say(self, text: str) -> None:
        def take() -> None:
            self.known.update(message=text)
            self._tell()

        self._loop.call_soon_threadsafe(take)

    def _progress(self, name: str, done: int, total: int) -> None:
        self.known["progress"] = {"name": name, "done": done, "total": total}
        self._tell()

    async def _look(self) -> None:
        """Ask the board for its state again and again, and open it again when it was lost."""
        while True:
            await asyncio.sleep(_POLL_S)
            if self._line.name and not self._busy:
                await self._refresh()

    async def _refresh(self) -> None:
        try:
            found = await self._loop.run_in_executor(self._thread, self._ask)
        except _LOST as error:
            self.known.update(status="lost", message=str(error))
        else:
            if found is not None:
                self.known.update(status="connected", found=found, message="")
        self._tell()

    def _ask(self) -> dict[str, Any] | None:
        """Read the state in the board's thread; a lost line is opened again."""
        if not self._line.name:
            return None
        try:
            if not self._line.is_open:
                self._line.open_again()
            if self.known["playing"] and self._music is not None:
                self._line.feed(self._music.next(_FED_S))
            return self._line.state()
        except _LOST:
            self._line.lose()
            raise

    def _tell(self) -> None:
        self._studio.clients.tell({"topic": "board", "state": self.state()})


def _require_confirmed(request: Request, what: str) -> None:
    if request.get("confirmed") is not True:
        raise LayoutError(f"this needs a 'yes' first: {what}")

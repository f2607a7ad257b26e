"""One studio: its document, its designs, its pages, and the requests that these may make."""

from __future__ import annotations

import asyncio
import json
import math
import pickle
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from designer.errors import LayoutError, ProsceniumError
from designer.files import replace_file
from designer.layout.shipped import find_layout, shipped_layouts
from designer.studio.clients import Client, Clients
from designer.studio.controls import control_groups
from designer.studio.design_steps import BOUNDS, LOAD, QUICK, STEPS, Made
from designer.studio.designing import DesignProcess
from designer.studio.document import LayoutDocument
from designer.studio.file_link import FileLink, read_text
from designer.studio.folder import Folder

Request = dict[str, Any]
Handler = Callable[[Request], Awaitable[Any]]
_LOOK_AT_DISK_S = 0.5
_LOOK_FOR_CARD_S = 0.1
_AUTOSAVE_S = 1.0
_SESSION = "session.json"
# TOML's integers have 64 bits; Python refuses to write very long ones as text.
_MOST_BITS = 64
# What changes nothing is open to pages that follow.
_FOR_ALL = ("listen.prepare",)


class Studio:
    """State that all pages share.

    Parameters
    ----------
    folder : Folder
    layout : str, optional
        File in the folder, or name of a shipped layout, which is opened as a copy without a file.

    Raises
    ------
    LayoutError
        If there is no such layout.
    """

    def __init__(self, folder: Folder, layout: str | None = None) -> None:
        self.folder, self.clients = folder, Clients()
        self.chosen = layout is not None
        file, text = self._opened(layout or "front3")
        self.document = LayoutDocument(text, folder.root, folder.allows, file)
        self.made: Made | None = None
        self.card: Any = None
        self._reports = 0
        self.not_kept = ""
        self.design: dict[str, Any] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._handlers: dict[str, Handler] = {}
        self._followers: list[Callable[[Made], None]] = []
        self._unsaved = asyncio.Event()
        self._topics: dict[str, Callable[[], Any]] = {
            "controls": control_groups,
            "choices": self.choices_state,
            "document": self.document_state,
            "design": lambda: self.design,
        }

    @property
    def file(self) -> FileLink:
        """File of the present text; undo brings back that of an earlier one."""
        found: FileLink = self.document.origin
        return found

    def register(self, prefix: str, handlers: dict[str, Handler]) -> None:
        """Add requests that pages may make: ``prefix.name``."""
        self._handlers |= {f"{prefix}.{name}": handler for name, handler in handlers.items()}

    def add_topic(self, topic: str, state: Callable[[], Any]) -> None:
        """Add a state that each new page is told."""
        self._topics[topic] = state

    def whole_state(self) -> list[dict[str, Any]]:
        """List the messages that a new page needs."""
        return [{"topic": topic, "state": state()} for topic, state in self._topics.items()]

    def follow(self, follower: Callable[[Made], None]) -> None:
        """Call a function with each new design."""
        self._followers.append(follower)

    async def start(self) -> None:
        """Start the process that designs, and look after files."""
        self._restore()
        self._process = DesignProcess(self._arrived)
        self.redesign()
        self._tasks = [asyncio.create_task(self._watch_disk()), asyncio.create_task(self._autosave())]

    async def stop(self) -> None:
        """End everything that was started."""
        for task in self._tasks:
            task.cancel()
        self._keep_session()
        self._process.close()

    # What pages see.

    def document_state(self) -> dict[str, Any]:
        """Text, values and errors of the document, and what has happened to its file."""
        state, file = self.document.state, self.file
        return {
            "revision": self.document.revision,
            "text": state.text,
            "values": jsonable(state.values),
            "is_toml": state.is_toml,
            "faults": [fault.__dict__ for fault in state.faults],
            "can_undo": self.document.can_undo,
            "can_redo": self.document.can_redo,
            "file": None if file.path is None else file.path.name,
            "dirty": state.text != file.saved or file.path is None,
            "on_disk": file.on_disk,
            "chosen": self.chosen,
            "not_kept": self.not_kept,
        }

    def choices_state(self) -> dict[str, Any]:
        """Layouts and heads that can be chosen."""
        return {
            "shipped": list(shipped_layouts()),
            "about": {name: find_layout(name).description for name in shipped_layouts()},
            "files": self.folder.layouts(),
            "heads": self.folder.heads(),
            "folder": self.folder.root.name,
        }

    def tell_document(self) -> None:
        """Tell all pages the document's state."""
        self.clients.tell({"topic": "document", "state": self.document_state()})

    def changed(self) -> None:
        """Follow a change of the document: tell the pages, design anew, and keep the session."""
        self.tell_document()
        self.redesign()
        self._unsaved.set()

    def kept(self) -> None:
        """Follow a change of the file alone: the text is the same, and so is its design."""
        self.chosen = True
        self.tell_document()
        self._unsaved.set()

    async def answer(self, client: Client, request: Request) -> dict[str, Any]:
        """Do what a page asks for.

        Parameters
        ----------
        client : Client
        request : dict
            ``do`` names the request, ``id`` returns in the answer.

        Returns
        -------
        dict
            ``id`` with ``result``, or with ``error`` in plain words.
        """
        number, name = request.get("id"), str(request.get("do"))
        if not isinstance(number, int):  # it returns to the page, and JSON has no NaN
            number = None
        try:
            if name == "take_over":
                self.clients.take_over(client)
                return {"id": number, "result": None}
            if name == "want":
                self._want(client, int(request["until"]))
                return {"id": number, "result": None}
            if name not in self._handlers:
                raise LayoutError(f"request '{name}': unknown: load the page again")
            if name not in _FOR_ALL and not self.clients.edits(client):
                raise LayoutError("this page follows another one: choose 'Edit here' first")
            return {"id": number, "result": await self._handlers[name](request)}
        except ProsceniumError as error:
            return {"id": number, "error": str(error)}
        except OSError as error:
            what = error.filename or name
            return {"id": number, "error": f"'{Path(str(what)).name}': {error.strerror or error}: nothing was changed"}
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
            return {"id": number, "error": f"request '{name}': {type(error).__name__}: {error}"}

    # Designs.

    def redesign(self) -> None:
        """Begin the design of the present document, if it has no error."""
        revision = self.document.revision
        layout = self.document.state.layout
        self.design = {"revision": revision, "running": layout is not None, "steps": STEPS}
        if layout is None:
            self._process.stop()
            self.design["error"] = "The layout has an error. The figures are those of the last layout without one."
        else:
            work = self.folder.state / "design"
            self._process.begin(self.document.state.text, str(self.document.folder), str(work), self._wanted())
        self.clients.tell({"topic": "design", "patch": self.design})

    def _wanted(self) -> int:
        """Last step that someone looks at."""
        return max(self.clients.wanted(), BOUNDS if self._reports else QUICK)

    def _want(self, client: Client, until: int) -> None:
        """Note up to which step a page looks at a design, and take the steps that are missing."""
        client.wants = min(max(until, QUICK), LOAD)
        self._process.more(self._wanted())

    async def scorecard_of(self, digest: str) -> Any:
        """Wait for the scorecard of the present design.

        Parameters
        ----------
        digest : str
            Digest of the design.

        Raises
        ------
        LayoutError
            If the layout changes meanwhile, or the design ends with an error.
        """
        self._reports += 1
        try:
            self._process.more(self._wanted())
            while self.card is None or self.card.digest != digest:
                if self.design.get("error") or self.made is None or self.made.digest != digest:
                    raise LayoutError("the layout changed meanwhile, or has an error: try again")
                await asyncio.sleep(_LOOK_FOR_CARD_S)
            return self.card
        finally:
            self._reports -= 1

    def _arrived(self, fields: dict[str, Any], payload: bytes) -> None:
        patch = {key: value for key, value in fields.items() if key not in ("job", "done")}
        patch["revision"] = self.document.revision
        if fields.get("done") or "error" in fields:
            patch["running"] = False
        charts = {**self.design.get("charts", {}), **patch.get("charts", {})}
        self.design = {**self.design, **patch, "charts": charts}
        self.clients.tell({"topic": "design", "patch": patch})
        if payload and fields.get("step") == 1:
            self.made, self.card = pickle.loads(payload), None
            for follower in self._followers:
                follower(self.made)
        elif payload:
            self.card = pickle.loads(payload)

    # Files.

    def open(self, layout: str) -> None:
        """Begin with another layout; what was unsaved stays in undo.

        Raises
        ------
        LayoutError
            If there is no such layout.
        """
        file, text = self._opened(layout)
        self.chosen = True
        self.document.replace(text, origin=file)
        self.changed()

    def _opened(self, layout: str) -> tuple[FileLink, str]:
        shipped = shipped_layouts()
        if layout in shipped:
            text = read_text(shipped[layout])
            return FileLink(None, text), text
        path = self.folder.place(Path(layout).name, ".toml")
        text = read_text(path)
        return FileLink(path, text), text

    async def _watch_disk(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_AT_DISK_S)
            text = self.file.changed()
            if text is None:
                continue
            if self.document.state.text == self.file.saved:
                self.file.saved, self.file.on_disk = text, None
                self.document.replace(text)
                self.changed()
            else:
                self.file.on_disk = text
                self.tell_document()

    async def _autosave(self) -> None:
        while True:
            await self._unsaved.wait()
            self._unsaved.clear()
            await asyncio.sleep(_AUTOSAVE_S)
            self._keep_session()

    def _keep_session(self) -> None:
        if not self.chosen:
            return
        name = None if self.file.path is None else self.file.path.name
        if name is None and self.document.state.text == self.file.saved:
            return  # a shipped layout as it is: earlier work without a file stays
        session = {"file": name, "saved": self.file.saved, "text": self.document.state.text}
        data = json.dumps(session).encode()
        try:
            # Each file has its own, so that work on another one does not end it.
            for place in {_SESSION, _session_of(name)}:
                replace_file(self.folder.state / place, lambda file: file.write(data))
        except OSError as error:
            lost = f"The text here cannot be kept ({error.strerror}). Save it elsewhere: 'Download the layout'."
        else:
            lost = ""
        if lost != self.not_kept:
            self.not_kept = lost
            self.tell_document()

    def _restore(self) -> None:
        """Take back what was not saved, if it is of the same file; the file itself stays as it is."""
        try:
            own = None if self.file.path is None else self.file.path.name
            place = _session_of(own) if self.chosen else _SESSION
            session = json.loads((self.folder.state / place).read_bytes())
            file, saved, text = session["file"], str(session["saved"]), str(session["text"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        if self.chosen and own is not None and file == own and text != self.file.saved:
            if saved != self.file.saved:
                self.file.on_disk, self.file.saved = self.file.saved, saved
            self.document.replace(text)
        elif not self.chosen:
            link = None
            with suppress(LayoutError):  # the file was renamed to what is no name here
                if file is not None and (self.folder.root / str(file)).is_file():
                    link = FileLink(self.folder.place(str(file), ".toml"), saved)
            self.document.replace(text, origin=link)
            self.chosen = True


def _session_of(name: str | None) -> str:
    """File of a session; layouts without a file share one."""
    return _SESSION if name is None else f"session-{name}.json"


def jsonable(value: Any) -> Any:
    """Values as JSON has them: dates, infinities, what is not a number, and endless integers become texts."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return hex(value)
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)

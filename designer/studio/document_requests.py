"""Requests of a page that change the document or its file."""

from __future__ import annotations

from typing import Any

from designer.errors import LayoutError
from designer.studio.hub import Request, Studio
from designer.studio.placement import add_driver, change_shape, remove_driver
from designer.studio.toml_edits import KeyPath, remove_key, set_key

_DEEPEST_PATH = 5
_MOST_EDITS = 64


class DocumentRequests:
    """Edits, undo and redo, opening and saving.

    Parameters
    ----------
    studio : Studio
        Gets these requests as ``document.…``.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        names = ("set", "unset", "text", "add", "remove", "shape", "undo", "redo", "open", "save", "save_as", "disk")
        studio.register("document", {name: getattr(self, name) for name in names})

    async def set(self, request: Request) -> None:
        """Set keys to values, all in one step."""
        text, edits = self._text, request["edits"]
        if not isinstance(edits, list) or not 0 < len(edits) <= _MOST_EDITS:
            raise LayoutError(f"edits: a list of up to {_MOST_EDITS} is needed")
        for edit in edits:
            text = set_key(text, _path(edit), edit["value"])
        self._replace(text, request)

    async def unset(self, request: Request) -> None:
        """Leave a key out, so that its default holds."""
        self._replace(remove_key(self._text, _path(request)), request)

    async def text(self, request: Request) -> None:
        """Replace the whole text."""
        self._replace(str(request["text"]), request)

    async def add(self, request: Request) -> None:
        """Add a driver where most room is left."""
        self._replace(add_driver(self._text, self._values), request)

    async def remove(self, request: Request) -> None:
        """Remove a driver."""
        self._replace(remove_driver(self._text, self._values, int(request["index"])), request)

    async def shape(self, request: Request) -> None:
        """Turn the cabinet into one of another shape."""
        self._replace(change_shape(self._text, self._values, str(request["shape"])), request)

    async def undo(self, request: Request) -> None:
        """Go back one step."""
        self._studio.document.undo()
        self._studio.changed()

    async def redo(self, request: Request) -> None:
        """Repeat the step that was undone."""
        self._studio.document.redo()
        self._studio.changed()

    async def open(self, request: Request) -> None:
        """Open a layout of the folder, or a copy of a shipped one."""
        self._studio.open(str(request["layout"]))

    async def save(self, request: Request) -> None:
        """Write the document to its file."""
        self._studio.file.save(self._text, bool(request.get("overwrite", False)))
        self._saved()

    async def save_as(self, request: Request) -> None:
        """Write the document to a file of the folder."""
        path = self._studio.folder.place(str(request["name"]), ".toml")
        self._studio.file.save_as(path, self._text, bool(request.get("overwrite", False)))
        self._saved()

    async def disk(self, request: Request) -> None:
        """Choose between the text here and the one that someone else wrote to the file."""
        file, take = self._studio.file, bool(request["take"])
        if file.on_disk is None:
            raise LayoutError("the file has not changed meanwhile")
        text, file.saved, file.on_disk = file.on_disk, file.on_disk, None
        if take:
            self._studio.document.replace(text)
        self._studio.changed()

    @property
    def _text(self) -> str:
        return self._studio.document.state.text

    @property
    def _values(self) -> dict[str, Any]:
        if not self._studio.document.state.is_toml:
            raise LayoutError("the text is no TOML: mend it first, or undo")
        return self._studio.document.state.values

    def _replace(self, text: str, request: Request) -> None:
        gesture = request.get("gesture")
        self._studio.chosen = True
        self._studio.document.replace(text, None if gesture is None else str(gesture))
        self._studio.changed()

    def _saved(self) -> None:
        self._studio.clients.tell({"topic": "choices", "state": self._studio.choices_state()})
        self._studio.changed()


def _path(request: Request) -> KeyPath:
    path = request["path"]
    good = isinstance(path, list) and 0 < len(path) <= _DEEPEST_PATH
    if not good or not all(isinstance(part, str) or (isinstance(part, int) and part >= 0) for part in path):
        raise LayoutError(f"path {path!r}: allowed are up to {_DEEPEST_PATH} names and numbers")
    return tuple(path)

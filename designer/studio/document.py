"""The layout that is edited: its text, its values, its errors, and the way back to earlier texts."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from designer.errors import LayoutError
from designer.layout.input_paths import input_paths
from designer.layout.load import parse_layout
from designer.layout.model import Layout
from designer.studio.faults import Fault, find_faults

LONGEST_TEXT = 200_000
# A layout needs two levels.
_MOST_LEVELS = 20
_KEPT_STEPS = 500


@dataclass(frozen=True)
class State:
    """One text and what it means.

    Attributes
    ----------
    text : str
    values : dict
        As parsed; those of an earlier text where this one is no TOML.
    is_toml : bool
    layout : Layout or None
        None if there is an error.
    faults : tuple of Fault
    """

    text: str
    values: dict[str, Any]
    is_toml: bool
    layout: Layout | None
    faults: tuple[Fault, ...]


class LayoutDocument:
    """A text that is edited, with undo and redo.

    Parameters
    ----------
    text : str
    folder : Path
        Relative paths in the text start here.
    allows : callable
        Says whether a layout may read a file.
    origin : Any
        Where the text comes from.  Undo and redo bring it back with the text.
    """

    def __init__(self, text: str, folder: Path, allows: Callable[[Path], bool], origin: Any = None) -> None:
        self.folder, self._allows = folder, allows
        self.origin = origin
        self._past: list[tuple[str, Any]] = []
        self._future: list[tuple[str, Any]] = []
        self._gesture: str | None = None
        self.revision = 0
        self.state = self._read(text, {})

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier text."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether an edit was undone and none followed."""
        return bool(self._future)

    def replace(self, text: str, gesture: str | None = None, origin: Any = None) -> None:
        """Make a new text the present one.

        Parameters
        ----------
        text : str
        gesture : str, optional
            Edits of one gesture, such as a drag, are one step for `undo`.
        origin : Any
            Where the text comes from; None if it goes on with the present one.

        Raises
        ------
        LayoutError
            If the text is too long.
        """
        if len(text) > LONGEST_TEXT:
            raise LayoutError(f"the text has {len(text)} characters, allowed are {LONGEST_TEXT}: shorten it")
        origin = self.origin if origin is None else origin
        if text == self.state.text and origin is self.origin:
            return
        if gesture is None or gesture != self._gesture:
            self._past = [*self._past, (self.state.text, self.origin)][-_KEPT_STEPS:]
        self._gesture, self.origin = gesture, origin
        self._future.clear()
        self._show(text)

    def undo(self) -> None:
        """Return to the text before the last step."""
        if self._past:
            self._future.append((self.state.text, self.origin))
            self._step(self._past)

    def redo(self) -> None:
        """Repeat the step that was undone last."""
        if self._future:
            self._past.append((self.state.text, self.origin))
            self._step(self._future)

    def move_to(self, folder: Path) -> None:
        """Let relative paths start from another folder."""
        if folder != self.folder:
            self.folder = folder
            self._show(self.state.text)

    def _step(self, steps: list[tuple[str, Any]]) -> None:
        self._gesture = None
        text, self.origin = steps.pop()
        self._show(text)

    def _show(self, text: str) -> None:
        self.revision += 1
        self.state = self._read(text, self.state.values)

    def _read(self, text: str, earlier: dict[str, Any]) -> State:
        try:
            values = tomllib.loads(text)
        except (ValueError, RecursionError):
            values = None
        if values is not None and _is_too_deep(values):
            values = None  # the message says so; nothing else could walk through it
        try:
            layout = parse_layout(text, "layout", self.folder)
            self._refuse_outside(layout)
        except LayoutError as error:
            faults = tuple(find_faults(str(error), values or {}))
            return State(text, earlier if values is None else values, values is not None, None, faults)
        return State(text, values or {}, True, layout, ())

    def _refuse_outside(self, layout: Layout) -> None:
        """Refuse a layout that would read files outside the folder."""
        for path in input_paths(layout.model_dump(mode="json", by_alias=True)):
            if not self._allows(path):
                raise LayoutError(
                    f"the file '{path}' lies outside the folder of this studio: copy it there, or start the studio in "
                    "the folder that has it (--folder)"
                )


def _is_too_deep(values: dict[str, Any]) -> bool:
    """Whether tables lie deeper than any layout has them; dotted keys can nest them without end."""
    level: list[Any] = [values]
    for _ in range(_MOST_LEVELS):
        inside = (part.values() if isinstance(part, dict) else part for part in level)
        level = [item for part in inside for item in part if isinstance(item, dict | list)]
    return bool(level)

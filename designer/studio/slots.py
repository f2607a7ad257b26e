"""Designs that are kept to compare with: slots A and B, and the layouts that ship."""

from __future__ import annotations

from typing import Any

from designer.errors import LayoutError
from designer.layout.shipped import shipped_layouts
from designer.studio.designing import DesignProcess
from designer.studio.file_link import read_text
from designer.studio.hub import Request, Studio

NAMES = ("A", "B")
_COMPARED = ("charts", "tiles", "digest")


class Slots:
    """Slots, and the design that is shown behind the present one.

    Parameters
    ----------
    studio : Studio
        Gets these requests as ``slots.…``.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._kept: dict[str, dict[str, Any]] = {}
        self._shipped: dict[str, dict[str, Any]] = {}
        self._behind = ""
        self._process: DesignProcess | None = None
        self._designing = ""
        names = ("keep", "take", "swap", "compare")
        studio.register("slots", {name: getattr(self, name) for name in names})

    def state(self) -> dict[str, Any]:
        """Slots in use, and the design to compare with."""
        figures = self._kept.get(self._behind, {}).get("figures") or self._shipped.get(self._behind)
        return {
            "names": list(NAMES),
            "kept": {name: slot["figures"].get("digest", "") for name, slot in self._kept.items()},
            "behind": self._behind,
            "others": [{"name": self._behind, "figures": figures}] if figures else [],
        }

    async def keep(self, request: Request) -> None:
        """Keep the present layout and its figures in a slot."""
        name = _known(request)
        design = self._studio.design
        if "digest" not in design or design.get("error"):
            raise LayoutError("the design is not ready yet: wait for its curves")
        figures = {key: design[key] for key in _COMPARED if key in design}
        self._kept[name] = {"text": self._studio.document.state.text, "file": self._studio.file, "figures": figures}
        self._tell()

    async def take(self, request: Request) -> None:
        """Go back to the layout of a slot; undo returns."""
        name = _known(request)
        if name not in self._kept:
            raise LayoutError(f"slot {name} is empty: keep a design there first")
        self._studio.document.replace(self._kept[name]["text"], origin=self._kept[name]["file"])
        self._studio.changed()

    async def swap(self, request: Request) -> None:
        """Keep the present design in a slot, and go on with what was there."""
        name = _known(request)
        earlier = self._kept.get(name)
        if earlier is None:
            raise LayoutError(f"slot {name} is empty: keep a design there first")
        await self.keep(request)
        self._studio.document.replace(earlier["text"], origin=earlier["file"])
        self._studio.changed()

    async def compare(self, request: Request) -> None:
        """Show a slot or a shipped layout behind the present design; an empty name shows none."""
        name = str(request["behind"])
        if name and name not in self._kept and name not in shipped_layouts():
            raise LayoutError(f"'{name}': allowed are the slots in use and {', '.join(shipped_layouts())}")
        self._behind = name
        if name in shipped_layouts() and name not in self._shipped:
            self._design_shipped(name)
        self._tell()

    def close(self) -> None:
        """End the process that designs shipped layouts."""
        if self._process is not None:
            self._process.close()

    def _design_shipped(self, name: str) -> None:
        if self._process is None:
            self._process = DesignProcess(self._arrived)
        path = shipped_layouts()[name]
        self._designing = name
        self._found: dict[str, Any] = {"charts": {}}
        work = self._studio.folder.state / "compared"
        self._process.begin(read_text(path), str(path.parent), str(work))

    def _arrived(self, fields: dict[str, Any], payload: bytes) -> None:
        charts = {**self._found["charts"], **fields.get("charts", {})}
        self._found = {**self._found, **{key: fields[key] for key in _COMPARED if key in fields}, "charts": charts}
        if fields.get("done"):
            self._shipped[self._designing] = self._found
            self._tell()

    def _tell(self) -> None:
        self._studio.clients.tell({"topic": "slots", "state": self.state()})


def _known(request: Request) -> str:
    name = str(request["slot"])
    if name not in NAMES:
        raise LayoutError(f"slot '{name}': allowed are {' and '.join(NAMES)}")
    return name

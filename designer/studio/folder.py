"""The one folder that a studio reads and writes, and the measured heads that the system has."""

from __future__ import annotations

import re
from pathlib import Path

from designer.errors import LayoutError

# Debian's libmysofa1 puts the measured head KEMAR there.
SYSTEM_HEADS = Path("/usr/share/libmysofa")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,60}$")
_STATE = ".proscenium-studio"


class Folder:
    """A folder that no path leads out of.

    Parameters
    ----------
    root : Path
        An existing directory.

    Raises
    ------
    LayoutError
        If there is none.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not self.root.is_dir():
            raise LayoutError(f"folder '{root}': no such directory: make it, or choose another with --folder")

    @property
    def state(self) -> Path:
        """Where the studio keeps its own files; made when first needed."""
        return self.root / _STATE

    def allows(self, path: Path) -> bool:
        """Whether a layout may read a file: it lies in the folder, or is a measured head of the system."""
        found = path.resolve()
        return found.is_relative_to(self.root) or found.is_relative_to(SYSTEM_HEADS)

    def place(self, name: str, suffix: str) -> Path:
        """Path of a file in the folder, from a name that a page gave.

        Raises
        ------
        LayoutError
            If the name is not a plain name, or the file would lie elsewhere.
        """
        stem = name.removesuffix(suffix)
        if not _NAME.match(stem) or ".." in stem:
            raise LayoutError(
                f"name '{name}': allowed are letters, digits, space, '_', '.' and '-', up to 60, without folders"
            )
        path = self.root / f"{stem}{suffix}"
        if not path.resolve().is_relative_to(self.root):
            raise LayoutError(f"name '{name}': this file is a link that leads out of the folder: choose another name")
        return path

    def layouts(self) -> list[str]:
        """Names of the layout files in the folder, sorted."""
        return sorted(path.name for path in self.root.glob("*.toml") if path.is_file() and self.allows(path))

    def heads(self) -> list[str]:
        """SOFA files that a layout may name: those of the folder, relative, then those of the system."""
        own = [path.relative_to(self.root).as_posix() for path in sorted(self.root.glob("*.sofa")) if path.is_file()]
        return own + [str(path) for path in sorted(SYSTEM_HEADS.glob("*.sofa"))]

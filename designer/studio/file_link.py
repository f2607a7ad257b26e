"""The file that a document comes from: reading, saving, and changes that others make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from designer.errors import LayoutError, OutputConflictError
from designer.files import replace_file
from designer.studio.document import LONGEST_TEXT


def read_text(path: Path) -> str:
    """Read a layout's text.

    Raises
    ------
    LayoutError
        If it cannot be read or is too long.
    """
    try:
        if path.stat().st_size > 4 * LONGEST_TEXT:
            raise LayoutError(f"layout '{path.name}': {path.stat().st_size} bytes, allowed are {4 * LONGEST_TEXT}")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise LayoutError(f"layout '{path.name}': cannot be read: {error}") from error


@dataclass
class FileLink:
    """A file, and its text when it was last read or written.

    Attributes
    ----------
    path : Path or None
        None while the document has no file.
    saved : str
        Text of the file as this studio knows it; without a file, the text that the document began with.
    on_disk : str or None
        A text that someone else wrote meanwhile, until the user has chosen; else None.
    """

    path: Path | None
    saved: str
    on_disk: str | None = None

    def changed(self) -> str | None:
        """Return the file's text if someone else has written it since, else None."""
        if self.path is None:
            return None
        try:
            text = read_text(self.path)
        except LayoutError:  # being replaced, or gone; the document stays
            return None
        return None if text in (self.saved, self.on_disk) else text

    def save(self, text: str, overwrite: bool = False) -> None:
        """Write the document to its file.

        Raises
        ------
        LayoutError
            If there is no file yet.
        OutputConflictError
            If someone else has written the file, and ``overwrite`` is false.
        """
        if self.path is None:
            raise LayoutError("this layout has no file yet: give it a name with 'Save as'")
        if not overwrite and self.path.exists() and read_text(self.path) != self.saved:
            raise OutputConflictError(
                f"'{self.path.name}' was changed by another program: take its text, or overwrite it knowingly"
            )
        self._write(self.path, text)

    def save_as(self, path: Path, text: str, overwrite: bool = False) -> None:
        """Write the document to another file, and stay with it.

        Raises
        ------
        OutputConflictError
            If the file exists and ``overwrite`` is false.
        """
        if path.exists() and not overwrite:
            raise OutputConflictError(f"'{path.name}' exists: choose another name, or overwrite it knowingly")
        self._write(path, text)

    def _write(self, path: Path, text: str) -> None:
        replace_file(path, lambda file: file.write(text.encode()))
        self.path, self.saved, self.on_disk = path, text, None

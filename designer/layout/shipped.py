"""Shipped layouts, and the search of a layout by name or path."""

from __future__ import annotations

import difflib
from pathlib import Path

from designer.errors import LayoutError
from designer.layout.load import load_layout
from designer.layout.model import Layout
from designer.resources import resource

SHIPPED_LAYOUTS = resource("layouts")


def find_layout(name_or_path: str) -> Layout:
    """Load a layout by path or by the name of a shipped one.

    Parameters
    ----------
    name_or_path : str
        A path that ends in '.toml' or exists, else a name such as 'front3'.

    Returns
    -------
    Layout

    Raises
    ------
    LayoutError
        If neither exists, or the file is not valid.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        return load_layout(path)
    shipped = shipped_layouts()
    if name_or_path in shipped:
        return load_layout(shipped[name_or_path])
    close = difflib.get_close_matches(name_or_path, shipped, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    raise LayoutError(
        f"layout '{name_or_path}': no such file or shipped layout: {hint}Shipped are {', '.join(shipped)}"
    )


def shipped_layouts() -> dict[str, Path]:
    """Paths of the shipped layouts by name, sorted."""
    return {path.stem: path for path in sorted(SHIPPED_LAYOUTS.glob("*.toml"))}

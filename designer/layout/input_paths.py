"""Paths and digests of the files that a layout names: measured heads and measured drivers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from designer.files import content_digest


def change_input_paths(document: dict[str, Any], change: Callable[[str], str]) -> None:
    """Replace every path of an input file in a layout document.

    Parameters
    ----------
    document : dict
        Layout as in TOML or JSON.  It need not be valid.  Changed in place.
    change : callable
        Is given each path, and returns the new one.
    """

    def visit(table: Any, key: str) -> None:
        if isinstance(table, dict) and isinstance(table.get(key), str):
            table[key] = change(table[key])

    listener = document.get("listener")
    visit(listener, "hrtf")
    heads = listener.get("head") if isinstance(listener, dict) else None
    for head in heads if isinstance(heads, list) else []:
        visit(head, "hrtf")
    visit(document.get("virtualisation"), "hrtf")
    drivers = document.get("driver")
    for driver in drivers if isinstance(drivers, list) else []:
        if isinstance(driver, dict):
            visit(driver.get("measured"), "file")


def input_paths(document: dict[str, Any]) -> list[Path]:
    """List the input files and folders of a layout document, each once, in the order of the document."""
    found: list[str] = []

    def keep(path: str) -> str:
        found.append(path)
        return path

    change_input_paths(document, keep)
    return [Path(path) for path in dict.fromkeys(found)]


def input_digests(document: dict[str, Any]) -> dict[str, str]:
    """Digest of the content of each input of a layout document; empty for one that is missing.

    Parameters
    ----------
    document : dict
        Layout with absolute paths.

    Returns
    -------
    dict of str to str
        SHA-256 in hexadecimal, by path.
    """
    return {str(path): content_digest(path) for path in input_paths(document)}

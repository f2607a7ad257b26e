"""Edits of a layout's TOML text that keep its comments and its order."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Sequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from designer.errors import LayoutError

KeyPath = Sequence[str | int]
_CROWDED_DRIVER = re.compile(r"(?<=[^\n])\n\[\[driver\]\]")


def set_key(text: str, path: KeyPath, value: Any) -> str:
    """Set one key, and make the tables that it lies in where they are missing.

    Parameters
    ----------
    text : str
        A TOML document.
    path : sequence of str or int
        Such as ``("driver", 0, "azimuth_deg")``.
    value : Any
        What TOML can hold.

    Returns
    -------
    str

    Raises
    ------
    LayoutError
        If the text cannot take this edit.
    """

    def edit(document: Any) -> None:
        table = document
        for part in path[:-1]:
            if isinstance(part, str) and part not in table:
                table[part] = tomlkit.table() if table is document else tomlkit.inline_table()
            table = table[part]
        table[path[-1]] = value

    return _edited(text, edit, ".".join(map(str, path)))


def remove_key(text: str, path: KeyPath) -> str:
    """Remove one key, or a whole driver; a key that is not there may be removed too.

    Raises
    ------
    LayoutError
        If the text cannot take this edit.
    """

    def edit(document: Any) -> None:
        table = document
        for part in path[:-1]:
            if isinstance(part, str) and part not in table:
                return
            table = table[part]
        if isinstance(path[-1], int) or path[-1] in table:
            del table[path[-1]]

    return _edited(text, edit, ".".join(map(str, path)))


def append_driver(text: str, driver: dict[str, Any]) -> str:
    """Append a driver's table.

    Raises
    ------
    LayoutError
        If the text cannot take this edit.
    """

    def edit(document: Any) -> None:
        if "driver" not in document:
            document["driver"] = tomlkit.aot() if isinstance(document, tomlkit.TOMLDocument) else []
        table = tomlkit.table() if isinstance(document, tomlkit.TOMLDocument) else {}
        for key, value in driver.items():
            table[key] = value
        document["driver"].append(table)

    return _CROWDED_DRIVER.sub("\n\n[[driver]]", _edited(text, edit, "driver"))


def replace_table(text: str, name: str, values: dict[str, Any]) -> str:
    """Replace a table at the top of the document.

    Raises
    ------
    LayoutError
        If the text cannot take this edit.
    """

    def edit(document: Any) -> None:
        table = document.get(name)
        if not isinstance(table, dict):
            document[name] = dict(values)
            return
        for key in [key for key in table if key not in values]:
            del table[key]
        for key, value in values.items():
            table[key] = value

    return _edited(text, edit, name)


def _edited(text: str, edit: Callable[[Any], None], what: str) -> str:
    """Apply an edit to the text, and check by the same edit of plain values that nothing else has changed."""
    try:
        document = tomlkit.parse(text)
        wanted = copy.deepcopy(tomllib.loads(text))
        edit(document)
        edit(wanted)
        result = tomlkit.dumps(document)
        same = tomllib.loads(result) == _plain(wanted)
    except (TOMLKitError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise LayoutError(f"{what}: the text cannot take this edit ({error}): edit the text itself") from error
    if not same:
        raise LayoutError(f"{what}: the text cannot take this edit without changing other keys: edit the text itself")
    return result


def _plain(value: Any) -> Any:
    """Values without the types of tomlkit."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.unwrap() if hasattr(value, "unwrap") else value

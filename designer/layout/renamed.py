"""Renamed keys of the layout: old names that users may still type, and names that stored designs keep."""

from __future__ import annotations

import warnings
from typing import Any

# Old name → new name, of keys at the top of the layout.
RENAMED_KEYS = {"arithmetic": "number_format"}


class RenamedKeyWarning(FutureWarning):
    """A layout uses the old name of a key."""


def take_old_keys(document: dict[str, Any], source: str) -> list[str]:
    """Give renamed keys of a typed layout their new names, and warn of each.

    Parameters
    ----------
    document : dict
        The layout as parsed; changed in place.
    source : str
        Name of the file.

    Returns
    -------
    list of str
        One line for each key that is given under both names.
    """
    faults = []
    for old, new in RENAMED_KEYS.items():
        if old not in document:
            continue
        value = document.pop(old)
        if new in document:
            faults.append(
                f"layout '{source}', {old} = {value!r} and {new} = {document[new]!r}: {old} is the old name of {new}, "
                f"allowed is one of the two: remove {old}"
            )
            continue
        document[new] = value
        message = f"layout '{source}', {old}: this key is now called {new}; the old name still works: rename it"
        warnings.warn(message, RenamedKeyWarning, stacklevel=3)
    return faults


def with_stored_names(document: dict[str, Any]) -> dict[str, Any]:
    """Give keys the names of ``layout.json`` and the design digest, which do not change when a key is renamed."""
    stored = {new: old for old, new in RENAMED_KEYS.items()}
    return {stored.get(key, key): value for key, value in document.items()}


def with_current_names(document: dict[str, Any]) -> dict[str, Any]:
    """Give keys of a stored layout their present names: the inverse of `with_stored_names`."""
    return {RENAMED_KEYS.get(key, key): value for key, value in document.items()}

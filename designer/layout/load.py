"""Read a layout from TOML and validate it once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from designer.errors import LayoutError
from designer.layout.input_paths import change_input_paths
from designer.layout.messages import explain
from designer.layout.model import Layout
from designer.layout.renamed import take_old_keys

_MOST_CHARACTERS = 100_000
_MOST_PARTS = 8
_DEEP_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*(?:[\w\"'-]+[ \t]*\.[ \t]*){{{_MOST_PARTS}}}", re.MULTILINE)


def parse_layout(text: str, source: str = "layout", directory: Path | None = None) -> Layout:
    """Validate the TOML text of a layout.

    Parameters
    ----------
    text : str
        TOML document.
    source : str
        Name of the layout in error messages, normally the file's name.
    directory : Path, optional
        Directory that relative paths in the document start from.

    Returns
    -------
    Layout
        Frozen.  Drivers are sorted by channel.

    Raises
    ------
    LayoutError
        With one line for each fault: what, where, allowed, remedy.

    Warns
    -----
    RenamedKeyWarning
        If a key has its old name.
    """
    _check_size(text, source)
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except RecursionError as error:
        raise LayoutError(f"layout '{source}': nested too deeply: a layout needs two levels") from error
    except tomllib.TOMLDecodeError as error:
        raise LayoutError(f"layout '{source}': not valid TOML: {error}") from error
    except ValueError as error:
        # Python refuses to convert whole numbers of thousands of digits.
        raise LayoutError(f"layout '{source}': a number has too many digits: allowed are 4300") from error
    if directory is not None:
        _rebase(data, directory)
    faults = take_old_keys(data, source)
    try:
        layout = Layout.model_validate(data)
    except ValidationError as error:
        raise LayoutError("\n".join([*faults, explain(error, data, source)])) from error
    if faults:
        raise LayoutError("\n".join(faults))
    return layout


def load_layout(path: Path) -> Layout:
    """Read and validate a layout file.

    Parameters
    ----------
    path : Path
        TOML file.  Relative paths in it start from its directory.

    Returns
    -------
    Layout
        Frozen.  Drivers are sorted by channel.

    Raises
    ------
    LayoutError
        If the file cannot be read or is not a valid layout.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:  # some editors begin files with a byte order mark
            text = file.read(_MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        raise LayoutError(f"layout '{path}': cannot be read: {error}") from error
    return parse_layout(text, path.name, path.parent)


def _check_size(text: str, source: str) -> None:
    """Refuse what would take minutes to parse: the time grows with the square of the depth of a key."""
    if len(text) > _MOST_CHARACTERS:
        raise LayoutError(
            f"layout '{source}': more than {_MOST_CHARACTERS} characters, allowed are up to {_MOST_CHARACTERS}: "
            "is this a layout? a layout of 16 drivers has about 5000"
        )
    deep = _DEEP_KEY.search(text)
    if deep is not None:
        line = text.count("\n", 0, deep.end()) + 1
        raise LayoutError(
            f"layout '{source}', line {line}: a key of more than {_MOST_PARTS} parts, allowed are up to {_MOST_PARTS}: "
            "a layout needs three at most"
        )


def _rebase(data: dict[str, Any], directory: Path) -> None:
    """Make relative paths absolute, because a saved design may be used from another directory."""
    # A path that starts with '/' stays as it is.
    change_input_paths(data, lambda path: (directory.resolve() / path).as_posix())

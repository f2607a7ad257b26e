"""Read a layout from TOML and validate it once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from designer.errors import LayoutError
from designer.layout.inputs import change_input_paths
from designer.layout.messages import explain
from designer.layout.model import Layout
from designer.layout.renamed import take_old_keys


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
        text = path.read_text(encoding="utf-8-sig")  # some editors begin files with a byte order mark
    except (OSError, ValueError) as error:
        raise LayoutError(f"layout '{path}': cannot be read: {error}") from error
    return parse_layout(text, path.name, path.parent)


def _rebase(data: dict[str, Any], directory: Path) -> None:
    """Make relative paths absolute, because a saved design may be used from another directory."""
    # A path that starts with '/' stays as it is.
    change_input_paths(data, lambda path: (directory.resolve() / path).as_posix())

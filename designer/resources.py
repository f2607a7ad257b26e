"""Paths of files that are not Python: layouts, templates and firmware sources.

In a checkout they are next to the package.  In an installed wheel they are inside it, where ``setup.py`` puts them.
"""

from __future__ import annotations

import os
from pathlib import Path

from designer.errors import BuildError

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_resources"
RESOURCE_DIRECTORIES = ("firmware", "layouts", "templates")


def is_installed() -> bool:
    """Whether this is an installed package rather than a checkout."""
    return not (_PACKAGE.parent / "pyproject.toml").is_file()


def resource(name: str) -> Path:
    """Directory of one kind of file.

    Parameters
    ----------
    name : str
        'firmware', 'layouts' or 'templates'.

    Returns
    -------
    Path
        To be read only.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if name not in RESOURCE_DIRECTORIES:
        raise ValueError(f"resource '{name}': allowed are {', '.join(RESOURCE_DIRECTORIES)}")
    return (_INSTALLED if is_installed() else _PACKAGE.parent) / name


def source_root() -> Path:
    """Directory above all resources.  Debug information in images is relative to it."""
    return resource("firmware").parent


def cache_directory() -> Path:
    """Directory of compiled objects in the user's cache, by the XDG Base Directory Specification.

    Raises
    ------
    BuildError
        If the user has no home directory, as in some containers.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification tells to ignore relative paths.
    if base and Path(base).is_absolute():
        return Path(base) / "proscenium"
    try:
        return Path.home() / ".cache" / "proscenium"
    except RuntimeError as error:
        raise BuildError(
            "there is no place for the cache of compiled objects, because this user has no home directory: set "
            "XDG_CACHE_HOME, for example to /tmp/cache"
        ) from error

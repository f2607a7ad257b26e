"""Boards of a lab, which labgrid reserves, powers and reaches: see docs/lab.md.

labgrid is optional: this module knows its fixture `env` by the methods that it calls, and imports nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from designer.errors import BoardNotFoundError, LayoutError

PREFIX = "lab:"
_SERIAL_PORT = "NetworkSerialPort"
_POWER = "PowerProtocol"
_SCHEMES = {"rfc2217": "rfc2217", "raw": "socket"}


class Environment(Protocol):
    """labgrid's environment, as its fixture `env` gives it."""

    def get_target(self, role: str = "main") -> Any:
        """Make the target of a name."""


@dataclass(frozen=True)
class Place:
    """A board that was acquired.

    Attributes
    ----------
    name : str
        Of its target in the environment.
    port : str
        URL of its serial line.
    """

    name: str
    port: str


def names_of(path: Path) -> list[str]:
    """Names of boards for ``--board``: one for each target of labgrid's environment.

    Raises
    ------
    LayoutError
        If the file cannot be read or has no targets.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LayoutError(f"--lg-env {path}: cannot be read: {error}") from error
    targets = content.get("targets") if isinstance(content, dict) else None
    if not isinstance(targets, dict) or not targets:
        raise LayoutError(f"--lg-env {path}: has no targets: docs/lab.md shows a file")
    return [f"{PREFIX}{name}" for name in targets]


def open_place(environment: Environment, name: str, restart: bool = True) -> Place:
    """Take the board of a target: switch its supply off and on, and find its serial line.

    Parameters
    ----------
    environment : Environment
    name : str
        Of the target.
    restart : bool
        Whether to switch the supply, if the target has a driver for it.

    Raises
    ------
    BoardNotFoundError
        If the place is not acquired, or has no serial line.
    """
    try:
        target = environment.get_target(name)
        line = target.get_resource(_SERIAL_PORT)
        if restart and _has_power(target):
            target.get_driver(_POWER).cycle()
    except Exception as error:  # labgrid's own classes cannot be named here
        raise BoardNotFoundError(
            f"{PREFIX}{name}: {error}: acquire the place first (labgrid-client -p {name} acquire), and export its "
            "serial line; docs/lab.md has the steps"
        ) from error
    scheme = _SCHEMES.get(line.protocol)
    if scheme is None:
        raise BoardNotFoundError(f"{PREFIX}{name}: its line speaks '{line.protocol}'; allowed are rfc2217 and raw")
    return Place(name, f"{scheme}://{line.host}:{line.port}")


def _has_power(target: Any) -> bool:
    """Whether the environment names a driver for the supply."""
    return any(type(driver).__name__.endswith("PowerDriver") for driver in target.drivers)

"""The keys that the messages of a refused layout are about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# Messages begin with "layout 'source', " where they come from one key.
_SOURCE = re.compile(r"^layout '[^']*'[,:] ?")
_PATH = re.compile(r"^([a-z_0-9]+(?:\[\d+\])?(?:\.[a-z_0-9]+(?:\[\d+\])?)*)(?= = |: )")
_NAMED_DRIVER = re.compile(r"^driver '([^']*)'(?:\.([a-z_]+)|: ([a-z_]+) (?:is missing|does not apply))?")
_DRIVERS = re.compile(r"^drivers: (name|channel) (.+?) is used")
_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")


@dataclass(frozen=True)
class Fault:
    """One error of a layout.

    Attributes
    ----------
    key : str
        Path of the key, such as ``driver.1.azimuth_deg``.  Drivers are counted in the order of the file.  Empty for the
        whole layout.
    message : str
        What, allowed and remedy.
    line : int
        Line of the text, from 1, where the text is no TOML; else 0.
    """

    key: str
    message: str
    line: int = 0


def find_faults(message: str, values: dict[str, Any]) -> list[Fault]:
    """Split the message of a `LayoutError` into errors with their keys.

    Parameters
    ----------
    message : str
        Lines of errors.
    values : dict
        The document as parsed; empty if it is no TOML.

    Returns
    -------
    list of Fault
        One for each line.
    """
    return [_fault(_SOURCE.sub("", line), values) for line in message.splitlines() if line.strip()]


def _fault(text: str, values: dict[str, Any]) -> Fault:
    place = _LINE.search(text)
    if place is not None and text.startswith("not valid TOML"):
        return Fault("", text, int(place[1]))
    named = _NAMED_DRIVER.match(text)
    if named is not None:
        return Fault(_of_driver(named[1], named[2] or named[3], values), text)
    used = _DRIVERS.match(text)
    if used is not None:
        return Fault(_last_with(used[1], used[2].strip("'"), values), text)
    path = _PATH.match(text)
    if path is None or path[1] in ("drivers", "layout"):
        return Fault("", text)
    return Fault(path[1].replace("[", ".").replace("]", ""), text)


def _of_driver(name: str, key: str | None, values: dict[str, Any]) -> str:
    found = [i for i, driver in enumerate(_drivers(values)) if driver.get("name") == name]
    return f"driver.{found[-1]}.{key or 'name'}" if found else "driver"


def _last_with(key: str, value: str, values: dict[str, Any]) -> str:
    found = [i for i, driver in enumerate(_drivers(values)) if str(driver.get(key)) == value]
    return f"driver.{found[-1]}.{key}" if found else "driver"


def _drivers(values: dict[str, Any]) -> list[dict[str, Any]]:
    drivers = values.get("driver")
    return [driver for driver in drivers if isinstance(driver, dict)] if isinstance(drivers, list) else []

"""What a page needs to know of every key: kind, unit, range, default and meaning, from the layout reference."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from designer.layout.reference import keys_of, schemas, tables
from designer.layout.sections import SAMPLE_RATES_HZ

# By the end of the name; the first that fits.
_UNITS = {
    "_m_per_s": "m/s",
    "_m": "m",
    "_deg": "°",
    "_db": "dB",
    "_hz": "Hz",
    "_ms": "ms",
    "_samples": "frames",
    "taps": "taps",
}
_FILES = ("hrtf", "file")
_STEPS_OF_RANGE = 200
_TITLES = {
    "": "Layout",
    "cabinet": "Cabinet",
    "driver": "Driver",
    "driver.measured": "Measured response",
    "listener": "Listener",
    "listener.head": "Measured head",
    "room": "Room",
    "virtualisation": "Virtual sources",
    "crosstalk": "Crosstalk cancellation",
    "beamformer": "Centre beam",
    "filters": "Filters",
    "output": "Output and limiters",
    "measured": "All measured drivers",
    "board": "Board",
    "board.audio": "Audio bus of the board",
}


@dataclass(frozen=True)
class Control:
    """How one key is shown and edited.

    Attributes
    ----------
    table, model, key : str
        Table in the file, class of the model, name of the key.
    kind : str
        ``number``, ``integer``, ``choice``, ``flag``, ``text``, ``file``, ``list`` or ``roles``.
    unit : str
        Empty if there is none.
    low, high, step : float or None
        Range of a number, and a useful step.
    choices : tuple
        Allowed values of a choice, or words that a number may have in its place.
    default : Any
        None if the key is required or has none.
    required : bool
    allowed, meaning : str
        In words.
    """

    table: str
    model: str
    key: str
    kind: str
    unit: str
    low: float | None
    high: float | None
    step: float | None
    choices: tuple[Any, ...]
    default: Any
    required: bool
    allowed: str
    meaning: str


def control_groups() -> list[dict[str, Any]]:
    """List the tables of a layout with their controls, in the order of the reference.

    Returns
    -------
    list of dict
        ``table``, ``model``, ``title``, and ``controls`` (`Control` as dict).  Keys that are tables themselves have no
        control.
    """
    known = schemas()
    names = {name for name, _ in tables()}
    groups = []
    for table, model in tables():
        properties = known[model]["properties"]
        controls = [
            asdict(_control(table, model, key.name, properties[key.name], key.default, key.required, key))
            for key in keys_of(model)
            if (f"{table}.{key.name}" if table else key.name) not in names
        ]
        groups.append({"table": table, "model": model, "title": _TITLES[table], "controls": controls})
    return groups


def _control(
    table: str, model: str, name: str, field: dict[str, Any], default: Any, required: bool, key: Any
) -> Control:
    parts = [part for part in [field, *field.get("anyOf", [])] if part.get("type") != "null"]
    low, high = _first(parts, "minimum", "exclusiveMinimum"), _first(parts, "maximum", "exclusiveMaximum")
    choices = tuple(value for part in parts for value in _choices(part))
    kind = _kind(name, parts, choices)
    if name == "sample_rate_hz":
        kind, choices = "choice", SAMPLE_RATES_HZ
    step = _first(parts, "multipleOf")
    if step is None and kind == "number" and low is not None and high is not None:
        step = _useful_step(high - low)
    unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")
    if step is None and kind == "integer":
        step = 1.0
    return Control(
        table, model, name, kind, unit, low, high, step, choices, default, required, key.allowed, key.meaning
    )


def _kind(name: str, parts: list[dict[str, Any]], choices: tuple[Any, ...]) -> str:
    types = {part.get("type") for part in parts}
    if name in _FILES:
        return "file"
    if name == "roles":
        return "roles"
    for found, kind in (("number", "number"), ("integer", "integer"), ("boolean", "flag"), ("array", "list")):
        if found in types:
            return kind
    return "choice" if choices else "text"


def _choices(part: dict[str, Any]) -> list[Any]:
    return [part["const"]] if "const" in part else list(part.get("enum", []))


def _first(parts: list[dict[str, Any]], *names: str) -> float | None:
    return next((float(part[name]) for part in parts for name in names if name in part), None)


def _useful_step(extent: float) -> float:
    """1, 2 or 5 times a power of ten, near a two-hundredth of the range."""
    raw = extent / _STEPS_OF_RANGE
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((factor * power for factor in (1, 2, 5) if factor * power >= raw * 0.999), 10 * power)
    return float(f"{step:.1g}")

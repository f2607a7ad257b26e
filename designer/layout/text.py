"""Layouts as commented TOML, and the reference of all keys as Markdown."""

from __future__ import annotations

import json
from typing import Any

from designer.layout.load import parse_layout
from designer.layout.model import Layout
from designer.layout.reference import Key, keys_of, tables

_HEAD = """\
# Lengths in metres, angles in degrees, frequencies in hertz. Left is always the listener's left.
# Lines that begin with '# key = ' show defaults: take the '#' away to change them.
"""


def commented_layout(layout: Layout, name: str) -> str:
    """Write a layout as TOML in which every key is explained.

    Parameters
    ----------
    layout : Layout
        Source of all values but the name.
    name : str
        Name of the new layout.

    Returns
    -------
    str
        A valid layout with the new name and the values of ``layout``.

    Raises
    ------
    LayoutError
        If the name is not allowed.
    """
    values = {**layout.model_dump(mode="json", by_alias=True, exclude_none=True), "name": name}
    top = {key.name: key for key in keys_of("Layout")}
    # TOML allows no control characters in a comment, and a description may have several lines.
    heading = "".join(letter if letter.isprintable() else " " for letter in layout.description or name)
    lines = [f"# {heading}", _HEAD]
    lines += [_entry(top[k], v) for k, v in values.items() if not isinstance(v, dict) and k != "driver"]
    for table, model in tables():
        value = values.get(table)  # nested tables are written inside their own
        if table in ("", "driver") or not isinstance(value, dict) or not _is_model(model, value):
            continue
        lines += ["", f"[{table}]", *(_entry(key, value.get(key.name)) for key in keys_of(model))]
    for index, driver in enumerate(values["driver"]):
        lines += ["", "[[driver]]"]
        for key in keys_of("Driver"):
            value = driver.get(key.name)
            if index == 0 and (value is not None or _applies(key.name, layout)):
                lines.append(_entry(key, value))
            elif value is not None and value != key.default:
                lines.append(f"{key.name} = {_toml(value)}")
    text = "\n".join(lines) + "\n"
    parse_layout(text, f"{name}.toml")
    return text


def layout_reference() -> str:
    """Write all keys as Markdown tables."""
    lines = [
        "# Layout reference",
        "",
        "Generated from `designer/layout/model.py` by `proscenium reference`; do not edit.",
        "",
        "A layout is a TOML file. Lengths are in metres, angles in degrees, frequencies in hertz. Left is always the",
        "listener's left. Unknown keys are refused, so a typing error cannot go unnoticed.",
    ]
    for table, model in tables():
        title = {"": "The file itself", "driver": "`[[driver]]`"}.get(table, f"`[{table}]`")
        extra = f", shape {shape}" if table == "cabinet" and (shape := _shape(model)) else ""
        lines += ["", f"## {title}{extra}", "", "| key | meaning | allowed | default |", "|---|---|---|---|"]
        for key in keys_of(model):
            default = "required" if key.required else f"`{_toml(key.default)}`" if key.default is not None else "–"
            if isinstance(key.default, dict):
                default = "see below"
            lines.append(f"| `{key.name}` | {key.meaning} | {key.allowed or '–'} | {default} |")
    return "\n".join(lines) + "\n"


def _entry(key: Key, value: Any) -> str:
    # A key at its default is written as a comment.
    shown = key.default if value is None else value
    silent = not key.required and (value is None or value == key.default)
    allowed = f" ({key.allowed})" if key.allowed else ""
    comment = f"# {key.meaning}{allowed}"
    text = "" if shown is None else f"{'# ' if silent else ''}{key.name} = {_toml(shown)}"
    return f"{comment}\n{text or '# ' + key.name + ' ='}"


def _applies(name: str, layout: Layout) -> bool:
    if name in ("azimuth_deg", "elevation_deg"):
        return layout.cabinet.shape == "sphere"
    if name in ("y_m", "z_m"):
        return layout.cabinet.shape == "baffle"
    return True


def _is_model(model: str, value: dict[str, Any]) -> bool:
    shape = _shape(model)
    return shape is None or value.get("shape") == shape


def _shape(model: str) -> str | None:
    for key in keys_of(model):
        if key.name == "shape":
            return key.allowed.strip('"')
    return None


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON leaves DEL as it is, TOML does not allow it.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)

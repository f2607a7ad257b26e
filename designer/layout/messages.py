"""Turn a validation error into lines that say what, where, allowed, remedy."""

from __future__ import annotations

import difflib
import math
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from designer.layout import sections

# More than a screen of faults helps nobody.
_MOST_FAULTS = 40
_MOST_SHOWN = 80
_RANGE_WORDS = {"ge": "from", "gt": "above", "le": "up to", "lt": "below"}


def explain(error: ValidationError, data: dict[str, Any], source: str) -> str:
    """Write one line for each fault in ``error``.

    Parameters
    ----------
    error : ValidationError
        What pydantic found in ``data``.
    data : dict
        The document as parsed.
    source : str
        Name of the file.

    Returns
    -------
    str
        Lines of what, where, allowed and remedy.
    """
    details = error.errors()
    lines = []
    for detail in details[:_MOST_FAULTS]:
        lines += [f"layout '{source}', {line}" for line in _explain_one(detail, data)]
    if len(details) > _MOST_FAULTS:
        lines.append(f"layout '{source}': and {len(details) - _MOST_FAULTS} more faults: mend these first")
    return "\n".join(dict.fromkeys(lines))


def _explain_one(detail: ErrorDetails, data: dict[str, Any]) -> list[str]:
    path = _path(detail["loc"], data)
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == "missing":
        if path == "driver":
            return ["driver: missing: a layout needs at least two [[driver]] tables"]
        return [f"{path}: missing: add it"]
    if kind == "extra_forbidden":
        return [f"{path}: unknown key{_did_you_mean(detail['loc'])}: remove or rename it"]
    if kind == "value_error":
        message = str(context["error"])
        prefix = f"{path}: " if path and not message.startswith(("driver", "beamformer", "crosstalk")) else ""
        shown = f"{path} = {_shown(value)}: " if path == "sample_rate_hz" else prefix
        return [shown + line for line in message.split("\n")]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return [f"{path}.shape: allowed are 'sphere' and 'baffle'"]
    if kind == "tuple_type":
        wanted = "[[driver]] tables, in two pairs of brackets, are needed" if path == "driver" else "a list is needed"
        return [f"{path} = {_shown(value)}: {wanted}" + ("" if path == "driver" else ": write it in brackets")]
    if kind in ("model_type", "model_attributes_type"):
        how = "in braces, { key = value }" if "." in path or "[" in path else f"[{path}] and its keys below"
        return [f"{path} = {_shown(value)}: a table is needed: write {how}"]
    if kind == "finite_number":
        return [f"{path} = {value}: not a finite number: give a number"]
    if kind == "too_short":
        if isinstance(value, list) and len(value) >= context.get("min_length", 0):
            return []  # pydantic counts valid items only, and each invalid item has a line of its own
        count = len(value) if isinstance(value, list) else context.get("actual_length", 0)
        return [f"{path}: {count} given, allowed from {context.get('min_length')}: add more"]
    if kind == "too_long":
        return [f"{path}: {len(value)} given, allowed up to {context.get('max_length')}: leave some out"]
    limits = [f"{word} {context[key]:g}" for key, word in _RANGE_WORDS.items() if key in context]
    if limits:
        return [f"{path} = {_shown(value)}: allowed is {' and '.join(limits)}{_unit_hint(path, value, context)}"]
    return [f"{path} = {_shown(value)}: {detail['msg'][0].lower()}{detail['msg'][1:]}"]


def _shown(value: Any) -> str:
    """Value as in Python, its middle left out where it is long."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN // 2]} … {text[-_MOST_SHOWN // 4 :]}"


def _path(loc: tuple[int | str, ...], data: dict[str, Any]) -> str:
    """Dotted path of a fault, without the tags that pydantic adds for unions."""
    text = ""
    here: Any = data
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
            here = here[part] if isinstance(here, list) and part < len(here) else None
            continue
        if isinstance(here, dict) and part not in here and part in (here.get("shape"), sections.ROOM_TABLE):
            continue
        if isinstance(here, str | int | float) and part in ("none", sections.ROOM_TABLE):
            continue
        text += f".{part}" if text else part
        here = here.get(part) if isinstance(here, dict) else None
    return text


def _did_you_mean(loc: tuple[int | str, ...]) -> str:
    names = {
        field.alias or name
        for model in vars(sections).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name, field in model.model_fields.items()
    }
    if loc[-1] in names:
        return " in this table"
    close = difflib.get_close_matches(str(loc[-1]), names, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _unit_hint(path: str, value: Any, context: dict[str, Any]) -> str:
    """Name the unit that was probably meant, or the unit that is expected."""
    low, high = context.get("ge", context.get("gt")), context.get("le", context.get("lt"))
    number = value if isinstance(value, int | float) else math.nan
    if path.endswith("_m"):
        if high is not None and number > high:
            return f": metres, not {'millimetres' if number <= high * 1000 else 'another unit'}?"
        return ": in metres"
    if path.endswith("_deg"):
        return ": in degrees, not radians?" if low is not None and 0 < number < low else ": in degrees"
    return ""

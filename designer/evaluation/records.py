"""Records: frozen dataclasses of figures that are written to JSON and read back by one pair of functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from types import UnionType
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

# One value for each third octave, octave, place or depth.
Curve = tuple[float, ...]
# Rows of such values.
Table = tuple[Curve, ...]
# The same where some values do not exist.
SparseTable = tuple[tuple[float | None, ...], ...]


# Metadata of a field that holds a record.  The record's keys are put in the same object, prefixed by the field's name
# and '_'.
PREFIXED: Mapping[str, Any] = {"prefixed": True}


class RecordError(ValueError):
    """A JSON value that does not fit the record as which it is read.  The message names the key."""


@dataclass(frozen=True)
class Record:
    """Base of all records.

    Each field is a key of the JSON object, in order.  A field that has its default value is left out.  Metadata of a
    field change its key: `PREFIXED`, or another ``key``.
    """

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON: objects, lists, numbers, texts, truth values and null."""
        found: dict[str, Any] = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.default is not MISSING and value == entry.default:
                continue
            if _is_prefixed(entry):
                found |= {f"{entry.name}_{key}": inner for key, inner in value.to_json().items()}
            else:
                found[_key(entry)] = _plain(value)
        return found

    @classmethod
    def from_json(cls, value: object, where: str = "") -> Self:
        """Read what `to_json` returned.

        Parameters
        ----------
        value : object
            Parsed JSON.
        where : str, optional
            Path of the value in its file, for messages.

        Raises
        ------
        RecordError
            If a key is missing or unknown, or a value has another type.
        """
        if not isinstance(value, Mapping):
            raise RecordError(f"{where or 'the file'}: expected an object, found {type(value).__name__}")
        left = dict(value)
        types = get_type_hints(cls)
        found: dict[str, Any] = {}
        for entry in fields(cls):
            kind = types[entry.name]
            if _is_prefixed(entry):
                start = f"{entry.name}_"
                own = {key.removeprefix(start): left.pop(key) for key in list(left) if key.startswith(start)}
                found[entry.name] = kind.from_json(own, f"{where}.{start}…".lstrip("."))
                continue
            key = _key(entry)
            path = f"{where}.{key}".lstrip(".")
            if key in left:
                found[entry.name] = _read(kind, left.pop(key), path)
            elif entry.default is MISSING:
                raise RecordError(f"{path} is missing")
        if left:
            raise RecordError(f"{where or 'the file'}: unknown keys {', '.join(map(str, left))}")
        return cls(**found)


def _key(entry: Field[Any]) -> str:
    return str(entry.metadata.get("key", entry.name))


def _is_prefixed(entry: Field[Any]) -> bool:
    return bool(entry.metadata.get("prefixed", False))


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _read(kind: Any, value: Any, where: str) -> Any:
    """Read a value of a type: a record, a union, a tuple, a dict of texts to values, or a plain type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _read_union(inner, value, where)
    if isinstance(kind, type) and issubclass(kind, Record):
        return kind.from_json(value, where)
    if origin is tuple:
        kinds = (inner[0],) * len(value) if inner[-1] is Ellipsis and isinstance(value, list) else inner
        if isinstance(value, list) and len(kinds) == len(value):
            pairs = enumerate(zip(kinds, value, strict=True))
            return tuple(_read(each, item, f"{where}[{i}]") for i, (each, item) in pairs)
    elif origin is dict:
        if isinstance(value, dict):
            return {key: _read(inner[1], item, f"{where}.{key}") for key, item in value.items()}
    # A bool is an int in Python, but not in JSON.
    elif isinstance(value, (int, float) if kind is float else kind) and isinstance(value, bool) == (kind is bool):
        return value
    raise RecordError(f"{where}: expected {_name(kind)}, found {type(value).__name__}")


def _read_union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    errors = []
    for kind in kinds:
        try:
            return _read(kind, value, where)
        except RecordError as error:
            errors.append(str(error))
    raise RecordError(errors[0])


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))

"""The layouts of a sweep."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from designer.errors import LayoutError
from designer.layout.input_paths import input_digests
from designer.layout.model import Layout
from designer.layout.renamed import with_stored_names

_MOST_POINTS = 100_000


@dataclass(frozen=True)
class Axis:
    """One varied parameter.

    Attributes
    ----------
    text : str
        The part of the request to the left of the '='; also the name of the column.
    targets : tuple of (tuple of str, float)
        Paths in the layout and the sign with which each takes the value.
    values : tuple of float
        Values of the grid.  A random sweep draws between the least and the largest.
    """

    text: str
    targets: tuple[tuple[tuple[str, ...], float], ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Point:
    """One layout of the sweep.

    Attributes
    ----------
    key : str
        Digest of the layout as it would be read, of the content of every file that it names, and of the version of
        Proscenium.  The same point has the same key in every run.
    parameters : dict of str to float
    layout : dict
        Not validated yet, so it may turn out to be invalid.
    inputs : dict of str to str
        Digests of the files that it names, by path.
    version : str
        Version of Proscenium that planned it.
    """

    key: str
    parameters: dict[str, float]
    layout: dict[str, Any]
    inputs: dict[str, str]
    version: str


def parse_axis(text: str) -> Axis:
    """Read ``PATH[,PATH…]=A:B:N`` or ``PATH[,PATH…]=V,V,…``.  A path with a leading '-' takes the negative value.

    Paths are those of the layout file, with drivers by name: ``driver.left.azimuth_deg``, ``cabinet.radius_m``.

    Raises
    ------
    LayoutError
        If the text has neither form.
    """
    left, equals, right = text.partition("=")
    paths = [path.strip() for path in left.split(",")]
    try:
        if ":" in right:
            low, high, count = right.split(":")
            if int(count) > _MOST_POINTS:
                raise LayoutError(f"--vary '{text}': {count} points, allowed are 1 to {_MOST_POINTS}: take fewer")
            values = np.linspace(float(low), float(high), int(count)).tolist()
        else:
            values = [float(value) for value in right.split(",")]
    except ValueError:
        values = []
    # Python reads 1_5 as 15.
    if "_" in right or not equals or not all(paths) or not values or not np.all(np.isfinite(values)):
        raise LayoutError(
            f"--vary '{text}': allowed is PATH=FROM:TO:COUNT or PATH=VALUE,VALUE,…, for example "
            "listener.distance_m=1:3:5; several paths, one with '-': driver.left.azimuth_deg,-driver.right.azimuth_deg"
        )
    targets = tuple((tuple(p.lstrip("-").split(".")), -1.0 if p.startswith("-") else 1.0) for p in paths)
    return Axis(left.strip(), targets, tuple(values))


def plan_points(base: Layout, axes: Sequence[Axis], random: int | None = None, seed: int = 0) -> list[Point]:
    """List the points of a sweep.

    Parameters
    ----------
    base : Layout
    axes : sequence of Axis
    random : int, optional
        Number of points that are drawn uniformly, instead of the grid.
    seed : int
        Seed of the draw.  The same seed gives the same points.

    Raises
    ------
    LayoutError
        If a path is not in the layout or is varied twice, or there would be more than 100 000 points.
    """
    check_axes(base, axes)
    # In Python's whole numbers, which do not overflow.
    count = random if random is not None else math.prod(len(axis.values) for axis in axes)
    if not 0 < count <= _MOST_POINTS:
        raise LayoutError(f"sweep: {count} points, allowed are 1 to {_MOST_POINTS}: vary less")
    return points_at(base, axes, _values(axes, random, seed))


def check_axes(base: Layout, axes: Sequence[Axis]) -> None:
    """Refuse a path that is not in the layout.

    Raises
    ------
    LayoutError
        It names the path.
    """
    document = base.model_dump(mode="json", by_alias=True, exclude_none=True)
    # Include keys that the file leaves out, because they can be varied too.
    complete = base.model_dump(mode="json", by_alias=True)
    for axis in axes:
        for path, _ in axis.targets:
            _place(document, path, axis.text)
            table, key = _place(complete, path, axis.text)
            if key not in table:
                raise LayoutError(f"--vary '{axis.text}': there is no '{'.'.join(path)}' in the layout")
    _check_distinct(axes)


def points_at(base: Layout, axes: Sequence[Axis], values: Iterable[Sequence[float]]) -> list[Point]:
    """Make the points of given values, one value for each axis.

    Parameters
    ----------
    base : Layout
    axes : sequence of Axis
        Their paths are in the layout, see `check_axes`.
    values : iterable of sequence of float
    """
    document = base.model_dump(mode="json", by_alias=True, exclude_none=True)
    # Only numbers are varied: all points read the same files.
    inputs = input_digests(document)
    return [_point(document, axes, each, inputs) for each in values]


def _check_distinct(axes: Sequence[Axis]) -> None:
    """Refuse a key that is varied twice: the last value would hold, beside a column with the other."""
    paths = [path for axis in axes for path, _ in axis.targets]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        raise LayoutError(f"--vary: '{'.'.join(twice)}' is varied twice, allowed is once: give all its values in one")


def _values(axes: Sequence[Axis], random: int | None, seed: int) -> Iterator[tuple[float, ...]]:
    if random is None:
        yield from itertools.product(*(axis.values for axis in axes))
        return
    generator = np.random.default_rng(seed)
    for _ in range(random):
        yield tuple(float(generator.uniform(min(axis.values), max(axis.values))) for axis in axes)


def _point(document: dict[str, Any], axes: Sequence[Axis], values: Sequence[float], inputs: dict[str, str]) -> Point:
    layout = json.loads(json.dumps(document))
    for axis, value in zip(axes, values, strict=True):
        for path, sign in axis.targets:
            table, key = _place(layout, path, axis.text)
            signed = sign * value
            # Keys with integer values, such as filters.taps, take whole numbers only.  All other keys take them as
            # well.
            table[key] = int(signed) if float(signed).is_integer() else signed
    planned_by = version("proscenium")
    identity = {"layout": with_stored_names(layout), "inputs": inputs, "version": planned_by}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    parameters = {axis.text: float(value) for axis, value in zip(axes, values, strict=True)}
    return Point(hashlib.sha256(text.encode()).hexdigest()[:24], parameters, layout, inputs, planned_by)


def _place(document: dict[str, Any], path: tuple[str, ...], text: str) -> tuple[dict[str, Any], str]:
    """Find the table that holds the last part of a path."""
    here: Any = document
    for depth, part in enumerate(path[:-1]):
        if isinstance(here, list):
            here = next((item for item in here if item.get("name") == part), None)
        else:
            here = here.get(part) if isinstance(here, dict) else None
        if here is None:
            raise LayoutError(f"--vary '{text}': there is no '{'.'.join(path[: depth + 1])}' in the layout")
    if not isinstance(here, dict):
        raise LayoutError(f"--vary '{text}': '{'.'.join(path)}' is not a key of the layout: drivers go by their name")
    return here, path[-1]

"""Search for the best places of drivers and the best size of the cabinet, by differential evolution.

Each generation is a sweep of its own, with the same journal.  The search is deterministic.  So an interrupted search
runs again from its start, and takes the points that the journal has from there (Storn & Price, J. Global Optim. 11
(1997), 341).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import differential_evolution

from designer.errors import InfeasibleDesignError, LayoutError
from designer.layout.model import Layout
from designer.sweep.plan import Axis, Point, check_axes, points_at

Row = dict[str, Any]
Evaluate = Callable[[list[Point]], list[Row]]

# Digits that a value keeps: a tenth of a millimetre in a metre, and a hundredth of a degree.
_DIGITS = 4
# What counts for a point that cannot be designed.
_FAILED = 1e9
LEAST_POPULATION = 5


@dataclass(frozen=True)
class Goal:
    """What the search looks for.

    Attributes
    ----------
    figure : str
        Name of a sweep's figure.
    sign : float
        1 for the largest, −1 for the smallest.
    """

    figure: str
    sign: float


@dataclass(frozen=True)
class Placed:
    """Result of a search.

    Attributes
    ----------
    best : dict
        Row of the best point.
    rows : list of dict
        Rows of all points, in the order in which they were asked for, each once.
    """

    best: Row
    rows: list[Row]


def parse_goal(text: str) -> Goal:
    """Read ``FIGURE:max`` or ``FIGURE:min``.

    Raises
    ------
    LayoutError
        If the text has another form.
    """
    figure, _, kind = text.strip().rpartition(":")
    if not figure or kind not in ("max", "min"):
        raise LayoutError(f"--goal '{text}': allowed is FIGURE:max or FIGURE:min, as room.near_azimuth_deg:max")
    return Goal(figure, 1.0 if kind == "max" else -1.0)


def search(
    base: Layout, axes: Sequence[Axis], goal: Goal, evaluate: Evaluate, *, population: int, generations: int, seed: int
) -> Placed:
    """Search between the least and the largest value of each axis.

    Parameters
    ----------
    base : Layout
    axes : sequence of Axis
        What is varied.
    goal : Goal
    evaluate : callable
        Designs points: `designer.sweep.run.run_sweep` with its journal.
    population : int
        Points of a generation, from 5.
    generations : int
        Generations after the first, from 0.
    seed : int

    Returns
    -------
    Placed

    Raises
    ------
    LayoutError
        If an argument is out of range, or a path is not in the layout.
    InfeasibleDesignError
        If no point can be designed, or none has the figure.
    """
    _check(axes, population, generations)
    check_axes(base, axes)
    low, high = (np.array([edge(axis.values) for axis in axes]) for edge in (min, max))
    found: dict[str, Row] = {}

    def costs(_: Callable[..., float], asked: Iterable[NDArray[np.float64]]) -> list[float]:
        points = points_at(base, axes, [_rounded(low + (high - low) * part) for part in asked])
        rows = evaluate(points)
        found.update({row["key"]: row for row in rows})
        return [_cost(row, goal) for row in rows]

    first = _first(population, len(axes), seed)
    differential_evolution(
        lambda part: 0.0,
        [(0.0, 1.0)] * len(axes),
        init=first,
        maxiter=generations,
        seed=seed,
        workers=costs,
        updating="deferred",
        polish=False,
        tol=0.0,
    )
    rows = list(found.values())
    best = min(rows, key=lambda row: _cost(row, goal))
    if _cost(best, goal) >= _FAILED:
        raise InfeasibleDesignError(_why_none(rows, goal))
    return Placed(best, rows)


def _check(axes: Sequence[Axis], population: int, generations: int) -> None:
    for axis in axes:
        if min(axis.values) == max(axis.values):
            raise LayoutError(f"--vary '{axis.text}': one value only: allowed is PATH=FROM,TO with FROM below TO")
    if population < LEAST_POPULATION:
        raise LayoutError(f"--population {population}: allowed from {LEAST_POPULATION}")
    if generations < 0:
        raise LayoutError(f"--generations {generations}: allowed from 0")


def _first(population: int, axes: int, seed: int) -> NDArray[np.float64]:
    """Points of the first generation, spread evenly by a Latin hypercube: (P, A), 0 … 1."""
    random = np.random.default_rng(seed)
    strata = np.stack([random.permutation(population) for _ in range(axes)], axis=1)
    return np.asarray((strata + random.uniform(size=strata.shape)) / population)


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]


def _cost(row: Row, goal: Goal) -> float:
    value = row.get(goal.figure)
    if row["status"] != "ok" or not isinstance(value, int | float):
        return _FAILED
    return -goal.sign * float(value)


def _why_none(rows: list[Row], goal: Goal) -> str:
    good = [row for row in rows if row["status"] == "ok"]
    if not good:
        return f"none of {len(rows)} points could be designed; the first: {rows[0]['reason']}"
    known = sorted(name for name, value in good[0].items() if isinstance(value, float))
    return f"no point has the figure '{goal.figure}': allowed are {', '.join(known)}"

"""The third comparison: figures at the ears, from the board's own impulse responses and from the float design."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from designer.evaluation.acoustic import AcousticFigures

# Allowed deviations are inaudible: at most half the smallest just noticeable difference.  That is 0.5 dB for the
# interaural level and 10 µs for the interaural time (Blauert, "Spatial Hearing", MIT Press 1997).  For a direction it
# is 1° (Mills, J. Acoust. Soc. Am. 30, 1958).
ALLOWED = {"_db": 0.2, "_us": 5.0, "_deg": 0.5}
# A level this far below its reference is within the null.  There the pressures must agree, not their decibels.
NULL_FLOOR_DB = -40.0


@dataclass(frozen=True)
class AcousticDeviation:
    """One acoustic figure of the board, with that of the design.

    Attributes
    ----------
    figure : str
        Path in the scorecard.
    board, design, allowed : float
        In the unit of the figure's name.  NaN where one of the two lacks the figure.
    """

    figure: str
    board: float
    design: float
    allowed: float

    @property
    def passed(self) -> bool:
        """Whether the two agree within what is allowed, or both lie below the floor of a null.

        NaN never passes.  The floor of a null is for single figures: values of a curve must agree at every level.
        """
        if math.isnan(self.board) or math.isnan(self.design):
            return False
        both_null = self.figure.endswith("_db") and max(self.board, self.design) < NULL_FLOOR_DB
        return both_null or self.board == self.design or abs(self.board - self.design) <= self.allowed

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, which has no place for infinite values and NaN: there, None."""
        values = {
            key: value if key == "figure" or math.isfinite(value) else None for key, value in asdict(self).items()
        }
        return {**values, "passed": self.passed}


def compare_acoustics(board: AcousticFigures, design: AcousticFigures) -> Iterator[AcousticDeviation]:
    """Pair every figure whose unit has a just noticeable difference; figures are named by their paths in JSON.

    A figure that only one of the two has is compared too, and does not pass.
    """
    of_the_board = {figure.path: figure for figure in _figures(board.to_json())}
    of_the_design = {figure.path: figure for figure in _figures(design.to_json())}
    for path, figure in {**of_the_design, **of_the_board}.items():
        for unit, allowed in ALLOWED.items():
            if figure.key.endswith(unit) and not figure.key.startswith(("target", "common")):
                yield AcousticDeviation(path, _value(of_the_board, path), _value(of_the_design, path), allowed)


def _value(figures: dict[str, _Figure], path: str) -> float:
    return figures[path].value if path in figures else math.nan


class _Figure(NamedTuple):
    path: str
    key: str
    value: float


def _figures(value: Any, path: str = "", key: str = "") -> Iterator[_Figure]:
    """Every number of a JSON tree that is no count, with its path and the last key on it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _figures(inner, f"{path}.{name}".lstrip("."), name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _figures(inner, f"{path}[{index}]", key)
    elif isinstance(value, float):
        yield _Figure(path, key, value)

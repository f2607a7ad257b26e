"""The third comparison: what a listener gets from the board's own impulse responses, beside the float design."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

# Nothing that is heard: at most half the smallest just noticeable difference of an interaural level (0.5 dB) or time
# (10 µs; both after Blauert, "Spatial Hearing", MIT Press 1997) and of a direction (1°; Mills, J. Acoust. Soc. Am. 30,
# 1958).
ALLOWED = {"_db": 0.2, "_us": 5.0, "_deg": 0.5}
# A level this far below its reference is the null itself: there the level, not its logarithm, must agree.
NULL_FLOOR_DB = -40.0


@dataclass(frozen=True)
class AcousticDeviation:
    """One acoustic figure of the board beside the design's.

    Attributes
    ----------
    figure : str
        Path in the scorecard.
    board, design, allowed : float
        In the unit of the figure's name.
    """

    figure: str
    board: float
    design: float
    allowed: float

    @property
    def passed(self) -> bool:
        """Whether the two agree within what is allowed, or both lie below the floor of a null."""
        both_null = self.figure.endswith("_db") and max(self.board, self.design) < NULL_FLOOR_DB
        return both_null or abs(self.board - self.design) <= self.allowed

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "passed": self.passed}


def compare_acoustics(board: dict[str, Any], design: dict[str, Any]) -> Iterator[AcousticDeviation]:
    """Pair every figure whose unit has a just noticeable difference."""
    for key, value in design.items():
        yield from _compare(key, board[key], value, key)


def _compare(path: str, board: Any, design: Any, key: str) -> Iterator[AcousticDeviation]:
    if isinstance(design, dict):
        for name, value in design.items():
            yield from _compare(f"{path}.{name}", board[name], value, name)
    elif isinstance(design, list):
        for index, value in enumerate(design):
            yield from _compare(f"{path}[{index}]", board[index], value, key)
    elif isinstance(design, float) and math.isfinite(design):
        for unit, allowed in ALLOWED.items():
            if key.endswith(unit) and not key.startswith(("target", "common")):
                yield AcousticDeviation(path if key.endswith(unit) else key, float(board), design, allowed)

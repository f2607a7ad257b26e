"""Two designs side by side, figure by figure."""

from __future__ import annotations

import math
from typing import Any

from designer.evaluation.scorecard import Scorecard

# Lists over third octaves are compared at these.
_BANDS_HZ = (500.0, 1000.0, 2000.0, 4000.0)
_HALF_BAND_OCTAVES = 1 / 6


def compare_cards(first: Scorecard, second: Scorecard) -> list[dict[str, Any]]:
    """Line up the figures of two scorecards.

    Parameters
    ----------
    first, second : Scorecard

    Returns
    -------
    list of dict
        ``figure``, ``first``, ``second`` and, for numbers in both, ``difference`` (second less first).
    """
    left, right = dict(_flat(first.to_json())), dict(_flat(second.to_json()))
    rows = []
    for name in dict.fromkeys([*left, *right]):
        a, b = left.get(name), right.get(name)
        rows.append({"figure": name, "first": a, "second": b, "difference": _difference(a, b)})
    return rows


def _difference(a: object, b: object) -> float | None:
    if isinstance(a, bool) or not isinstance(a, int | float) or not isinstance(b, int | float):
        return None
    return b - a


def _flat(card: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    centres = card.get("band_centres_hz")
    for key, value in card.items():
        if not prefix and key == "float":
            continue  # The quantised figures are those of the board.
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found += _flat(value, "" if key == "quantised" else f"{name}.")
        elif not isinstance(value, list):
            found.append((name, value))
        elif isinstance(centres, list) and key != "band_centres_hz" and len(value) == len(centres):
            near = {band: _nearest(centres, band) for band in _BANDS_HZ}
            found += [(f"{name} at {band:g} Hz", value[at]) for band, at in near.items() if at is not None]
        elif not isinstance(centres, list) and not any(isinstance(item, dict | list) for item in value):
            found.append((name, ", ".join(map(str, value))))
    return found


def _nearest(centres: list[float], frequency: float) -> int | None:
    """Index of the third octave that a frequency lies in; None where a design has no figure there."""
    found = [index for index, centre in enumerate(centres) if abs(math.log2(centre / frequency)) < _HALF_BAND_OCTAVES]
    return min(found, key=lambda index: abs(centres[index] / frequency - 1), default=None)

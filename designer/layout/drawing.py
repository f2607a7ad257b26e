"""Drawing of a layout with characters for terminals, from above and from the front."""

from __future__ import annotations

import math

import numpy as np

from designer.layout.model import Layout
from designer.layout.sections import Driver

_ROWS, _COLUMNS = 15, 33
# A character cell is about twice as high as wide.
_ASPECT = 2.0
_MARKS = "0123456789ABCDEF"
# Sine of the angle from which a driver counts as facing away, or towards the viewer.
_AWAY = 0.2


def draw_layout(layout: Layout) -> str:
    """Draw the cabinet with each driver's channel number.

    Parameters
    ----------
    layout : Layout

    Returns
    -------
    str
        Two views side by side, with the listener's left on the left.  A driver that faces away is in brackets.
    """
    if layout.cabinet.shape == "baffle":
        return _baffle(layout)
    above, front = _circle(), _circle()
    axes = {_MARKS[driver.channel]: driver.direction for driver in layout.drivers}
    # Drivers that face away come first, so that drivers that face the viewer are drawn over them.
    for mark, axis in sorted(axes.items(), key=lambda item: item[1][2]):
        _put(above, -axis[1], axis[0], f"({mark})" if axis[2] < -_AWAY else mark.center(3 if axis[2] > _AWAY else 1))
    for mark, axis in sorted(axes.items(), key=lambda item: -item[1][0]):
        _put(front, -axis[1], axis[2], f"({mark})" if axis[0] > _AWAY else mark.center(3 if axis[0] < -_AWAY else 1))
    return _beside(("from above", above), ("as the listener sees it", front), "listener below")


def _circle() -> list[list[str]]:
    canvas = [[" "] * _COLUMNS for _ in range(_ROWS)]
    for angle in np.linspace(0, 2 * math.pi, 120, endpoint=False):
        _put(canvas, math.cos(angle), math.sin(angle), "·")
    return canvas


def _put(canvas: list[list[str]], right: float, up: float, text: str) -> None:
    """Write at (right, up) in units of the cabinet's radius."""
    middle_row, middle_column = _ROWS // 2, _COLUMNS // 2
    reach = middle_row - 0.4
    row = middle_row - round(up * reach)
    column = middle_column + round(right * reach * _ASPECT) - len(text) // 2
    for offset, character in enumerate(text):
        if 0 <= row < _ROWS and 0 <= column + offset < _COLUMNS:
            canvas[row][column + offset] = character


def _beside(left: tuple[str, list[list[str]]], right: tuple[str, list[list[str]]], note: str) -> str:
    lines = [f"{left[0]:^{_COLUMNS}}   {right[0]:^{_COLUMNS}}".rstrip()]
    lines += [f"{''.join(a)}   {''.join(b)}".rstrip() for a, b in zip(left[1], right[1], strict=True)]
    return "\n".join([*lines, f"{note:^{_COLUMNS}}".rstrip()])


def _baffle(layout: Layout) -> str:
    cabinet = layout.cabinet
    assert cabinet.shape == "baffle"
    columns = 2 * _COLUMNS
    rows = max(3, min(_ROWS, round(columns / _ASPECT * cabinet.height_m / cabinet.width_m)))
    canvas = [[" "] * columns for _ in range(rows)]

    def place(driver: Driver) -> tuple[int, int]:
        right = 0.5 - (driver.y_m or 0.0) / cabinet.width_m
        down = 0.5 - (driver.z_m or 0.0) / cabinet.height_m
        return min(rows - 1, int(down * rows)), min(columns - 1, int(right * columns))

    for driver in layout.drivers:
        row, column = place(driver)
        canvas[row][column] = _MARKS[driver.channel]
    edge = "+" + "-" * columns + "+"
    body = [f"|{''.join(line)}|" for line in canvas]
    return "\n".join([f"{'as the listener sees it':^{columns + 2}}".rstrip(), edge, *body, edge])

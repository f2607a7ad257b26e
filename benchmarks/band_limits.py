"""Measures whether paths could run at a lower sample rate, by the level of each path above the band that would remain.

Run as ``python -m benchmarks.band_limits``.  At a quarter of the rate, the band below an eighth of the rate remains.
So a path must be far below its pass band above that.  The upmix runs its low bands at a quarter of the rate.
"""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.table import Table

from designer.design.build import build_design
from designer.layout.sections import INPUT_NAMES
from designer.layout.shipped import find_layout, shipped_layouts

RATE_DIVISOR = 4
# A loss of 1 % of the pass band's amplitude is 0.1 dB.  Tables may change acoustic figures by twice as much.
ENOUGH_DB = -40.0
_POINTS = 4096


def level_above(impulse_responses: np.ndarray) -> np.ndarray:
    """Largest magnitude above the band that a lower rate keeps, relative to the largest of all.

    Parameters
    ----------
    impulse_responses : ndarray, shape (..., N)

    Returns
    -------
    ndarray, shape (...)
        Decibels, at most 0.  −inf for a path that is silent there.
    """
    magnitude = np.abs(np.fft.rfft(impulse_responses, _POINTS))
    kept = _POINTS // (2 * RATE_DIVISOR)
    with np.errstate(divide="ignore"):
        return np.asarray(20 * np.log10(magnitude[..., kept:].max(axis=-1) / magnitude.max(axis=-1)))


def measure_band_limits(name: str) -> dict[str, float | int | str]:
    """Find the path of a layout that a lower rate would change least.

    Returns
    -------
    dict
        ``paths``, the number of them, and ``band_limited``, those below `ENOUGH_DB`.  ``most_limited`` names the path
        with the least level above the band, and ``level_above_db`` is that level.
    """
    result = build_design(find_layout(name))
    above = level_above(result.bank.impulse_responses)
    driver, channel = np.unravel_index(int(above.argmin()), above.shape)
    return {
        "paths": above.size,
        "band_limited": int((above < ENOUGH_DB).sum()),
        "most_limited": f"{result.bank.driver_names[driver]} from {INPUT_NAMES[channel]}",
        "level_above_db": float(above.min()),
    }


def band_table(found: dict[str, dict[str, float | int | str]]) -> Table:
    """Make a table with a row for each layout."""
    title = f"Paths that could run at 1/{RATE_DIVISOR} of the rate: {-ENOUGH_DB:.0f} dB down above 1/{2 * RATE_DIVISOR}"
    table = Table(title=title, title_justify="left")
    for heading in ("layout", "paths", "such", "most limited path", "above, dB"):
        table.add_column(heading, justify="left" if heading in ("layout", "most limited path") else "right")
    for name, row in found.items():
        table.add_row(
            name, f"{row['paths']}", f"{row['band_limited']}", f"{row['most_limited']}", f"{row['level_above_db']:.1f}"
        )
    return table


if __name__ == "__main__":
    names = sorted(shipped_layouts())
    Console(width=120).print(band_table({name: measure_band_limits(name) for name in names}))

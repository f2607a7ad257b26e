"""Drift of the clock over a measurement: responses that come later and later, or earlier, in their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.directional import DirectionalSet
from designer.acoustics.measured.driver_response import DirectionModel, DriverResponse, own_spectra, peak_delay_s

# Fewest measurements that tell drift from geometry, and most that are looked at.
_FEWEST, _MOST = 12, 200
# Drift below this, over the whole measurement, is of no effect.
_LEAST_S = 5e-6
# Part of what geometry leaves that drift has to explain.
_LEAST_EXPLAINED = 0.6
# Delays of directions whose level is far below the loudest are those of noise.
_QUIET = 0.03


def clock_drift_s(data: DirectionalSet, response: DriverResponse, model: DirectionModel) -> float:
    """Delay that the last measurement has over the first, in the order of the file.

    Parameters
    ----------
    data : DirectionalSet
        One channel, in directions that the model has, in the order of the file.
    response : DriverResponse
    model : callable
        See `DirectionModel`.

    Returns
    -------
    float
        Seconds.  0 if none is seen.  A driver away from the assumed place also comes earlier in some directions, so
        that its offset is fitted at the same time.
    """
    every = len(data.directions)
    if every < _FEWEST:
        return 0.0
    rows = np.linspace(0, every - 1, min(every, _MOST)).astype(int)
    step = response.lines_hz[0]
    lines = step * np.arange(1, int(min(6000.0, response.lines_hz[-1]) / step) + 1)
    expected = model(lines, data.directions[rows]) * response.at(lines)[:, None]
    cross = own_spectra(data, lines, rows) * expected.conj()
    late = np.array([peak_delay_s(lines, cross[:, column])[0] for column in range(rows.size)])
    level = np.sum(np.abs(cross), axis=0)
    used = level > _QUIET * level.max()
    if np.count_nonzero(used) < _FEWEST:
        return 0.0
    place = rows[used] / (len(data.directions) - 1)
    others = np.column_stack([np.ones(place.size), data.directions[rows][used]])
    without = _left(others, late[used])
    trend = _left(others, place)
    if np.sum(trend**2) < 1e-3 * place.size:
        return 0.0
    slope = float(trend @ without / np.sum(trend**2))
    explained = slope**2 * float(np.sum(trend**2)) / max(float(np.sum(without**2)), 1e-300)
    return slope if abs(slope) > _LEAST_S and explained > _LEAST_EXPLAINED else 0.0


def _left(others: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a least-squares fit leaves of values (M,)."""
    return np.asarray(values - others @ np.linalg.lstsq(others, values, rcond=None)[0])

"""Why a measurement does not resemble its model: turned angles, another driver's file, or time that runs backwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from designer.acoustics.directional import DirectionalSet
from designer.acoustics.measured.driver_response import DirectionModel, fit_driver
from designer.acoustics.measured.window import DirectSound
from designer.layout.model import Layout

# A mistake is named if the measurement resembles its model so well without it.
_LEAST_EXPLAINED = 0.8
_TURNS = {
    "with left and right exchanged": np.diag([1.0, -1.0, 1.0]),
    "turned by 180°": np.diag([-1.0, -1.0, 1.0]),
    "turned by 90° to the left": np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    "turned by 90° to the right": np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    "upside down": np.diag([1.0, -1.0, -1.0]),
}


def likely_mistake(
    data: DirectionalSet,
    sound: DirectSound,
    model_of: Callable[[int], DirectionModel],
    layout: Layout,
    index: int,
) -> str:
    """Find the mistake without which a measurement resembles its model.

    Parameters
    ----------
    data : DirectionalSet
        One channel, in the listener's coordinates.
    sound : DirectSound
        What ``data`` was made of.
    model_of : callable
        From the index of a driver to its model in directions.
    layout : Layout
    index : int
        Of the driver.

    Returns
    -------
    str
        What to check, in words.  Empty if nothing is found.
    """
    explained = {
        f"it does as driver '{other.name}': is it that driver's file?": fit_driver(
            data, sound, model_of(each)
        ).explained
        for each, other in enumerate(layout.drivers)
        if each != index
    }
    backwards = fit_driver(_reversed(data), sound, model_of(index)).explained
    explained["it does backwards in time: is the sign of its phase that of e^{+jωt}?"] = backwards
    # Only a sphere has a field on all sides.
    if layout.cabinet.shape == "sphere":
        for words, turn in _TURNS.items():
            turned = replace(data, directions=data.directions @ turn.T)
            explained[f"it does {words}: check its angles and SourceView"] = fit_driver(
                turned, sound, model_of(index)
            ).explained
    best = max(explained, key=lambda words: explained[words], default="")
    return best if best and explained[best] > _LEAST_EXPLAINED else ""


def _reversed(data: DirectionalSet) -> DirectionalSet:
    """Return responses that run backwards, which is phase of the opposite sign, with their delays."""
    last = data.responses.shape[2] - 1
    return replace(
        data,
        responses=data.responses[:, :, ::-1],
        travelled_samples=last - data.travelled_samples,
        delays_samples=last - data.delays_samples,
    )

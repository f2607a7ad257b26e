"""Files that a layout names, checked before a design: measured drivers and heads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.hrtf import load_head
from designer.acoustics.model import cabinet_centre_m, circle_points_m, field_plant, measured_drivers
from designer.acoustics.poses import HeadPoses
from designer.layout.model import Layout

# One line tells whether the directions are there.
_LINE_HZ = np.array([1000.0])
_RING_STEP_DEG = 7.5


def check_inputs(layout: Layout, progress: Callable[[str], None] = lambda what: None) -> None:
    """Read every file that a layout names, and see that it serves the layout.

    Parameters
    ----------
    layout : Layout
    progress : callable
        Told in words what is being read.

    Raises
    ------
    LayoutError
        If a file is missing, damaged, implausible, or not understood, or if directions are missing that the layout
        needs.

    Warns
    -----
    MeasurementWarning
        For each thing about measured drivers that should be known.
    """
    azimuth = np.deg2rad(layout.virtualisation.azimuth_deg)
    heard = {
        layout.listener.hrtf: np.array([[1.0, 0.0, 0.0]]),
        layout.virtualisation.hrtf: np.array([[np.cos(azimuth), side * np.sin(azimuth), 0.0] for side in (1, -1)]),
    }
    for path, directions in heard.items():
        if path:
            progress(f"reading the head '{Path(path).name}'")
            load_head(Path(path)).pressure(_LINE_HZ, directions)
    if any(driver.measured for driver in layout.drivers):
        measured_drivers(layout, progress)
        field_plant(layout, _LINE_HZ, np.concatenate([ear_centres_m(layout), ring_points_m(layout)]))


def ear_centres_m(layout: Layout) -> NDArray[np.float64]:
    """Centres of the heads that the listener may take: (C, 3) float64."""
    return HeadPoses.from_layout(layout).distinct_centres()[0]


def ring_points_m(layout: Layout) -> NDArray[np.float64]:
    """Points around the cabinet in which the beam is designed and evaluated: (A, 3) float64."""
    extent = 90.0 if layout.cabinet.shape == "baffle" else 180.0
    return circle_points_m(layout, np.arange(-extent, extent + 0.1, _RING_STEP_DEG))


def directions_of(layout: Layout, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit vectors from the centre of the cabinet to points (P, 3): (P, 3) float64."""
    relative = points_m - cabinet_centre_m(layout)
    return np.asarray(relative / np.linalg.norm(relative, axis=1, keepdims=True))

"""Drivers that are added, removed or moved to another shape of cabinet."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from designer.errors import LayoutError
from designer.studio.toml_edits import append_driver, remove_key, replace_table, set_key

_MOST_DRIVERS = 16
_AZIMUTHS_DEG = np.arange(-180.0, 180.0, 5.0)
_ELEVATIONS_DEG = np.arange(-60.0, 61.0, 15.0)
_DEFAULT_RADIUS_M = 0.02
_STEP_M = 0.005


def add_driver(text: str, values: dict[str, Any]) -> str:
    """Append a driver where most room is left.

    Parameters
    ----------
    text : str
        TOML document.
    values : dict
        Its values.

    Returns
    -------
    str

    Raises
    ------
    LayoutError
        If there are as many drivers as the firmware has channels.
    """
    drivers = list(values.get("driver", []))
    if len(drivers) >= _MOST_DRIVERS:
        raise LayoutError(f"drivers: {len(drivers)} given, allowed up to {_MOST_DRIVERS}: remove one first")
    names = {driver.get("name") for driver in drivers}
    number = next(n for n in range(1, 2 * _MOST_DRIVERS + 2) if f"driver{n}" not in names)
    radius = min((float(d.get("radius_m", _DEFAULT_RADIUS_M)) for d in drivers), default=_DEFAULT_RADIUS_M)
    channels = {driver.get("channel") for driver in drivers}
    channel = next(n for n in range(_MOST_DRIVERS) if n not in channels)
    return append_driver(
        text, {"name": f"driver{number}", "channel": channel, **_free_place(values, radius), "radius_m": radius}
    )


def remove_driver(text: str, values: dict[str, Any], index: int) -> str:
    """Remove a driver, and close the gap in the channels.

    Parameters
    ----------
    text : str
        TOML document.
    values : dict
        Its values.
    index : int
        Of the driver, in the order of the file.

    Returns
    -------
    str

    Raises
    ------
    LayoutError
        If there is no such driver, or fewer than two would be left.
    """
    drivers = list(values.get("driver", []))
    if not 0 <= index < len(drivers):
        raise LayoutError(f"driver {index}: there are {len(drivers)}, counted from 0")
    if len(drivers) <= 2:
        raise LayoutError("drivers: two are left, and a layout needs two: add another one first")
    channel = drivers[index].get("channel")
    for other, driver in enumerate(drivers):
        above = driver.get("channel")
        if isinstance(above, int) and isinstance(channel, int) and above > channel:
            text = set_key(text, ("driver", other, "channel"), above - 1)
    return remove_key(text, ("driver", index))


def change_shape(text: str, values: dict[str, Any], shape: str) -> str:
    """Turn a sphere into a baffle of about its size, or the reverse, and put the drivers where they fit.

    Raises
    ------
    LayoutError
        If there is no such shape.
    """
    if shape not in ("sphere", "baffle"):
        raise LayoutError(f"cabinet.shape = '{shape}': allowed are 'sphere' and 'baffle'")
    cabinet, drivers = values.get("cabinet", {}), list(values.get("driver", []))
    if cabinet.get("shape") == shape:
        return text
    if shape == "baffle":
        return _to_baffle(text, drivers)
    return _to_sphere(text, cabinet, drivers)


def _to_baffle(text: str, drivers: list[dict[str, Any]]) -> str:
    """Put the drivers in a row, from the listener's left to right."""
    largest = max((float(d.get("radius_m", _DEFAULT_RADIUS_M)) for d in drivers), default=_DEFAULT_RADIUS_M)
    pitch = 2 * largest + 0.01
    width, height = round(pitch * len(drivers) + 0.02, 3), round(2 * largest + 0.02, 3)
    text = replace_table(text, "cabinet", {"shape": "baffle", "width_m": width, "height_m": height})
    order = sorted(range(len(drivers)), key=lambda i: -_aside(drivers[i]))
    for place, index in enumerate(order):
        text = remove_key(text, ("driver", index, "azimuth_deg"))
        text = remove_key(text, ("driver", index, "elevation_deg"))
        text = set_key(text, ("driver", index, "y_m"), round(pitch * ((len(drivers) - 1) / 2 - place), 4))
    return text


def _to_sphere(text: str, cabinet: dict[str, Any], drivers: list[dict[str, Any]]) -> str:
    """Put the drivers around the equator, in their order from left to right."""
    largest = max((float(d.get("radius_m", _DEFAULT_RADIUS_M)) for d in drivers), default=_DEFAULT_RADIUS_M)
    around = len(drivers) * (2 * largest + 0.01) / (2 * math.pi)
    radius = round(max(around, 1.5 * largest, 0.02, float(cabinet.get("height_m", 0.1)) / 2), 3)
    text = replace_table(text, "cabinet", {"shape": "sphere", "radius_m": radius})
    order = sorted(range(len(drivers)), key=lambda i: -float(drivers[i].get("y_m", 0.0)))
    step = 360.0 / len(drivers)
    for place, index in enumerate(order):
        text = remove_key(text, ("driver", index, "y_m"))
        text = remove_key(text, ("driver", index, "z_m"))
        azimuth = step * ((len(drivers) - 1) / 2 - place)
        text = set_key(text, ("driver", index, "azimuth_deg"), round(azimuth, 1))
    return text


def _aside(driver: dict[str, Any]) -> float:
    return math.sin(math.radians(float(driver.get("azimuth_deg", 0.0))))


def _free_place(values: dict[str, Any], radius_m: float) -> dict[str, float]:
    """Place that is farthest from all drivers."""
    cabinet, drivers = values.get("cabinet", {}), list(values.get("driver", []))
    if cabinet.get("shape") == "baffle":
        return _free_in_baffle(cabinet, drivers, radius_m)
    azimuth, elevation = np.meshgrid(_AZIMUTHS_DEG, _ELEVATIONS_DEG, indexing="ij")
    grid = _directions(azimuth.ravel(), elevation.ravel())
    taken = _directions(
        np.array([float(d.get("azimuth_deg", 0.0)) for d in drivers]),
        np.array([float(d.get("elevation_deg", 0.0)) for d in drivers]),
    )
    # The nearest to the equator wins where several places are equally free.
    nearest = (grid @ taken.T).max(axis=1) + 1e-3 * np.abs(elevation.ravel()) if len(drivers) else np.zeros(len(grid))
    best = int(np.argmin(nearest))
    place = {"azimuth_deg": float(azimuth.ravel()[best])}
    height = float(elevation.ravel()[best])
    return place if height == 0 else {**place, "elevation_deg": height}


def _free_in_baffle(cabinet: dict[str, Any], drivers: list[dict[str, Any]], radius_m: float) -> dict[str, float]:
    # Whole millimetres, so that rounding leads no driver outside.
    half_width, half_height = (
        math.floor(1000 * max(float(cabinet.get(key, size)) / 2 - radius_m, 0.0) + 1e-9) / 1000 - 1e-3
        for key, size in (("width_m", 0.3), ("height_m", 0.1))
    )
    half_width, half_height = max(half_width, 0.0), max(half_height, 0.0)
    y = np.linspace(-half_width, half_width, max(2, int(half_width / _STEP_M) * 2 + 1))
    z = np.linspace(-half_height, half_height, max(1, int(half_height / _STEP_M) * 2 + 1))
    grid = np.stack(np.meshgrid(y, z, indexing="ij"), axis=-1).reshape(-1, 2)
    taken = np.array([[float(d.get("y_m", 0.0)), float(d.get("z_m", 0.0))] for d in drivers])
    radii = np.array([float(d.get("radius_m", _DEFAULT_RADIUS_M)) for d in drivers])
    gaps = np.linalg.norm(grid[:, None] - taken[None], axis=2) - radii if len(drivers) else np.zeros((len(grid), 1))
    best = grid[int(np.argmax(gaps.min(axis=1)))]
    place = {"y_m": round(float(best[0]), 4)}
    return place if abs(best[1]) < 1e-9 else {**place, "z_m": round(float(best[1]), 4)}


def _directions(azimuth_deg: np.ndarray, elevation_deg: np.ndarray) -> np.ndarray:
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    return np.stack(
        [-np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)], axis=1
    )

"""Checks of a layout that need more than one key: places, overlaps, and names or channels used twice."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np

from designer.layout.sections import Driver, LayoutSections

# Largest radius of a diaphragm relative to the sphere's radius.  A larger cap could not be a driver.
_LARGEST_CAP_PER_RADIUS = 0.9
# Eight slots of 32 bits are 256 clocks of a frame: what both codecs take at single speed (SBAS452, DS648).
_TDM8_MOST_HZ = 48_000


def driver_faults(layout: LayoutSections) -> list[str]:
    """Find what is wrong with a layout whose keys are right one by one.

    Parameters
    ----------
    layout : LayoutSections

    Returns
    -------
    list of str
        One message for each fault, with what, where, allowed and remedy.  Empty if there is none.
    """
    faults = _doubled(layout) + _place_faults(layout)
    if not faults:
        faults = _overlaps(layout)
    for role in ("crosstalk", "beamformer"):
        count = sum(role in driver.roles for driver in layout.drivers)
        if role == "crosstalk" and count < 2:
            faults.append(f"drivers: {count} with the role 'crosstalk', needed are 2 or more: add it to 'roles'")
        if role == "beamformer" and count < 1:
            faults.append("drivers: none has the role 'beamformer', needed is 1 or more: add it to 'roles'")
    levels, azimuths = layout.beamformer.null_levels_db, layout.beamformer.null_azimuths_deg
    if levels is not None and len(levels) != len(azimuths):
        faults.append(
            f"beamformer.null_levels_db: {len(levels)} levels for {len(azimuths)} null_azimuths_deg, allowed is one "
            "each: add or remove some"
        )
    low, high = layout.beamformer.band_hz
    if not low < high <= layout.sample_rate_hz / 2:
        faults.append(
            f"beamformer.band_hz = {[low, high]}: allowed is a rising pair up to {layout.sample_rate_hz / 2:g} Hz"
        )
    for driver in layout.drivers:
        if driver.band_hz[0] >= layout.sample_rate_hz / 2:
            faults.append(
                f"driver '{driver.name}'.band_hz = {list(driver.band_hz)}: silent at {layout.sample_rate_hz} Hz, "
                f"allowed is a lower edge below {layout.sample_rate_hz / 2:g} Hz: correct it"
            )
    if layout.audio.bus == "tdm8" and layout.sample_rate_hz > _TDM8_MOST_HZ:
        faults.append(
            f"board.audio.bus = 'tdm8': allowed is sample_rate_hz up to {_TDM8_MOST_HZ}, here it is "
            f"{layout.sample_rate_hz}: take bus = 'i2s', or a lower rate"
        )
    return faults + _room_faults(layout)


def _room_faults(layout: LayoutSections) -> list[str]:
    """Faults of listener and cabinet that are outside the room, or too near to a wall."""
    size, place = layout.room_size_m, layout.room_listener_m
    distance, radius = layout.listener.distance_m, layout.listener.head_radius_m
    half = layout.cabinet.radius_m if layout.cabinet.shape == "sphere" else 0.05
    faults = []
    if not distance + half < size[0]:
        return [
            f"room.size_m = {list(size)}: the listener sits {distance:g} m from the cabinet, allowed is a length above "
            f"{distance + half:.3g} m"
        ]
    for what, x, clear in (("the listener", place[0], radius), ("the cabinet", place[0] + distance, half)):
        for axis, where in (("length", x), ("width", place[1]), ("height", place[2])):
            extent = size[("length", "width", "height").index(axis)]
            if not clear <= where <= extent - clear:
                faults.append(
                    f"room.listener_m = {list(place)}: {what} is at {where:.3g} m of the room's {axis}, allowed is "
                    f"{clear:.3g} to {extent - clear:.3g} m: move the listener or enlarge room.size_m"
                )
    return faults


def _doubled(layout: LayoutSections) -> list[str]:
    faults = []
    for field in ("name", "channel"):
        counts = Counter(getattr(driver, field) for driver in layout.drivers)
        faults += [
            f"drivers: {field} {value!r} is used {count} times, allowed is once: give each driver its own"
            for value, count in counts.items()
            if count > 1
        ]
    channels = sorted({driver.channel for driver in layout.drivers})
    missing = sorted(set(range(channels[-1] + 1)) - set(channels))
    if missing:
        faults.append(f"drivers: no driver on channel {missing[0]}: channels count from 0 without gaps")
    return faults


def _place_faults(layout: LayoutSections) -> list[str]:
    sphere = layout.cabinet.shape == "sphere"
    wanted, refused = (("azimuth_deg",), ("y_m", "z_m")) if sphere else (("y_m",), ("azimuth_deg", "elevation_deg"))
    faults = []
    for driver in layout.drivers:
        where = f"driver '{driver.name}'"
        faults += [
            f"{where}: {field} is missing: a cabinet of shape '{layout.cabinet.shape}' needs it"
            for field in wanted
            if getattr(driver, field) is None
        ]
        faults += [
            f"{where}: {field} does not apply to a cabinet of shape '{layout.cabinet.shape}': use {wanted[0]}"
            for field in refused
            if getattr(driver, field) is not None
        ]
        faults += _outside(driver, layout)
    return faults


def _outside(driver: Driver, layout: LayoutSections) -> list[str]:
    cabinet = layout.cabinet
    if cabinet.shape == "sphere":
        limit = _LARGEST_CAP_PER_RADIUS * cabinet.radius_m
        if driver.radius_m > limit:
            return [
                f"driver '{driver.name}'.radius_m = {driver.radius_m:g}: does not fit the cabinet of radius "
                f"{cabinet.radius_m:g} m, allowed up to {limit:.3g} m: a smaller driver or a larger cabinet"
            ]
        return []
    faults = []
    for axis, place, size in (("y_m", driver.y_m, cabinet.width_m), ("z_m", driver.z_m or 0.0, cabinet.height_m)):
        limit = size / 2 - driver.radius_m
        if place is not None and abs(place) > limit:
            faults.append(
                f"driver '{driver.name}'.{axis} = {place:g}: the driver reaches outside the cabinet, allowed "
                f"{-limit:.3g} to {limit:.3g} m: move it inward or check the unit (metres)"
            )
    return faults


def _overlaps(layout: LayoutSections) -> list[str]:
    faults = []
    for a, b in itertools.combinations(layout.drivers, 2):
        if layout.cabinet.shape == "sphere":
            between = math.degrees(math.acos(float(np.clip(a.direction @ b.direction, -1, 1))))
            needed = sum(math.degrees(math.asin(d.radius_m / layout.cabinet.radius_m)) for d in (a, b))
            if between < needed:
                small = all(0 < abs(d.azimuth_deg or 0.0) <= math.pi for d in (a, b) if d.azimuth_deg)
                hint = "are the angles in radians?" if small and between < 5 else "turn them apart"
                faults.append(
                    f"driver '{b.name}': {between:.2f}° apart from driver '{a.name}', allowed from {needed:.1f}° "
                    f"for their diaphragms: {hint}"
                )
        else:
            between = math.hypot((a.y_m or 0) - (b.y_m or 0), (a.z_m or 0) - (b.z_m or 0))
            if between < a.radius_m + b.radius_m:
                faults.append(
                    f"driver '{b.name}': {between:.3g} m from driver '{a.name}', allowed from "
                    f"{a.radius_m + b.radius_m:.3g} m for their diaphragms: move them apart"
                )
    return faults

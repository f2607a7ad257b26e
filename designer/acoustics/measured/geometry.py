"""Directions and distances of a SOFA file (AES69), in the frame of the loudspeaker or of the head.

A file has places in two ways.  Sources and listeners are in common coordinates.  Receivers are in the frame of their
listener, whose x axis is ListenerView and whose z axis is ListenerUp.  The frame of a source is made of SourceView and
SourceUp.  Each may be the same for all measurements (dimension I) or differ (dimension M).
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.measured.sofa_file import SofaFile

_METRES = {
    **dict.fromkeys(("metre", "metres", "meter", "meters", "m"), 1.0),
    **dict.fromkeys(("centimetre", "centimetres", "centimeter", "centimeters", "cm"), 0.01),
    **dict.fromkeys(("millimetre", "millimetres", "millimeter", "millimeters", "mm"), 0.001),
}
_RADIANS = {
    **dict.fromkeys(("degree", "degrees", "deg", "°"), np.pi / 180),
    **dict.fromkeys(("radian", "radians", "rad"), 1.0),
}
# Angles above this are degrees, whatever their unit says.
_MOST_RADIANS = 2 * np.pi + 0.01
_FORWARD, _UPWARD = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
# Least sine of the angle between View and Up.
_LEAST_SINE = 0.01
# An emitter further from the source than this is no driver in a cabinet.
_FURTHEST_EMITTER_M = 1.5


def microphones_from_source(file: SofaFile, measurements: int, receivers: int) -> NDArray[np.float64]:
    """Places of the microphones as the loudspeaker sees them.

    Parameters
    ----------
    file : SofaFile
        A file whose source is the loudspeaker.  SourcePosition is the centre of the cabinet.
    measurements, receivers : int
        M and R.

    Returns
    -------
    (M, R, 3) float64
        Metres.  x points to the front of the loudspeaker, y to its left, z up.

    Raises
    ------
    LayoutError
        If a type, unit, view or shape is not understood.
    """
    listener = _places(file, "ListenerPosition", measurements)
    offsets = _places(file, "ReceiverPosition", measurements)
    if offsets.shape[1] not in (1, receivers):
        raise file.error(
            f"ReceiverPosition has {offsets.shape[1]} places for {receivers} receivers", "give one for each receiver"
        )
    source = _places(file, "SourcePosition", measurements)
    for name, found in (("ListenerPosition", listener), ("SourcePosition", source)):
        if found.shape[1] != 1:
            raise file.error(f"{name} has {found.shape[1]} places in each measurement", "allowed is one")
    _check_emitter(file, measurements)
    turned = np.einsum("mij,mri->mrj", _axes(file, "Listener", measurements), _repeated(offsets, measurements))
    seen = _repeated(listener, measurements) + turned - _repeated(source, measurements)
    places = np.einsum("mij,mrj->mri", _axes(file, "Source", measurements), seen)
    return np.broadcast_to(places, (measurements, receivers, 3)).copy()


def sources_from_head(file: SofaFile, measurements: int) -> NDArray[np.float64]:
    """Places of the sources as the head sees them: (M, 3) float64, metres.  x points along the nose, y to the left.

    Raises
    ------
    LayoutError
        If a type, unit, view or shape is not understood.
    """
    source = _places(file, "SourcePosition", measurements)
    listener = _places(file, "ListenerPosition", measurements)
    for name, found in (("SourcePosition", source), ("ListenerPosition", listener)):
        if found.shape[1] != 1:
            raise file.error(f"{name} has {found.shape[1]} places in each measurement", "allowed is one")
    emitter = _places(file, "EmitterPosition", measurements) if file.has("EmitterPosition") else np.zeros((1, 1, 3))
    if emitter.shape[1] != 1:
        raise file.error(f"{emitter.shape[1]} emitters", "allowed is one emitter, whose place varies with M")
    turned = np.einsum("mij,mri->mrj", _axes(file, "Source", measurements), _repeated(emitter, measurements))
    seen = _repeated(source, measurements) + turned - _repeated(listener, measurements)
    return np.asarray(np.einsum("mij,mrj->mri", _axes(file, "Listener", measurements), seen)[:, 0])


def ears_from_head(file: SofaFile, measurements: int) -> NDArray[np.float64]:
    """Places of the ears as the head sees them: (R, 3) float64, metres.

    Raises
    ------
    LayoutError
        If they move against the head, or a type, unit or shape is not understood.
    """
    ears = _places(file, "ReceiverPosition", measurements)
    if np.abs(ears - ears[:1]).max() > 1e-6:
        raise file.error("ReceiverPosition differs between measurements", "allowed are ears that stay on their head")
    return np.asarray(ears[0])


def _check_emitter(file: SofaFile, measurements: int) -> None:
    """Refuse an emitter that cannot be a driver in the cabinet whose centre is SourcePosition."""
    if not file.has("EmitterPosition"):
        return
    offset = float(np.linalg.norm(_places(file, "EmitterPosition", measurements), axis=2).max())
    if offset > _FURTHEST_EMITTER_M:
        raise file.error(
            f"EmitterPosition is {offset:.3g} m from SourcePosition, allowed is up to {_FURTHEST_EMITTER_M:g} m",
            "give the centre of the cabinet as SourcePosition",
        )


def _places(file: SofaFile, name: str, measurements: int) -> NDArray[np.float64]:
    """Cartesian places of a variable in metres: (M or 1, K, 3)."""
    values = _by_measurement(file, name, measurements)
    if not values.any():
        # The origin is the same in all types and units.
        return values
    kind = file.attribute("Type", of=name).lower()
    units = _unit_names(file.attribute("Units", of=name))
    if not kind and units:
        kind = "spherical" if units[0] in _RADIANS else "cartesian"
    return _cartesian(file, name, values, kind, units)


def _by_measurement(file: SofaFile, name: str, measurements: int) -> NDArray[np.float64]:
    """Values of a variable of coordinates, whatever its axes: (M or 1, K, 3)."""
    values, axes = file.array(name), file.axes(name)
    is_local = name.startswith(("Receiver", "Emitter"))
    if axes is None:
        axes = {2: "RC" if is_local else "MC", 3: "RCM"}.get(values.ndim, "")
    if axes.count("C") != 1 or values.ndim not in (2, 3) or values.shape[axes.index("C")] != 3:
        raise file.error(f"{name} has shape {values.shape} and the dimensions {axes}", "allowed are three coordinates")
    others = [place for place in range(values.ndim) if axes[place] != "C"]
    # The axis of receivers or emitters has their letter.  Where there is one of them only, its letter may be I.
    local = [place for place in others if axes[place] in "RE"] or (others[:1] if values.ndim == 3 else [])
    along = [place for place in others if place not in local]
    values = values.transpose([*along, *local, axes.index("C")])
    values = values.reshape(values.shape[0] if along else 1, values.shape[len(along)] if local else 1, 3)
    if values.shape[0] not in (1, measurements):
        raise file.error(
            f"{name} has {values.shape[0]} places for {measurements} measurements", "give one, or one for each"
        )
    return values


def _unit_names(text: str) -> list[str]:
    return [part for part in re.split(r"[,;\s]+", text.lower()) if part]


def _cartesian(
    file: SofaFile, name: str, values: NDArray[np.float64], kind: str, units: list[str]
) -> NDArray[np.float64]:
    """Convert coordinates (..., 3) of any type and unit to metres."""
    if kind not in ("cartesian", "spherical"):
        raise file.error(f"{name}:Type = '{kind}'", "allowed are cartesian and spherical, convert it")
    said = f"{name}:Units = '{', '.join(units)}'"
    if kind == "cartesian":
        if len(units) not in (1, 3) or any(unit not in _METRES for unit in units):
            raise file.error(f"{said} of type cartesian", "allowed are metre, centimetre and millimetre")
        return np.asarray(values * np.array([_METRES[unit] for unit in (units if len(units) == 3 else 3 * units)]))
    if len(units) != 3 or any(unit not in _RADIANS for unit in units[:2]) or units[2] not in _METRES:
        raise file.error(f"{said} of type spherical", "allowed are 'degree, degree, metre' and 'radian, radian, metre'")
    for axis, unit in enumerate(units[:2]):
        most = float(np.abs(values[..., axis]).max())
        if _RADIANS[unit] == 1 and most > _MOST_RADIANS:
            raise file.error(f"{said}, but {most:g} is more than a turn", "are these degrees? correct the unit")
    if np.any(values[..., 2] < 0):
        place = ", ".join(str(int(i)) for i in np.argwhere(values[..., 2] < 0)[0])
        raise file.error(f"{name} has a negative distance at [{place}]", "allowed are distances from 0, correct it")
    azimuth, elevation = (values[..., axis] * _RADIANS[units[axis]] for axis in (0, 1))
    if float(np.abs(elevation).max()) > np.pi / 2 + 1e-6:
        raise file.error(
            f"{name} has an elevation of {np.rad2deg(np.abs(elevation).max()):.4g}°",
            "allowed are -90° to 90° (0° is horizontal), convert polar angles",
        )
    unit_vectors = np.stack(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)], axis=-1
    )
    return np.asarray((values[..., 2] * _METRES[units[2]])[..., None] * unit_vectors)


def _axes(file: SofaFile, of: str, measurements: int) -> NDArray[np.float64]:
    """Axes of a source or listener: (M, 3, 3) float64, rows x, y, z in common coordinates."""
    view = _vectors(file, f"{of}View", f"{of}View", measurements, _FORWARD)
    up = _vectors(file, f"{of}Up", f"{of}View", measurements, _UPWARD)
    up = up - np.sum(up * view, axis=1, keepdims=True) * view
    sine = np.linalg.norm(up, axis=1)
    if sine.min() < _LEAST_SINE:
        raise file.error(
            f"{of}Up is parallel to {of}View in measurement {int(sine.argmin())}",
            f"allowed is {of}Up across {of}View, write it for views up or down",
        )
    up = up / sine[:, None]
    return np.stack([view, np.cross(up, view), up], axis=1)


def _vectors(
    file: SofaFile, name: str, typed: str, measurements: int, default: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Read the unit vectors of a view or of an up: (M, 3).  Up has the type of its view unless it says so itself."""
    if not file.has(name):
        return np.tile(default, (measurements, 1))
    kind = file.attribute("Type", of=name) or (file.attribute("Type", of=typed) if file.has(typed) else "")
    units = file.attribute("Units", of=name) or (file.attribute("Units", of=typed) if file.has(typed) else "")
    values = _by_measurement(file, name, measurements)
    if values.shape[1] != 1:
        raise file.error(f"{name} has {values.shape[1]} vectors in each measurement", "allowed is one")
    kind = kind.lower() or "cartesian"
    vectors = _cartesian(file, name, values, kind, _unit_names(units) or _DEFAULT_UNITS.get(kind, []))[:, 0]
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if length.min() <= 0:
        raise file.error(f"{name} has no direction in measurement {int(length.argmin())}", "give a vector above 0")
    return _repeated(vectors / length, measurements)


# A view is a direction, so only its angles have a unit that matters.
_DEFAULT_UNITS = {"cartesian": ["metre"], "spherical": ["degree", "degree", "metre"]}


def _repeated(values: NDArray[np.float64], measurements: int) -> NDArray[np.float64]:
    """Values (M or 1, ...) for each measurement: (M, ...)."""
    return np.broadcast_to(values, (measurements, *values.shape[1:]))

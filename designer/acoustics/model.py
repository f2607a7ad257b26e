"""Transfer functions of a layout, from drivers to points in space and from drivers to ears."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.baffle import piston_directivity, piston_field, piston_parts
from designer.acoustics.equivalent import MODELLED_ENOUGH, equivalent_sources, region_around
from designer.acoustics.head import ear_pressure
from designer.acoustics.hrtf import load_head
from designer.acoustics.measured.field import measured_field
from designer.acoustics.measured.prepared import PreparedDriver, prepare_measured
from designer.acoustics.poses import HeadPoses
from designer.acoustics.sphere import cap_field
from designer.errors import LayoutError
from designer.layout.model import Layout

# Least gap between head and cabinet.  In smaller gaps the waves that go back and forth are not negligible.
_LEAST_GAP_M = 0.05
# A piston is one point source if its directivity changes by less than this over the head, up to 10 kHz.
_MOST_CHANGE, _HIGHEST_HZ = 0.05, 10000.0
# Point sources may miss a measured field by this, which is 30 dB down.  No number of them follows noise any further.
_MEASURED_ENOUGH = 0.03


@dataclass(frozen=True, eq=False)
class AcousticModel:
    """Pressure at each point per unit drive of each driver.

    Attributes
    ----------
    frequencies_hz : (F,) float64
        Positive and rising.
    transfer : (F, P, D) complex128
        Pa per unit drive: acceleration, scaled to 1 Pa at 1 m at low frequency.  Drivers in channel order.
    """

    frequencies_hz: NDArray[np.float64]
    transfer: NDArray[np.complex128]

    def __post_init__(self) -> None:
        if self.transfer.ndim != 3 or self.frequencies_hz.shape != self.transfer.shape[:1]:
            raise ValueError(
                f"transfer has shape {self.transfer.shape}, frequencies_hz {self.frequencies_hz.shape}: "
                "allowed are (F, P, D) and (F,)"
            )
        if self.transfer.dtype != np.complex128 or self.frequencies_hz.dtype != np.float64:
            raise ValueError("allowed are float64 frequencies and complex128 transfer")
        if not np.all(np.isfinite(self.transfer)):
            raise ValueError("transfer: contains values that are not finite")


def cabinet_centre_m(layout: Layout) -> NDArray[np.float64]:
    """Centre of the cabinet in the listener's coordinates: (3,) float64."""
    return np.array([layout.listener.distance_m, 0.0, 0.0])


def piston_centres_m(layout: Layout) -> NDArray[np.float64]:
    """Centres of the drivers of a baffle in the listener's coordinates: (D, 3) float64."""
    places = [[0.0, driver.y_m or 0.0, driver.z_m or 0.0] for driver in layout.drivers]
    return np.asarray(cabinet_centre_m(layout) + np.array(places))


def field_plant(layout: Layout, frequencies_hz: NDArray[np.float64], points_m: NDArray[np.float64]) -> AcousticModel:
    """Transfer functions from drivers to points in free space, with no listener in it.

    Parameters
    ----------
    layout : Layout
        Cabinet and drivers.
    frequencies_hz : (F,) float64
        Positive and rising.
    points_m : (P, 3) float64
        In the listener's coordinates: outside of a sphere, or on the listener's side of a baffle.

    Returns
    -------
    AcousticModel
        (F, P, D).

    Raises
    ------
    ValueError
        If a point lies where the model has no field.
    """
    radii = np.array([driver.radius_m for driver in layout.drivers])
    speed = layout.speed_of_sound_m_per_s
    if layout.cabinet.shape == "baffle":
        transfer = piston_field(frequencies_hz, points_m, piston_centres_m(layout), radii, speed)
    else:
        axes = np.array([driver.direction for driver in layout.drivers])
        relative = points_m - cabinet_centre_m(layout)
        transfer = cap_field(frequencies_hz, relative, axes, radii, layout.cabinet.radius_m, speed)
    if any(driver.measured for driver in layout.drivers):
        transfer = _with_measured(layout, frequencies_hz, points_m, transfer)
    return AcousticModel(frequencies_hz, transfer)


def _with_measured(
    layout: Layout,
    frequencies_hz: NDArray[np.float64],
    points_m: NDArray[np.float64],
    transfer: NDArray[np.complex128],
) -> NDArray[np.complex128]:
    """Replace the model by the measurement for each driver that has one: (F, P, D)."""
    result = transfer.copy()
    for driver in measured_drivers(layout):
        result[:, :, driver.index] = measured_field(
            driver,
            frequencies_hz,
            points_m - cabinet_centre_m(layout),
            partial(_bare_field, layout),
            layout.speed_of_sound_m_per_s,
        )
    return result


def measured_drivers(layout: Layout, progress: Callable[[str], None] = lambda what: None) -> tuple[PreparedDriver, ...]:
    """Read and align the measured drivers of a layout, in channel order; what was read before is kept.

    Parameters
    ----------
    layout : Layout
    progress : callable
        Told in words what is being read.

    Raises
    ------
    LayoutError
        If a file is missing, damaged, implausible, or not understood.

    Warns
    -----
    MeasurementWarning
        For each thing that should be known.
    """
    return prepare_measured(layout, partial(_bare_field, layout), progress)


def _bare_field(
    layout: Layout, frequencies_hz: NDArray[np.float64], relative_m: NDArray[np.float64], index: int
) -> NDArray[np.complex128]:
    """Modelled field (F, P) of one driver at places relative to the cabinet's centre."""
    driver = layout.drivers[index]
    radii = np.array([driver.radius_m])
    speed = layout.speed_of_sound_m_per_s
    if layout.cabinet.shape == "baffle":
        points, centre = relative_m + cabinet_centre_m(layout), piston_centres_m(layout)[[index]]
        return piston_field(frequencies_hz, points, centre, radii, speed)[:, :, 0]
    axes = driver.direction[None]
    return cap_field(frequencies_hz, relative_m, axes, radii, layout.cabinet.radius_m, speed)[:, :, 0]


def circle_points_m(layout: Layout, azimuths_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points around the cabinet at the listener's distance, at ear height.

    Parameters
    ----------
    layout : Layout
        Gives the distance.
    azimuths_deg : (A,) float64
        0 at the listener, +90 on the listener's left.

    Returns
    -------
    (A, 3) float64
    """
    azimuths = np.deg2rad(azimuths_deg)
    ring = np.stack([-np.cos(azimuths), np.sin(azimuths), np.zeros_like(azimuths)], axis=1)
    return cabinet_centre_m(layout) + layout.listener.distance_m * ring


def ear_plant(layout: Layout, frequencies_hz: NDArray[np.float64], heads: HeadPoses) -> AcousticModel:
    """Transfer functions from drivers to both ears of a rigid-sphere head, for each pose of the head.

    Point sources inside a sphere reproduce the field of its drivers over the head (`equivalent_sources`).  The series
    of Duda & Martens gives the pressure of each source at the ears.  So the tilt and the curvature of the wavefront
    are kept.  A piston in a baffle, modelled or measured, is one point source times its directivity towards the
    centre of the head.  Where that changes over a near head, a modelled piston is 16 sources.  Waves that the head
    scatters back to the cabinet are neglected.

    Parameters
    ----------
    layout : Layout
        Cabinet, drivers, head radius.
    frequencies_hz : (F,) float64
        Positive and rising.
    heads : HeadPoses
        H poses.

    Returns
    -------
    AcousticModel
        (F, 2·H, D).  The order of points is head 0 left, head 0 right, head 1 left, …

    Raises
    ------
    LayoutError
        If a head comes closer than 5 cm to the cabinet.
    """
    _check_gap(layout, heads)
    centres, pose_centre = heads.distinct_centres()
    sources, weights = _point_sources(layout, frequencies_hz, centres)
    offsets = sources[None, :, :] - centres[:, None, :]
    distances = np.linalg.norm(offsets, axis=2)
    unit = offsets / distances[..., None]
    poses_of = [np.flatnonzero(pose_centre == centre) for centre in range(len(centres))]
    if layout.listener.hrtf:
        pressure = _measured_head_pressure(layout, frequencies_hz, heads, poses_of, unit, distances)
    else:
        pressure = _spherical_head_pressure(layout, frequencies_hz, heads, poses_of, unit, distances)
    if weights is None:
        pressure = pressure * _directivity_towards(layout, frequencies_hz, unit, centres)[..., None]
    transfer = np.empty((frequencies_hz.size, 2 * heads.x_m.size, len(layout.drivers)), dtype=np.complex128)
    for centre, poses in enumerate(poses_of):
        rows = (2 * poses[:, None] + np.arange(2)).ravel()
        part = pressure[:, centre, :, : 2 * len(poses)].transpose(0, 2, 1)
        transfer[:, rows] = part if weights is None else part @ weights
    return AcousticModel(frequencies_hz, transfer)


def _point_sources(
    layout: Layout, frequencies_hz: NDArray[np.float64], centres_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.complex128] | NDArray[np.float64] | None]:
    """Point sources that send the field of the drivers to the heads.

    Returns
    -------
    places_m : (S, 3) float64
    weights : (S, D) float64, (F, S, D) complex128 or None
        Strength of each source per unit drive.  None if each driver is one source, with its own directivity.
    """
    if layout.cabinet.shape != "baffle":
        low, high = region_around(centres_m, layout.listener.head_radius_m)
        return equivalent_sources(
            frequencies_hz,
            lambda points: field_plant(layout, frequencies_hz, points).transfer,
            cabinet_centre_m(layout),
            layout.cabinet.radius_m,
            low,
            high,
            layout.speed_of_sound_m_per_s,
            enough=_MEASURED_ENOUGH if any(driver.measured for driver in layout.drivers) else MODELLED_ENOUGH,
        )
    pistons = piston_centres_m(layout)
    if not _directivity_changes_over(layout, centres_m):
        return pistons, None
    radii = np.array([driver.radius_m for driver in layout.drivers])
    parts = piston_parts(pistons, radii)
    return parts.reshape(-1, 3), np.repeat(np.eye(len(radii)), parts.shape[1], axis=0) / parts.shape[1]


def _spherical_head_pressure(
    layout: Layout,
    frequencies_hz: NDArray[np.float64],
    heads: HeadPoses,
    poses_of: list[NDArray[np.int64]],
    unit: NDArray[np.float64],
    distances: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Pressure at the ears of a rigid sphere due to point sources of 1 Pa at 1 m: (F, centres, sources, 2·poses)."""
    ears = heads.ear_directions()
    most = max(len(poses) for poses in poses_of)
    cosines = np.zeros((*distances.shape, 2 * most))
    for centre, poses in enumerate(poses_of):
        cosines[centre, :, : 2 * len(poses)] = unit[centre] @ ears[poses].reshape(-1, 3).T
    return ear_pressure(
        frequencies_hz,
        distances.ravel(),
        cosines.reshape(-1, 2 * most),
        layout.listener.head_radius_m,
        layout.speed_of_sound_m_per_s,
    ).reshape(frequencies_hz.size, *distances.shape, 2 * most)


def _measured_head_pressure(
    layout: Layout,
    frequencies_hz: NDArray[np.float64],
    heads: HeadPoses,
    poses_of: list[NDArray[np.int64]],
    unit: NDArray[np.float64],
    distances: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Pressure at the ears of a measured head due to point sources of 1 Pa at 1 m: (F, centres, sources, 2·poses).

    Every source counts as distant, so the shape of its wave at the head is fixed.  Level and time follow its distance.
    """
    head = load_head(Path(layout.listener.hrtf or ""))
    most = max(len(poses) for poses in poses_of)
    pressure = np.zeros((frequencies_hz.size, *distances.shape, 2 * most), dtype=np.complex128)
    wavenumbers = 2 * np.pi * frequencies_hz / layout.speed_of_sound_m_per_s
    waves = np.exp(-1j * wavenumbers[:, None, None] * distances) / distances
    # All directions at once: most of the work is the same for each.
    turned = []
    for centre, poses in enumerate(poses_of):
        x, y, z = unit[centre].T
        for yaw in heads.yaw_rad[poses]:
            turned.append(np.stack([np.cos(yaw) * x + np.sin(yaw) * y, np.cos(yaw) * y - np.sin(yaw) * x, z], axis=1))
    heard = head.pressure(frequencies_hz, np.concatenate(turned)).reshape(wavenumbers.size, len(turned), -1, 2)
    first = 0
    for centre, poses in enumerate(poses_of):
        part = heard[:, first : first + len(poses)].transpose(0, 2, 1, 3).reshape(wavenumbers.size, -1, 2 * len(poses))
        pressure[:, centre, :, : 2 * len(poses)] = part * waves[:, centre, :, None]
        first += len(poses)
    return pressure


def _directivity_towards(
    layout: Layout,
    frequencies_hz: NDArray[np.float64],
    unit: NDArray[np.float64],
    centres_m: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Directivity of each piston, or of each measured driver, towards each head: (F, heads, D)."""
    radii = np.array([driver.radius_m for driver in layout.drivers])
    sines = np.hypot(unit[..., 1], unit[..., 2])
    wavenumbers = 2 * np.pi * frequencies_hz / layout.speed_of_sound_m_per_s
    directivity = piston_directivity(wavenumbers[:, None, None] * (radii * sines)).astype(np.complex128)
    measured = [d for d, driver in enumerate(layout.drivers) if driver.measured]
    if measured:
        # The measurement gives the pressure at the centre of the head.  The wave over the head comes from the driver's
        # place, so that its tilt and curvature are right as well.
        places = piston_centres_m(layout)[measured]
        distances = np.linalg.norm(centres_m[:, None, :] - places, axis=2)
        waves = np.exp(-1j * wavenumbers[:, None, None] * distances) / distances
        field = field_plant(layout, frequencies_hz, centres_m).transfer
        directivity[:, :, measured] = field[:, :, measured] / waves
    return directivity


def _directivity_changes_over(layout: Layout, centres_m: NDArray[np.float64]) -> bool:
    """Whether the directivity of any piston changes over any of the heads."""
    if any(driver.measured for driver in layout.drivers):
        return False
    size = 2 * np.pi * _HIGHEST_HZ / layout.speed_of_sound_m_per_s
    radii = np.array([driver.radius_m for driver in layout.drivers])

    def directivity(points: NDArray[np.float64]) -> NDArray[np.float64]:
        away = points[:, None] - piston_centres_m(layout)
        sines = np.hypot(away[..., 1], away[..., 2]) / np.linalg.norm(away, axis=2)
        return piston_directivity(size * radii * sines)

    aside = np.array([0.0, layout.listener.head_radius_m, 0.0])
    middle = directivity(centres_m)
    changes = [np.abs(directivity(centres_m + side * aside) - middle).max() for side in (-1, 1)]
    return bool(max(changes) > _MOST_CHANGE)


def _check_gap(layout: Layout, heads: HeadPoses) -> None:
    if layout.cabinet.shape == "baffle":
        nearest = layout.listener.distance_m - float(heads.x_m.max())
        needed = layout.listener.head_radius_m + _LEAST_GAP_M + 4 * max(d.radius_m for d in layout.drivers)
    else:
        nearest = float(np.hypot(layout.listener.distance_m - heads.x_m, heads.y_m).min())
        needed = layout.cabinet.radius_m + layout.listener.head_radius_m + _LEAST_GAP_M
    if nearest < needed:
        raise LayoutError(
            f"layout '{layout.name}', listener.distance_m = {layout.listener.distance_m:g}: the head comes within "
            f"{nearest:.3g} m of the cabinet's centre, allowed from {needed:.3g} m: move the listener back to "
            f"{layout.listener.distance_m + math.ceil(100 * (needed - nearest)) / 100:.2f} m or reduce "
            "listener.distance_span_m"
        )

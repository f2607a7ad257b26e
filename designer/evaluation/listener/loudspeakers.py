"""What plays in the room: the cabinet of a layout, or a real loudspeaker that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import cabinet_centre_m, ear_plant
from designer.acoustics.reflections import radiation
from designer.acoustics.sphere import cap_field
from designer.evaluation.listener.heads import ListenerHead, Places
from designer.layout.model import Layout

_FAR_M = 50.0


class Loudspeaker(Protocol):
    """A source of sound with D drivers."""

    @property
    def speed_of_sound_m_per_s(self) -> float:
        """Speed of sound."""

    @property
    def place_m(self) -> NDArray[np.float64]:
        """Centre in the listener's coordinates: (3,)."""

    @property
    def extent_m(self) -> float:
        """Radius of a sphere about the centre that holds all drivers."""

    def radiation(self, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Far field in directions (Q, 3), Pa at 1 m, as if from the centre: (F, Q, D)."""

    def direct(self, frequencies_hz: NDArray[np.float64], head: ListenerHead, places: Places) -> NDArray[np.complex128]:
        """Pressure at the ears in free space, travel time included, Pa: (F, H, 2, D)."""


@dataclass(frozen=True)
class Cabinet:
    """The cabinet of a layout.

    Attributes
    ----------
    layout : Layout
    """

    layout: Layout

    @property
    def speed_of_sound_m_per_s(self) -> float:
        """Speed of sound."""
        return self.layout.speed_of_sound_m_per_s

    @property
    def place_m(self) -> NDArray[np.float64]:
        """Centre in the listener's coordinates: (3,)."""
        return cabinet_centre_m(self.layout)

    @property
    def extent_m(self) -> float:
        """Radius of a sphere about the centre that holds all drivers."""
        if self.layout.cabinet.shape == "sphere":
            return self.layout.cabinet.radius_m
        return max(float(np.hypot(d.y_m or 0.0, d.z_m or 0.0)) for d in self.layout.drivers)

    def radiation(self, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Far field in directions (Q, 3), Pa at 1 m, as if from the centre: (F, Q, D)."""
        return radiation(self.layout, frequencies_hz, directions)

    def direct(self, frequencies_hz: NDArray[np.float64], head: ListenerHead, places: Places) -> NDArray[np.complex128]:
        """Pressure at the ears in free space, with tilt and curvature of the wave, Pa: (F, H, 2, D)."""
        transfer = ear_plant(head.in_layout(self.layout), frequencies_hz, places).transfer
        return transfer.reshape(frequencies_hz.size, places.x_m.size, 2, -1)


@dataclass(frozen=True)
class Monitor:
    """A real loudspeaker: one driver in a sphere, which faces the nominal listener.

    Attributes
    ----------
    azimuth_deg : float
        Where it stands, positive on the listener's left.
    distance_m : float
    speed_of_sound_m_per_s : float
    cabinet_radius_m, driver_radius_m : float
    """

    azimuth_deg: float
    distance_m: float
    speed_of_sound_m_per_s: float = 343.0
    cabinet_radius_m: float = 0.0875
    driver_radius_m: float = 0.05

    @property
    def place_m(self) -> NDArray[np.float64]:
        """Centre in the listener's coordinates: (3,)."""
        azimuth = np.deg2rad(self.azimuth_deg)
        return self.distance_m * np.array([np.cos(azimuth), np.sin(azimuth), 0.0])

    @property
    def extent_m(self) -> float:
        """Radius of its cabinet."""
        return self.cabinet_radius_m

    def radiation(self, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Far field in directions (Q, 3), Pa at 1 m, as if from the centre: (F, Q, 1)."""
        speed, axis = self.speed_of_sound_m_per_s, -self.place_m / self.distance_m
        radii = np.array([self.driver_radius_m])
        field = cap_field(frequencies_hz, _FAR_M * directions, axis[None], radii, self.cabinet_radius_m, speed)
        return np.asarray(field * (np.exp(2j * np.pi * frequencies_hz * _FAR_M / speed) * _FAR_M)[:, None, None])

    def direct(self, frequencies_hz: NDArray[np.float64], head: ListenerHead, places: Places) -> NDArray[np.complex128]:
        """Pressure at the ears in free space, of waves that are plane over the head, Pa: (F, H, 2, 1)."""
        offsets = self.place_m - np.stack([places.x_m, places.y_m, np.zeros_like(places.x_m)], axis=1)
        distances = np.linalg.norm(offsets, axis=1)
        unit = offsets / distances[:, None]
        heard = head.pressure(frequencies_hz, turned(unit, places.yaw_rad), self.speed_of_sound_m_per_s)
        travel = np.exp(-2j * np.pi * frequencies_hz[:, None] * distances / self.speed_of_sound_m_per_s) / distances
        return np.asarray((heard * (self.radiation(frequencies_hz, -unit) * travel[:, :, None]))[..., None])


def turned(directions: NDArray[np.float64], yaw_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions (Q, 3) in the coordinates of heads that are turned to the left by ``yaw_rad`` (Q,)."""
    x, y, z = directions.T
    cosine, sine = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.stack([cosine * x + sine * y, cosine * y - sine * x, z], axis=1)

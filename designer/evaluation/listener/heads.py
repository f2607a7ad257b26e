"""Heads of listeners, and where they are: what of a sound from any direction arrives at both ears."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.head import ear_pressure
from designer.acoustics.hrtf import load_head
from designer.acoustics.poses import HeadPoses
from designer.layout.model import Layout

# MIT's KEMAR as Debian's libmysofa1 ships it: Gardner & Martin, J. Acoust. Soc. Am. 97 (1995), 3907.
KEMAR = Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa")

# Distance at which a wave is taken as plane.
_FAR_M = 50.0
# Angles to the ear at which the field on a sphere is tabulated.  At ka = 20 the phase turns by 10° from one to the
# next, and the linear interpolation between them is 0.4 % in error.
_ANGLE_STEP_DEG = 0.5


@dataclass(frozen=True)
class ListenerHead:
    """A head: a rigid sphere with ears where one likes, or a measured set.

    Attributes
    ----------
    name : str
    radius_m : float
        Of the sphere, 0.06 to 0.12.  A measured set needs none.
    ear_azimuth_deg : float
        Of the ears of the sphere, 90° straight to the side, more towards the back.
    hrtf : Path, optional
        SOFA file (SimpleFreeFieldHRIR) that replaces the sphere.
    """

    name: str
    radius_m: float = 0.0875
    ear_azimuth_deg: float = 90.0
    hrtf: Path | None = None

    def in_layout(self, layout: Layout) -> Layout:
        """Put this head in the place of the layout's own."""
        update = {"hrtf": str(self.hrtf) if self.hrtf else None, "head_radius_m": self.radius_m}
        return layout.model_copy(update={"listener": layout.listener.model_copy(update=update)})

    def pressure(
        self,
        frequencies_hz: NDArray[np.float64],
        directions: NDArray[np.float64],
        speed_of_sound_m_per_s: float = 343.0,
    ) -> NDArray[np.complex128]:
        """Pressure at both ears of plane waves, relative to the free field at the centre of the head.

        Parameters
        ----------
        frequencies_hz : (F,) float64
            Positive and rising.
        directions : (Q, 3) float64
            Unit vectors to the sources in the head's coordinates: x along the nose, y to its left.
        speed_of_sound_m_per_s : float

        Returns
        -------
        (F, Q, 2) complex128
            Left ear first.
        """
        if self.hrtf:
            return load_head(self.hrtf).pressure(frequencies_hz, directions, nearest=True)
        lines = tuple(float(f) for f in frequencies_hz)
        table = _sphere_table(lines, self.radius_m, speed_of_sound_m_per_s)
        azimuth = np.deg2rad(self.ear_azimuth_deg)
        ears = np.array([[np.cos(azimuth), np.sin(azimuth), 0.0], [np.cos(azimuth), -np.sin(azimuth), 0.0]])
        place = np.rad2deg(np.arccos(np.clip(directions @ ears.T, -1.0, 1.0))) / _ANGLE_STEP_DEG
        below = np.minimum(place.astype(np.int64), table.shape[1] - 2)
        part = place - below
        return np.asarray(table[:, below] * (1 - part) + table[:, below + 1] * part)


SPHERE = ListenerHead("sphere")
# The ears of a real head lie behind its middle (Blauert, Spatial Hearing, 1997, § 2.2.3 has 100°).
SMALL_SPHERE = ListenerHead("small sphere", radius_m=0.08, ear_azimuth_deg=100.0)
DUMMY_HEAD = ListenerHead("KEMAR", hrtf=KEMAR)


@dataclass(frozen=True, eq=False)
class Places(HeadPoses):
    """Poses of a head whose ears need not lie straight to the side."""

    @classmethod
    def of(
        cls,
        head: ListenerHead,
        x_m: NDArray[np.float64],
        y_m: NDArray[np.float64],
        yaw_deg: NDArray[np.float64],
    ) -> Places:
        """Make poses of equal weight.

        Parameters
        ----------
        head : ListenerHead
        x_m, y_m : (H,) float64
            Displacement towards the cabinet, and to the left, metres.
        yaw_deg : (H,) float64
            Positive turns the nose to the left.
        """
        count = x_m.size
        return cls(x_m, y_m, np.deg2rad(yaw_deg), np.full(count, 1 / count), head.ear_azimuth_deg)


@lru_cache(maxsize=8)
def _sphere_table(
    frequencies_hz: tuple[float, ...], radius_m: float, speed_of_sound_m_per_s: float
) -> NDArray[np.complex128]:
    """Pressure on a sphere over the angle from its source, relative to the free field at its centre: (F, A)."""
    lines = np.array(frequencies_hz)
    angles = np.deg2rad(np.arange(0.0, 180.0 + _ANGLE_STEP_DEG / 2, _ANGLE_STEP_DEG))
    heard = ear_pressure(lines, np.array([_FAR_M]), np.cos(angles)[None], radius_m, speed_of_sound_m_per_s)[:, 0]
    wave = np.exp(2j * np.pi * lines * _FAR_M / speed_of_sound_m_per_s) * _FAR_M
    return np.asarray(heard * wave[:, None])

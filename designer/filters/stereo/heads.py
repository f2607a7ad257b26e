"""Ensemble of heads that L and R are designed for in a room: the listener's own, other sizes, and measured ones.

Listeners differ.  Radii of heads lie within 7.5 … 9.5 cm, and ears behind the middle of the sphere, at 90 … 110°
(Algazi, Avendano & Duda, J. Audio Eng. Soc. 49 (2001), 472; Blauert, Spatial Hearing, 1997, § 2.3).  Each head asks for
the virtual source that it would hear itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.head import ear_pressure
from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.filters.stereo.virtualisation import target_matrix
from designer.layout.model import Layout

# Radius relative to the layout's head, and azimuth of the ears, of the other spheres.
_OTHER_SPHERES = ((7.5 / 8.75, 100.0), (1.0, 110.0), (9.5 / 8.75, 100.0))
# Share of the layout's own head in every mean.  The others have the rest in equal parts.
_OWN_SHARE = 0.5
# The other heads stand at both ends of the lateral span and in the middle: the nodes of a Gauss quadrature.
_NODES, _WEIGHTS = np.sqrt(0.6) * np.array([-1.0, 0.0, 1.0]), np.array([5.0, 8.0, 5.0]) / 18


@dataclass(frozen=True, eq=False)
class ErrorRows:
    """What each head in each pose hears wrongly of a virtual source.

    Attributes
    ----------
    rows : (F, K, D) complex128
        Pressure at the other ear less the goal times the pressure at the own ear, per unit drive.
    probability : (K,) float64
        The sum is 1.
    """

    rows: NDArray[np.complex128]
    probability: NDArray[np.float64]

    def covariance(self) -> NDArray[np.complex128]:
        """Mean of conj(y)·y: (F, D, D)."""
        weighted = self.rows * np.sqrt(self.probability)[:, None]
        return np.asarray(weighted.conj().transpose(0, 2, 1) @ weighted)


def error_rows(
    layout: Layout, frequencies_hz: NDArray[np.float64], ears: NDArray[np.complex128], heads: HeadPoses
) -> tuple[ErrorRows, ErrorRows]:
    """Errors of the virtual sources of L and R over the ensemble of heads.

    Parameters
    ----------
    layout : Layout
        Gives the virtual sources, the head, and measured heads.
    frequencies_hz : (F,) float64
        Positive and rising.
    ears : (F, 2 * H, D) complex128
        Pressure at both ears of the layout's own head in H poses, Pa per unit drive.
    heads : HeadPoses
        H poses.

    Returns
    -------
    left, right : ErrorRows
        K = H + 3 for each other head.

    Raises
    ------
    LayoutError
        If a measured head cannot be read.
    """
    members = [(ears, target_matrix(layout, frequencies_hz), heads.weight * _OWN_SHARE)]
    others = _other_heads(layout, frequencies_hz)
    members += [(heard, goal, _WEIGHTS * (1 - _OWN_SHARE) / len(others)) for heard, goal in others]
    probability = np.concatenate([weight for _, _, weight in members])

    def of_side(side: int) -> ErrorRows:
        other = 1 - side
        rows = [heard[:, other::2] - goal[:, other, side, None, None] * heard[:, side::2] for heard, goal, _ in members]
        return ErrorRows(np.concatenate(rows, axis=1), probability)

    return of_side(0), of_side(1)


def _other_heads(
    layout: Layout, frequencies_hz: NDArray[np.float64]
) -> list[tuple[NDArray[np.complex128], NDArray[np.complex128]]]:
    """Pressures (F, 2 · 3, D) and goals (F, 2, 2) of heads beside the layout's own."""
    zero = np.zeros(_NODES.size)
    places = HeadPoses(zero, layout.listener.lateral_span_m * _NODES, zero, _WEIGHTS)
    found = []
    for size, ear_azimuth_deg in _OTHER_SPHERES:
        radius = size * layout.listener.head_radius_m
        other = _with_listener(layout, head_radius_m=radius, hrtf=None)
        heard = ear_plant(other, frequencies_hz, replace(places, ear_azimuth_deg=ear_azimuth_deg)).transfer
        found.append((heard, _sphere_goal(other, frequencies_hz, ear_azimuth_deg)))
    for head in layout.listener.head:
        other = _with_listener(layout, hrtf=head.hrtf)
        other = other.model_copy(
            update={"virtualisation": layout.virtualisation.model_copy(update={"hrtf": head.hrtf})}
        )
        heard = ear_plant(other, frequencies_hz, places).transfer
        found.append((heard, target_matrix(other, frequencies_hz)))
    return found


def _with_listener(layout: Layout, **changes: object) -> Layout:
    return layout.model_copy(update={"listener": layout.listener.model_copy(update=changes)})


def _sphere_goal(layout: Layout, frequencies_hz: NDArray[np.float64], ear_azimuth_deg: float) -> NDArray[np.complex128]:
    """Ratio of the ears of a sphere for a real loudspeaker in the place of the virtual one, ear by channel."""
    ears = np.array([ear_azimuth_deg, -ear_azimuth_deg])
    cosines = np.cos(np.deg2rad(ears - layout.virtualisation.azimuth_deg))[None]
    listener = layout.listener
    distance = np.array([listener.distance_m])
    heard = ear_pressure(frequencies_hz, distance, cosines, listener.head_radius_m, layout.speed_of_sound_m_per_s)
    goal = np.ones((frequencies_hz.size, 2, 2), dtype=np.complex128)
    goal[:, 0, 1] = goal[:, 1, 0] = heard[:, 0, 1] / heard[:, 0, 0]
    return goal

"""Poses of the listener's head with their probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.layout.model import Layout


@dataclass(frozen=True, eq=False)
class HeadPoses:
    """Poses of the head in the horizontal plane.

    Attributes
    ----------
    x_m, y_m : (H,) float64
        Displacement of the head's centre towards the cabinet, and to the left.
    yaw_rad : (H,) float64
        Rotation about the vertical.  Positive turns the nose to the left.
    weight : (H,) float64
        Probability of each pose.  The sum is 1.
    ear_azimuth_deg : float
        Azimuth of the left ear on the head.  The right one is its mirror image.  A measured head has its own ears.
    """

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    yaw_rad: NDArray[np.float64]
    weight: NDArray[np.float64]
    ear_azimuth_deg: float = 90.0

    def __post_init__(self) -> None:
        shapes = {self.x_m.shape, self.y_m.shape, self.yaw_rad.shape, self.weight.shape}
        if len(shapes) != 1 or self.x_m.ndim != 1 or self.x_m.size == 0:
            raise ValueError(f"HeadPoses: shapes {sorted(shapes)}, allowed is one common (H,) with H from 1")
        if np.any(self.weight < 0) or abs(float(self.weight.sum()) - 1) > 1e-9:
            raise ValueError("HeadPoses.weight: allowed are probabilities whose sum is 1")

    @classmethod
    def nominal(cls) -> HeadPoses:
        """Return the one head at the origin that looks straight at the cabinet."""
        zero = np.zeros(1)
        return cls(zero, zero, zero, np.ones(1))

    @classmethod
    def from_layout(cls, layout: Layout) -> HeadPoses:
        """Make the poses of a head anywhere within the spans of ``layout.listener``.

        Lateral place, distance and yaw are independent and uniform over ±span.  5 × 3 × 3 nodes of Gauss–Legendre
        quadrature give their mean, which is exact for polynomials of degree 9, 5 and 5.
        """
        listener = layout.listener
        y, y_weight = _uniform(listener.lateral_span_m, 5)
        x, x_weight = _uniform(listener.distance_span_m, 3)
        yaw, yaw_weight = _uniform(float(np.deg2rad(listener.yaw_span_deg)), 3)
        grid = np.meshgrid(x, y, yaw, indexing="ij")
        weight = x_weight[:, None, None] * y_weight[:, None] * yaw_weight
        return cls(grid[0].ravel(), grid[1].ravel(), grid[2].ravel(), weight.ravel() / weight.sum())

    @property
    def nominal_index(self) -> int:
        """Index of the pose nearest to the origin.  Poses of a layout include the origin itself."""
        return int(np.argmin(self.x_m**2 + self.y_m**2 + self.yaw_rad**2))

    def distinct_centres(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Centres of the heads, each once, and which of them each pose has.

        Returns
        -------
        centres_m : (C, 3) float64
        index : (H,) int64
        """
        places = np.stack([self.x_m, self.y_m, np.zeros_like(self.x_m)], axis=1)
        centres, index = np.unique(places, axis=0, return_inverse=True)
        return centres, index.reshape(-1)

    def ear_directions(self) -> NDArray[np.float64]:
        """Return unit vectors from each head's centre to its left and right ear: (H, 2, 3) float64."""
        if self.ear_azimuth_deg == 90.0:
            left = np.stack([-np.sin(self.yaw_rad), np.cos(self.yaw_rad), np.zeros_like(self.yaw_rad)], axis=1)
            return np.stack([left, -left], axis=1)
        turned = self.yaw_rad[:, None] + np.deg2rad(self.ear_azimuth_deg) * np.array([1.0, -1.0])
        return np.stack([np.cos(turned), np.sin(turned), np.zeros_like(turned)], axis=2)


def _uniform(span: float, nodes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if span == 0:
        return np.zeros(1), np.ones(1)
    node, weight = np.polynomial.legendre.leggauss(nodes)
    return span * node, weight / 2

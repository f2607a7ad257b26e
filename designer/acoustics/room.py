"""Image sources of a shoebox room (Allen & Berkley, J. Acoust. Soc. Am. 65 (1979), 943).

The receiver sees each image in one direction.  The image sends what the real source radiates in the mirrored direction.
Both patterns are sums of spherical harmonics.  All images, channels and frequencies then take two matrix products
(Samarasinghe et al., J. Acoust. Soc. Am. 144 (2018), 1381).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.layout.model import Layout


@dataclass(frozen=True)
class Room:
    """A shoebox with walls of one absorption.

    Attributes
    ----------
    size_m : tuple of three float
        Along x, y and z.
    source_m, receiver_m : tuple of three float
        Within the room.
    absorption : float
        Energy that a wall takes, above 0 and below 1.
    """

    size_m: tuple[float, float, float]
    source_m: tuple[float, float, float]
    receiver_m: tuple[float, float, float]
    absorption: float

    def __post_init__(self) -> None:
        for name, place in (("source_m", self.source_m), ("receiver_m", self.receiver_m)):
            if not all(0 < p < s for p, s in zip(place, self.size_m, strict=True)):
                raise ValueError(f"Room.{name} = {place}: lies outside of the room of {self.size_m} m")
        if not 0 < self.absorption < 1:
            raise ValueError(f"Room.absorption = {self.absorption:g}: allowed is above 0, below 1")

    @property
    def volume_m3(self) -> float:
        """Volume, cubic metres."""
        return float(np.prod(self.size_m))

    @property
    def surface_m2(self) -> float:
        """Surface of all walls, square metres."""
        x, y, z = self.size_m
        return 2 * (x * y + y * z + z * x)

    @property
    def reverberation_time_s(self) -> float:
        """Time in which sound decays by 60 dB, after Eyring (J. Acoust. Soc. Am. 1 (1930), 217)."""
        return 0.161 * self.volume_m3 / (-self.surface_m2 * float(np.log(1 - self.absorption)))

    @property
    def distance_m(self) -> float:
        """Distance between source and receiver, metres."""
        return float(np.linalg.norm(np.array(self.source_m) - np.array(self.receiver_m)))

    @property
    def diffuse_to_direct(self) -> float:
        """Energy of the diffuse field over the direct sound of a point source at the receiver, as a ratio of powers.

        It is 16π·r²/R with the room constant R = S·α/(1 − α) (Kinsler et al., Fundamentals of Acoustics, § 12.5).
        """
        constant = self.surface_m2 * self.absorption / (1 - self.absorption)
        return 16 * np.pi * self.distance_m**2 / constant


def listening_room(layout: Layout) -> Room:
    """Room of the layout, with listener and cabinet in it."""
    x, y, height = layout.room_listener_m
    cabinet = (x + layout.listener.distance_m, y, height)
    return Room(layout.room_size_m, cabinet, (x, y, height), layout.listening_room.absorption)


@dataclass(frozen=True, eq=False)
class Images:
    """Images of a source, the source itself first.

    Attributes
    ----------
    distances_m : (I,) float64
        From the receiver.
    arriving : (I, 3) float64
        Unit vectors from the receiver to each image.
    leaving : (I, 3) float64
        Unit vectors in which the real source radiates what each image sends.
    reflections : (I,) int64
        Walls on the way.
    """

    distances_m: NDArray[np.float64]
    incoming: NDArray[np.float64]
    outgoing: NDArray[np.float64]
    reflections: NDArray[np.int64]


def image_sources(room: Room, order: int) -> Images:
    """Images of up to ``order`` reflections.

    Parameters
    ----------
    room : Room
    order : int
        From 0.

    Returns
    -------
    Images
        (2·order + 1)(2·order² + 2·order + 3)/3 of them, by rising distance.
    """
    cells = np.array(
        [c for c in itertools.product(range(-order, order + 1), repeat=3) if abs(c[0]) + abs(c[1]) + abs(c[2]) <= order]
    )
    return _images(room, cells)


def images_within(room: Room, distance_m: float) -> Images:
    """Images no farther from the receiver than a distance, by rising distance: 4π·distance³/(3·volume) of them.

    Parameters
    ----------
    room : Room
    distance_m : float
        From that between source and receiver.
    """
    reach = [int(np.ceil(distance_m / size)) + 1 for size in room.size_m]
    grid = np.meshgrid(*(np.arange(-n, n + 1, dtype=np.int64) for n in reach), indexing="ij")
    cells = np.stack([axis.ravel() for axis in grid], axis=1)
    # A cell's image lies in it: what is farther by more than its diagonal need not be placed.
    spare = distance_m + 2 * float(np.linalg.norm(room.size_m))
    images = _images(room, cells[np.linalg.norm(cells * np.array(room.size_m), axis=1) <= spare])
    near = int(np.searchsorted(images.distances_m, distance_m, side="right"))
    return Images(images.distances_m[:near], images.incoming[:near], images.outgoing[:near], images.reflections[:near])


def _images(room: Room, cells: NDArray[np.int64]) -> Images:
    """Images in cells (I, 3) of mirrored rooms."""
    size, source = np.array(room.size_m), np.array(room.source_m)
    # A cell of odd index holds the mirrored room.
    mirrored = cells % 2 == 1
    places = cells * size + np.where(mirrored, size - source, source)
    towards = places - np.array(room.receiver_m)
    distances = np.linalg.norm(towards, axis=1)
    incoming = towards / distances[:, None]
    outgoing = np.where(mirrored, incoming, -incoming)
    rank = np.argsort(distances, kind="stable")
    return Images(distances[rank], incoming[rank], outgoing[rank], np.abs(cells).sum(axis=1)[rank])

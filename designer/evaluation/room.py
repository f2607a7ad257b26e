"""Depth: how much of the sound in a room is direct sound, for each channel of a design."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.head import ear_pressure
from designer.acoustics.hrtf import load_head
from designer.acoustics.model import cabinet_centre_m, ear_plant, field_plant
from designer.acoustics.poses import HeadPoses
from designer.acoustics.room import Images, Room, image_sources, listening_room
from designer.acoustics.spherical_harmonics import harmonics, quadrature
from designer.evaluation.plant import decibels
from designer.evaluation.records import PREFIXED, Record
from designer.filters.fir import spectra
from designer.layout.model import Layout

_ORDER = 12
# Octaves 250 Hz … 4 kHz (ISO 3382-1).
_OCTAVES_HZ = 250.0 * 2.0 ** np.arange(5)
_LINES_PER_OCTAVE = 6
_EARLY_S = 0.050
# Attributes of a plant that do not depend on the head.
_OF_THE_LOUDSPEAKER = ("images", "radiation_order", "far_field", "expansion", "_radiation", "axis")
_FAR_M = 50.0
# Orders of harmonics beyond k times the radius of what radiates.  The rest is 1 % of the pattern.
_SPARE_ORDERS = 7


@dataclass(frozen=True, kw_only=True)
class ChannelInRoom(Record):
    """One channel in a room, octaves 250 Hz … 4 kHz.

    Attributes
    ----------
    direct_to_reverberant_db : float
    clarity_c50_db : float
        First 50 ms over the rest (ISO 3382-1).
    critical_distance_m : float
        Distance at which direct and reverberant sound are equal.
    """

    direct_to_reverberant_db: float
    clarity_c50_db: float
    critical_distance_m: float


@dataclass(frozen=True, kw_only=True)
class RoomFigures(Record):
    """Figures of each channel in a room.

    Attributes
    ----------
    reverberation_time_s : float
        T60 of the room (Eyring).
    left, right : ChannelInRoom
        At the channel's own ear.
    centre : ChannelInRoom
        Mean over both ears.
    """

    reverberation_time_s: float
    left: ChannelInRoom = field(metadata=PREFIXED)
    right: ChannelInRoom = field(metadata=PREFIXED)
    centre: ChannelInRoom = field(metadata=PREFIXED)


def living_room(layout: Layout) -> Room:
    """Build the layout's room, with listener and cabinet in it."""
    return listening_room(layout)


class RoomPlant:
    """Images of one room, with the radiation of each driver and the reception of each ear in spherical harmonics.

    Parameters
    ----------
    layout : Layout
        A flat baffle is assumed to radiate to its back as to its front.
    room : Room, optional
        By default the layout's own.
    order : int
        Highest number of reflections, from 1.

    Notes
    -----
    The head is the layout's: a sphere, or the measured one that ``listener.hrtf`` names.  Reflections are plane waves
    over the head.  The direct sound keeps tilt and curvature of its wave, because cancellation makes it uneven there.
    """

    def __init__(self, layout: Layout, room: Room | None = None, order: int = _ORDER) -> None:
        self._layout = layout
        self.room = room or living_room(layout)
        self._order = order
        lines = (np.arange(_LINES_PER_OCTAVE) + 0.5) / _LINES_PER_OCTAVE - 0.5
        self.frequencies_hz = (_OCTAVES_HZ[:, None] * 2**lines).ravel()

    @property
    def octaves_hz(self) -> NDArray[np.float64]:
        """Centres of the octaves, hertz: (5,) float64.  Each has six lines."""
        return np.asarray(_OCTAVES_HZ, dtype=np.float64)

    @cached_property
    def images(self) -> Images:
        """Images of the cabinet."""
        return image_sources(self.room, self._order)

    @cached_property
    def radiation_order(self) -> int:
        """Highest order of harmonics that the cabinet's far field needs."""
        return self._enough(_extent_m(self._layout))

    def _enough(self, extent_m: float) -> int:
        wavenumber = 2 * np.pi * float(self.frequencies_hz[-1]) / self._layout.speed_of_sound_m_per_s
        return int(np.ceil(wavenumber * extent_m)) + _SPARE_ORDERS

    @cached_property
    def far_field(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.complex128]]:
        """Directions (Q, 3) and weights (Q,) of a quadrature; far field of each driver there, Pa at 1 m: (F, Q, D)."""
        directions, weights = quadrature(self.radiation_order)
        front = directions * np.where(_is_baffle(self._layout), [-1.0, 1.0, 1.0], 1.0)
        if _is_baffle(self._layout):
            front[:, 0] = -np.abs(front[:, 0])
        points = cabinet_centre_m(self._layout) + _FAR_M * front
        field = field_plant(self._layout, self.frequencies_hz, points).transfer
        wavenumbers = 2 * np.pi * self.frequencies_hz / self._layout.speed_of_sound_m_per_s
        return directions, weights, field * (_FAR_M * np.exp(1j * wavenumbers * _FAR_M))[:, None, None]

    @cached_property
    def expansion(self) -> NDArray[np.complex128]:
        """Far field of each driver in spherical harmonics: (F, (N + 1)², D)."""
        directions, weights, pattern = self.far_field
        return _expand(self.radiation_order, directions, weights, pattern)

    @cached_property
    def _radiation(self) -> NDArray[np.complex128]:
        """Far field of each driver in the directions in which sound leaves the images, Pa at 1 m: (F, I, D)."""
        return _evaluate(self.radiation_order, self.expansion, self.images.outgoing)

    @cached_property
    def axis(self) -> NDArray[np.complex128]:
        """Far field of each driver towards the listener: (F, D)."""
        return _evaluate(self.radiation_order, self.expansion, np.array([[-1.0, 0.0, 0.0]]))[:, 0]

    def directivity_index_db(self, drive: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Power on axis over the mean over the sphere, for drives (F, D), in each octave: (5,) float64.

        Both powers are summed over an octave before their ratio is taken.  A mean of ratios would be that of the
        few lines on which the drivers hardly radiate.
        """
        # Harmonics are orthonormal: the mean over the sphere is their power over 4π.
        everywhere = np.sum(np.abs((self.expansion @ drive[..., None])[..., 0]) ** 2, axis=1) / (4 * np.pi)
        ahead = np.abs(np.sum(self.axis * drive, axis=1)) ** 2
        ahead, everywhere = (power.reshape(_OCTAVES_HZ.size, -1).sum(axis=1) for power in (ahead, everywhere))
        return decibels(ahead / np.maximum(everywhere, 1e-30))

    @cached_property
    def _reception(self) -> NDArray[np.complex128]:
        """Pressure at both ears for the directions from which the images arrive, relative to free field: (F, I, 2)."""
        listener, speed = self._layout.listener, self._layout.speed_of_sound_m_per_s
        order = self._enough(listener.head_radius_m)
        directions, weights = quadrature(order)
        if listener.hrtf:
            # Measured sets have no directions from the floor: the nearest one is used there.
            head = load_head(Path(listener.hrtf)).pressure(self.frequencies_hz, directions, nearest=True)
            return _evaluate(order, _expand(order, directions, weights, head), self.images.incoming)
        cosines = np.concatenate([directions[:, 1], -directions[:, 1]])[None]
        heard = ear_pressure(self.frequencies_hz, np.array([_FAR_M]), cosines, listener.head_radius_m, speed)[:, 0]
        wavenumbers = 2 * np.pi * self.frequencies_hz / speed
        heard = heard * (_FAR_M * np.exp(1j * wavenumbers * _FAR_M))[:, None]
        pattern = heard.reshape(self.frequencies_hz.size, 2, -1).transpose(0, 2, 1)
        return _evaluate(order, _expand(order, directions, weights, pattern), self.images.incoming)

    @cached_property
    def ears(self) -> NDArray[np.complex128]:
        """Direct sound of each driver at both ears of the nominal head, Pa per unit drive: (F, 2, D)."""
        return ear_plant(self._layout, self.frequencies_hz, HeadPoses.nominal()).transfer

    def with_head(self, hrtf: Path) -> RoomPlant:
        """Replace the layout's head by a measured one.  What the loudspeaker radiates is not computed again."""
        listener = self._layout.listener.model_copy(update={"hrtf": str(hrtf)})
        plant = RoomPlant(self._layout.model_copy(update={"listener": listener}), self.room, self._order)
        plant.__dict__.update({name: getattr(self, name) for name in _OF_THE_LOUDSPEAKER})
        return plant

    def direct(self, ears: tuple[int, ...]) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
        """Response of each driver in direct sound, and the energy of a point source's direct sound.

        Parameters
        ----------
        ears : tuple of int
            0 is left, 1 is right.

        Returns
        -------
        response : (F, D) complex128
            Relative to a point source: at the ear if there is one, on axis if there are two.
        energy : (F,) float64
            Of a point source in the cabinet's place, mean over the ears, Pa² for 1 Pa at 1 m.
        """
        energy = np.mean(np.abs(self._reception[:, 0, list(ears)]) ** 2, axis=1) / self.images.distances_m[0] ** 2
        response = self.axis if len(ears) > 1 else self.ears[:, ears[0]] / np.sqrt(energy)[:, None]
        return response, energy

    def reverberant(self, ears: tuple[int, ...]) -> NDArray[np.complex128]:
        """Energy of all images but the direct sound at ears, mean over them, as a quadratic form of the drive.

        Parameters
        ----------
        ears : tuple of int
            0 is left, 1 is right.

        Returns
        -------
        (F, D, D) complex128
            Up to the order of the plant.
        """
        loss = (1 - self.room.absorption) ** self.images.reflections / self.images.distances_m**2
        heard = np.mean(np.abs(self._reception[:, :, list(ears)]) ** 2, axis=2) * loss
        rows = self._radiation[:, 1:] * np.sqrt(heard[:, 1:])[..., None]
        return np.asarray(rows.conj().transpose(0, 2, 1) @ rows)

    def energies(self, impulse_responses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Energy that each image sends to each ear from each channel, mean over the lines.

        Parameters
        ----------
        impulse_responses : (D, 3, N) float64

        Returns
        -------
        (I, 2, 3) float64
            Image, ear, channel; Pa².
        """
        omega = 2 * np.pi * self.frequencies_hz / self._layout.sample_rate_hz
        drive = spectra(impulse_responses, omega)
        sent = np.abs(self._radiation @ drive) ** 2
        received = np.abs(self._reception) ** 2
        loss = (1 - self.room.absorption) ** self.images.reflections / self.images.distances_m**2
        energies = np.einsum("fie,fic,i->iec", received, sent, loss) / omega.size
        # The source itself is no image: its sound is that of the ears.
        energies[0] = np.mean(np.abs(self.ears @ drive) ** 2, axis=0)
        return np.asarray(energies)


def evaluate_room(
    layout: Layout, impulse_responses: NDArray[np.float64], plant: RoomPlant | None = None
) -> RoomFigures:
    """Compute the figures of each channel in a room, over the octaves 250 Hz … 4 kHz.

    Parameters
    ----------
    layout : Layout
    impulse_responses : (D, 3, N) float64
    plant : RoomPlant, optional
        Of the same layout.

    Returns
    -------
    RoomFigures

    Notes
    -----
    Images add by energy.  Images are complete up to a certain time.  After it, the decay continues with Eyring's
    reverberation time.
    """
    plant = plant or RoomPlant(layout)
    energies = plant.energies(impulse_responses)
    speed = layout.speed_of_sound_m_per_s
    times = (plant.images.distances_m - plant.images.distances_m[0]) / speed
    # The nearest image that is left out is reflected so often between the closest pair of walls.
    complete = (plant._order * min(plant.room.size_m) - layout.listener.distance_m) / speed
    rate = 6 * np.log(10) / plant.room.reverberation_time_s
    window = (times > complete / 2) & (times <= complete)
    share = np.exp(-rate * complete) / (np.exp(-rate * complete / 2) - np.exp(-rate * complete))

    def channel(heard: NDArray[np.float64]) -> ChannelInRoom:
        tail = float(heard[window].sum()) * share
        late = float(heard[(times > _EARLY_S) & (times <= complete)].sum()) + tail
        early = float(heard[times <= _EARLY_S].sum())
        direct = float(heard[0])
        ratio = direct / (early + late - direct)
        return ChannelInRoom(
            direct_to_reverberant_db=round(float(decibels(np.array(ratio))), 3),
            clarity_c50_db=round(float(decibels(np.array(early / late))), 3),
            critical_distance_m=round(layout.listener.distance_m * float(np.sqrt(ratio)), 3),
        )

    return RoomFigures(
        reverberation_time_s=round(plant.room.reverberation_time_s, 3),
        left=channel(energies[:, 0, 0]),
        right=channel(energies[:, 1, 1]),
        centre=channel(energies[:, :, 2].mean(axis=1)),
    )


def _expand(
    order: int, directions: NDArray[np.float64], weights: NDArray[np.float64], pattern: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Coefficients (F, (N + 1)², C) of a pattern (F, Q, C) given on a quadrature."""
    lines, points, channels = pattern.shape
    flat = np.ascontiguousarray(pattern.transpose(1, 0, 2)).reshape(points, -1)
    projection = (harmonics(order, directions) * weights[:, None]).T
    # The harmonics are real, so one real product serves both parts of a complex pattern.
    return (projection @ flat.view(np.float64)).view(np.complex128).reshape(-1, lines, channels).transpose(1, 0, 2)


def _evaluate(order: int, expansion: NDArray[np.complex128], directions: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Pattern (F, Q, C) of coefficients (F, (N + 1)², C) in any directions."""
    lines, size, channels = expansion.shape
    flat = np.ascontiguousarray(expansion.transpose(1, 0, 2)).reshape(size, -1)
    values = harmonics(order, directions) @ flat.view(np.float64)
    return values.view(np.complex128).reshape(-1, lines, channels).transpose(1, 0, 2)


def _is_baffle(layout: Layout) -> bool:
    return layout.cabinet.shape == "baffle"


def _extent_m(layout: Layout) -> float:
    """Radius of the smallest sphere about the cabinet's centre that holds all drivers."""
    if layout.cabinet.shape == "sphere":
        return layout.cabinet.radius_m
    return max(float(np.hypot(d.y_m or 0.0, d.z_m or 0.0)) + d.radius_m for d in layout.drivers)

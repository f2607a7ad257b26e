"""Binaural room impulse responses: from the drivers of a loudspeaker to both ears, in a shoebox room.

The direct sound keeps tilt and curvature of the wave over the head.  Images of one and two walls are exact in each
place of the head.  Later images are those of the nominal place: they arrive from everywhere, and where exactly makes
no difference to what is heard.  Of these a random part is kept, see `designer.acoustics.reflections`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.reflections import thinned
from designer.acoustics.room import Images, Room, image_sources, images_within
from designer.evaluation.listener.heads import ListenerHead, Places
from designer.evaluation.listener.loudspeakers import Loudspeaker, turned

# The listener model hears up to 9 kHz.
RATE_HZ = 24000
# Where the direct sound of an ideal loudspeaker arrives: room for the pre-ringing of the filters.
LEAD_SAMPLES = 240
_DIRECT_TAPS, _PULSE_TAPS = 1024, 256
_LIMIT_HZ = (10500.0, 12000.0)
# Images of as many walls are exact in each place.
_EARLY_WALLS = 2
# The ear needs about 1000 reflections per second for a dense tail (Schroeder, J. AES 10 (1962), 219).
_DENSITY_PER_S = 3000.0
_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class BinauralResponses:
    """Impulse responses from drivers to ears at 24 kHz, for H places of the head.

    Attributes
    ----------
    direct : (H, 2, D, M) float64
        Place, left and right ear, driver, tap.  1 is the level of an ideal loudspeaker in the cabinet's place.
    early : (H, 2, D, E) float64
        Reflections by one and two walls.
    late : (2, D, N) float64
        All others, in every place the same.
    """

    direct: NDArray[np.float64]
    early: NDArray[np.float64]
    late: NDArray[np.float64]

    def at(self, place: int) -> NDArray[np.float64]:
        """Whole responses of one place: (2, D, N) float64."""
        length = max(self.direct.shape[3], self.early.shape[3], self.late.shape[2])
        whole = np.zeros((*self.late.shape[:2], length))
        for part in (self.direct[place], self.early[place], self.late):
            whole[:, :, : part.shape[2]] += part
        return whole


def room_responses(
    loudspeaker: Loudspeaker, room: Room | None, head: ListenerHead, places: Places
) -> BinauralResponses:
    """Compute binaural room impulse responses.

    Parameters
    ----------
    loudspeaker : Loudspeaker
    room : Room or None
        Its receiver is the nominal place of the head; its source is put where the loudspeaker stands.  None is free
        space.
    head : ListenerHead
    places : Places
        H places of the head, as displacements from the nominal one.

    Returns
    -------
    BinauralResponses
    """
    distance, speed = float(np.linalg.norm(loudspeaker.place_m)), loudspeaker.speed_of_sound_m_per_s
    grid = np.fft.rfftfreq(_DIRECT_TAPS, 1 / RATE_HZ)
    lead = distance * np.exp(2j * np.pi * grid * (distance / speed - LEAD_SAMPLES / RATE_HZ)) * _band_limit(grid)
    spectra = loudspeaker.direct(np.maximum(grid, 1.0), head, places) * lead[:, None, None, None]
    direct = np.fft.irfft(spectra, _DIRECT_TAPS, axis=0).transpose(1, 2, 3, 0)
    heads, drivers = places.x_m.size, spectra.shape[3]
    if room is None:
        return BinauralResponses(direct, np.zeros((heads, 2, drivers, 1)), np.zeros((2, drivers, 1)))
    nominal = np.array(room.receiver_m)
    source = tuple(float(v) for v in nominal + loudspeaker.place_m)
    room = replace(room, source_m=(source[0], source[1], source[2]))
    parts = []
    for x, y in zip(places.x_m, places.y_m, strict=True):
        moved = replace(room, receiver_m=(float(nominal[0] + x), float(nominal[1] + y), float(nominal[2])))
        parts.append(_without_source(image_sources(moved, _EARLY_WALLS)))
    pulses = _Pulses(loudspeaker, head, distance, drivers)
    early = pulses.sums(parts, places.yaw_rad, room.absorption)
    return BinauralResponses(direct, early, pulses.late(*_late_images(room, distance, speed), room.absorption))


def _band_limit(frequencies_hz: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    low, high = _LIMIT_HZ
    return np.asarray(np.cos(np.pi / 2 * np.clip((frequencies_hz - low) / (high - low), 0.0, 1.0)) ** 2)


def _chosen(images: Images, kept: NDArray[np.bool_]) -> Images:
    return Images(images.distances_m[kept], images.incoming[kept], images.outgoing[kept], images.reflections[kept])


def _without_source(images: Images) -> Images:
    return _chosen(images, images.reflections > 0)


def _late_images(room: Room, distance_m: float, speed_m_per_s: float) -> tuple[Images, NDArray[np.float64]]:
    """Images of three walls and more until the room has decayed by 60 dB, and their gains (I,)."""
    reach = max(speed_m_per_s * room.reverberation_time_s, 2 * distance_m)
    images, gains = thinned(images_within(room, reach), room, speed_m_per_s, _DENSITY_PER_S)
    late = images.reflections > _EARLY_WALLS
    return _chosen(images, late), gains[late]


class _Pulses:
    """What images send to the ears: short pulses at the times at which they arrive."""

    def __init__(self, loudspeaker: Loudspeaker, head: ListenerHead, distance_m: float, drivers: int) -> None:
        self._loudspeaker, self._head, self._distance_m, self._drivers = loudspeaker, head, distance_m, drivers
        self._speed = loudspeaker.speed_of_sound_m_per_s
        self._before = int(np.ceil((loudspeaker.extent_m + head.radius_m) / self._speed * RATE_HZ)) + 24
        self._grid = np.fft.rfftfreq(_PULSE_TAPS, 1 / RATE_HZ)

    def sums(self, places: list[Images], yaw_rad: NDArray[np.float64], absorption: float) -> NDArray[np.float64]:
        """Add up the images of each place: (H, 2, D, N)."""
        counts = [images.distances_m.size for images in places]
        of_place = np.repeat(np.arange(len(places)), counts)
        images = Images(
            *(
                np.concatenate([getattr(part, name) for part in places])
                for name in ("distances_m", "incoming", "outgoing", "reflections")
            )
        )
        return self._added(images, np.ones(of_place.size), of_place, yaw_rad[of_place], absorption)

    def late(self, images: Images, gains: NDArray[np.float64], absorption: float) -> NDArray[np.float64]:
        """Add up images in the nominal place: (2, D, N)."""
        nowhere = np.zeros(gains.size)
        return np.asarray(self._added(images, gains, nowhere.astype(np.int64), nowhere, absorption)[0])

    def _added(
        self,
        images: Images,
        gains: NDArray[np.float64],
        of_place: NDArray[np.int64],
        yaw_rad: NDArray[np.float64],
        absorption: float,
    ) -> NDArray[np.float64]:
        gains = gains * self._distance_m / images.distances_m * (1 - absorption) ** (images.reflections / 2)
        arrival = LEAD_SAMPLES - self._before + (images.distances_m - self._distance_m) * RATE_HZ / self._speed
        whole = np.maximum(np.floor(arrival).astype(np.int64), 0)
        lines = np.maximum(self._grid, 1.0)
        # A very dry room has no late images.
        heads, length = int(of_place.max(initial=0)) + 1, int(whole.max(initial=0)) + _PULSE_TAPS
        out = np.zeros((heads, 2, self._drivers, length))
        for start in range(0, whole.size, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            late_s = (self._before + arrival[part] - whole[part]) / RATE_HZ
            turn = np.exp(-2j * np.pi * self._grid[:, None] * late_s) * (_band_limit(self._grid)[:, None] * gains[part])
            sent = self._loudspeaker.radiation(lines, images.outgoing[part]) * turn[:, :, None]
            heard = self._head.pressure(lines, turned(images.incoming[part], yaw_rad[part]), self._speed)
            spectra = (heard[:, :, :, None] * sent[:, :, None, :]).transpose(1, 2, 3, 0)
            pulses = np.fft.irfft(spectra, _PULSE_TAPS, axis=3)
            for pulse, first, place in zip(pulses, whole[part], of_place[part], strict=True):
                out[place, :, :, first : first + _PULSE_TAPS] += pulse
        return out

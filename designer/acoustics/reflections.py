"""Reflections of a room for listening: impulse responses from drivers to ears by way of the walls.

Each image of the loudspeaker radiates like the real one in the mirrored direction.  The head hears it from the image's
own direction (Allen & Berkley, J. Acoust. Soc. Am. 65 (1979), 943).  The density of images grows with time, to
thousands in 10 ms.  So only a random part of the late ones is kept, with a gain that keeps the energy.

Images of two walls or more are moved a little at random.  Without that, if source and listener have equal heights,
pairs of exact images arrive at the same sample.  They are heard as sweeping echoes (De Sena et al., IEEE/ACM TASLP 23
(2015), 774).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.head import ear_pressure
from designer.acoustics.hrtf import load_head
from designer.acoustics.model import cabinet_centre_m, field_plant
from designer.acoustics.room import Images, Room, images_within
from designer.layout.model import Layout

# Largest density of reflections.  The ear needs about 1000 per second for a dense tail (Schroeder, J. AES 10 (1962),
# 219).
_DENSITY_PER_S = 10_000.0
_MOST_IMAGES = 2_000_000
_FAR_M = 50.0
_SEED = 20260214
# Length of one reflection beyond the delays over cabinet and head.
_PULSE_S = 320 / 48000
_AT_ONCE = 256
_FADE_PART = 0.1
_LIMIT_HZ = (19000.0, 22000.0)
# Largest shift of images of two walls or more, absolute and relative.  It is half a wavelength at 400 Hz.
_MOVED_M, _MOVED_PART = 0.4, 0.05


def reflected_responses(layout: Layout, room: Room, lead_samples: int) -> NDArray[np.float64]:
    """Impulse responses of all reflections, without the direct sound.

    Parameters
    ----------
    layout : Layout
        ``listener.hrtf`` chooses the head.
    room : Room
        Its source is the cabinet's centre, its receiver the listener's head.
    lead_samples : int
        Where the direct sound of an ideal loudspeaker in the cabinet's place arrives, at a level of 1.

    Returns
    -------
    (2, D, N) float64
        As long as the room needs to decay by 60 dB.
    """
    rate, speed = layout.sample_rate_hz, layout.speed_of_sound_m_per_s
    reach = min(speed * room.reverberation_time_s, (3 * _MOST_IMAGES * room.volume_m3 / (4 * np.pi)) ** (1 / 3))
    direct = float(np.linalg.norm(np.array(room.source_m) - np.array(room.receiver_m)))
    images, gains = thinned(images_within(room, max(reach, 2 * direct)), room, speed)
    gains *= direct / images.distances_m * (1 - room.absorption) ** (images.reflections / 2)
    before = _spread_samples(layout)
    taps = 2 ** int(np.ceil(np.log2(2 * before + _PULSE_S * rate)))
    grid = np.fft.rfftfreq(taps, 1 / rate)
    lines = np.maximum(grid, 1.0)
    arrival = lead_samples - before + (images.distances_m - direct) * rate / speed
    whole = np.floor(arrival).astype(int)
    out = np.zeros((2, len(layout.drivers), max(0, int(whole.max())) + taps))
    for start in range(0, arrival.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        late = (before + arrival[part] - whole[part]) / rate
        turn = np.exp(-2j * np.pi * grid[:, None] * late) * (band_limit(grid)[:, None] * gains[part])
        sent = radiation(layout, lines, images.outgoing[part]) * turn[:, :, None]
        heard = _reception(layout, lines, images.incoming[part])
        pulses = np.fft.irfft(heard[:, :, :, None] * sent[:, :, None, :], taps, axis=0)
        for n, first in enumerate(whole[part]):
            skipped = max(0, -first)
            out[:, :, first + skipped : first + taps] += pulses[skipped:, n].transpose(1, 2, 0)
    fade = int(_FADE_PART * out.shape[2])
    out[:, :, out.shape[2] - fade :] *= np.cos(np.pi / 2 * np.arange(fade) / fade) ** 2
    return out


def band_limit(frequencies_hz: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Fade from 1 at 19 kHz to 0 at 22 kHz, where its ringing is inaudible: (F,) float64."""
    low, high = _LIMIT_HZ
    return np.asarray(np.cos(np.pi / 2 * np.clip((frequencies_hz - low) / (high - low), 0.0, 1.0)) ** 2)


def thinned(
    images: Images, room: Room, speed_m_per_s: float, density_per_s: float = _DENSITY_PER_S
) -> tuple[Images, NDArray[np.float64]]:
    """Remove the direct sound and a random part of dense images, and move the rest.

    Parameters
    ----------
    images : Images
        Of ``room``, the source itself first.
    room : Room
    speed_m_per_s : float
        Speed of sound.
    density_per_s : float
        Largest density of what is kept.

    Returns
    -------
    images : Images
        I of them.
    gains : (I,) float64
        Those that keep the energy.
    """
    # 4π·c·r²/V images arrive each second from a distance r.
    density = 4 * np.pi * speed_m_per_s * images.distances_m**2 / room.volume_m3
    share = np.minimum(1.0, density_per_s / density)
    random = np.random.default_rng(_SEED)
    kept = random.uniform(size=share.size) < share
    kept[0] = False
    kept[images.reflections == 1] = True
    spread = np.minimum(_MOVED_M, _MOVED_PART * images.distances_m) * (images.reflections > 1)
    distances = images.distances_m + spread * random.uniform(-1, 1, share.size)
    chosen = Images(distances[kept], images.incoming[kept], images.outgoing[kept], images.reflections[kept])
    return chosen, np.where(images.reflections > 1, 1 / np.sqrt(share), 1.0)[kept]


def _spread_samples(layout: Layout) -> int:
    """Bound the samples by which a driver's sound is ahead of the cabinet centre's, with room for band limits."""
    if layout.cabinet.shape == "sphere":
        extent = layout.cabinet.radius_m
    else:
        extent = max(float(np.hypot(d.y_m or 0.0, d.z_m or 0.0)) for d in layout.drivers)
    nearer = extent + layout.listener.head_radius_m
    return int(np.ceil((nearer / layout.speed_of_sound_m_per_s + 0.001) * layout.sample_rate_hz))


def radiation(
    layout: Layout, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Far field of each driver, Pa at 1 m, as if from the cabinet's centre.

    Parameters
    ----------
    layout : Layout
        A flat baffle is taken to radiate to its back as to its front.
    frequencies_hz : (F,) float64
        Positive and rising.
    directions : (Q, 3) float64
        Unit vectors from the cabinet in the listener's coordinates.

    Returns
    -------
    (F, Q, D) complex128
    """
    if layout.cabinet.shape == "baffle":
        directions = np.column_stack([-np.abs(directions[:, 0]), directions[:, 1:]])
    points = cabinet_centre_m(layout) + _FAR_M * directions
    wave = np.exp(2j * np.pi * frequencies_hz * _FAR_M / layout.speed_of_sound_m_per_s) * _FAR_M
    return np.asarray(field_plant(layout, frequencies_hz, points).transfer * wave[:, None, None])


def _reception(
    layout: Layout, frequencies_hz: NDArray[np.float64], directions: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Pressure at both ears relative to the free field at the centre of the head: (F, Q, 2)."""
    if layout.listener.hrtf:
        return load_head(Path(layout.listener.hrtf)).pressure(frequencies_hz, directions, nearest=True)
    radius, speed = layout.listener.head_radius_m, layout.speed_of_sound_m_per_s
    cosines = np.concatenate([directions[:, 1], -directions[:, 1]])[None]
    heard = ear_pressure(frequencies_hz, np.array([_FAR_M]), cosines, radius, speed)[:, 0]
    wave = np.exp(2j * np.pi * frequencies_hz * _FAR_M / speed) * _FAR_M
    return np.asarray((heard * wave[:, None]).reshape(frequencies_hz.size, 2, -1).transpose(0, 2, 1))

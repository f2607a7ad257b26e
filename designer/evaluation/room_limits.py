"""What the design makes of its room, against plain mixing and against what any drive could do.

Every figure is the direct-to-reverberant ratio for direct sound of a flat spectrum.  So a loudspeaker gains nothing by
being loud where the room is dry.  That of L and R is flat at the own ear, that of C on axis.  The octaves are 250 Hz …
4 kHz.  The reverberant power is that of the image sources, which no design has seen: it knows the diffuse field only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.room import listening_room
from designer.evaluation.plant import EvaluationPlant, decibels, rounded
from designer.evaluation.records import PREFIXED, Curve, Record
from designer.evaluation.room import RoomPlant
from designer.filters.bands import role_weights
from designer.filters.fir import spectra
from designer.filters.stereo.crosstalk import bisect
from designer.filters.stereo.room_design import diffuse_after_precedence
from designer.layout.model import Layout

# Range of the price of effort in the search for the best drive, relative to the mean reverberant power of a driver.
_LEAST_PRICE, _MOST_PRICE = 1e-9, 1e4


@dataclass(frozen=True, kw_only=True)
class ChannelDepth(Record):
    """Direct-to-reverberant ratio of one channel, flat direct sound, dB.

    Attributes
    ----------
    depth_db, plain_depth_db : float
        Of the design, and of plain mixing.
    most_depth_db : float
        Of the best drive that keeps the floor of the white-noise gain.
    same_effort_depth_db : float
        Of the best drive that takes no more effort than the design on any line.
    """

    depth_db: float
    plain_depth_db: float
    most_depth_db: float
    same_effort_depth_db: float


@dataclass(frozen=True, kw_only=True)
class RoomLimits(Record):
    """What a layout's room asks for, and what the design gives.

    Attributes
    ----------
    diffuse_to_direct_db : float
        Diffuse energy over the direct sound of a point source at the listener.
    after_precedence_db : float
        What of it disturbs the cues of an onset.
    left, right, centre : ChannelDepth
        Of L and R at their own ears, of C the mean over both.
    width : tuple of float, optional
        Of a design for a room: place between the least radiated power and that of the whole virtual source, in
        decibels, mean of L and R; over ``width_bands_hz``.
    width_bands_hz : tuple of float, optional
        Third octaves.
    """

    diffuse_to_direct_db: float
    after_precedence_db: float
    left: ChannelDepth = field(metadata=PREFIXED)
    right: ChannelDepth = field(metadata=PREFIXED)
    centre: ChannelDepth = field(metadata=PREFIXED)
    width: Curve | None = None
    width_bands_hz: Curve | None = None


def evaluate_room_limits(
    layout: Layout,
    impulse_responses: NDArray[np.float64],
    downmix: NDArray[np.float64],
    room: RoomPlant,
    plant: EvaluationPlant,
) -> RoomLimits:
    """Compute depth and its limits.

    Parameters
    ----------
    layout : Layout
    impulse_responses, downmix : (D, 3, N) float64
        Filters of the design, and those of plain mixing.
    room : RoomPlant
    plant : EvaluationPlant
        Both of the same layout.

    Returns
    -------
    RoomLimits
    """
    omega = 2 * np.pi * room.frequencies_hz / layout.sample_rate_hz
    designed, plain = spectra(impulse_responses, omega), spectra(downmix, omega)

    def channel(index: int, ears: tuple[int, ...], role: Literal["crosstalk", "beamformer"]) -> ChannelDepth:
        (response, direct), reverberant = room.direct(ears), room.reverberant(ears)
        band = np.maximum(role_weights(layout, room.frequencies_hz, role), 1e-6)
        axis, late = response * band, reverberant * (band[:, :, None] * band[:, None])
        floor = np.full(len(axis), 10 ** (-layout.beamformer.white_noise_gain_floor_db / 10))
        own = designed[..., index] / np.sum(response * designed[..., index], axis=1)[:, None] / band
        spent = np.sum(np.abs(own) ** 2, axis=1)
        drives = (
            designed[..., index],
            plain[..., index],
            _best_drive(axis, late, floor) * band,
            _best_drive(axis, late, spent) * band,
        )
        depths = [round(_depth_db(response, direct, reverberant, drive), 3) for drive in drives]
        return ChannelDepth(
            depth_db=depths[0], plain_depth_db=depths[1], most_depth_db=depths[2], same_effort_depth_db=depths[3]
        )

    asked = listening_room(layout)
    in_room = plant.intended.in_room
    sides = () if in_room is None else (in_room.left.width, in_room.right.width)
    return RoomLimits(
        diffuse_to_direct_db=round(float(10 * np.log10(asked.diffuse_to_direct)), 3),
        after_precedence_db=round(float(10 * np.log10(diffuse_after_precedence(asked))), 3),
        left=channel(0, (0,), "crosstalk"),
        right=channel(1, (1,), "crosstalk"),
        centre=channel(2, (0, 1), "beamformer"),
        width=rounded(plant.band_mean(np.mean(sides, axis=0))) if sides else None,
        width_bands_hz=rounded(plant.band_centres_hz) if sides else None,
    )


def _depth_db(
    response: NDArray[np.complex128],
    direct: NDArray[np.float64],
    reverberant: NDArray[np.complex128],
    drive: NDArray[np.complex128],
) -> float:
    """Ratio of sums over the lines, with the drive (F, D) scaled to unit response on each of them."""
    flat = drive / np.sum(response * drive, axis=1)[:, None]
    late = np.einsum("fd,fde,fe->f", flat.conj(), reverberant, flat).real
    return float(decibels(np.array(direct.sum() / late.sum())))


def _best_drive(
    axis: NDArray[np.complex128], reverberant: NDArray[np.complex128], effort: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Drive per band weight (F, D) of the least reverberant power for unit response, within an effort (F,).

    The generalised eigenvalue problem has rank one, so its solution is a division.  The Lagrange multiplier of the
    effort is found by bisection.
    """
    power, basis = np.linalg.eigh(reverberant)
    seen = (basis.conj().transpose(0, 2, 1) @ axis.conj()[..., None])[..., 0]
    strength = np.abs(seen) ** 2
    scale = power.mean(axis=1)
    # In-phase mixing has the least effort; where that is too much, it is the only drive.
    most = np.maximum(effort, 1.0001 / strength.sum(axis=1))

    def inverse(logarithm: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1 / (np.maximum(power, 0.0) + (np.exp(logarithm) * scale)[:, None]))

    def too_noisy(logarithm: NDArray[np.float64]) -> NDArray[np.bool_]:
        loaded = inverse(logarithm)
        return np.asarray(np.sum(strength * loaded**2, axis=1) > most * np.sum(strength * loaded, axis=1) ** 2)

    ends = (np.full(scale.size, np.log(end)) for end in (_LEAST_PRICE, _MOST_PRICE))
    return np.asarray((basis @ (seen * inverse(bisect(too_noisy, *ends)))[..., None])[..., 0])

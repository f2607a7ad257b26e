"""Design of the centre channel's beam: a flat lobe towards the listener, and nulls at the sides.

At each frequency, pressure matching finds levels over the lobe and at the nulls (`pressure_matching`).  Outside the
beam's band, all drivers play in phase.  Between the two the drive fades.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import circle_points_m, field_plant
from designer.errors import LayoutError
from designer.filters.bands import availability, role_weights
from designer.filters.beam.pressure_matching import PressureMatching, in_phase_drive
from designer.filters.beam.room_beam import room_beam
from designer.filters.radiation import Radiation
from designer.filters.reference import reference_pressure
from designer.layout.model import Layout

# Weight of a null of 20 dB in the least squares.  The whole lobe has the weight 1.  Deeper nulls get more, by level.
_NULL_SHARE = 2.0
_NULL_SHARE_DEPTH_DB = 20.0
_LOBE_STEP_DEG = 7.5
# The beam fades into in-phase mixing over this many octaves beyond each edge of its band.
_FADE_OCTAVES = 0.5


@dataclass(frozen=True, eq=False)
class BeamFade:
    """Fade from the beam within its band to in-phase mixing outside.

    Attributes
    ----------
    share : (F,) float64
        Share of the beam, 0 … 1.  The rest is in-phase mixing.
    mixed : (F, D) complex128
        Drive of in-phase mixing.
    band : (F, D) float64
        Weight of each driver, above 0.
    played : (F,) float64
        Response that the drivers can give, 0 … 1.
    """

    share: NDArray[np.float64]
    mixed: NDArray[np.complex128]
    band: NDArray[np.float64]
    played: NDArray[np.float64]

    @property
    def used(self) -> NDArray[np.bool_]:
        """Lines on which the beam has a share, (F,) bool.  Pressure matching runs on these only."""
        return np.asarray(self.share > 0)

    def drive(self, matched: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Drive per driver weight (F, D), from the matched drive (F_used, D) on the lines in use."""
        drive = self.mixed.copy()
        drive[self.used] = matched
        return np.asarray(self.share[:, None] * drive + (1 - self.share[:, None]) * self.mixed)

    def weights(self, drive: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Drive of the drivers from the drive per weight: (F, D) each."""
        return drive * self.band * self.played[:, None]


@dataclass(frozen=True, eq=False)
class Beam:
    """Drive of the centre channel.

    Attributes
    ----------
    weights : (F, D) complex128
        Drive that gives the reference pressure at the listener, without a head.
    white_noise_gain_db : (F,) float64
        Power on axis over Σ|w|², relative to one driver alone at low frequency.  D drivers in phase give 10·lg D.
    axis : (F, D) complex128
        Response of each driver at the listener, relative to an ideal source in the cabinet's place.
    lobe, nulls : (F, A, D), (F, Q, D) complex128
        The same response at azimuths within the lobe, and at the nulls.
    """

    weights: NDArray[np.complex128]
    white_noise_gain_db: NDArray[np.float64]
    axis: NDArray[np.complex128]
    lobe: NDArray[np.complex128]
    nulls: NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class MatchedBeam(Beam):
    """A beam with the problem that it solves.

    Attributes
    ----------
    matching : PressureMatching
        The problem, on the lines in use.
    fade : BeamFade
        Turns a matched drive into weights.
    radiation : Radiation, optional
        What the drivers radiate, of a beam for a room.  Its problem is that of drives in other coordinates.
    """

    matching: PressureMatching
    fade: BeamFade
    radiation: Radiation | None = None

    def cost_db(self, weights: NDArray[np.complex128]) -> float:
        """Ripple plus weighted missing null depth of weights (F, D), dB, mean over the lines in use."""
        used = self.fade.used
        return float(np.mean(self.matching.cost(self._per_weight(weights)))) if used.any() else 0.0

    def realised(self, weights: NDArray[np.complex128]) -> MatchedBeam:
        """Take other weights (F, D) on the lines in use, scaled to this beam's complex response on axis."""
        used = self.fade.used
        wanted, got = (np.sum(self.axis * drive, axis=1) for drive in (self.weights, weights))
        taken = np.where(used[:, None], weights * (wanted / np.where(used, got, 1.0))[:, None], self.weights)
        noise = np.where(used, np.sum(np.abs(taken / self.fade.band) ** 2, axis=1), 1.0)
        own = np.where(used, -10 * np.log10(noise), self.white_noise_gain_db)
        return replace(self, weights=taken, white_noise_gain_db=own)

    def _per_weight(self, weights: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Drive per driver weight on the lines in use, scaled to unit response on axis."""
        used = self.fade.used
        drive = weights[used] / self.fade.band[used]
        return np.asarray(drive / np.sum(self.matching.axis * drive, axis=1)[:, None])


def design_beam(layout: Layout, frequencies_hz: NDArray[np.float64]) -> MatchedBeam:
    """Design the centre channel of a layout.

    Parameters
    ----------
    layout : Layout
        Drivers with the role 'beamformer' take part, within their bands.
    frequencies_hz : (F,) float64
        Positive and rising.

    Returns
    -------
    MatchedBeam

    Raises
    ------
    LayoutError
        If a null lies behind a baffle, or within 5° of the axis.
    """
    _check_nulls(layout)
    lobe_count = 2 * int(np.ceil(layout.beamformer.lobe_half_width_deg / _LOBE_STEP_DEG)) + 1
    lobe = np.linspace(-1.0, 1.0, lobe_count) * layout.beamformer.lobe_half_width_deg
    nulls = np.array(layout.beamformer.null_azimuths_deg)
    points = circle_points_m(layout, np.concatenate([[0.0], lobe, nulls]))
    reference = reference_pressure(layout, frequencies_hz)
    # Relative to the ideal source in the cabinet's place: 1 at low frequency for every driver.
    response = field_plant(layout, frequencies_hz, points).transfer / reference[:, None, None]
    band = role_weights(layout, frequencies_hz, "beamformer")
    played = availability(band, np.abs(response[:, 0]), frequencies_hz)
    band_floor = np.maximum(band, 1e-6)
    axis, rest = response[:, 0] * band_floor, response[:, 1:] * band_floor[:, None]
    null_share = _NULL_SHARE * 10 ** ((layout.beamformer.null_depth_db - _NULL_SHARE_DEPTH_DB) / 20)
    share = np.concatenate([np.full(lobe.size, 1 / lobe.size), np.full(nulls.size, null_share)])
    shape = layout.beamformer.null_levels_db
    quiet = np.zeros(nulls.size) if shape is None else 10 ** (np.array(shape) / 20)
    level = np.concatenate([np.ones(lobe.size), quiet])
    room = room_beam(layout, frequencies_hz, axis, band_floor) if layout.is_designed_for_a_room else None
    mixed = in_phase_drive(axis) if room is None else room.least
    fade = BeamFade(beam_share(layout, frequencies_hz), mixed, band_floor, played)
    used = fade.used
    wanted = layout.beamformer
    matching = PressureMatching(
        axis[used],
        rest[used],
        share,
        level,
        lobe.size,
        wanted.null_depth_db,
        wanted.lobe_ripple_db,
        wanted.white_noise_gain_floor_db,
    )
    starts = (
        in_phase_drive(axis[used]),
        _diverging(layout, frequencies_hz[used]),
        _innermost(layout, axis[used]),
    )
    matched = matching.solve(starts).drive if room is None else room.match(matching, starts, used)
    drive = fade.drive(matched)
    at_lobe, at_nulls = np.split(response[:, 1:], [lobe.size], axis=1)
    weights = fade.weights(drive)
    noise_db, radiation = _noise_gain_db(drive), None if room is None else room.radiation
    return MatchedBeam(weights, noise_db, response[:, 0], at_lobe, at_nulls, matching, fade, radiation)


def _noise_gain_db(drive: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.asarray(-10 * np.log10(np.sum(np.abs(drive) ** 2, axis=1)))


def beam_share(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the beam against in-phase mixing: 1 within the band, a raised cosine over half an octave outside.

    Parameters
    ----------
    layout : Layout
        Gives the band.
    frequencies_hz : (F,) float64
        Positive.

    Returns
    -------
    (F,) float64
        0 … 1.
    """
    low, high = layout.beamformer.band_hz
    below = np.log2(low / frequencies_hz) if low > 0 else np.full_like(frequencies_hz, -np.inf)
    outside = np.clip(np.maximum(below, np.log2(frequencies_hz / high)) / _FADE_OCTAVES, 0.0, 1.0)
    return np.asarray(np.cos(np.pi / 2 * outside) ** 2 * (outside < 1))


def _innermost(layout: Layout, axis: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Start of the matching: only the drivers nearest to the middle of the front play, (F, D).

    A small source is flat over the lobe, also at short wavelengths.
    """
    if layout.cabinet.shape == "baffle":
        off = np.array([abs(driver.y_m or 0.0) for driver in layout.drivers])
    else:
        off = np.array([-float(driver.direction @ np.array([-1.0, 0.0, 0.0])) for driver in layout.drivers])
    off = np.where([("beamformer" in driver.roles) for driver in layout.drivers], off, np.inf)
    return in_phase_drive(axis * (off < off.min() + 1e-6))


def _diverging(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Start of the matching: the drive of a point source behind the cabinet, (F, D).

    Its distance is such that the cabinet's width fills the lobe.  A curved wavefront spreads its level evenly.  A
    plane one would be a narrow beam.
    """
    if layout.cabinet.shape == "baffle":
        lateral = np.array([driver.y_m or 0.0 for driver in layout.drivers])
    else:
        lateral = layout.cabinet.radius_m * np.array([driver.direction[1] for driver in layout.drivers])
    behind = np.max(np.abs(lateral)) / np.tan(np.deg2rad(layout.beamformer.lobe_half_width_deg))
    detour = np.hypot(lateral, behind) - behind
    return np.asarray(np.exp(-2j * np.pi * frequencies_hz[:, None] * detour / layout.speed_of_sound_m_per_s))


def _check_nulls(layout: Layout) -> None:
    limit = 90.0 if layout.cabinet.shape == "baffle" else 180.0
    for azimuth in layout.beamformer.null_azimuths_deg:
        if abs(azimuth) > limit:
            raise LayoutError(
                f"layout '{layout.name}', beamformer.null_azimuths_deg = {azimuth:g}: lies behind the baffle, "
                "allowed is −90 to 90: remove it"
            )
        if abs(azimuth) < 5:
            raise LayoutError(
                f"layout '{layout.name}', beamformer.null_azimuths_deg = {azimuth:g}: within 5° of the axis, where "
                "the response is held at 1: move it to the side"
            )

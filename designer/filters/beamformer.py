"""The centre channel's beam: flat towards the room in front, quiet towards the sides.

Per frequency, pressure matching on a half circle or circle of azimuths (Kirkeby & Nelson, J. Acoust. Soc. Am. 94,
1993, 2992): least squares against a lobe of level 1 and against the nulls, with the response on axis held at exactly
1.  Only the lobe's level is asked for, so its phase is taken from the last solution and the fit repeated.  Diagonal
loading, found by bisection, holds the white-noise gain above its floor.  With much loading the solution becomes plain
in-phase mixing, which is what remains outside of the beam's band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import circle_points_m, field_plant
from designer.errors import LayoutError
from designer.filters.alignment import reference_pressure
from designer.filters.bands import availability, role_weights
from designer.layout import Layout

# Share of a null of 20 dB in the least squares, where the whole lobe has 1; deeper ones count by their level.
_NULL_SHARE = 2.0
_NULL_SHARE_DEPTH_DB = 20.0
_PHASE_ROUNDS = 12
_LOBE_STEP_DEG = 7.5
# Loading relative to the mean of the matrix to be loaded.
_LEAST_LOADING = 1e-3
_MOST_LOADING = 1e6
_BISECTIONS = 24
# The beam fades into plain mixing over this many octaves beyond each edge of its band.
_FADE_OCTAVES = 0.5


@dataclass(frozen=True, eq=False)
class Beam:
    """Drive of the centre channel.

    Attributes
    ----------
    weights : (F, D) complex128
        Gives the reference pressure at the listener, without head.
    white_noise_gain_db : (F,) float64
        Power on axis over Σ|w|², relative to one driver alone at low frequency; D in phase give 10·lg D.
    axis : (F, D) complex128
        Response of each driver at the listener, relative to the ideal source in the cabinet's place.
    lobe, nulls : (F, A, D), (F, Q, D) complex128
        The same at azimuths within the lobe, and at the nulls.
    """

    weights: NDArray[np.complex128]
    white_noise_gain_db: NDArray[np.float64]
    axis: NDArray[np.complex128]
    lobe: NDArray[np.complex128]
    nulls: NDArray[np.complex128]


def design_beam(layout: Layout, frequencies_hz: NDArray[np.float64]) -> Beam:
    """Design the centre channel of a layout.

    Parameters
    ----------
    layout : Layout
        Drivers with the role 'beamformer' take part, within their bands.
    frequencies_hz : (F,) float64
        Positive and rising.

    Returns
    -------
    Beam

    Raises
    ------
    LayoutError
        If a null is asked for behind a baffle, or on axis.
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
    heard = response
    response = response * np.maximum(band, 1e-6)[:, None]
    axis, rest = response[:, 0], response[:, 1:]
    null_share = _NULL_SHARE * 10 ** ((layout.beamformer.null_depth_db - _NULL_SHARE_DEPTH_DB) / 20)
    share = np.concatenate([np.full(lobe.size, 1 / lobe.size), np.full(nulls.size, null_share)])
    shape = layout.beamformer.null_levels_db
    quiet = np.zeros(nulls.size) if shape is None else 10 ** (np.array(shape) / 20)
    level = np.concatenate([np.ones(lobe.size), quiet])
    fade = beam_share(layout, frequencies_hz)
    mixed = _matched(axis)
    drive = mixed.copy()
    # Outside of the fade the beam has no share: nothing is solved there.
    used = fade > 0
    drive[used] = _match_levels(
        axis[used],
        rest[used],
        share,
        level,
        (_diverging(layout, frequencies_hz[used]), _innermost(layout, axis[used])),
        layout.beamformer.white_noise_gain_floor_db,
    )
    drive = fade[:, None] * drive + (1 - fade[:, None]) * mixed
    noise_gain = -10 * np.log10(np.sum(np.abs(drive) ** 2, axis=1))
    weights = drive * np.maximum(band, 1e-6) * played[:, None]
    at_lobe, at_nulls = np.split(heard[:, 1:], [lobe.size], axis=1)
    return Beam(weights, noise_gain, heard[:, 0], at_lobe, at_nulls)


def beam_share(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the beam against plain mixing: 1 within the band, a raised cosine over half an octave beyond.

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
    """Drive of only those drivers that lie nearest to the middle of the front: (F, D).

    What a small source sends is flat over the lobe, however short the wave.
    """
    if layout.cabinet.shape == "baffle":
        off = np.array([abs(driver.y_m or 0.0) for driver in layout.drivers])
    else:
        off = np.array([-float(driver.direction @ np.array([-1.0, 0.0, 0.0])) for driver in layout.drivers])
    off = np.where([("beamformer" in driver.roles) for driver in layout.drivers], off, np.inf)
    return _matched(axis * (off < off.min() + 1e-6))


def _diverging(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Drive as if the wave came from a point so far behind the cabinet that the lobe fills its width: (F, D).

    A wavefront that curves spreads its level evenly; a plane one is a narrow beam.
    """
    if layout.cabinet.shape == "baffle":
        lateral = np.array([driver.y_m or 0.0 for driver in layout.drivers])
    else:
        lateral = layout.cabinet.radius_m * np.array([driver.direction[1] for driver in layout.drivers])
    behind = np.max(np.abs(lateral)) / np.tan(np.deg2rad(layout.beamformer.lobe_half_width_deg))
    detour = np.hypot(lateral, behind) - behind
    return np.asarray(np.exp(-2j * np.pi * frequencies_hz[:, None] * detour / layout.speed_of_sound_m_per_s))


def _matched(axis: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """All drivers in phase at the listener, unit response: the drive of least power."""
    return np.asarray(axis.conj() / np.sum(np.abs(axis) ** 2, axis=1, keepdims=True))


def _match_levels(
    axis: NDArray[np.complex128],
    response: NDArray[np.complex128],
    share: NDArray[np.float64],
    level: NDArray[np.float64],
    starts: tuple[NDArray[np.complex128], ...],
    floor_db: float,
) -> NDArray[np.complex128]:
    """Least squares in level under unit response on axis, loaded until the white-noise gain is above the floor."""
    weighted = response * np.sqrt(share)[:, None]
    matrix = weighted.conj().transpose(0, 2, 1) @ weighted
    power, basis = np.linalg.eigh(matrix)
    power = np.maximum(power, 0.0)
    mean_power = power.mean(axis=1)
    adjoint = basis.conj().transpose(0, 2, 1)
    steering = (adjoint @ axis.conj()[..., None])[..., 0]
    # The best white-noise gain that exists may lie below the floor; then that is what can be asked for.
    most_effort = np.maximum(10 ** (-floor_db / 10), 1.001 / np.sum(np.abs(axis) ** 2, axis=1))
    best, least_cost = _matched(axis), np.inf
    for start in (_matched(axis), *starts):
        # Levels have no unique best phase; which start leads to the better end depends on the cabinet.  One start
        # serves all frequencies, because a change of phase from one to the next would lengthen the filters.
        drive = start
        for _ in range(_PHASE_ROUNDS):
            pressure = (response @ drive[..., None])[..., 0]
            target = share * level * pressure / np.maximum(np.abs(pressure), 1e-12)
            wanted = adjoint @ (response.conj().transpose(0, 2, 1) @ target[..., None])
            drive = _constrained(power, basis, steering, wanted[..., 0], mean_power, most_effort)
        cost = float(np.sum(share * (np.abs((response @ drive[..., None])[..., 0]) - level) ** 2))
        if cost < least_cost:
            best, least_cost = drive, cost
    return best


def _constrained(
    power: NDArray[np.float64],
    basis: NDArray[np.complex128],
    steering: NDArray[np.complex128],
    wanted: NDArray[np.complex128],
    mean_power: NDArray[np.float64],
    most_effort: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Minimise wᴴAw − 2Re(bᴴw) + λ|w|² under sᴴw = 1 with the least λ for which |w|² keeps its bound."""

    def solve(loading: NDArray[np.float64]) -> NDArray[np.complex128]:
        inverse = 1 / (power + (loading * mean_power)[:, None])
        free, bound = wanted * inverse, steering * inverse
        missing = 1 - np.sum(steering.conj() * free, axis=1)
        return np.asarray(free + bound * (missing / np.sum(steering.conj() * bound, axis=1))[:, None])

    low = np.full(mean_power.shape, np.log(_LEAST_LOADING))
    high = np.full(mean_power.shape, np.log(_MOST_LOADING))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        too_loud = np.sum(np.abs(solve(np.exp(middle))) ** 2, axis=1) > most_effort
        low, high = np.where(too_loud, middle, low), np.where(too_loud, high, middle)
    return np.asarray((basis @ solve(np.exp(high))[..., None])[..., 0])


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

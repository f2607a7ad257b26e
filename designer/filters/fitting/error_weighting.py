"""Error weighting: the cost of a filter's error by what is heard of it.

The metrics M are those of `fit_channel`: an error e of the drive costs eᴴ·M·e.  A cost of 1 is an error as large as
the pressure that it disturbs, per unit of logarithmic bandwidth.  At an ear that a channel serves, that pressure is
the reference.  At an ear that it does not serve, it is the remainder of the null.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.poses import HeadPoses
from designer.filters.bands import role_weights
from designer.filters.beam.design import MatchedBeam
from designer.filters.reference import reference_pressure
from designer.filters.stereo.design import StereoDesign
from designer.layout.model import Layout

# Lines below this count as if they were here: nothing below needs a finer fit.
_LOWEST_HZ = 200.0
# Between these frequencies the weight fades, because hearing ends there.
_FADE_HZ = (18000.0, 22000.0)
_LEAST_WEIGHT = 0.02
# An error at the own ear is timbre, delay and ringing at once.
_OWN_EAR_COST = 10.0
# Cost of an error of the drive itself, relative to the reference pressure.  It keeps the effort near its target.
_STEREO_EFFORT_COST = 0.02
_BEAM_EFFORT_COST = 0.5
# In a room the drive has its price: more of it would take level from music.
_ROOM_EFFORT_COST, _ROOM_BEAM_EFFORT_COST = 0.5, 3.0
# Outside its band a driver's effort costs 1/weight².  This least weight keeps leaks 20 dB down.
_LEAST_BAND = 0.1
# Axis, lobe and nulls of the beam.
_AXIS_COST, _LOBE_COST, _NULL_COST = 200.0, 6.0, 2.0
# Power that an error radiates, over that of the channel: of L and R, and of C.
_STEREO_RADIATION_COST, _BEAM_RADIATION_COST = 2.0, 6.0
# For the refinement of levels: costs that hold the axis, the lines outside the refined bands, and the drivers.
_HELD_AXIS_COST, _HELD_BEYOND = 2000.0, 1.0
# The fit need not keep deeper nulls: the mismatch of real drivers (1 dB and 5°) fills them.
_DEEPEST_NULL_DB = -25.0


def bandwidths(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithmic bandwidth of each line (F,), Hz: (F,) float64.  Lines below 200 Hz count as if they were there."""
    return np.asarray(np.gradient(frequencies_hz) / np.maximum(frequencies_hz, _LOWEST_HZ))


def line_weights(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of each line (F,), Hz: its logarithmic bandwidth, faded out from 18 to 22 kHz; (F,) float64."""
    low, high = _FADE_HZ
    fade = np.clip((high - frequencies_hz) / (high - low), _LEAST_WEIGHT, 1.0)
    return np.asarray(bandwidths(frequencies_hz) * fade)


def stereo_metrics(
    layout: Layout,
    frequencies_hz: NDArray[np.float64],
    ears: NDArray[np.complex128],
    heads: HeadPoses,
    stereo: StereoDesign,
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Metrics of L and of R.

    An error of L is heard at three places: at its own ear, in its own null, and in the null of R.  It reaches the null
    of R because the drive of R contains a share of L's null.  Errors in a null are relative to the remainder there.

    Parameters
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
        Lines of the design.
    ears : (F, 2 * H, D) complex128
        Pressure at both ears of H head poses per unit drive, Pa.
    heads : HeadPoses
    stereo : StereoDesign

    Returns
    -------
    left, right : (F, D, D) complex128
        Hermitian, positive definite.
    """
    reference = np.abs(reference_pressure(layout, frequencies_hz))
    received = ears * (np.sqrt(np.repeat(heads.weight, 2)) / reference[:, None])[:, :, None]
    covariance = [_gram(received[:, side::2]) for side in (0, 1)]
    remaining = [10 ** (-null.gain_db / 10) for null in (stereo.left, stereo.right)]
    mixing = np.abs(stereo.composition.mixing) ** 2
    effort_cost = _STEREO_EFFORT_COST if stereo.in_room is None else _ROOM_EFFORT_COST
    drive_cost = _drive_cost(role_weights(layout, frequencies_hz, "crosstalk"), effort_cost)
    left, right = (
        covariance[side] * (_OWN_EAR_COST + mixing[:, 1 - side, side] / remaining[1 - side])[:, None, None]
        + covariance[1 - side] / remaining[side][:, None, None]
        + drive_cost
        for side in (0, 1)
    )
    if stereo.in_room is None:
        return left, right
    radiated = [stereo.in_room.radiation.error_cost(stereo.response[:, :, side]) for side in (0, 1)]
    return left + _STEREO_RADIATION_COST * radiated[0], right + _STEREO_RADIATION_COST * radiated[1]


def beam_metric(layout: Layout, frequencies_hz: NDArray[np.float64], beam: MatchedBeam) -> NDArray[np.complex128]:
    """Metric of C: errors on axis, in the lobe and at the nulls.

    Parameters
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
        Lines of the design.
    beam : MatchedBeam

    Returns
    -------
    (F, D, D) complex128
        Hermitian, positive definite.  Errors at a null are relative to its remainder.
    """
    remains = np.abs((beam.nulls @ beam.weights[..., None])[..., 0])
    nulls = beam.nulls / np.maximum(remains, 10 ** (_DEEPEST_NULL_DB / 20))[..., None]
    radiated, effort_cost = np.zeros((frequencies_hz.size, *2 * beam.weights.shape[1:])), _BEAM_EFFORT_COST
    if beam.radiation is not None:
        effort_cost = _ROOM_BEAM_EFFORT_COST
        radiated = _BEAM_RADIATION_COST * beam.radiation.error_cost(beam.weights)
    return np.asarray(
        _AXIS_COST * _gram(beam.axis[:, None])
        + _LOBE_COST * _gram(beam.lobe) / beam.lobe.shape[1]
        + _NULL_COST * _gram(nulls) / max(1, nulls.shape[1])
        + _drive_cost(role_weights(layout, frequencies_hz, "beamformer"), effort_cost)
        + radiated
    )


def beam_anchor(
    layout: Layout, frequencies_hz: NDArray[np.float64], beam: MatchedBeam, refined: NDArray[np.bool_]
) -> NDArray[np.complex128]:
    """Metric that holds the response of C while its levels are refined.

    Parameters
    ----------
    layout, frequencies_hz, beam
        As for `beam_metric`.
    refined : (F,) bool
        Lines whose levels are refined.  There only the axis and drivers outside their bands are held.

    Returns
    -------
    (F, D, D) complex128
    """
    band = role_weights(layout, frequencies_hz, "beamformer")
    beyond = _drive_cost(band, _BEAM_EFFORT_COST) - np.eye(band.shape[1]) * _BEAM_EFFORT_COST
    held = np.where(refined[:, None, None], beyond, _HELD_BEYOND * beam_metric(layout, frequencies_hz, beam))
    return np.asarray(_HELD_AXIS_COST * _gram(beam.axis[:, None]) + held)


def _drive_cost(band: NDArray[np.float64], cost: float) -> NDArray[np.float64]:
    return np.eye(band.shape[1]) * (cost / np.maximum(band, _LEAST_BAND) ** 2)[:, None, :]


def _gram(rows: NDArray[np.complex128]) -> NDArray[np.complex128]:
    return np.asarray(rows.conj().transpose(0, 2, 1) @ rows)

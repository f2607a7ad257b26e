"""What an error of the filters costs where it is heard: the metrics of `fit_channel`.

One unit of cost is an error as large as the pressure that it disturbs, per unit of logarithmic bandwidth: the
reference pressure at an ear that is served, the remainder of a null at an ear that is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.poses import HeadPoses
from designer.filters.bands import role_weights
from designer.filters.beam.design import Beam
from designer.filters.reference import reference_pressure
from designer.filters.stereo.design import StereoDesign
from designer.layout.model import Layout

# Below this the logarithmic bandwidth of a line grows no more: nothing there needs a finer fit.
_LOWEST_HZ = 200.0
# From the first to the second an error fades to what nobody hears.
_FADE_HZ = (18000.0, 22000.0)
_LEAST_WEIGHT = 0.02
# An error at the own ear is timbre, delay and ringing at once.
_OWN_EAR_COST = 10.0
# Cost of drive that no ear receives, relative to the reference pressure: keeps the effort where it was designed.
_STEREO_EFFORT_COST = 0.02
_BEAM_EFFORT_COST = 0.5
# Out of its band a driver's effort costs more, up to this fraction of its weight: what leaks there is 20 dB down.
_LEAST_BAND = 0.1
# Axis, lobe and nulls of the beam.
_AXIS_COST, _LOBE_COST, _NULL_COST = 200.0, 6.0, 2.0
# Where the beam's levels are refined by themselves: its axis, what lies beyond its bands, and drivers beyond theirs
# stay as designed.
_HELD_AXIS_COST, _HELD_BEYOND = 2000.0, 1.0
# A null deeper than this is lost to the mismatch of real drivers (1 dB and 5°): the fit need not keep it.
_DEEPEST_NULL_DB = -25.0


def bandwidths(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithmic bandwidth of each line, as at 200 Hz below that: (F,) float64."""
    return np.asarray(np.gradient(frequencies_hz) / np.maximum(frequencies_hz, _LOWEST_HZ))


def line_weights(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of each line: its bandwidth over its frequency, less below 200 Hz and above 18 kHz; (F,) float64."""
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
    """Metrics of L and of R: (F, D, D) each.

    An error of L is heard in its own null, relative to what remains there, at its own ear, and, by the share of L in
    the drive of R, in the null of R.
    """
    reference = np.abs(reference_pressure(layout, frequencies_hz))
    received = ears * (np.sqrt(np.repeat(heads.weight, 2)) / reference[:, None])[:, :, None]
    covariance = [_gram(received[:, side::2]) for side in (0, 1)]
    remaining = [10 ** (-null.gain_db / 10) for null in (stereo.left, stereo.right)]
    mixing = np.abs(stereo.composition.mixing) ** 2
    drive_cost = _drive_cost(role_weights(layout, frequencies_hz, "crosstalk"), _STEREO_EFFORT_COST)
    left, right = (
        covariance[side] * (_OWN_EAR_COST + mixing[:, 1 - side, side] / remaining[1 - side])[:, None, None]
        + covariance[1 - side] / remaining[side][:, None, None]
        + drive_cost
        for side in (0, 1)
    )
    return left, right


def beam_metric(layout: Layout, frequencies_hz: NDArray[np.float64], beam: Beam) -> NDArray[np.complex128]:
    """Metric of C: axis, lobe, and nulls relative to what remains there; (F, D, D)."""
    remains = np.abs((beam.nulls @ beam.weights[..., None])[..., 0])
    nulls = beam.nulls / np.maximum(remains, 10 ** (_DEEPEST_NULL_DB / 20))[..., None]
    return np.asarray(
        _AXIS_COST * _gram(beam.axis[:, None])
        + _LOBE_COST * _gram(beam.lobe) / beam.lobe.shape[1]
        + _NULL_COST * _gram(nulls) / max(1, nulls.shape[1])
        + _drive_cost(role_weights(layout, frequencies_hz, "beamformer"), _BEAM_EFFORT_COST)
    )


def beam_anchor(
    layout: Layout, frequencies_hz: NDArray[np.float64], beam: Beam, refined: NDArray[np.bool_]
) -> NDArray[np.complex128]:
    """Metric of C where its levels are refined by themselves: what else has to stay; (F, D, D).

    Parameters
    ----------
    layout, frequencies_hz, beam
        As for `beam_metric`.
    refined : (F,) bool
        Lines whose levels are refined.
    """
    band = role_weights(layout, frequencies_hz, "beamformer")
    beyond = _drive_cost(band, _BEAM_EFFORT_COST) - np.eye(band.shape[1]) * _BEAM_EFFORT_COST
    held = np.where(refined[:, None, None], beyond, _HELD_BEYOND * beam_metric(layout, frequencies_hz, beam))
    return np.asarray(_HELD_AXIS_COST * _gram(beam.axis[:, None]) + held)


def _drive_cost(band: NDArray[np.float64], cost: float) -> NDArray[np.float64]:
    return np.eye(band.shape[1]) * (cost / np.maximum(band, _LEAST_BAND) ** 2)[:, None, :]


def _gram(rows: NDArray[np.complex128]) -> NDArray[np.complex128]:
    return np.asarray(rows.conj().transpose(0, 2, 1) @ rows)

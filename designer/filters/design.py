"""From a layout to the complete matrix of filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.errors import InfeasibleDesignError
from designer.filters.alignment import best_modelling_delay, reference_pressure
from designer.filters.bands import availability, role_weights
from designer.filters.bank import FilterBank
from designer.filters.beamformer import design_beam
from designer.filters.crosstalk import NullSteering, steer_null, target_curve_db
from designer.filters.fir import causal_fir, circular_responses, design_grid_hz, truncation_error_db
from designer.filters.virtualisation import virtualisation_matrix
from designer.layout import INPUT_NAMES, Layout

# A filter that loses more than this part of its energy to its length is no longer the filter that was designed.
_MOST_TRUNCATION_DB = -15.0
# Stands in for 0 Hz, where the models have their static limit.
_LOWEST_HZ = 1.0


def design_filters(layout: Layout) -> FilterBank:
    """Design crosstalk cancellation with virtual sources for L and R, and the beam for C.

    Parameters
    ----------
    layout : Layout
        Validated layout.

    Returns
    -------
    FilterBank
        (D, 3, layout.filters.taps); every channel gives at the listener the level of an ideal loudspeaker in the
        cabinet's place.  Not normalised: see `FilterBank.normalised`.

    Raises
    ------
    LayoutError
        If the listener is too near, or a null is asked for where there is no field.
    InfeasibleDesignError
        If the filters do not fit into the number of taps.
    """
    taps = layout.filters.taps
    frequencies = design_grid_hz(taps, layout.sample_rate_hz)
    modelled = np.maximum(frequencies, _LOWEST_HZ)
    response = np.concatenate(
        [crosstalk_response(layout, modelled), design_beam(layout, modelled).weights[:, :, None]], axis=2
    )
    # 0 Hz must be real; the phase of its stand-in at 1 Hz is within a degree of it.
    response[0] = response[0].real
    circular = circular_responses(response)
    delay = best_modelling_delay(circular, taps)
    impulse_responses = causal_fir(circular, taps, delay)
    error_db = truncation_error_db(circular, impulse_responses, delay)
    if error_db > _MOST_TRUNCATION_DB:
        raise InfeasibleDesignError(
            f"layout '{layout.name}', filters.taps = {taps}: the filters lose {error_db:.1f} dB of their energy to "
            f"their length, allowed is {_MOST_TRUNCATION_DB:g} dB: raise filters.taps"
        )
    return FilterBank(impulse_responses, layout.driver_names, INPUT_NAMES, layout.sample_rate_hz, delay)


def cancel_crosstalk(
    layout: Layout, frequencies_hz: NDArray[np.float64], ears: NDArray[np.complex128], heads: HeadPoses
) -> tuple[NullSteering, NullSteering]:
    """Null steering for the left and for the right channel, before virtual sources are composed with it.

    Parameters
    ----------
    layout : Layout
        Drivers with the role 'crosstalk' take part, within their bands.
    frequencies_hz : (F,) float64
        Positive and rising.
    ears : (F, 2 * H, D) complex128
        Transfer of `ear_plant` for ``heads``.
    heads : HeadPoses
        H poses; the one nearest to the origin is the nominal head.

    Returns
    -------
    tuple of NullSteering
        Left, right; each of unit pressure (1 Pa) at its own ear of the nominal head.
    """
    band = role_weights(layout, frequencies_hz, "crosstalk")
    target = target_curve_db(layout.crosstalk.target_gain_db, frequencies_hz)
    left, right = (
        steer_null(
            ears[:, side::2],
            ears[:, 1 - side :: 2],
            heads.weight,
            heads.nominal_index,
            band,
            target,
            layout.crosstalk.effort_cap_db,
        )
        for side in (0, 1)
    )
    return left, right


def crosstalk_response(layout: Layout, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Drive for the left and the right channel: virtual sources through crosstalk cancellation.

    Parameters
    ----------
    layout : Layout
        Validated layout.
    frequencies_hz : (F,) float64
        Positive and rising.

    Returns
    -------
    (F, D, 2) complex128
        The ipsilateral ear of the nominal head receives the reference pressure: the virtual source's spectrum.
    """
    heads = HeadPoses.from_layout(layout)
    ears = ear_plant(layout, frequencies_hz, heads).transfer
    left, right = cancel_crosstalk(layout, frequencies_hz, ears, heads)
    cancelling = np.stack([left.weights, right.weights], axis=2)
    wanted = virtualisation_matrix(
        frequencies_hz,
        layout.virtualisation.azimuth_deg,
        layout.listener.head_radius_m,
        layout.speed_of_sound_m_per_s,
    )
    composed = cancelling @ wanted
    # What leaks from the other channel colours the ipsilateral ear; one equaliser, common to both channels so that
    # the virtual sources stay composed of the same pair of nulls, makes its spectrum that of the virtual source.
    nominal = heads.nominal_index
    nominal_ears = ears[:, 2 * nominal : 2 * nominal + 2]
    at_ears = nominal_ears @ composed
    ipsilateral = (at_ears[:, 0, 0] + at_ears[:, 1, 1]) / 2
    reference = reference_pressure(layout, frequencies_hz)
    sensitivity = np.sqrt(np.mean(np.abs(nominal_ears / reference[:, None, None]) ** 2, axis=1))
    played = availability(role_weights(layout, frequencies_hz, "crosstalk"), sensitivity, frequencies_hz)
    equaliser = reference * played / ipsilateral
    return np.asarray(composed * equaliser[:, None, None])

"""Impulse responses of spectra, with their own phase or with the minimum phase of their magnitudes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Largest number of bins of the even grid.
_MOST_BINS = 4096
# Largest phase, radians, that remains of a set without phase when one delay for each direction is taken out.
_NO_PHASE_RAD = 1e-3
# Magnitudes that vary less than this have no phase to rebuild: the phase of a flat response is its delay.
_FLAT_DB = 0.1
# Step of phase between two frequencies beyond which it is not known how often the phase has turned.
_MOST_STEP_RAD = 0.8 * np.pi
# Least magnitude relative to the largest one.
_FLOOR = 1e-6
# Part of the response that is kept ahead of its start: a filter that is not causal rings there.
_LEAD_PART = 0.125


def magnitudes_only(
    frequencies_hz: NDArray[np.float64], spectra: NDArray[np.complex128], travel_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Find out whether spectra lack phase of their own, beyond one delay and one sign for each direction.

    Magnitudes alone, zero phase and linear phase lack it.  No loudspeaker has linear phase, unless it is flat.

    Parameters
    ----------
    frequencies_hz : (F,) float64
    spectra : (M, F) complex128
    travel_s : (M,) float64
        Travel time, which the phase may have or not.

    Returns
    -------
    delays_s : (M,) float64
        Delay that the phase declares.
    signs : (M,) float64
        1, or -1 where the lower half of the band is inverted.

    None if the spectra have phase of their own, or are flat.
    """
    level = np.abs(spectra)
    loud = level > 1e-3 * level.max(axis=1, keepdims=True)
    in_db = 20 * np.log10(np.maximum(level, 1e-12 * level.max()))
    quietest = np.where(loud, in_db, np.inf).min(axis=1)
    if np.all(in_db.max(axis=1) - quietest < _FLAT_DB):
        return None
    turned, removed_s = _untravelled(frequencies_hz, spectra, travel_s)
    # Twice the angle, so that a sign does not count.
    doubled = np.unwrap(np.angle(np.exp(2j * np.angle(turned))), axis=1)
    weight = loud * level
    slope = np.sum(weight * doubled * frequencies_hz, axis=1) / np.sum(weight * frequencies_hz**2, axis=1)
    left = np.angle(np.exp(1j * (doubled - slope[:, None] * frequencies_hz)))
    if np.abs(left * loud).max() > 2 * _NO_PHASE_RAD:
        return None
    straight = (turned * np.exp(-0.5j * slope[:, None] * frequencies_hz)).real
    low = frequencies_hz <= np.sqrt(max(frequencies_hz[0], 1.0) * frequencies_hz[-1])
    signs = np.where(straight[:, low].sum(axis=1) < 0, -1.0, 1.0)
    return np.asarray(removed_s - slope / (4 * np.pi)), signs


def _untravelled(
    frequencies_hz: NDArray[np.float64], spectra: NDArray[np.complex128], travel_s: NDArray[np.float64]
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Spectra without their travel time, and the delay that was taken out: that, or zero where it is not in them."""
    steps = np.angle(spectra[:, 1:] * spectra[:, :-1].conj())
    plain, moved = (
        np.abs(np.angle(np.exp(1j * (steps + 2 * np.pi * np.diff(frequencies_hz) * delay)))).mean()
        for delay in (0.0, travel_s[:, None])
    )
    delay_s = travel_s if moved < plain else np.zeros_like(travel_s)
    return spectra * np.exp(2j * np.pi * frequencies_hz * delay_s[:, None]), delay_s


def even_grid(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Even grid from 0 to the highest frequency, as fine as the finest step: (K + 1,) float64."""
    spacing = float(np.diff(frequencies_hz).min())
    bins = min(int(np.ceil(frequencies_hz[-1] / spacing * (1 - 1e-9))), _MOST_BINS)
    return np.linspace(0.0, frequencies_hz[-1], bins + 1)


def complex_to_impulse(
    frequencies_hz: NDArray[np.float64], spectra: NDArray[np.complex128], travel_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, float]:
    """Impulse responses of complex spectra on any rising grid.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Positive or from 0, rising.
    spectra : (M, F) complex128
    travel_s : (M,) float64
        Travel time, which is taken out while the phase is interpolated.

    Returns
    -------
    responses : (M, N) float64
    rate_hz : float
    start_samples : float
        Time of the first sample.  It is negative, so that what rings ahead of the start is kept.

    Raises
    ------
    ValueError
        If the frequencies are too far apart to follow the phase.
    """
    grid = even_grid(frequencies_hz)
    # Without its travel time the phase turns slowly.  Sets with and without it are both in use.
    turned, delay_s = _untravelled(frequencies_hz, spectra, travel_s)
    weights = np.minimum(np.abs(turned[:, 1:]), np.abs(turned[:, :-1])) * np.diff(frequencies_hz)
    step = np.angle(turned[:, 1:] * turned[:, :-1].conj())
    if np.average(np.abs(step) > _MOST_STEP_RAD, weights=weights) > 0.1:
        raise ValueError(
            f"the phase turns by more than {_MOST_STEP_RAD:.1f} rad between neighbouring frequencies: "
            "give finer frequencies, or magnitudes without phase (an imaginary part of 0)"
        )
    full = _on_grid(frequencies_hz, turned, grid) * np.exp(-2j * np.pi * grid * delay_s[:, None])
    responses, rate = np.fft.irfft(full, axis=1), 2.0 * float(grid[-1])
    lead = int(_LEAD_PART * responses.shape[1])
    return np.roll(responses, lead, axis=1), rate, float(-lead)


def _on_grid(
    frequencies_hz: NDArray[np.float64], spectra: NDArray[np.complex128], grid_hz: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Interpolate level and phase: (M, F) to (M, K).  Towards 0 Hz the level stays, and the phase goes to zero."""
    magnitude = np.log(np.maximum(np.abs(spectra), 1e-12 * np.abs(spectra).max()))
    phase = np.unwrap(np.angle(spectra), axis=1)
    lead = 1 if frequencies_hz[0] > 0 else 0
    known = np.concatenate([[0.0], frequencies_hz]) if lead else frequencies_hz
    full = np.empty((len(spectra), grid_hz.size), dtype=np.complex128)
    for row in range(len(spectra)):
        level = np.interp(grid_hz, known, np.concatenate([magnitude[row, :lead], magnitude[row]]))
        # An inverted response has π at 0 Hz, so the phase goes to the nearest multiple of π.
        start = np.pi * np.round((phase[row, 0] - _slope_to_zero(frequencies_hz, phase[row])) / np.pi)
        angle = np.interp(grid_hz, known, np.concatenate([np.full(lead, start), phase[row]]))
        full[row] = np.exp(level + 1j * angle)
    return full


def _slope_to_zero(frequencies_hz: NDArray[np.float64], phase: NDArray[np.float64]) -> float:
    """Phase that the straight line through the lowest frequencies gains from 0 Hz to the first of them."""
    few = min(8, frequencies_hz.size)
    slope = np.polyfit(frequencies_hz[:few], phase[:few], 1)[0]
    return float(slope * frequencies_hz[0])


def magnitude_to_impulse(
    frequencies_hz: NDArray[np.float64], magnitudes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Minimum-phase impulse responses of magnitudes.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Positive or from 0, rising.
    magnitudes : (M, F) float64
        From 0.

    Returns
    -------
    responses : (M, N) float64
        They begin at sample 0.
    rate_hz : float

    Notes
    -----
    The phase follows from the real cepstrum (Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 13).  The
    grid is four times as fine as the data, which keeps the cepstrum from folding onto itself.
    """
    grid = even_grid(frequencies_hz)
    fine = np.linspace(0.0, grid[-1], 4 * (grid.size - 1) + 1)
    level = np.log(np.maximum(magnitudes, _FLOOR * magnitudes.max()))
    # Catalogue data are spaced evenly in octaves, so levels are interpolated over the logarithm.
    points = np.log(np.maximum(frequencies_hz, 1e-3))
    wanted = np.log(np.maximum(fine, 1e-3))
    size = 2 * (fine.size - 1)
    responses = np.empty((len(magnitudes), size // 4))
    for row in range(len(magnitudes)):
        cepstrum = np.fft.irfft(np.interp(wanted, points, level[row]), size)
        folded = np.zeros(size)
        folded[0], folded[size // 2] = cepstrum[0], cepstrum[size // 2]
        folded[1 : size // 2] = 2 * cepstrum[1 : size // 2]
        responses[row] = np.fft.irfft(np.exp(np.fft.rfft(folded)), size)[: size // 4]
    return responses, 2.0 * float(grid[-1])

"""Equivalent sources: point sources inside a cabinet that give a driver's field over the listener's head.

Sound of a driver at the side creeps around the cabinet.  So its wavefront is neither that of a point source at the
driver nor of one at the centre.  The tilt of the wavefront at the head separates the ears, and a small cabinet has no
other separation.  A model with one direction for each driver would lose it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# Offsets of the sources from the cabinet's centre, in radii: (x towards/away, y lateral, z vertical).  A cross in the
# plane that the head sees: 0.3 % of the field at 18 kHz, where axial offsets would add nothing.
_ARM = (0.45, -0.45, 0.9, -0.9)
_OFFSETS = np.array([[0.0, 0.0, 0.0], *([0.0, y, 0.0] for y in _ARM), *([0.0, 0.0, z] for z in _ARM)])
# Matching points along x, y and z of the region.
_POINTS_PER_AXIS = (3, 7, 3)
# Near or large cabinets need more sources than the cross.  These shells are tried in turn: number of sources, radius
# relative to the cabinet, and matching points along x, y and z.
_SHELLS = ((64, 0.8, (4, 9, 5)), (160, 0.85, (5, 13, 7)), (250, 0.85, (5, 13, 9)))
# Allowed error relative to the largest pressure of a line, up to 12 kHz.  A null of 30 dB needs 3 %.
MODELLED_ENOUGH = 0.01
_HIGHEST_HZ = 12000.0
# Tikhonov term relative to the trace of the normal equations.  It keeps weights of nearly equal fields small.
_RELATIVE_REGULARISATION = 1e-10
# Lines that are solved at once, which bounds the memory.
_LINES = 32


def region_around(centres_m: NDArray[np.float64], radius_m: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper corner, each (3,), of the box that holds all heads of ``radius_m`` at ``centres_m`` (C, 3)."""
    return centres_m.min(axis=0) - radius_m, centres_m.max(axis=0) + radius_m


def equivalent_sources(
    frequencies_hz: NDArray[np.float64],
    field: Callable[[NDArray[np.float64]], NDArray[np.complex128]],
    centre_m: NDArray[np.float64],
    radius_m: float,
    low_m: NDArray[np.float64],
    high_m: NDArray[np.float64],
    speed_of_sound_m_per_s: float,
    *,
    enough: float = MODELLED_ENOUGH,
) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Fit point sources inside the cabinet to the field of each driver over a box around the listener's head.

    Parameters
    ----------
    frequencies_hz : (F,) float64
        Positive and rising.
    field : callable
        From points (P, 3) to the pressure (F, P, D) of each driver there.
    centre_m, radius_m : (3,) float64, float
        Cabinet.
    low_m, high_m : (3,) float64
        Corners of the box.
    speed_of_sound_m_per_s : float
        Speed of sound.
    enough : float
        Largest error relative to the field, up to 12 kHz, for which no more sources are tried.

    Returns
    -------
    sources_m : (S, 3) float64
    weights : (F, S, D) complex128
        Strength of each source: Pa at 1 m.

    Notes
    -----
    The method is least squares with a small Tikhonov term (Koopmann, Song & Fahnline, J. Acoust. Soc. Am. 86 (1989),
    2433).  Nine sources suffice for a small cabinet at some distance.  If they miss the field by more than 1 % up to 12
    kHz, 64 to 250 sources are used.
    """
    tried = ((_OFFSETS, _POINTS_PER_AXIS), *((_shell(count, size), axes) for count, size, axes in _SHELLS))
    for offsets, points_per_axis in tried:
        # Chebyshev nodes keep the error even over the box.
        nodes = [
            (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(n) + 0.5) / n)
            for low, high, n in zip(low_m, high_m, points_per_axis, strict=True)
        ]
        points = np.stack(np.meshgrid(*nodes, indexing="ij"), axis=-1).reshape(-1, 3)
        sources = centre_m + radius_m * offsets
        weights, missed = _fit(frequencies_hz, points, sources, field(points), speed_of_sound_m_per_s)
        if missed <= enough:
            break
    return sources, weights


def _shell(count: int, radius: float) -> NDArray[np.float64]:
    """About ``count`` places spread evenly over a sphere, symmetric in y like loudspeakers: (S, 3)."""
    rank = np.arange(count) + 0.5
    height = 1 - 2 * rank / count
    turn = np.pi * (1 + np.sqrt(5)) * rank
    places = np.stack([np.cos(turn), np.sin(turn), np.zeros(count)], axis=1) * np.sqrt(1 - height**2)[:, None]
    places[:, 2] = height
    half = radius * places[places[:, 1] > 0]
    return np.concatenate([half, half * [1.0, -1.0, 1.0]])


def _fit(
    frequencies_hz: NDArray[np.float64],
    points_m: NDArray[np.float64],
    sources_m: NDArray[np.float64],
    wanted: NDArray[np.complex128],
    speed_of_sound_m_per_s: float,
) -> tuple[NDArray[np.complex128], float]:
    """Weights (F, S, D) for a field (F, P, D), and their largest relative error up to 12 kHz."""
    weights = np.empty((frequencies_hz.size, len(sources_m), wanted.shape[2]), dtype=np.complex128)
    missed = 0.0
    for first in range(0, frequencies_hz.size, _LINES):
        lines = slice(first, first + _LINES)
        basis = point_source_field(frequencies_hz[lines], points_m, sources_m, speed_of_sound_m_per_s)
        adjoint = basis.conj().transpose(0, 2, 1)
        normal = adjoint @ basis
        trace = np.trace(normal, axis1=1, axis2=2).real
        normal += (_RELATIVE_REGULARISATION * trace)[:, None, None] * np.eye(len(sources_m))
        weights[lines] = np.linalg.solve(normal, adjoint @ wanted[lines])
        error = np.abs(basis @ weights[lines] - wanted[lines]).max(axis=(1, 2))
        relative = error / np.abs(wanted[lines]).max(axis=(1, 2))
        missed = max(missed, float(relative[frequencies_hz[lines] <= _HIGHEST_HZ].max(initial=0.0)))
    return weights, missed


def point_source_field(
    frequencies_hz: NDArray[np.float64],
    points_m: NDArray[np.float64],
    sources_m: NDArray[np.float64],
    speed_of_sound_m_per_s: float,
) -> NDArray[np.complex128]:
    """Pressure e^{−jkr}/r of point sources of 1 Pa at 1 m.

    Parameters
    ----------
    frequencies_hz : (F,) float64
    points_m : (P, 3) float64
    sources_m : (S, 3) float64
    speed_of_sound_m_per_s : float

    Returns
    -------
    (F, P, S) complex128
        Pascal.
    """
    distances = np.linalg.norm(points_m[:, None] - sources_m[None], axis=2)
    wavenumbers = 2 * np.pi * frequencies_hz[:, None, None] / speed_of_sound_m_per_s
    return np.asarray(np.exp(-1j * wavenumbers * distances) / distances)

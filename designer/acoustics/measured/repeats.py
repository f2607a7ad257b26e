"""Measurements of one direction that are given more than once: poles, 0° and 360°, and repeats."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.measured.response_set import ResponseSet
from designer.errors import LayoutError

# Directions nearer than this are one.
_SAME_DEG = 0.01
# Distances of one direction that differ by less than this part are one.
_SAME_DISTANCE = 0.005
# Largest energy of what repeats differ by, relative to their mean: -15 dB.
_MOST_DIFFERENCE = 10**-1.5
# Time to each side of the peak within which they are compared.
_AROUND_S = 0.001
# Responses this far below the loudest are noise, and need not be equal.
_QUIET = 1e-3


def merge_repeats(found: ResponseSet, where: str, choice: str = "") -> ResponseSet:
    """Average measurements of one direction that are equal but for noise.

    Parameters
    ----------
    found : ResponseSet
    where : str
        Name of the file, for messages.
    choice : str
        Key that chooses one of several sources; empty if none does.

    Returns
    -------
    ResponseSet
        Each direction once, in the order of its first measurement.

    Raises
    ------
    LayoutError
        If measurements of one direction differ.
    """
    if np.any(found.distances_m <= 0):
        first = int(np.argmin(found.distances_m))
        raise LayoutError(f"'{where}': measurement {first} has the distance 0: give it in metres, above 0")
    groups = same_directions(found.directions)
    if groups.max() + 1 == len(groups):
        return found
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(groups.max() + 1))
    loudest = float(np.sum(found.responses**2, axis=2).max())
    responses, delays, firsts = [], [], []
    for rows in np.split(order, starts[1:]):
        _require_equal(found, rows, loudest, where, choice)
        responses.append(found.responses[rows].mean(axis=0))
        delays.append(found.delays_samples[rows].mean(axis=0))
        firsts.append(int(rows[0]))
    merged = len(groups) - len(firsts)
    return replace(
        found,
        places_m=found.places_m[firsts],
        responses=np.stack(responses),
        delays_samples=np.stack(delays),
        notes=(*found.notes, f"{merged} repeated measurements were averaged with others of the same direction"),
    )


def same_directions(directions: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give each distinct direction (M, 3) a number, in the order of their first occurrence: (M,) int64."""
    if _are_apart(directions):
        return np.arange(len(directions))
    # Imported here, because few sets have repeats, and loading takes longer than a design.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    count = len(directions)
    pairs = cKDTree(directions).query_pairs(np.deg2rad(_SAME_DEG), output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, group = connected_components(links, directed=False)
    _, index, inverse = np.unique(group, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(index))
    return np.asarray(rank[inverse])


def _are_apart(directions: NDArray[np.float64]) -> bool:
    """Whether no two directions are the same, as eight grids show; false where they do not show it.

    The grids differ by half a cell along each axis.  A cell is four times as wide as two same directions are apart, so
    that they lie in one cell of at least one grid.
    """
    cell = 4 * np.deg2rad(_SAME_DEG)
    for shift in itertools.product((0.0, 0.5), repeat=3):
        places = np.floor(directions / cell + shift).astype(np.int64)
        numbers = (places - places.min(axis=0)) @ (1 << np.array([0, 20, 40]))
        if np.unique(numbers).size < len(numbers):
            return False
    return True


def _require_equal(found: ResponseSet, rows: NDArray[np.int64], loudest: float, where: str, choice: str) -> None:
    """Refuse different measurements of one direction."""
    if rows.size == 1:
        return
    names = (
        f"measurements {int(rows[0])} and {int(rows[1])} of {rows.size}"
        if rows.size > 2
        else (f"measurements {int(rows[0])} and {int(rows[1])}")
    )
    distances = found.distances_m[rows]
    if np.ptp(distances) > _SAME_DISTANCE * distances.min():
        raise LayoutError(
            f"'{where}': {names} have the same direction at {distances.min():.3g} and {distances.max():.3g} m: "
            "remove one of them"
        )
    group = found.responses[rows]
    mean = group.mean(axis=0)
    # Around the peak: over a whole response, noise alone may have more energy than the sound.
    peak, around = int(np.abs(mean).max(axis=0).argmax()), int(_AROUND_S * found.sample_rate_hz)
    part = slice(max(0, peak - around), peak + around)
    energy = max(float(np.sum(mean[:, part] ** 2)), _QUIET * loudest)
    difference = float(np.sum((group - mean)[:, :, part] ** 2)) / rows.size
    if difference > _MOST_DIFFERENCE * energy or np.ptp(found.delays_samples[rows], axis=0).max() > 0.5:
        remedy = "remove one of them" + (f", or choose one source of several: {choice} = 0, 1, …" if choice else "")
        raise LayoutError(
            f"'{where}': {names} have the same direction, but differ by {10 * np.log10(difference / energy):+.0f} dB "
            f"of their energy, allowed is {10 * np.log10(_MOST_DIFFERENCE):.0f} dB (repeats are averaged): {remedy}"
        )

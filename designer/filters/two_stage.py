"""Filters in two stages: an equaliser for each bus, and behind it the split to the drivers.

What all drivers have in common is filtered once.  Behind it, the *reference* of each bus, a driver or a mirror pair,
gets a pure delay, and every other sum a short filter relative to it: the relative-transfer-function (RTF) form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.filters.structure import Structure, split

# Filters that differ by no more than this, relative to the largest tap, are one another's mirror image: an iterative
# design ends some 100 dB from symmetry.
MIRRORED = 1e-4


@dataclass(frozen=True, eq=False)
class TwoStageFilters:
    """A filter graph with an equaliser ahead of some of its buses.

    Attributes
    ----------
    structure : Structure
        K sums on B buses.
    equalisers : tuple of B float64 arrays of shape (M,), or None
        Of each bus; None where the bus is split as it is.  M may differ.
    components : (K, B, N) float64
        From equalised bus to sum.

    Raises
    ------
    ValueError
        If a shape does not fit the structure, or a value is not finite.
    """

    structure: Structure
    equalisers: tuple[NDArray[np.float64] | None, ...]
    components: NDArray[np.float64]

    def __post_init__(self) -> None:
        expected = (len(self.structure.sums), len(self.structure.buses))
        if self.components.ndim != 3 or self.components.shape[:2] != expected or self.components.shape[2] == 0:
            raise ValueError(f"components {self.components.shape}: allowed is (K, B, N) with (K, B) = {expected}")
        if len(self.equalisers) != expected[1]:
            raise ValueError(
                f"equalisers: {len(self.equalisers)}, allowed is one or None for each of {expected[1]} buses"
            )
        for name, equaliser in zip(self.structure.buses, self.equalisers, strict=True):
            if equaliser is not None and (equaliser.ndim != 1 or equaliser.size == 0 or not equaliser.any()):
                raise ValueError(f"equaliser of bus '{name}': {equaliser.shape}, allowed is (M,), not all zero")
        finite = [np.all(np.isfinite(part)) for part in (self.components, *self.equalisers) if part is not None]
        if not all(finite):
            raise ValueError("equalisers and components: allowed are finite values")

    @property
    def references(self) -> tuple[int | None, ...]:
        """Sum that hears each equalised bus through a pure delay; None for a bus that has no such sum."""
        single = np.count_nonzero(self.components, axis=2) == 1
        return tuple(
            int(np.argmax(single[:, b])) if equaliser is not None and single[:, b].any() else None
            for b, equaliser in enumerate(self.equalisers)
        )

    def split_responses(self) -> NDArray[np.float64]:
        """Both stages in one, as `designer.filters.structure.split` gives them: (K, B, N) float64."""
        rows = [
            [
                np.convolve(np.ones(1) if equaliser is None else equaliser, np.trim_zeros(component, "b"))
                if component.any()
                else np.zeros(1)
                for equaliser, component in zip(self.equalisers, row, strict=True)
            ]
            for row in self.components
        ]
        taps = max(both.size for row in rows for both in row)
        return np.array([[np.pad(both, (0, taps - both.size)) for both in row] for row in rows])

    def folded(self) -> TwoStageFilters:
        """Put an equaliser that only one sum hears into that sum's component: a stage of its own saves nothing."""
        equalisers = list(self.equalisers)
        responses = self.split_responses()
        taps = max(responses.shape[2], self.components.shape[2])
        components = np.zeros((*responses.shape[:2], taps))
        for b, equaliser in enumerate(self.equalisers):
            if equaliser is not None and np.count_nonzero(self.components[:, b].any(axis=1)) < 2:
                equalisers[b] = None
                components[:, b, : responses.shape[2]] = responses[:, b]
            else:
                components[:, b, : self.components.shape[2]] = self.components[:, b]
        used = int(np.flatnonzero(components.any(axis=(0, 1))).max(initial=0)) + 1
        return replace(self, equalisers=tuple(equalisers), components=components[:, :, :used])

    def scaled(self, gain: float) -> TwoStageFilters:
        """Multiply the second stage by a gain."""
        return replace(self, components=self.components * gain)


@dataclass(frozen=True, eq=False)
class TwoStageStereo:
    """L and R in two stages.

    Attributes
    ----------
    filters : TwoStageFilters
        Of the buses of L and R; that of the centre has no equaliser, and components of zero.
    equaliser_taps, relative_taps : int
    losses : dict
        Keys of `STEREO_ALLOWANCES`; all within.
    taps : int
        All equalisers and relative filters, but for the references' one tap.
    direct_taps : int
        What one stage takes within the same budget.
    """

    filters: TwoStageFilters
    equaliser_taps: int
    relative_taps: int
    losses: dict[str, float]
    taps: int
    direct_taps: int

    def with_centre(self, centre: NDArray[np.float64]) -> TwoStageFilters:
        """Add the filters of C, (D, N), one stage on the bus of their own."""
        structure = self.filters.structure
        alone = np.zeros((centre.shape[0], 3, centre.shape[1]))
        alone[:, 2] = centre
        own = split(structure, alone, MIRRORED * float(np.abs(centre).max()))
        taps = max(own.shape[2], self.filters.components.shape[2])
        components = np.zeros((*own.shape[:2], taps))
        components[:, :, : own.shape[2]] += own
        components[:, :, : self.filters.components.shape[2]] += self.filters.components
        return replace(self.filters, components=components)

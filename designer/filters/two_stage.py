"""Filters in two stages: an equaliser for each bus, and relative filters from the bus to the drivers.

The equaliser filters once what all drivers have in common.  Behind it one sum is the *reference* of its bus.  It is a
driver or a mirror pair, and gets a pure delay.  Each other sum gets a short filter relative to the reference.  This is
the relative-transfer-function (RTF) form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.filters.structure import Structure, split

# Filters that differ by no more than this, relative to the largest tap, count as mirror images.  An iterative design
# ends some 100 dB from symmetry.
MIRRORED = 1e-4


@dataclass(frozen=True, eq=False)
class TwoStageFilters:
    """Both stages of a filter graph.

    Attributes
    ----------
    structure : Structure
        K sums on B buses.
    equalisers : tuple of B float64 arrays of shape (M,), or None
        First stage of each bus.  None if the bus has no equaliser.  M may differ from bus to bus.
    components : (K, B, N) float64
        Second stage, from equalised bus to sum.

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
        """Reference of each bus: the sum that gets the equalised bus through a pure delay, or None."""
        single = np.count_nonzero(self.components, axis=2) == 1
        return tuple(
            int(np.argmax(single[:, b])) if equaliser is not None and single[:, b].any() else None
            for b, equaliser in enumerate(self.equalisers)
        )

    def split_responses(self) -> NDArray[np.float64]:
        """Convolve both stages into one, as `designer.filters.structure.split` gives it: (K, B, N) float64."""
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
        """Move an equaliser into the component of its sum where the bus feeds one sum only, as it saves nothing."""
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
        """Multiply the second stage by a linear gain."""
        return replace(self, components=self.components * gain)


@dataclass(frozen=True)
class DirectForm:
    """Decision for one stage.

    Attributes
    ----------
    reason : str
        Why two stages are not used, for reports.
    """

    reason: str


@dataclass(frozen=True, eq=False)
class TwoStageStereo:
    """L and R in two stages.

    Attributes
    ----------
    filters : TwoStageFilters
        Both stages of L and R.  The centre's bus has no equaliser, and its components are zero.
    equaliser_taps, relative_taps : int
        Length of the first and of the second stage.
    losses : dict
        Losses against the target, all within `STEREO_ALLOWANCES`, with its keys.
    taps : int
        Taps of all equalisers and relative filters, without the references' single taps.
    direct_taps : int
        Taps of the direct form within the same budget.
    """

    filters: TwoStageFilters
    equaliser_taps: int
    relative_taps: int
    losses: dict[str, float]
    taps: int
    direct_taps: int

    def with_centre(self, centre: NDArray[np.float64]) -> TwoStageFilters:
        """Add the filters (D, N) of C, which have one stage on the centre's bus."""
        structure = self.filters.structure
        alone = np.zeros((centre.shape[0], 3, centre.shape[1]))
        alone[:, 2] = centre
        own = split(structure, alone, MIRRORED * float(np.abs(centre).max()))
        taps = max(own.shape[2], self.filters.components.shape[2])
        components = np.zeros((*own.shape[:2], taps))
        components[:, :, : own.shape[2]] += own
        components[:, :, : self.filters.components.shape[2]] += self.filters.components
        return replace(self.filters, components=components)

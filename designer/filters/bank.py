"""The matrix of FIR filters from inputs to drivers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.filters.structure import join
from designer.filters.two_stage import TwoStageFilters
from designer.layout.sections import INPUT_NAMES

# Largest rounding error of float64 between two stages and their product, relative to the largest tap.
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class FilterBank:
    """Impulse responses from each input to each driver.

    Attributes
    ----------
    impulse_responses : (D, I, N) float64
        Driver, input, tap.  Drivers in channel order.
    driver_names : tuple of str
        D names.
    input_names : tuple of str
        'left', 'right', 'centre'.
    sample_rate_hz : int
        Sample rate, Hz.
    modelling_delay_samples : int
        Delay of the filters, 0 … N − 1.  It is measured at the listener, against an ideal loudspeaker in the place of
        the cabinet.
    two_stage : TwoStageFilters or None
        The same filters in two stages.  None if they have one stage.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not finite, or both stages together do not give the impulse responses.
    """

    impulse_responses: NDArray[np.float64]
    driver_names: tuple[str, ...]
    input_names: tuple[str, ...]
    sample_rate_hz: int
    modelling_delay_samples: int
    two_stage: TwoStageFilters | None = None

    def __post_init__(self) -> None:
        shape = self.impulse_responses.shape
        if len(shape) != 3 or shape[:2] != (len(self.driver_names), len(self.input_names)) or shape[2] == 0:
            raise ValueError(
                f"impulse_responses has shape {shape}, allowed is (D, I, N) with D = {len(self.driver_names)} "
                f"and I = {len(self.input_names)}"
            )
        if self.input_names != INPUT_NAMES:
            raise ValueError(f"input_names = {self.input_names}: allowed is {INPUT_NAMES}")
        if self.impulse_responses.dtype != np.float64 or not np.all(np.isfinite(self.impulse_responses)):
            raise ValueError("impulse_responses: allowed are finite float64 values")
        if not 0 <= self.modelling_delay_samples < shape[2]:
            raise ValueError(
                f"modelling_delay_samples = {self.modelling_delay_samples}: allowed is 0 to {shape[2] - 1}"
            )
        if self.two_stage is not None:
            made = self.two_stage.split_responses()
            if made.shape[2] > shape[2]:
                raise ValueError(f"two_stage: {made.shape[2]} taps in both stages, impulse_responses have {shape[2]}")
            made = np.pad(made, ((0, 0), (0, 0), (0, shape[2] - made.shape[2])))
            error = np.abs(join(self.two_stage.structure, made) - self.impulse_responses).max()
            if error > _SAME * max(float(np.abs(self.impulse_responses).max()), 1.0):
                raise ValueError("two_stage: both stages together do not give impulse_responses")

    @property
    def driver_sums(self) -> NDArray[np.float64]:
        """Largest possible output of each driver for inputs within ±1, Σ_i Σ_n |h|: (D,) float64."""
        return np.asarray(np.abs(self.impulse_responses).sum(axis=(1, 2)))

    def normalised(self, limit: float = 0.999, path_limit: float = np.inf) -> tuple[FilterBank, float]:
        """Scale all filters by one gain so that no input within ±1 drives any driver beyond ``limit``.

        Parameters
        ----------
        limit : float
            Largest Σ_i Σ_n |h| of any driver after scaling, above 0.
        path_limit : float
            Largest Σ_n |h| of any path after scaling, above 0.  Some number formats need such a limit.

        Returns
        -------
        bank : FilterBank
            The scaled filters.  Ratios between filters do not change, so neither does the acoustics.
        gain_db : float
            The gain that was applied.

        Raises
        ------
        ValueError
            If all filters are zero, or a limit is not positive.
        """
        largest = float(self.driver_sums.max())
        if largest == 0 or min(limit, path_limit) <= 0:
            raise ValueError("normalised: needs a filter that is not zero and a limit above 0")
        gain = min(limit / largest, path_limit / float(np.abs(self.impulse_responses).sum(axis=2).max()))
        two_stage = None if self.two_stage is None else self.two_stage.scaled(gain)
        scaled = replace(self, impulse_responses=self.impulse_responses * gain, two_stage=two_stage)
        return scaled, float(20 * np.log10(gain))

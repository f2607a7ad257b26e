"""What the report shows: the design, its scorecard, and curves that only the charts need."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.acoustic import AcousticFigures, acoustic_figures
from designer.evaluation.scorecard import Scorecard
from designer.filters.bank import FilterBank
from designer.filters.stereo_downmix import downmix_bank
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.report.curves import ListenerCurves

Card = dict[str, Any]


@dataclass(frozen=True, eq=False)
class ReportData(ListenerCurves):
    """One design, as the sections of the report see it.

    Attributes
    ----------
    layout : Layout
    bank : FilterBank
        Float design.
    fixed : FixedPointBank
    card : Scorecard
    image : dict, optional
        ``flash_bytes`` and ``ram_bytes`` of the built firmware.
    hil : dict, optional
        The HIL report of the same digest.
    boards : dict
        HIL reports of the same digest by the name of the board; `hil` is one of them.
    hil_missing : str
        Why there is no `hil`, and what to do.
    """

    bank: FilterBank
    fixed: FixedPointBank
    card: Scorecard
    image: Card | None = None
    hil: Card | None = None
    boards: dict[str, Card] = field(default_factory=dict)
    hil_missing: str = "Not run yet on this design."

    @cached_property
    def downmix(self) -> FilterBank:
        """The stereo downmix to the same loudspeaker: what the design is compared with."""
        return downmix_bank(self.layout)

    @cached_property
    def downmix_figures(self) -> AcousticFigures:
        """Acoustic figures of the stereo downmix."""
        return acoustic_figures(self.layout, self.downmix.impulse_responses, self.plant)

    @cached_property
    def dequantised(self) -> NDArray[np.float64]:
        """Impulse responses of the quantised tables: (D, I, N)."""
        return dequantised_impulse_responses(self.fixed, self.bank.impulse_responses.shape[2])

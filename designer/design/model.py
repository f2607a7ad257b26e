"""The complete design of a loudspeaker."""

from __future__ import annotations

from dataclasses import dataclass

from designer.codegen.generate import GeneratedSources
from designer.filters.bank import FilterBank
from designer.filters.fitting.length_search import FittedFilters
from designer.filters.trim import Saving
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.proof.overflow import OverflowProof
from designer.layout.model import Layout


@dataclass(frozen=True, eq=False)
class Design:
    """Results of all stages for one layout.

    Attributes
    ----------
    layout : Layout
    designed : FilterBank
        Float design, scaled to fit full scale: the reference of the acoustic figures.
    bank : FilterBank
        The same, trimmed within a stated budget: the reference of the fixed-point tables.
    savings : tuple of Saving
        What trimming saved, step by step.
    gain_db : float
        The scale that was applied.
    fixed : FixedPointBank
    proof : OverflowProof
    sources : GeneratedSources
        With the design digest.
    lengths : FittedFilters
        The fitted filters, with their lengths and losses.
    """

    layout: Layout
    designed: FilterBank
    bank: FilterBank
    savings: tuple[Saving, ...]
    gain_db: float
    fixed: FixedPointBank
    proof: OverflowProof
    sources: GeneratedSources
    lengths: FittedFilters

    @property
    def digest(self) -> str:
        """Design digest, 64 hexadecimal digits."""
        return self.sources.digest

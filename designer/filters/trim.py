"""Trim filters within a stated error budget: make mirror images exact, and cut inaudible ends.

The board's arithmetic is compared with the trimmed filters.  Acoustic figures are compared with the filters as
designed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.filters.bank import FilterBank
from designer.filters.structure import Structure, find_structure, join, split
from designer.filters.two_stage import TwoStageFilters

# Mirror images that differ by no more than this, relative to the largest tap, are made equal.  An iterative design
# ends some 100 dB from symmetry.
MIRROR_BUDGET_DB = -80.0
# Energy that a filter may lose at both ends together, relative to its energy.
TRIM_BUDGET_DB = -70.0


@dataclass(frozen=True)
class Saving:
    """Size of the filters after one step of trimming.

    Attributes
    ----------
    step : str
        What the step does, for reports.
    firs : int
        Number of FIRs after it.
    taps : int
        Sum of their taps.
    """

    step: str
    firs: int
    taps: int


@dataclass(frozen=True, eq=False)
class TrimmedFilters:
    """Trimmed filters with their structure.

    Attributes
    ----------
    impulse_responses : (D, 3, N) float64
        Driver, input, tap.
    structure : Structure
        Drivers that share FIRs.
    savings : tuple of Saving
        Sizes as designed and after each step.
    """

    impulse_responses: np.ndarray
    structure: Structure
    savings: tuple[Saving, ...]


def trim_bank(bank: FilterBank) -> tuple[FilterBank, tuple[Saving, ...]]:
    """Trim the filters of a bank within the standard budgets, stage by stage where it has two.

    Parameters
    ----------
    bank : FilterBank
        As designed.

    Returns
    -------
    FilterBank
        Of the same length.  In one stage if no equaliser is left that several sums share.
    tuple of Saving
        Sizes as designed and after each step.
    """
    two_stage = None if bank.two_stage is None else bank.two_stage.folded()
    if two_stage is None or not any(equaliser is not None for equaliser in two_stage.equalisers):
        trimmed = trim(bank.impulse_responses)
        return replace(bank, impulse_responses=trimmed.impulse_responses, two_stage=None), trimmed.savings
    savings = [_saving("one FIR for each driver and input, as designed", bank.impulse_responses)]
    if two_stage.structure.shuffled:
        savings.append(_saving("mid and side: mirror drivers share their FIRs", two_stage.split_responses()))
    savings.append(_stages_saving("two stages: what the drivers have in common is filtered once", two_stage))
    budget = 10 ** (TRIM_BUDGET_DB / 10)
    components = np.array([[_trim(response, budget) for response in row] for row in two_stage.components])
    equalisers = tuple(None if response is None else _trim(response, budget) for response in two_stage.equalisers)
    two_stage = replace(two_stage, equalisers=equalisers, components=components)
    savings.append(_stages_saving(f"ends trimmed within {TRIM_BUDGET_DB:g} dB of each FIR's energy", two_stage))
    made = join(two_stage.structure, two_stage.split_responses())
    responses = np.zeros_like(bank.impulse_responses)
    responses[:, :, : made.shape[2]] = made
    return replace(bank, impulse_responses=responses, two_stage=two_stage), tuple(savings)


def trim(
    impulse_responses: np.ndarray,
    mirror_budget_db: float = MIRROR_BUDGET_DB,
    trim_budget_db: float = TRIM_BUDGET_DB,
) -> TrimmedFilters:
    """Make mirror images equal, then trim both ends of every FIR.

    Parameters
    ----------
    impulse_responses : (D, 3, N) float64
        As designed: driver, input, tap.
    mirror_budget_db, trim_budget_db : float
        See `MIRROR_BUDGET_DB` and `TRIM_BUDGET_DB`.

    Returns
    -------
    TrimmedFilters
    """
    savings = [_saving("one FIR for each driver and input, as designed", impulse_responses)]
    tolerance = float(np.abs(impulse_responses).max() * 10 ** (mirror_budget_db / 20))
    structure = find_structure(impulse_responses, tolerance)
    components = split(structure, impulse_responses, tolerance)
    if structure.shuffled:
        savings.append(_saving("mid and side: mirror drivers share their FIRs", components))
    budget = 10 ** (trim_budget_db / 10)
    components = np.array([[_trim(response, budget) for response in row] for row in components])
    savings.append(_saving(f"ends trimmed within {trim_budget_db:g} dB of each FIR's energy", components))
    return TrimmedFilters(join(structure, components), structure, tuple(savings))


def _trim(response: np.ndarray, budget: float) -> np.ndarray:
    """Set taps at both ends to 0, with half of the budget at each end."""
    energy = response**2
    allowed = budget * float(energy.sum()) / 2
    kept = (np.cumsum(energy) > allowed) & (np.cumsum(energy[::-1])[::-1] > allowed)
    return np.where(kept, response, 0.0)


def _saving(step: str, responses: np.ndarray) -> Saving:
    lengths = [_length(row) for row in responses.reshape(-1, responses.shape[-1]) if row.any()]
    return Saving(step, len(lengths), sum(lengths))


def _stages_saving(step: str, two_stage: TwoStageFilters) -> Saving:
    behind = _saving(step, two_stage.components)
    ahead = [_length(equaliser) for equaliser in two_stage.equalisers if equaliser is not None]
    return Saving(step, behind.firs + len(ahead), behind.taps + sum(ahead))


def _length(response: NDArray[np.float64]) -> int:
    used = np.flatnonzero(response)
    return int(used[-1] - used[0] + 1)

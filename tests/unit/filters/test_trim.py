"""Two stages are trimmed each for itself, and become one where nothing is shared."""

import numpy as np
import pytest
from banks import mirror_bank
from two_stage_designs import two_stage_design

from designer.filters.structure import join
from designer.filters.trim import TRIM_BUDGET_DB, trim, trim_bank
from designer.filters.two_stage import TwoStageFilters


def test_one_stage_is_trimmed_as_ever():
    bank, _ = mirror_bank(1, "q15", taps=60)
    trimmed, savings = trim_bank(bank)
    expected = trim(bank.impulse_responses)
    np.testing.assert_array_equal(trimmed.impulse_responses, expected.impulse_responses)
    assert savings == expected.savings


@pytest.mark.parametrize("shuffled", [True, False])
def test_both_stages_are_trimmed_within_their_budget(shuffled):
    bank = two_stage_design(2, shuffled, taps=120, behind=40)
    trimmed, savings = trim_bank(bank)
    two_stage, before = trimmed.two_stage, bank.two_stage.folded()
    stages = [(a, b) for a, b in zip(two_stage.equalisers, before.equalisers, strict=True) if a is not None]
    for rows in zip(two_stage.components, before.components, strict=True):
        stages += list(zip(*rows, strict=True))
    for made, wanted in stages:
        assert np.sum((made - wanted) ** 2) <= 10 ** (TRIM_BUDGET_DB / 10) * np.sum(wanted**2)
    assert trimmed.impulse_responses.shape == bank.impulse_responses.shape
    # Both budgets, and what one stage lost heard through the other: no more than twice either together.
    lost = np.sum((trimmed.impulse_responses - bank.impulse_responses) ** 2, axis=2)
    energy = np.sum(bank.impulse_responses**2, axis=2)
    assert 10 * np.log10((lost / energy).max()) < TRIM_BUDGET_DB + 12
    assert two_stage.references == before.references
    taps = [saving.taps for saving in savings]
    assert taps[-1] < taps[-2] < taps[0]
    firs = sum(path.any() for row in two_stage.components for path in row)
    assert savings[-1].firs == firs + sum(e is not None for e in two_stage.equalisers)


def test_an_equaliser_that_one_sum_hears_becomes_its_filter():
    bank = two_stage_design(3, shuffled=True)
    # side feeds the pair's difference alone.
    folded = bank.two_stage.folded()
    assert [equaliser is None for equaliser in folded.equalisers] == [False, True, True]
    np.testing.assert_array_equal(
        folded.split_responses(), bank.two_stage.split_responses()[:, :, : folded.split_responses().shape[2]]
    )
    trimmed, _ = trim_bank(bank)
    assert [equaliser is None for equaliser in trimmed.two_stage.equalisers] == [False, True, True]


def test_no_factors_are_left_where_nothing_is_shared():
    bank = two_stage_design(4, shuffled=True, equalised=(False, True, False))
    trimmed, _ = trim_bank(bank)
    assert trimmed.two_stage is None
    wanted = join(bank.two_stage.structure, bank.two_stage.split_responses())
    error = np.sum((trimmed.impulse_responses[:, :, : wanted.shape[2]] - wanted) ** 2, axis=2)
    assert (error <= 10 ** (TRIM_BUDGET_DB / 10) * np.sum(wanted**2, axis=2) * 2).all()


def test_folding_keeps_what_several_sums_hear():
    bank = two_stage_design(5, shuffled=False)
    folded = bank.two_stage.folded()
    assert isinstance(folded, TwoStageFilters)
    assert [equaliser is None for equaliser in folded.equalisers] == [False, False, True]
    np.testing.assert_array_equal(folded.split_responses(), bank.two_stage.split_responses())

"""Mirror images are found, save FIRs, and change nothing."""

import numpy as np
import pytest
from banks import mirror_bank, random_bank
from shipped import anechoic_design

from designer.evaluation.acoustic import acoustic_figures
from designer.filters.structure import SAME_FILTER, Group, Structure, find_structure, join, split
from designer.filters.trim import trim
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.layout.shipped import shipped_layouts
from designer.regression.compare_acoustics import compare_acoustics


def test_mirror_pair_and_driver_in_the_plane_are_found():
    bank, _ = mirror_bank(1, "q15")
    structure = find_structure(bank.impulse_responses)
    assert structure == Structure(True, (Group(0), Group(1, 2)))
    assert structure.sum_names(bank.driver_names) == ("front", "left+right", "left-right")
    components = split(structure, bank.impulse_responses)
    used = np.abs(components).max(axis=2) > 0
    # front: mid and centre; the pair: mid and centre in common, side as its difference: 5 FIRs instead of 9
    assert used.tolist() == [[True, False, True], [True, False, True], [False, True, False]]


def test_join_undoes_split():
    for make in (mirror_bank, random_bank):
        responses = make(2, "q15")[0].impulse_responses
        structure = find_structure(responses)
        np.testing.assert_allclose(
            join(structure, split(structure, responses)), responses, rtol=0, atol=4 * SAME_FILTER
        )


def test_filters_without_a_mirror_image_stay_as_they_are():
    responses = random_bank(3, "q15")[0].impulse_responses
    structure = find_structure(responses)
    assert not structure.shuffled
    np.testing.assert_array_equal(split(structure, responses), responses)


def test_a_difference_that_can_be_heard_of_is_no_mirror_image():
    responses = mirror_bank(4, "q15")[0].impulse_responses.copy()
    responses[2, 0, 7] += 2 * SAME_FILTER
    assert find_structure(responses).groups == (Group(0), Group(1), Group(2))


def test_every_driver_once():
    with pytest.raises(ValueError, match="every driver once"):
        Structure(True, (Group(0, 1), Group(1)))


def test_a_structure_knows_which_sums_make_which_driver():
    structure = Structure(True, (Group(0), Group(1, 3), Group(2)))
    assert structure.drivers == 4
    assert [structure.group_of(d) for d in range(4)] == [0, 1, 2, 1]
    assert [structure.drivers_of(k) for k in range(4)] == [(0,), (1, 3), (1, 3), (2,)]
    assert [structure.sign_of(k, 1) for k in structure.sums_of(1)] == [1, 1]
    assert [structure.sign_of(k, 3) for k in structure.sums_of(1)] == [1, -1]
    with pytest.raises(ValueError, match="driver 4: allowed are 0 to 3"):
        structure.group_of(4)


@pytest.mark.parametrize("name", sorted(shipped_layouts()))
def test_shipped_layouts_need_about_half_of_their_filters(name):
    result = anechoic_design(name)
    firs = sum(path.taps > 0 for row in result.fixed.paths for path in row)
    drivers = len(result.layout.drivers)
    assert result.fixed.structure.shuffled
    pairs = sum(group.minus is not None for group in result.fixed.structure.groups)
    assert firs == 3 * pairs + 2 * (drivers - 2 * pairs)
    taps = result.bank.impulse_responses.shape[2]
    error = dequantised_impulse_responses(result.fixed, taps) - result.bank.impulse_responses
    assert 10 * np.log10(np.sum(error**2) / np.sum(result.bank.impulse_responses**2)) < -70
    steps = result.savings
    equalisers = sum(equaliser is not None for equaliser in result.fixed.equalisers)
    staged = [firs + equalisers] if equalisers else []
    assert [saving.firs for saving in steps] == [3 * drivers, firs, *staged, firs + equalisers]
    assert steps[0].taps > steps[1].taps >= steps[-1].taps
    assert not equalisers or steps[1].taps > steps[2].taps >= steps[3].taps


@pytest.mark.parametrize("name", sorted(shipped_layouts()))
def test_no_acoustic_figure_hears_the_trim(name):
    result = anechoic_design(name)
    figures, expected = (acoustic_figures(result.layout, b.impulse_responses) for b in (result.bank, result.designed))
    assert [d.figure for d in compare_acoustics(figures, expected) if not d.passed] == []


def test_trimming_stays_within_its_budget_and_spends_it():
    rng = np.random.default_rng(5)
    responses = rng.standard_normal((2, 3, 200)) * np.exp(-np.abs(np.arange(200) - 80) / 6)
    for budget in (-40.0, -70.0):
        trimmed = trim(responses, trim_budget_db=budget).impulse_responses
        lost = 10 * np.log10(((trimmed - responses) ** 2).sum(axis=2) / (responses**2).sum(axis=2))
        assert (lost <= budget).all()
        # A tap more at either end would lose at least its neighbour's size, e**(1/3) or 1.4 dB more.
        assert (lost >= budget - 6).any()
        assert (np.count_nonzero(trimmed, axis=2) < 200).all()

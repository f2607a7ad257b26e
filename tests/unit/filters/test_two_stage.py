"""Two stages and their product are the same filters; what does not fit is refused."""

import numpy as np
import pytest

from designer.filters.bank import FilterBank
from designer.filters.structure import Group, Structure, join
from designer.filters.two_stage import TwoStageFilters

SHUFFLED = Structure(True, (Group(0), Group(1, 2)))
NAMES, INPUTS = ("front", "left", "right"), ("left", "right", "centre")


def two_stage(seed=1):
    rng = np.random.default_rng(seed)
    components = rng.standard_normal((3, 3, 6))
    components[0, 1] = components[2, 0] = components[2, 2] = 0
    # The reference of mid is the front driver, that of side the pair.
    components[0, 0] = components[2, 1] = np.eye(6)[2]
    return TwoStageFilters(SHUFFLED, (rng.standard_normal(10), rng.standard_normal(8), None), components)


def test_product_is_what_a_signal_meets_in_both_stages():
    two = two_stage()
    product = two.split_responses()
    assert product.shape == (3, 3, 15)
    signal = np.random.default_rng(2).standard_normal(40)
    for k in range(3):
        for b, equaliser in enumerate(two.equalisers):
            once = signal if equaliser is None else np.convolve(signal, equaliser)
            behind = np.convolve(once, two.components[k, b])
            np.testing.assert_allclose(np.convolve(signal, product[k, b])[: behind.size], behind, atol=1e-12)


def test_references_are_the_pure_delays():
    assert two_stage().references == (0, 2, None)


def test_a_bank_scales_both_forms_alike():
    two = two_stage()
    bank = FilterBank(join(SHUFFLED, two.split_responses()), NAMES, INPUTS, 48000, 4, two)
    scaled, gain_db = bank.normalised(0.5)
    np.testing.assert_allclose(join(SHUFFLED, scaled.two_stage.split_responses()), scaled.impulse_responses, atol=1e-15)
    assert gain_db < 0


def test_a_bank_refuses_stages_that_are_other_filters():
    two = two_stage()
    responses = join(SHUFFLED, two.split_responses())
    responses[0, 0, 3] += 1e-3
    with pytest.raises(ValueError, match="both stages together do not give"):
        FilterBank(responses, NAMES, INPUTS, 48000, 4, two)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": np.zeros((2, 3, 4))}, r"components \(2, 3, 4\)"),
        ({"equalisers": (np.ones(4),)}, "equalisers: 1"),
        ({"equalisers": (np.zeros(4), None, None)}, "bus 'mid'"),
        ({"equalisers": (np.array([1.0, np.nan]), None, None)}, "finite"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    two = two_stage()
    fields = {"equalisers": two.equalisers, "components": two.components} | change
    with pytest.raises(ValueError, match=message):
        TwoStageFilters(SHUFFLED, **fields)

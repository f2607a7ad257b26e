"""The relative-transfer-function form: within the budget of one stage, with fewer taps; or the reason why not."""

import numpy as np
import pytest
from anechoic import anechoic
from odd_layouts import LOPSIDED, ODD
from places import LAYOUTS

from designer.filters.fir import spectra
from designer.filters.fitting.design import bank_of, fit_filters
from designer.filters.fitting.error_budget import STEREO_ALLOWANCES, within_allowances
from designer.layout.load import load_layout, parse_layout


@pytest.fixture(scope="module")
def front3():
    layout = anechoic(load_layout(LAYOUTS / "front3.toml"))
    return layout, fit_filters(layout)


def test_two_stages_keep_the_budget_with_fewer_taps(front3):
    _, found = front3
    two = found.two_stage_stereo
    assert two is not None
    assert not found.why_direct
    assert within_allowances(two.losses, STEREO_ALLOWANCES)
    assert two.taps == 2 * two.equaliser_taps + two.relative_taps < two.direct_taps == 3 * found.stereo_taps


def test_losses_are_those_of_the_bank_that_is_built(front3):
    layout, found = front3
    bank, targets = bank_of(layout, found), found.fits.targets
    drive = spectra(bank.impulse_responses[:, :2], targets.omega)
    # The delay may be shorter than that of the centre; what is left of it lies ahead of the equalisers.
    again = targets.stereo_budget.losses(drive, found.delay)
    assert again == pytest.approx(found.two_stage_stereo.losses, rel=1e-6, abs=1e-6)


def test_reference_of_each_bus_is_a_pure_delay(front3):
    layout, found = front3
    two_stage = bank_of(layout, found).two_stage
    # Only one sum hears side: it has nothing to factor.
    assert [equaliser is None for equaliser in two_stage.equalisers] == [False, True, True]
    assert np.count_nonzero(two_stage.components[two_stage.references[0], 0]) == 1
    assert two_stage.components[two_stage.references[0], 0].max() == 1.0
    assert two_stage.references[1:] == (None, None)


def test_centre_stays_as_one_stage_gives_it(front3):
    layout, found = front3
    bank = bank_of(layout, found)
    own = found.filters[:, 2, : found.centre_taps]
    # Made exactly symmetric, which the beam's iteration is to 80 dB.
    np.testing.assert_allclose(bank.impulse_responses[:, 2, : own.shape[1]], own, atol=1e-4 * np.abs(own).max())
    assert not bank.impulse_responses[:, 2, own.shape[1] :].any()


def test_a_layout_without_mirror_image_is_in_two_stages_on_mid_and_side_too():
    layout = anechoic(parse_layout(ODD))
    found = fit_filters(layout)
    assert found.two_stage_stereo is not None
    two_stage = bank_of(layout, found).two_stage
    assert two_stage.structure.buses == ("mid", "side", "centre")
    assert all(group.minus is None for group in two_stage.structure.groups)
    assert [equaliser is None for equaliser in two_stage.equalisers] == [False, False, True]
    assert within_allowances(found.two_stage_stereo.losses, STEREO_ALLOWANCES)


@pytest.mark.parametrize(
    ("name", "filters", "reason"),
    [
        ("front3", 'form = "direct"', "filters.form = 'direct'"),
        ("front3", "taps = 128", "filters.taps = 128"),
        ("pair2", 'form = "rtf"', "each bus feeds one sum"),
        (None, 'form = "rtf"', "no equalisers of 112 to 160 taps keep the error budget"),
    ],
)
def test_one_stage_has_a_reason(name, filters, reason):
    text = (LAYOUTS / f"{name}.toml").read_text() if name else LOPSIDED
    layout = anechoic(parse_layout(f"{text}\n[filters]\n{filters}\n"))
    found = fit_filters(layout)
    assert found.two_stage_stereo is None
    assert reason in found.why_direct
    assert bank_of(layout, found).two_stage is None


@pytest.mark.parametrize("rate", [44100])
def test_two_stages_follow_the_sample_rate(rate):
    layout = anechoic(load_layout(LAYOUTS / "front3.toml")).model_copy(update={"sample_rate_hz": rate})
    found = fit_filters(layout)
    assert found.two_stage_stereo is not None
    assert found.two_stage_stereo.taps < found.two_stage_stereo.direct_taps

"""The factored form: a pure delay on the reference path, and the same filters where the factors exist."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from designer.filters.channels import design_channels
from designer.filters.fir import spectra
from designer.filters.lengths import LENGTHS
from designer.filters.rtf import RtfBank, factor_filters, rtf_losses
from designer.layout import load_layout


@pytest.fixture(scope="module")
def pair2():
    layout = load_layout(Path(__file__).parents[2] / "layouts" / "pair2.toml")
    return design_channels(layout, max(LENGTHS))


def test_reference_path_is_a_pure_delay_and_composition_is_the_product(pair2):
    bank = factor_filters(pair2, 96, 64, 40)
    composed = bank.impulse_responses()
    assert composed.shape == (2, 3, 96 + 64 - 1)
    assert bank.taps == 3 * 96 + 3 * 64
    for channel, (driver, delay) in enumerate(zip(bank.reference_drivers, bank.delays, strict=True)):
        np.testing.assert_array_equal(composed[driver, channel, delay : delay + 96], bank.equalisers[channel])
    # By symmetry of the layout, R is referred to the other driver than L.
    assert bank.reference_drivers[0] == 1 - bank.reference_drivers[1]


def test_factors_that_exist_are_found(pair2):
    # A response that is an equaliser times a delay and a weaker delay: one tap of each relative filter.
    omega = pair2.omega
    equaliser = np.array([0.2, 1.0, -0.5, 0.1])
    common = spectra(equaliser, omega) * np.exp(1j * omega)
    response = np.stack([common, -0.6 * common * np.exp(-3j * omega)], axis=1)
    known = replace(
        pair2,
        stereo=replace(pair2.stereo, response=np.stack([response, response[:, ::-1]], axis=2)),
        beam=replace(pair2.beam, weights=response),
    )
    bank = factor_filters(known, 16, 16, 8)
    drive = spectra(bank.impulse_responses(), omega) * np.exp(8j * omega)[:, None, None]
    heard = omega < 2 * np.pi * 16000 / 48000
    np.testing.assert_allclose(drive[heard, :, 0], response[heard], atol=1e-3)


def test_losses_are_those_of_the_error_budget(pair2):
    stereo, centre = rtf_losses(pair2, factor_filters(pair2, 96, 96, 48), 48)
    # What the module states: within 2.1 dB of the gain, and inaudible in timbre.
    assert stereo["cancellation_gain_db"] < 2.1
    assert stereo["timbre_db"] < 0.5
    assert centre["on_axis_db"] < 0.5


def test_a_reference_that_is_filtered_is_refused():
    relative = np.zeros((2, 1, 4))
    relative[0, 0, 1] = 0.9
    with pytest.raises(ValueError, match="no pure delay"):
        RtfBank(np.ones((1, 8)), relative, np.array([0]), np.array([1]))

"""The lobe is checked on the grid of the report, and made more even where the grid of the design hid ripple."""

import numpy as np
import pytest
from anechoic import anechoic
from places import LAYOUTS

from designer.acoustics.model import circle_points_m, field_plant
from designer.filters.fir import spectra
from designer.filters.fitting.length_search import ChannelFits
from designer.filters.fitting.lobe_check import evened
from designer.filters.fitting.targets import design_channel_targets
from designer.layout.load import load_layout

TAPS = 136
CENTRES_HZ = 10 ** (np.arange(26, 36) / 10)


def fitted(name, **beamformer):
    layout = anechoic(load_layout(LAYOUTS / f"{name}.toml"))
    layout = layout.model_copy(update={"beamformer": layout.beamformer.model_copy(update=beamformer)})
    fits = ChannelFits.up_to(design_channel_targets(layout, TAPS), TAPS)
    return layout, fits.at(TAPS, TAPS, fits.best_delay(TAPS, TAPS))


def ripple_db(layout, found):
    """Ripple on a grid of 1° in each third octave, from lines that are not those of the design."""
    lines_hz = CENTRES_HZ[:, None] * 10 ** ((np.arange(24) + 0.5) / 240 - 0.05)
    field = field_plant(layout, lines_hz.ravel(), circle_points_m(layout, np.arange(-45.0, 46.0))).transfer
    drive = spectra(found.filters[:, 2], 2 * np.pi * lines_hz.ravel() / layout.sample_rate_hz)
    power = np.abs((field @ drive[..., None])[..., 0]) ** 2
    return np.ptp(10 * np.log10((power / power[:, 45:46]).reshape(10, 24, 91).mean(axis=1)), axis=1)


@pytest.fixture(scope="module")
def bar6():
    layout, found = fitted("bar6")
    return layout, found, evened(found)


def test_ripple_between_the_azimuths_of_the_design_is_reduced(bar6):
    layout, found, checked = bar6
    before, after = ripple_db(layout, found), ripple_db(layout, checked)
    asked = layout.beamformer.lobe_ripple_db
    assert np.maximum(after - asked, 0).sum() < np.maximum(before - asked, 0).sum() - 0.5
    # No band that keeps its bound loses it.
    assert (after[before <= asked] <= asked + 0.1).all()


def test_all_else_stays(bar6):
    _, found, checked = bar6
    assert (checked.filters[:, :2] == found.filters[:, :2]).all()
    assert checked.filters.shape == found.filters.shape
    assert checked.stereo_losses == found.stereo_losses
    drive = spectra(checked.filters[:, 2], checked.fits.targets.omega)
    assert checked.centre_losses == checked.fits.targets.centre_budget.losses(drive, checked.delay)
    # A symmetric loudspeaker keeps symmetric filters.
    np.testing.assert_allclose(checked.filters[:, 2], checked.filters[::-1, 2], atol=1e-9)


def test_a_lobe_without_hidden_ripple_is_left_as_it_is():
    _, found = fitted("front3")
    assert evened(found) is found


def test_ripple_within_the_bound_is_left_as_it_is():
    _, found = fitted("bar6", lobe_ripple_db=20.0)
    assert evened(found) is found

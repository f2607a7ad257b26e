"""How even the lobe is, against levels that are computed once more on a grid of its own, degree by degree."""

import numpy as np
import pytest
from places import LAYOUTS

from designer.acoustics.model import circle_points_m, field_plant
from designer.evaluation.directivity import evaluate_directivity
from designer.evaluation.plant import EvaluationPlant
from designer.evaluation.room import RoomPlant
from designer.filters.fitting.design import design_filters
from designer.layout.load import load_layout

BANDS = range(6, 16)  # 398 Hz … 3162 Hz, wholly within the beam's band


@pytest.fixture(scope="module")
def bar6():
    layout = load_layout(LAYOUTS / "bar6.toml")
    h = design_filters(layout).impulse_responses
    figures = evaluate_directivity(layout, h, EvaluationPlant.for_layout(layout), RoomPlant(layout))
    return layout, h, figures.lobe


def levels(layout, h, lines_per_band):
    """Powers relative to the axis: band, line, degree."""
    lines = np.arange(23 * lines_per_band)
    f = 100.0 * 10 ** ((lines + 0.5) / (10 * lines_per_band) - 0.05)
    azimuths = np.arange(-45.0, 46.0)
    drive = np.exp(-2j * np.pi * f[:, None] / 48000 * np.arange(h.shape[2])) @ h[:, 2].T
    field = field_plant(layout, f, circle_points_m(layout, azimuths)).transfer
    power = np.abs(np.einsum("fad,fd->fa", field, drive)) ** 2
    return (power / power[:, 45:46]).reshape(23, lines_per_band, 91)


def test_ripple_in_third_octaves_and_in_twelfths(bar6):
    layout, h, lobe = bar6
    power = levels(layout, h, 48)
    for band in BANDS:
        third = np.ptp(10 * np.log10(power[band].mean(axis=0)))
        twelfths = np.ptp(10 * np.log10(power[band].reshape(4, 12, 91).mean(axis=1)), axis=1)
        assert lobe.ripple_db[band] == pytest.approx(third, abs=0.1)
        # Three lines in a twelfth of an octave, where a dip of 20 dB is one of a few lines.
        assert lobe.twelfth_ripple_db[band] == pytest.approx(twelfths.max(), abs=0.2 + 0.03 * twelfths.max())
    used = slice(BANDS.start, BANDS.stop)
    assert lobe.worst_ripple_db == max(lobe.ripple_db[used])
    assert lobe.worst_twelfth_ripple_db == max(lobe.twelfth_ripple_db[used])
    # What third octaves hide.
    assert lobe.worst_twelfth_ripple_db > lobe.worst_ripple_db + 5


def test_dips_of_single_lines(bar6):
    layout, h, lobe = bar6
    places = 10 * np.log10(levels(layout, h, 12)).reshape(23, -1)
    for band in BANDS:
        assert lobe.least_level_db[band] == pytest.approx(places[band].min(), abs=0.01)
        assert np.mean(places[band] < lobe.first_percentile_db[band]) == pytest.approx(0.01, abs=0.001)
    within = places[BANDS.start : BANDS.stop]
    assert lobe.overall_least_level_db == pytest.approx(within.min(), abs=0.01)
    assert np.mean(within < lobe.overall_first_percentile_db) == pytest.approx(0.01, abs=0.0002)
    # The mean hides dips of more than 30 dB.
    assert lobe.overall_least_level_db < -30


def test_one_driver_has_an_even_lobe_in_any_band():
    layout = load_layout(LAYOUTS / "bar6.toml")
    h = np.zeros((6, 3, 16))
    h[2, 2, 3] = 1.0
    lobe = evaluate_directivity(layout, h, EvaluationPlant.for_layout(layout), RoomPlant(layout)).lobe
    # 4.5 cm off the centre of a circle of 2 m, and a piston of 5 cm: 1.5 dB at 3 kHz.
    assert max(lobe.twelfth_ripple_db[6:16]) == pytest.approx(max(lobe.ripple_db[6:16]), abs=0.3)
    assert lobe.overall_least_level_db > -2

"""The centre's filters as they are refined: nearer to the front at no cost to what else is budgeted."""

import numpy as np
import pytest
from anechoic import anechoic
from places import LAYOUTS

from designer.filters.beam.levels import symmetric_basis
from designer.filters.fir import spectra
from designer.filters.fitting.centre_refinement import _refinement, refined_centre
from designer.filters.fitting.error_budget import ThirdOctaves
from designer.filters.fitting.length_search import ChannelFits
from designer.filters.fitting.targets import design_channel_targets
from designer.layout.load import load_layout

TAPS = 128


def fitted(name, **beamformer):
    layout = anechoic(load_layout(LAYOUTS / f"{name}.toml"))
    layout = layout.model_copy(update={"beamformer": layout.beamformer.model_copy(update=beamformer)})
    targets = design_channel_targets(layout, TAPS)
    fits = ChannelFits.up_to(targets, TAPS)
    delay = fits.best_delay(TAPS, TAPS)
    return fits.targets, fits.centre(TAPS, delay), delay


def figures(targets, filters):
    """Ripple and level of the loudest null in the bands within the beam's band, dB."""
    drive = spectra(filters, targets.omega)
    bands = ThirdOctaves.over(targets.frequencies_hz)
    rows = bands.lines[bands.inside(targets.layout.beamformer.band_hz)]
    axis = np.sum(targets.beam.axis * drive, axis=1)
    lobe, nulls = (
        10 * np.log10(rows @ np.abs((at @ drive[..., None])[..., 0] / axis[:, None]) ** 2)
        for at in (targets.beam.lobe, targets.beam.nulls)
    )
    return np.ptp(lobe, axis=1), nulls


@pytest.fixture(scope="module")
def bar6():
    targets, centre, delay = fitted("bar6")
    return targets, centre, refined_centre(targets, centre, delay, 16), delay


def test_refined_filters_are_evener_or_quieter(bar6):
    targets, before, after, _ = bar6
    (ripple, nulls), (refined, quieted) = figures(targets, before), figures(targets, after)
    asked = targets.layout.beamformer
    # Each band pays for the other's gain in what is not asked of it, never in what is.
    assert refined.sum() < ripple.sum()
    assert quieted.max() <= max(-asked.null_depth_db, nulls.max()) + 0.1


def test_refined_filters_keep_what_they_are_anchored_to(bar6):
    targets, before, after, delay = bar6
    losses = targets.centre_budget.losses(spectra(after, targets.omega), delay)
    fitted_losses = targets.centre_budget.losses(spectra(before, targets.omega), delay)
    assert losses["on_axis_db"] < 0.1
    assert losses["group_delay_samples"] <= max(0.1, fitted_losses["group_delay_samples"])
    assert losses["pre_ringing_db"] < -30.3
    assert losses["white_noise_gain_db"] < 0.1


def test_symmetric_loudspeaker_keeps_mirrored_filters(bar6):
    _, _, after, _ = bar6
    np.testing.assert_array_equal(after, after[::-1])


def test_further_rounds_do_no_harm(bar6):
    targets, _, after, delay = bar6
    again = refined_centre(targets, after, delay, 4)
    assert figures(targets, again)[0].sum() < figures(targets, after)[0].sum() + 0.5


def test_random_starts_end_no_better(bar6):
    """The front is not missed for want of a start: drives that begin anywhere within the beam's upper band."""
    targets, before, after, delay = bar6
    basis = symmetric_basis(targets.beam.matching.mirror, before.shape[0])
    begin = (basis.T @ before).T.ravel()
    task = _refinement(targets, basis, begin, TAPS, delay)
    reached = task.cost((basis.T @ after).T.ravel())
    generator = np.random.default_rng(1)
    frequencies = np.fft.rfftfreq(1024, 1 / targets.layout.sample_rate_hz)
    band = (frequencies > 1500) & (frequencies < 4000)
    for size in (0.3, 0.6, 1.2):
        spectrum = np.fft.rfft(generator.standard_normal((TAPS, basis.shape[1])), 1024, axis=0) * band[:, None]
        aside = (np.fft.irfft(spectrum, axis=0)[:TAPS] * np.hanning(TAPS)[:, None]).ravel()
        start = begin + size * aside * np.linalg.norm(begin) / np.linalg.norm(aside)
        assert task.cost(start) > 2 * reached
        # In the sum over twelve bands: less than a tenth of a decibel for each.
        assert task.cost(task.improve(start, 16)) > reached - 1.0


def test_levels_over_azimuth_are_kept_to():
    shape = (-12.0, -20.0)
    targets, before, delay = fitted("cross4", null_azimuths_deg=(90.0, -120.0), null_levels_db=shape)
    after = refined_centre(targets, before, delay, 6)
    missed = [np.abs(figures(targets, filters)[1] - shape).max(axis=1).sum() for filters in (before, after)]
    assert missed[1] <= missed[0] + 0.1

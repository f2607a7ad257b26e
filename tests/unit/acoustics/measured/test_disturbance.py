"""Noise, reflections, reverberant tails and clock drift: estimated, kept out of the design, and told."""

import re

import numpy as np
import pytest
from measurements import RATE, grid
from true_drivers import LAYOUT, impulses, measured_layout

from designer.acoustics.model import circle_points_m, field_plant, measured_drivers
from designer.errors import MeasurementWarning

LINES = np.geomspace(300, 8000, 24)


def error_db(layout):
    """Error of the measured field against the true one around the cabinet, relative to its loudest direction."""
    points = circle_points_m(LAYOUT, np.arange(-172.5, 180, 15.0))
    truth = field_plant(LAYOUT, LINES, points).transfer
    found = field_plant(layout, LINES, points).transfer
    # The set as a whole has one delay and one level, which no null depends on.
    turn = np.sum(found * truth.conj(), axis=(1, 2), keepdims=True)
    found = found * np.exp(-1j * np.angle(turn))
    return float(20 * np.log10((np.abs(found - truth).max(axis=1) / np.abs(truth).max(axis=1)).max()))


def test_noise_is_estimated_and_averages_out(tmp_path):
    rng = np.random.default_rng(5)
    level = 0.01 * np.abs(impulses(0, grid(10.0))).max()
    added = {}

    def disturb(driver, data):
        added[driver] = level * rng.standard_normal(data.shape)
        return data + added[driver]

    layout = measured_layout(tmp_path, disturb, taps=2048)
    with pytest.warns(MeasurementWarning, match="noise within the window is") as told:
        found = measured_drivers(layout)
    assert len(told) == 5
    for index, each in enumerate(found):
        energy = np.mean(np.sum(impulses(index, grid(10.0)) ** 2, axis=1))
        # What the window of each response keeps of the noise, but for the fade.
        samples = each.data.responses.shape[2]
        noise_db = 10 * np.log10(level**2 * samples / (energy + level**2 * samples))
        assert each.noise_db == pytest.approx(noise_db, abs=1.5)
    # A single direction would have the noise whole.
    assert error_db(layout) < noise_db - 10


def test_a_reflection_ends_the_window(tmp_path):
    def disturb(driver, data):
        return data + 0.3 * np.roll(data, int(0.005 * RATE), axis=1)

    layout = measured_layout(tmp_path, disturb, taps=2048)
    with pytest.warns(
        MeasurementWarning, match=r"a reflection, or reverberation, of -\d+ dB arrives [45]\.\d ms after"
    ) as told:
        found = measured_drivers(layout)
    assert len(told) == 5
    assert all(1 / 0.005 < each.from_hz < 1 / 0.004 for each in found)
    assert error_db(layout) < -35


def test_a_reverberant_tail_is_told(tmp_path):
    rng = np.random.default_rng(6)
    # It begins with the direct sound, so that nothing of it rises as a reflection does.
    time = np.arange(8192) - 430
    shape = np.where(time > 0, 10 ** (-3 * time / (0.3 * RATE)), 0)

    def disturb(driver, data):
        tail = shape * rng.standard_normal(data.shape)
        level = np.sum(data**2, axis=1).mean() / np.sum(tail**2, axis=1).mean()
        return data + tail * np.sqrt(0.1 * level)

    layout = measured_layout(tmp_path, disturb, taps=8192)
    with pytest.warns(MeasurementWarning, match=r"a reverberant tail of -\d+ dB follows the window of 8\.0 ms"):
        measured_drivers(layout)
    assert error_db(layout) < -30


@pytest.mark.parametrize("drift_us", [100, -40])
def test_clock_drift_is_found_taken_out_and_told(tmp_path, drift_us):
    def disturb(driver, data):
        late = 1e-6 * drift_us * np.arange(len(data)) / (len(data) - 1)
        lines = np.fft.rfftfreq(data.shape[1], 1 / RATE)
        return np.fft.irfft(np.fft.rfft(data, axis=1) * np.exp(-2j * np.pi * lines * late[:, None]), data.shape[1])

    layout = measured_layout(tmp_path, disturb)
    with pytest.warns(
        MeasurementWarning, match=rf"the clock drifts by {re.escape(format(drift_us, '+d'))} µs over the set"
    ) as told:
        found = measured_drivers(layout)
    assert len(told) == 5
    assert [each.drift_s for each in found] == pytest.approx([1e-6 * drift_us] * 5, abs=2e-6)
    assert error_db(layout) < -40


def test_a_cabinet_beside_the_turntables_axis_is_no_drift(tmp_path):
    angles = grid(10.0)

    def disturb(driver, data):
        # The cabinet stands 3 cm too high: what arrives earlier grows with elevation, as the order of the grid does.
        late = -0.03 * np.sin(np.deg2rad(angles[:, 1])) / 343
        lines = np.fft.rfftfreq(data.shape[1], 1 / RATE)
        return np.fft.irfft(np.fft.rfft(data, axis=1) * np.exp(-2j * np.pi * lines * late[:, None]), data.shape[1])

    with pytest.warns(MeasurementWarning, match=r"sounds as from a place 3\.0 cm above the one in the layout") as told:
        found = measured_drivers(measured_layout(tmp_path, disturb))
    assert all(each.drift_s == 0 for each in found)
    assert len(told) == len(found)


def test_directions_that_are_all_turned_are_told(tmp_path):
    """By 10°, a driver on a sphere of 8.75 cm has moved by 1.5 cm, and the nulls of the design are gone."""
    angles = grid(20.0)
    turned = angles + np.array([10.0, 0.0])
    layout = measured_layout(tmp_path, lambda driver, data: impulses(driver, turned), angles_deg=angles)
    with pytest.warns(
        MeasurementWarning, match=r"from a place 1\.\d cm .* the one in the layout: check its angles"
    ) as told:
        measured_drivers(layout)
    assert len(told) == 5


@pytest.mark.parametrize(
    ("late_us", "louder_db", "message"),
    [
        (40.0, 0.0, r"arrivals scatter by (3\d|4\d|5\d) µs between neighbouring directions"),
        (0.0, 1.5, r"levels scatter by (1\.[1-9]|2\.0) dB between neighbouring directions up to 2000 Hz"),
    ],
)
def test_directions_that_do_not_match_each_other_are_told(tmp_path, late_us, louder_db, message):
    rng = np.random.default_rng(4)

    def disturb(driver, data):
        late = 1e-6 * late_us * rng.standard_normal(len(data))
        lines = np.fft.rfftfreq(data.shape[1], 1 / RATE)
        moved = np.fft.rfft(data, axis=1) * np.exp(-2j * np.pi * lines * late[:, None])
        gains = 10 ** (louder_db * rng.standard_normal(len(data)) / 20)
        return gains[:, None] * np.fft.irfft(moved, data.shape[1])

    with pytest.warns(MeasurementWarning, match=message) as told:
        measured_drivers(measured_layout(tmp_path, disturb, angles_deg=grid(20.0)))
    assert len(told) == 5


def test_clean_sets_are_used_as_they_are_without_a_word(tmp_path, recwarn):
    layout = measured_layout(tmp_path)
    found = measured_drivers(layout)
    assert not [each for each in recwarn if issubclass(each.category, MeasurementWarning)]
    assert all(each.from_hz == 0 and each.drift_s == 0 for each in found)
    assert error_db(layout) < -50

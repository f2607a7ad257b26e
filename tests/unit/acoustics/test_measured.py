"""Measured drivers: a measurement of the model must give back the model, mirrored the right way."""

import numpy as np
import pytest
from measurements import SPEED, grid, places_m, responses, write_directivity, write_folder, write_general

from designer.acoustics.measured.response_set import ResponseSet
from designer.acoustics.measured.window import direct_sound
from designer.acoustics.model import cabinet_centre_m, circle_points_m, ear_plant, field_plant
from designer.acoustics.poses import HeadPoses
from designer.errors import LayoutError
from designer.layout.sections import Measured
from designer.layout.shipped import find_layout

FREQUENCIES = np.geomspace(200.0, 8000.0, 40)
WRITERS = {"tf.sofa": write_directivity, "fir.sofa": write_general, "folder": write_folder}


def with_measured(layout, path, index=1, **keys):
    drivers = list(layout.drivers)
    drivers[index] = drivers[index].model_copy(update={"measured": Measured(file=str(path), **keys)})
    return layout.model_copy(update={"drivers": tuple(drivers)})


def field_of(layout, index):
    centre = cabinet_centre_m(layout)
    return lambda frequencies, relative: field_plant(layout, frequencies, centre + relative).transfer[:, :, index]


@pytest.fixture(scope="module")
def layout():
    return find_layout("front3")


@pytest.mark.parametrize("kind", sorted(WRITERS))
def test_measuring_the_model_gives_the_model(kind, layout, tmp_path):
    angles = grid(10.0)
    distances = np.linspace(1.5, 2.5, len(angles))
    WRITERS[kind](tmp_path / kind, angles, distances, responses(field_of(layout, 1), angles, distances))
    measured = with_measured(layout, tmp_path / kind, window_ms=15.0)
    points = circle_points_m(layout, np.arange(-175.0, 176.0, 12.5))
    expected = field_plant(layout, FREQUENCIES, points).transfer
    found = field_plant(measured, FREQUENCIES, points).transfer
    # A 10° grid leaves at most 5° to bridge; below 8 kHz the pattern of a 2.5 cm cap has lobes of 40° and more, so
    # that bridging errs by a few per cent of the loudest direction.
    error = np.abs(found[:, :, 1] - expected[:, :, 1]).max(axis=1) / np.abs(expected[:, :, 1]).max(axis=1)
    assert error.max() < 0.08
    assert np.array_equal(found[:, :, [0, 2]], expected[:, :, [0, 2]])


def test_a_sources_own_left_is_the_listeners_right(layout, tmp_path):
    # A source that is loud on its own left only: +90° in its own view.
    angles = grid(15.0)
    loud = 1 + 0.95 * (places_m(angles, np.ones(len(angles))) @ np.array([0.0, 1.0, 0.0]))
    impulses = loud[:, None] * np.eye(1, 256, 100)
    write_directivity(tmp_path / "one-sided.sofa", angles, 1.0, impulses)
    measured = with_measured(layout, tmp_path / "one-sided.sofa")
    points = circle_points_m(layout, np.array([90.0, -90.0]))
    assert points[0, 1] > 0 > points[1, 1]
    left, right = np.abs(field_plant(measured, FREQUENCIES, points).transfer[:, :, 1]).mean(axis=0)
    assert right > 10 * left


def test_ears_hear_the_measured_driver_as_they_hear_the_model(layout, tmp_path):
    angles = grid(10.0)
    write_general(tmp_path / "fir.sofa", angles, 2.0, responses(field_of(layout, 1), angles, 2.0))
    measured = with_measured(layout, tmp_path / "fir.sofa", window_ms=15.0)
    heads = HeadPoses.nominal()
    expected = ear_plant(layout, FREQUENCIES, heads).transfer
    found = ear_plant(measured, FREQUENCIES, heads).transfer
    assert np.abs(found / expected - 1)[:, :, 1].max() < 0.1


def test_baffle_drivers_can_be_measured_too(tmp_path):
    layout = find_layout("bar6")
    angles = grid(5.0, lambda p: (p[0] <= 80 or p[0] >= 280) and abs(p[1]) <= 40)
    write_general(tmp_path / "fir.sofa", angles, 2.0, responses(field_of(layout, 0), angles, 2.0))
    measured = with_measured(layout, tmp_path / "fir.sofa", index=0, window_ms=15.0)
    heads = HeadPoses.nominal()
    low = FREQUENCIES[FREQUENCIES < 4000]
    expected = ear_plant(layout, low, heads).transfer
    found = ear_plant(measured, low, heads).transfer
    assert np.array_equal(found[:, :, 1:], expected[:, :, 1:])
    # A driver 22 cm aside is heard 6.4° from the middle: 30 µs between the ears that its own place has to give.
    # What is left is what bridging a 5° grid errs by, as for the field itself.
    assert np.abs(found[:, :, 0] / expected[:, :, 0] - 1).max() < 0.08
    between = np.angle(found[:, 0, 0] * found[:, 1, 0].conj() * (expected[:, 0, 0] * expected[:, 1, 0].conj()).conj())
    assert np.abs(between / (2 * np.pi * low)).max() < 5e-6


def test_below_its_band_the_model_takes_over(layout, tmp_path):
    angles = grid(15.0)
    write_general(tmp_path / "fir.sofa", angles, 2.0, responses(field_of(layout, 0), angles, 2.0))
    measured = with_measured(layout, tmp_path / "fir.sofa", from_hz=800.0)
    points = circle_points_m(layout, np.array([0.0, 60.0]))
    low, high = np.geomspace(100, 400, 5), np.geomspace(800, 4000, 5)
    model = field_plant(layout, low, points).transfer
    assert np.allclose(field_plant(measured, low, points).transfer, model, rtol=1e-12)
    assert not np.allclose(field_plant(measured, high, points).transfer, field_plant(layout, high, points).transfer)


def test_a_gap_is_refused_or_completed(layout, tmp_path):
    angles = grid(10.0, lambda p: p[0] <= 60 or p[0] >= 300)
    write_general(tmp_path / "front.sofa", angles, 2.0, responses(field_of(layout, 1), angles, 2.0))
    points = circle_points_m(layout, np.array([0.0, 180.0]))
    with pytest.raises(LayoutError, match=r"driver 'left', measured: nothing within 25° of azimuth .*180"):
        field_plant(with_measured(layout, tmp_path / "front.sofa"), FREQUENCIES, points)
    completed = field_plant(with_measured(layout, tmp_path / "front.sofa", complete=True), FREQUENCIES, points)
    behind = field_plant(layout, FREQUENCIES, points).transfer[:, 1, 1]
    # The model has the driver's own response: 1, but for the window, which cuts the last part of a cap's decay.
    assert np.allclose(completed.transfer[:, 1, 1], behind, rtol=1e-3)


def test_gain_is_beyond_the_models_level(layout, tmp_path):
    angles = grid(15.0)
    write_general(tmp_path / "fir.sofa", angles, 2.0, responses(field_of(layout, 1), angles, 2.0, gain=123.0))
    points = circle_points_m(layout, np.array([20.0]))
    plain, louder = (
        field_plant(with_measured(layout, tmp_path / "fir.sofa", gain_db=g), FREQUENCIES, points).transfer
        for g in (0.0, 6.0)
    )
    assert np.allclose(np.abs(louder / plain)[:, :, 1], 10 ** (6 / 20))
    mean = np.abs(plain[:, 0, 1]).mean() / np.abs(field_plant(layout, FREQUENCIES, points).transfer[:, 0, 1]).mean()
    assert abs(20 * np.log10(mean)) < 1


def break_nan(path):
    angles, impulses = grid(30.0), np.tile(np.eye(1, 64, 9), (len(grid(30.0)), 1))
    impulses[3, 5] = np.nan
    write_general(path, angles, 1.0, impulses)


def break_silent(path):
    angles, impulses = grid(30.0), np.tile(np.eye(1, 64, 9), (len(grid(30.0)), 1))
    impulses[4] = 0
    write_general(path, angles, 1.0, impulses)


def break_double(path):
    angles = grid(30.0)
    angles[5] = angles[4]
    impulses = np.tile(np.eye(1, 64, 9), (len(angles), 1))
    impulses[5] = np.roll(impulses[4], 3)
    write_general(path, angles, 1.0, impulses)


@pytest.mark.parametrize(
    ("breaking", "message"),
    [
        (break_nan, "not finite"),
        (break_silent, "measurement 4 is silent"),
        (break_double, "measurements 4 and 5 have the same direction, but differ"),
        (lambda path: path.write_bytes(b"no SOFA at all"), "cannot be read as SOFA"),
        (lambda path: None, "no such file or folder"),
    ],
)
def test_a_broken_file_is_refused_with_its_reason(breaking, message, layout, tmp_path):
    path = tmp_path / "broken.sofa"
    breaking(path)
    with pytest.raises(LayoutError, match=message):
        field_plant(with_measured(layout, path), FREQUENCIES, circle_points_m(layout, np.zeros(1)))


def test_a_broken_folder_is_refused_with_its_reason(layout, tmp_path):
    def refused(message):
        with pytest.raises(LayoutError, match=message):
            field_plant(with_measured(layout, tmp_path / "set"), FREQUENCIES, circle_points_m(layout, np.zeros(1)))

    write_folder(tmp_path / "set", grid(30.0), 1.0, np.tile(np.eye(1, 64, 9), (len(grid(30.0)), 1)))
    table = tmp_path / "set" / "angles.csv"
    text = table.read_text()
    table.write_text(text.replace("0003.wav", "lost.wav"))
    refused(r"line 5: 'lost\.wav' cannot be read as audio")
    table.write_text(text.replace("azimuth_deg", "angle"))
    refused("columns file, azimuth_deg")
    table.write_text(text.replace("0003.wav,", "0003.wav,east"))
    refused("line 5: not a number")
    table.unlink()
    refused("needs a table")


def test_windowing_keeps_the_direct_sound():
    rate = 48000
    impulses = np.zeros((2, 4800))
    impulses[0, 1000], impulses[1, 1020] = 1.0, 0.5
    impulses[:, 2500] = 0.8  # a wall
    places = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    kept = direct_sound(ResponseSet(places, impulses[:, None], np.zeros((2, 1)), rate), 0.008, SPEED).responses
    assert kept.shape[1] < 1000
    assert sorted(np.abs(kept).max(axis=1)) == [0.5, 1.0]
    assert np.count_nonzero(kept) == 2


def test_speed_of_sound_of_the_test_is_the_layouts(layout):
    assert layout.speed_of_sound_m_per_s == SPEED

"""Acceptance on a synthetic truth: a design from measured drivers cancels what it claims, never less than without."""

import numpy as np
import pytest
from anechoic import anechoic
from measurements import grid, places_m
from sofa_files import fir, spectra, write_sofa
from true_drivers import DELAYS_S, GAINS_DB, LAYOUT, impulses, measured_layout, null_gains_db

from designer.acoustics.model import circle_points_m, field_plant, measured_drivers
from designer.errors import LayoutError, MeasurementWarning
from designer.layout.load import parse_layout
from designer.layout.sections import Measured, MeasuredSets


def noise(level):
    """Add noise of a standard deviation relative to the largest sample of the driver's set."""
    rng = np.random.default_rng(11)
    return lambda driver, data: data + level * np.abs(data).max() * rng.standard_normal(data.shape)


EVERYTHING = {"delays": True, "gains": True, "resonances": True, "polarity": True}
TRUTHS = {
    "ideal": ({}, 0.0),
    "delays": ({"delays": True}, 0.0),
    "gains": ({"gains": True}, 0.0),
    "resonances": ({"resonances": True}, 0.0),
    "polarity": ({"polarity": True}, 0.0),
    "noise": ({}, 0.003),
    "all with noise": (EVERYTHING, 0.003),
    "all with more noise": (EVERYTHING, 0.01),
}


@pytest.mark.filterwarnings("ignore::designer.errors.MeasurementWarning")
@pytest.mark.parametrize("name", TRUTHS)
def test_the_true_null_gain_is_what_the_design_claims_and_not_below_the_bare_models(name, tmp_path):
    what, level = TRUTHS[name]
    layout = measured_layout(tmp_path, noise(level) if level else lambda driver, data: data, **what)
    # Nulls are those of a design without a room.
    claimed, true, bare = null_gains_db(anechoic(layout), **what)
    assert np.abs(true - claimed).max() < 1.0
    # What noise costs where the bare model is right already; without noise it is nothing.
    assert np.all(true > bare - (0.3 if level else 0.05))
    assert np.all(claimed > [5.5, 12.0, 12.5])


@pytest.mark.filterwarnings("ignore::designer.errors.MeasurementWarning")
@pytest.mark.parametrize("what", [{}, {"gains": True, "resonances": True}], ids=["ideal", "gains and resonances"])
def test_magnitudes_alone_are_not_worse_than_the_bare_model(tmp_path, what):
    angles = grid(10.0)
    lines = np.fft.rfftfreq(1024, 1 / 48000)[1:]
    drivers = []
    for index, driver in enumerate(LAYOUT.drivers):
        values = np.abs(np.fft.rfft(impulses(index, angles, **what), axis=1))[:, 1:]
        at = places_m(angles, np.full(len(angles), 2.0))
        write_sofa(tmp_path / f"{index}.sofa", "FreeFieldDirectivityTF", "TF", spectra(values[None], lines, at))
        drivers.append(driver.model_copy(update={"measured": Measured(file=str(tmp_path / f"{index}.sofa"))}))
    layout = LAYOUT.model_copy(update={"drivers": tuple(drivers)})
    assert all("it is the model's" in each.notes[-1] for each in measured_drivers(layout))
    claimed, true, bare = null_gains_db(anechoic(layout), **what)
    assert np.abs(true - claimed).max() < 1.0
    assert np.all(true > bare - 0.05)


def test_relative_delay_and_level_of_a_set_are_kept(tmp_path):
    found = measured_drivers(measured_layout(tmp_path, delays=True, gains=True))
    delays = np.array([each.alignment.own_delay_s for each in found])
    gains = np.array([20 * np.log10(each.alignment.own_gain) for each in found])
    assert np.abs(delays - (np.array(DELAYS_S) - np.median(DELAYS_S))).max() < 1e-6
    assert np.abs(gains - (np.array(GAINS_DB) - np.median(GAINS_DB))).max() < 0.05
    assert not any(each.warnings for each in found)


@pytest.mark.parametrize("where", ["driver", "set"])
def test_align_model_discards_them_and_says_what(tmp_path, where):
    layout = measured_layout(tmp_path, delays=True, gains=True)
    if where == "set":
        layout = layout.model_copy(update={"measured": MeasuredSets(align="model")})
        aligned = range(5)
    else:
        driver = layout.drivers[1]
        driver = driver.model_copy(update={"measured": driver.measured.model_copy(update={"align": "model"})})
        layout = layout.model_copy(update={"drivers": (layout.drivers[0], driver, *layout.drivers[2:])})
        aligned = [1]
    # Of its set without the second driver, the median is another.
    over = {"driver": r"\+8[23] µs and \+4\.0 dB", "set": r"\+60 µs and \+3\.0 dB"}[where]
    with pytest.warns(MeasurementWarning, match=rf"'left', measured: align = 'model' discards .*{over}"):
        found = measured_drivers(layout)
    for index in aligned:
        assert found[index].alignment.own_delay_s == 0
        assert found[index].alignment.own_gain == pytest.approx(1)
    for index in set(range(5)) - set(aligned):
        assert found[index].alignment.own_delay_s == pytest.approx(DELAYS_S[index] + 22.5e-6, abs=1e-6)


def test_resonances_do_not_move_the_delay_that_align_model_sets(tmp_path):
    with pytest.warns(MeasurementWarning):
        found = measured_drivers(measured_layout(tmp_path, keys={"align": "model"}, resonances=True))
    late = np.array([each.alignment.delay_s for each in found])
    # Phase alone would move it by hundreds of microseconds around each resonance.
    assert np.ptp(late) < 3e-6


@pytest.mark.parametrize("invert", [False, True])
def test_a_polarity_error_is_found_and_told(tmp_path, invert):
    layout = measured_layout(tmp_path, polarity=True, keys={"invert": invert})
    with pytest.warns(MeasurementWarning, match="its polarity is inverted") as told:
        found = measured_drivers(layout)
    named = [str(each.message).split("'")[1] for each in told]
    # Turned, all but the inverted driver are wrong.
    assert named == (["front", "left", "backleft", "backright"] if invert else ["right"])
    assert [each.alignment.own_gain < 0 for each in found] == [
        (name == "right") != invert for name in (d.name for d in LAYOUT.drivers)
    ]


def test_polarity_is_found_with_everything_else_and_noise(tmp_path):
    with pytest.warns(MeasurementWarning) as told:
        measured_drivers(measured_layout(tmp_path, noise(0.01), **EVERYTHING))
    assert [str(each.message).split("'")[1] for each in told if "polarity" in str(each.message)] == ["right"]


def test_sets_that_cannot_be_of_one_clock_are_refused(tmp_path):
    def late(driver, data):
        return np.roll(data, 200, axis=1) if driver == 3 else data

    layout = measured_layout(tmp_path, late)
    with pytest.raises(
        LayoutError, match=r"'backleft', measured: \+4\.17 ms .* from the set 'main', allowed .* 1\.5 ms"
    ):
        measured_drivers(layout)
    driver = layout.drivers[3]
    own = driver.model_copy(update={"measured": driver.measured.model_copy(update={"set": "evening"})})
    drivers = (*layout.drivers[:3], own, layout.drivers[4])
    found = measured_drivers(layout.model_copy(update={"drivers": drivers}))
    assert [abs(each.alignment.own_delay_s) < 1e-6 for each in found] == [True] * 5


def test_unusual_differences_are_told(tmp_path):
    def change(driver, data):
        return 4 * np.roll(data, 15, axis=1) if driver == 2 else data

    with pytest.warns(
        MeasurementWarning, match=r"'right', measured: differs by \+31[23] µs and \+12\.0 dB from the set"
    ):
        measured_drivers(measured_layout(tmp_path, change))


def test_keys_of_measured_drivers_are_read():
    text = LAYOUT_TEXT.replace("EXTRA", '[measured]\nalign = "model"')
    layout = parse_layout(text)
    assert layout.measured.align == "model"
    assert layout.drivers[0].measured == Measured(file="a.sofa", set="b", align="clock", source=2, invert=True)
    with pytest.raises(LayoutError, match=r"align.*'clock' or 'model'"):
        parse_layout(text.replace('"model"', '"laser"'))


def test_layouts_without_the_table_are_stored_as_before():
    assert "measured" not in LAYOUT.model_dump()
    assert LAYOUT.model_copy(update={"measured": MeasuredSets()}).model_dump()["measured"] == {"align": "clock"}


LAYOUT_TEXT = """
name = "x"
EXTRA
[cabinet]
shape = "sphere"
radius_m = 0.0875
[[driver]]
name = "a"
channel = 0
azimuth_deg = 30.0
radius_m = 0.02
measured = { file = "a.sofa", set = "b", align = "clock", source = 2, invert = true }
[[driver]]
name = "b"
channel = 1
azimuth_deg = -30.0
radius_m = 0.02
"""


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (np.diag([1.0, -1.0, 1.0]), "it does (with left and right exchanged|as driver 'backright')"),
        (np.diag([-1.0, -1.0, 1.0]), "it does (turned by 180°|as driver 'right')"),
        ("front", "it does as driver 'front': is it that driver's file"),
        ("time", "it does backwards in time: is the sign of its phase that of"),
        (None, "check its angles, and that the file is this driver's"),
    ],
    ids=["mirrored", "turned", "mixed up", "backwards", "unknown"],
)
def test_angles_that_cannot_be_right_are_told(tmp_path, mistake, words):
    angles = grid(10.0)
    index = 0 if isinstance(mistake, str) and mistake == "front" else 3
    at, data = places_m(angles, np.full(len(angles), 2.0)), impulses(index, angles)
    if isinstance(mistake, str) and mistake == "time":
        data = data[:, ::-1]
    if mistake is None:
        # Each direction has the response of some other one.
        data = data[np.random.default_rng(2).permutation(len(data))]
    turn = mistake if isinstance(mistake, np.ndarray) else np.eye(3)
    write_sofa(tmp_path / "odd.sofa", "GeneralFIR", "FIR", fir(data[None], at @ turn.T))
    odd = LAYOUT.drivers[3].model_copy(update={"measured": Measured(file=str(tmp_path / "odd.sofa"))})
    layout = LAYOUT.model_copy(update={"drivers": (*LAYOUT.drivers[:3], odd, LAYOUT.drivers[4])})
    with pytest.warns(MeasurementWarning, match=rf"'backleft', measured: does not resemble its model.*{words}"):
        (found,) = measured_drivers(layout)
    # Where the model says nothing, the level is still that of the measurement.
    assert abs(20 * np.log10(abs(found.alignment.gain * 0.37))) < 1.5


@pytest.mark.parametrize("late_s", [0.0, 0.2, 1.2])
def test_latency_of_any_length_is_the_sets(tmp_path, late_s):
    def disturb(driver, data):
        return np.pad(data, ((0, 0), (int(late_s * 48000), 0)))

    found = measured_drivers(measured_layout(tmp_path, disturb, angles_deg=grid(20.0), delays=True))
    delays = np.array([each.alignment.own_delay_s for each in found])
    assert np.abs(delays - (np.array(DELAYS_S) - np.median(DELAYS_S))).max() < 1e-6


@pytest.mark.parametrize("taps", [460, 520])
def test_short_files_are_used_to_their_end(tmp_path, taps):
    points = circle_points_m(LAYOUT, np.arange(-80.0, 81.0, 10.0))
    lines = np.geomspace(300, 8000, 20)
    layout = measured_layout(tmp_path, lambda driver, data: data[:, :taps], keys={"complete": True})
    wanted, found = (field_plant(each, lines, points).transfer for each in (LAYOUT, layout))
    assert np.abs(found - wanted).max() < 0.03 * np.abs(wanted).max()


def test_files_that_end_too_early_are_refused_or_told(tmp_path):
    with pytest.raises(LayoutError, match=r"the responses end 0\.\d+ ms after their onset, allowed is 1 ms or more"):
        measured_drivers(measured_layout(tmp_path, lambda driver, data: data[:, :440]))
    layout = measured_layout(tmp_path, lambda driver, data: data[:, :500], resonances=True)
    with pytest.warns(
        MeasurementWarning, match=r"the responses end 2\.0 ms .* still at -\d+ dB: the model serves below"
    ):
        found = measured_drivers(layout)
    assert found[0].from_hz == pytest.approx(490, abs=5)

"""Sets of measurements: repeats, slips of distances, levels and arrivals, and folders as spreadsheets write them."""

import csv
import time

import numpy as np
import pytest
import soundfile
from measurements import grid, places_m
from sofa_files import CARTESIAN, RATE, SPHERICAL, ZERO, fir, write_sofa

from designer.acoustics.measured.files import read_driver, signature
from designer.acoustics.model import measured_drivers
from designer.errors import LayoutError
from designer.layout.sections import Measured
from designer.layout.shipped import find_layout

SPEED = 343.0


def impulses(at, level=1.0):
    """A pulse for each place, later and quieter with distance."""
    distance = np.linalg.norm(at, axis=1)
    late = 20 + distance / SPEED * RATE
    shape = np.sinc(np.arange(768) - late[:, None]) * (level / distance)[:, None]
    return shape * (np.abs(np.arange(768) - late[:, None]) < 16)


def write(path, angles, distance, data=None):
    at = places_m(angles, np.broadcast_to(distance, len(angles)))
    data = impulses(at) if data is None else data
    places = np.column_stack([angles, np.broadcast_to(distance, len(angles))])
    write_sofa(path, "GeneralFIR", "FIR", fir(data[None], at, ReceiverPosition=("RC", places, SPHERICAL)))


def ring(step):
    return np.column_stack([np.arange(0, 361, step), np.zeros(360 // int(step) + 1)])


def test_poles_and_full_turns_are_merged_when_equal(tmp_path):
    angles = np.concatenate([ring(30.0), np.column_stack([np.arange(0, 360, 30.0), np.full(12, 90.0)])])
    write(tmp_path / "x.sofa", angles, 1.5)
    found = read_driver(tmp_path / "x.sofa", SPEED)
    assert len(found.places_m) == 13
    assert "12 repeated measurements were averaged" in found.notes[-1]


def test_noise_of_repeats_averages_out(tmp_path):
    angles, rng = ring(30.0)[:-1], np.random.default_rng(3)
    at = places_m(angles, np.full(12, 1.5))
    clean = impulses(at)
    noisy = clean + 0.005 * rng.standard_normal((16, *clean.shape))
    write_sofa(tmp_path / "x.sofa", "GeneralFIR", "FIR", fir(noisy, at))
    error = read_driver(tmp_path / "x.sofa", SPEED).responses[:, 0] - clean
    # The standard deviation of a mean of 16; that of 9216 samples is known to 1 %.
    assert error.std() == pytest.approx(0.005 / 4, rel=0.05)


@pytest.mark.parametrize(("slip", "says"), [("level", "differ by"), ("distance", "at 1.5 and 1.8 m")])
def test_unequal_measurements_of_one_direction_are_refused(tmp_path, slip, says):
    angles, distance = ring(30.0), np.full(13, 1.5)
    level = np.ones(13)
    if slip == "distance":
        distance[12] = 1.8
    else:
        level[12] = 2.0
    write(tmp_path / "x.sofa", angles, distance, impulses(places_m(angles, distance), level))
    with pytest.raises(
        LayoutError, match=rf"measurements 0 and 12 have the same direction.*{says}.*remove one of them"
    ):
        read_driver(tmp_path / "x.sofa", SPEED)


def changed(what, index, value):
    def change(distance, data):
        if what == "distance":
            distance[index] = value
        elif what == "level":
            data[index] *= value
        else:
            data[index] = np.roll(data[index], value)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed("distance", 7, 15.0), "measurement 7 is 15 m away, the others 1.5 m"),
        (changed("distance", 7, 0.15), "measurement 7 is 0.15 m away, the others 1.5 m"),
        (changed("distance", slice(None), 1500.0), "is 1500 m away, allowed is 0.1 to 50 m: is the unit right"),
        (changed("distance", 7, -1.5), r"negative distance at \[0, 7\]"),
        (changed("distance", 7, 0.0), "measurement 7 has the distance 0"),
        (changed("level", 9, 100.0), r"measurement 9: level is \+40 dB from that of its neighbours"),
        (changed("level", 9, 0.001), r"measurement 9: level is -60 dB from that of its neighbours"),
        (changed("arrival", 9, 300), r"measurement 9: arrival is \+6.* ms from that of its neighbours"),
        (changed("level", 4, 0.0), "measurement 4 is silent"),
    ],
)
def test_a_slip_is_found_at_once(tmp_path, change, message):
    angles = grid(10.0)
    distance = np.full(len(angles), 1.5)
    data = impulses(places_m(angles, distance))
    change(distance, data)
    write(tmp_path / "x.sofa", angles, distance, data)
    with pytest.raises(LayoutError, match=message):
        read_driver(tmp_path / "x.sofa", SPEED)


def test_degrees_that_are_radians_are_told(tmp_path):
    write(tmp_path / "x.sofa", np.deg2rad(ring(10.0)[:-1]), 1.5)
    with pytest.raises(LayoutError, match=r"all 36 directions lie within .*: are the angles in radians"):
        read_driver(tmp_path / "x.sofa", SPEED)


def folder(path, text, encoding="utf-8", count=4):
    path.mkdir()
    for index in range(count):
        soundfile.write(path / f"{index}.wav", np.eye(1, 256, 60)[0], RATE, "FLOAT")
    (path / "angles.csv").write_bytes(text.encode(encoding))
    return path


PLAIN = """file,azimuth_deg,elevation_deg,distance_m
0.wav,0,0,1.5
1.wav,90.5,0,1.5
2.wav,180,-10.25,1.5
3.wav,-90,0,1.5
"""
SEMICOLON = PLAIN.replace(",", ";")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (PLAIN, "utf-8"),
        (PLAIN, "utf-8-sig"),
        (PLAIN, "utf-16"),
        (SEMICOLON, "utf-8"),
        (SEMICOLON.replace(".5", ",5").replace(".25", ",25"), "utf-8"),
        ("sep=;\r\n" + SEMICOLON.replace("\n", "\r\n"), "utf-8"),
        (PLAIN.replace(",", "\t"), "utf-8"),
        (PLAIN.replace(",", "\t").replace("90.5", "90,5"), "utf-16"),
        (PLAIN.upper().replace("WAV", "wav"), "utf-8"),
        (PLAIN.replace(",", " , "), "utf-8"),
        (PLAIN + "\n,,,\n", "utf-8"),
        ('"file","azimuth_deg","elevation_deg","distance_m"\n' + PLAIN.split("\n", 1)[1], "utf-8"),
        (PLAIN.replace("-90", "\u221290"), "utf-8"),
    ],
    ids=list("abcdefghijklm"),
)
def test_tables_of_all_dialects_are_read(tmp_path, text, encoding):
    found = read_driver(folder(tmp_path / "set", text, encoding), SPEED)
    angles = np.array([[0, 0], [90.5, 0], [180, -10.25], [-90, 0]])
    assert np.abs(found.places_m - places_m(angles, np.full(4, 1.5))).max() < 1e-12


def test_latin_1_names_are_read(tmp_path):
    path = folder(tmp_path / "set", PLAIN.replace("0.wav", "für.wav"), "latin-1")
    (path / "0.wav").rename(path / "für.wav")
    assert len(read_driver(path, SPEED).places_m) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PLAIN.replace("90.5", "90,5"), r"line 3: 5 cells for 4 columns, separated by comma: are these decimal commas"),
        (PLAIN.replace("azimuth_deg", "azimuth"), "unknown column 'azimuth'"),
        (PLAIN.replace("azimuth_deg", "file"), "column 'azimuth_deg' is missing"),
        (PLAIN.replace("elevation_deg", "azimuth_deg"), "a column is given twice"),
        (PLAIN.replace("90.5", "east"), "line 3: not a number: azimuth_deg = 'east'"),
        (PLAIN.replace("90.5", "nan"), "line 3: azimuth_deg = nan: allowed are finite numbers"),
        (PLAIN.replace("-10.25", "-100"), "line 4: elevation_deg = -100: allowed is -90 to 90"),
        (PLAIN.replace("90.5,0,1.5", "90.5,0,-1"), "line 3: distance_m = -1: allowed is above 0"),
        (PLAIN.replace("1.wav", "lost.wav"), r"line 3: 'lost\.wav' cannot be read as audio"),
        (PLAIN.replace("1.wav", ""), "line 3: file is empty"),
        ("", "is empty: it needs a row"),
        (PLAIN.split("\n", 1)[0], "0 rows: allowed are 1 to"),
        (PLAIN.replace(",", "|"), r"unknown column .* \(separated by"),
        ("\0" + PLAIN, "is no text"),
        (PLAIN.replace("90.5,0,1.5", "90.5,0,"), "line 3: distance_m is empty, and other rows have one"),
        (PLAIN.replace("180,-10.25", "180,"), "line 4: elevation_deg is empty, and other rows have one"),
        (PLAIN.replace("90.5", "9_0.5"), "line 3: not a number: azimuth_deg = '9_0.5'"),
    ],
)
def test_a_table_that_is_not_understood_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(LayoutError, match=message):
        read_driver(folder(tmp_path / "set", text), SPEED)


@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "IMA_ADPCM"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")])
def test_a_response_that_a_codec_has_changed_is_refused(tmp_path, kind, subtype):
    path = folder(tmp_path / "set", PLAIN)
    soundfile.write(path / "1.wav", 0.5 * np.eye(1, 4096, 60)[0], RATE, subtype, format=kind)
    with pytest.raises(LayoutError, match=rf"1\.wav': {subtype} is lossy.*allowed are PCM and float"):
        read_driver(path, SPEED)


def test_a_response_that_was_clipped_is_refused(tmp_path):
    path = folder(tmp_path / "set", PLAIN)
    ringing = 1.5 * np.exp(-np.arange(256) / 30) * np.cos(np.arange(256) / 10)
    soundfile.write(path / "2.wav", np.clip(ringing, -1, 1), RATE, "PCM_16")
    with pytest.raises(LayoutError, match="measurement 2: three samples or more in a row are at its peak of 1"):
        read_driver(path, SPEED)


def test_the_round_top_of_a_low_note_is_not_taken_for_clipping(tmp_path):
    path = folder(tmp_path / "set", PLAIN)
    low = 0.1 * np.exp(-np.arange(4096) / 1000) * np.sin(2 * np.pi * 40 * np.arange(4096) / RATE)
    assert np.sum(np.rint(low * 2**15) == np.rint(low * 2**15).max()) > 3
    soundfile.write(path / "2.wav", low, RATE, "PCM_16")
    assert len(read_driver(path, SPEED).places_m) == 4


@pytest.mark.parametrize("what", ["peak", "energy"])
def test_responses_that_were_normalised_one_by_one_are_refused(tmp_path, what):
    angles = grid(30.0)
    at = places_m(angles, np.full(len(angles), 1.5))
    data = impulses(at)
    data[:, 300:] += np.abs(at[:, :1]) * 0.2 * np.random.default_rng(1).standard_normal(data[:, 300:].shape)
    scale = np.abs(data).max(axis=1) if what == "peak" else np.sqrt(np.sum(data**2, axis=1))
    write(tmp_path / "x.sofa", angles, 1.5, data / scale[:, None])
    with pytest.raises(LayoutError, match=f"responses have the same {what}: they were normalised one by one"):
        read_driver(tmp_path / "x.sofa", SPEED)


def test_delays_whose_axes_are_exchanged_are_read_by_their_names(tmp_path):
    angles = np.array([[0.0, 0.0], [30.0, 0.0], [60.0, 0.0], [90.0, 0.0]])
    at = places_m(angles, np.full(4, 1.5)).reshape(2, 2, 3)
    declared = np.array([[0.0, 3.0], [1.0, 2.0]])
    variables = fir(
        impulses(at.reshape(-1, 3)).reshape(2, 2, -1),
        ZERO,
        **{"ReceiverPosition": ("RCM", at.transpose(1, 2, 0), CARTESIAN), "Data.Delay": ("RM", declared.T, {})},
    )
    write_sofa(tmp_path / "x.sofa", "GeneralFIR", "FIR", variables)
    assert read_driver(tmp_path / "x.sofa", SPEED).delays_samples.ravel().tolist() == [0.0, 3.0, 1.0, 2.0]


def test_a_folder_has_one_table(tmp_path):
    path = folder(tmp_path / "set", PLAIN)
    (path / "Angles.CSV").write_text(PLAIN)
    with pytest.raises(LayoutError, match=r"more than one table.*angles\.csv"):
        read_driver(path, SPEED)


def test_a_table_of_another_writer_is_the_same(tmp_path):
    path = folder(tmp_path / "set", PLAIN)
    rows = list(csv.reader(PLAIN.splitlines()))
    with (path / "angles.csv").open("w", newline="") as file:
        csv.writer(file, dialect="excel-tab", quoting=csv.QUOTE_ALL).writerows(rows)
    assert len(read_driver(path, SPEED).places_m) == 4


def test_a_replaced_file_of_a_folder_is_seen(tmp_path):
    path = folder(tmp_path / "set", PLAIN)
    before, first = read_driver(path, SPEED), signature(path)
    time.sleep(0.01)
    soundfile.write(path / "1.wav", 0.5 * np.eye(1, 256, 60)[0], RATE, "FLOAT")
    assert signature(path) != first
    after = read_driver(path, SPEED)
    assert after.responses[1].max() == pytest.approx(0.5 * before.responses[1].max())


def test_a_null_of_the_directivity_is_no_slip(tmp_path):
    angles = grid(10.0)
    at = places_m(angles, np.full(len(angles), 1.5))
    # A dipole: its null is 32 dB down at ±90°.
    level = np.maximum(np.abs(at[:, 0]) / 1.5, 0.025)
    write(tmp_path / "x.sofa", angles, 1.5, impulses(at, level))
    assert len(read_driver(tmp_path / "x.sofa", SPEED).places_m) == len(angles)


def test_the_only_driver_of_a_set_is_told(tmp_path):
    angles = grid(15.0)
    write(tmp_path / "x.sofa", angles, 1.5)
    layout = find_layout("front3")
    left = layout.drivers[1].model_copy(update={"measured": Measured(file=str(tmp_path / "x.sofa"))})
    (found,) = measured_drivers(layout.model_copy(update={"drivers": (layout.drivers[0], left, layout.drivers[2])}))
    assert "is the only one of its set 'main'" in found.notes[-1]

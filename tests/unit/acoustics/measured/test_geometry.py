"""AES69 geometry: however a set is turned, moved or written, the loudspeaker sees the same places."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sofa_files import CARTESIAN, FORWARD, RATE, SPHERICAL, UP, ZERO, fir, rotation, spectra, spherical, write_sofa

from designer.acoustics.measured.files import read_driver
from designer.acoustics.model import circle_points_m, ear_plant, field_plant
from designer.acoustics.poses import HeadPoses
from designer.errors import LayoutError
from designer.filters.stereo.design import design_stereo
from designer.layout.sections import Measured
from designer.layout.shipped import find_layout

SPEED = 343.0


def places(count, seed, distance=1.5):
    """Directions spread over the sphere, in the loudspeaker's frame."""
    rank = np.arange(count) + 0.5
    height, turn = 1 - 2 * rank / count, np.pi * (1 + 5**0.5) * rank
    unit = np.stack([np.cos(turn), np.sin(turn), np.zeros(count)], axis=1) * np.sqrt(1 - height**2)[:, None]
    unit[:, 2] = height
    return unit * distance * (1 + 0.2 * np.random.default_rng(seed).random((count, 1)))


def responses(at):
    """Impulses that come later and quieter with distance, louder to the front: each place has its own."""
    distance = np.linalg.norm(at, axis=1)
    found = np.zeros((len(at), 512))
    found[np.arange(len(at)), np.rint(20 + distance / SPEED * RATE).astype(int)] = (
        1 + 0.5 * at[:, 0] / distance
    ) / distance
    return found


def written(path, at, rng, way):
    """Write one set in one of many ways that AES69 allows."""
    turn, move = rotation(rng), rng.uniform(-3, 3, 3)
    world = at @ turn.T + move
    view, up = (turn @ axis for axis in np.eye(3)[[0, 2]])
    source = {
        "SourcePosition": ("IC", move[None], CARTESIAN),
        "SourceView": ("IC", view[None], CARTESIAN),
        "SourceUp": ("IC", up[None], {}),
    }
    data = responses(at)
    if way == "receivers of a turned listener":
        frame, place = rotation(rng), rng.uniform(-2, 2, 3)
        local = (world - place) @ frame
        variables = fir(
            data[None],
            local,
            **source,
            ListenerPosition=("IC", place[None], CARTESIAN),
            ListenerView=("IC", frame[:, 0][None], CARTESIAN),
            ListenerUp=("IC", frame[:, 2][None], {}),
        )
    elif way == "listener that moves":
        variables = fir(data[:, None], ZERO, **source, ListenerPosition=("MC", world, CARTESIAN))
    elif way == "turntable":
        # One microphone: the source turns so that the microphone is where `at` has it.
        views, ups, origins = [], [], []
        for each in at:
            frame = rotation(rng)
            views.append(frame[:, 0])
            ups.append(frame[:, 2])
            origins.append(move - frame @ each)
        variables = fir(
            data[:, None],
            ZERO,
            ListenerPosition=("IC", move[None], CARTESIAN),
            SourcePosition=("MC", origins, CARTESIAN),
            SourceView=("MC", views, CARTESIAN),
            SourceUp=("MC", ups, {}),
        )
    elif way == "repeats":
        variables = fir(np.stack([data] * 3), world, **source)
    else:
        units = {
            "centimetre": ("cartesian", "centimetre", 100 * world),
            "Millimetres": ("Cartesian", "Millimetres, Millimetres, Millimetres", 1000 * world),
            "degrees": ("SPHERICAL", "degrees,degrees,meters", spherical(world)),
            "radians": ("spherical", "radian, radian, cm", spherical(world, radian=True) * [1, 1, 100]),
        }
        kind, unit, values = units[way]
        variables = fir(data[None], values, **source)
        variables["ReceiverPosition"] = ("RC", values, {"Type": kind, "Units": unit})
        variables["SourceView"] = ("IC", spherical(view[None]), SPHERICAL)
        variables["SourceUp"] = ("IC", spherical(up[None]), {})
    write_sofa(path, "GeneralFIR", "FIR", variables)


WAYS = (
    "receivers of a turned listener",
    "listener that moves",
    "turntable",
    "repeats",
    "centimetre",
    "Millimetres",
    "degrees",
    "radians",
)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), way=st.sampled_from(WAYS), count=st.sampled_from([24, 36]))
def test_a_set_that_is_turned_moved_or_rewritten_is_the_same_set(tmp_path_factory, seed, way, count):
    at = places(count, seed)
    path = tmp_path_factory.mktemp("set") / "set.sofa"
    written(path, at, np.random.default_rng(seed), way)
    found = read_driver(path, SPEED)
    assert np.abs(found.places_m - at).max() < 1e-9
    assert np.abs(found.responses[:, 0] - responses(at)).max() < 1e-15


@pytest.mark.parametrize("way", WAYS)
def test_and_so_is_the_design(tmp_path, way):
    layout, lines, heads = find_layout("front3"), np.geomspace(300, 6000, 8), HeadPoses.nominal()
    at = places(120, 1)
    write_sofa(tmp_path / "plain.sofa", "GeneralFIR", "FIR", fir(responses(at)[None], at))
    written(tmp_path / "other.sofa", at, np.random.default_rng(7), way)
    designs = []
    for name in ("plain", "other"):
        left = layout.drivers[1].model_copy(update={"measured": Measured(file=str(tmp_path / f"{name}.sofa"))})
        measured = layout.model_copy(update={"drivers": (layout.drivers[0], left, layout.drivers[2])})
        ears = ear_plant(measured, lines, heads).transfer
        designs.append(design_stereo(measured, lines, ears, heads).left.weights)
    assert np.abs(designs[1] - designs[0]).max() < 1e-6 * np.abs(designs[0]).max()


def test_as_many_measurements_as_receivers_are_told_apart_by_their_dimensions(tmp_path):
    at = places(36, 3)
    lines = np.arange(1, 129) * 187.5
    values = np.exp(-2j * np.pi * lines * 0.001) * (1 + 0.5 * at[:, :1] / 1.5) / (1 + (lines / 4000) ** 2)
    write_sofa(tmp_path / "one.sofa", "FreeFieldDirectivityTF", "TF", spectra(values[None], lines, at))
    many = np.repeat(values[None], 36, axis=0)
    write_sofa(tmp_path / "square.sofa", "FreeFieldDirectivityTF", "TF", spectra(many, lines, at))
    one, square = (read_driver(tmp_path / name, SPEED) for name in ("one.sofa", "square.sofa"))
    assert np.allclose(one.responses, square.responses, atol=1e-12)
    assert any("averaged" in note for note in square.notes)


def test_one_source_of_many_is_chosen(tmp_path):
    at = places(24, 5)
    both = np.stack([responses(at), responses(at)[::-1]])
    write_sofa(tmp_path / "many.sofa", "GeneralFIR", "FIR", fir(both, at))
    with pytest.raises(LayoutError, match=r"same direction, but differ by .*measured\.source = 0, 1"):
        read_driver(tmp_path / "many.sofa", SPEED)
    for source in (0, 1):
        assert np.array_equal(read_driver(tmp_path / "many.sofa", SPEED, source).responses[:, 0], both[source])
    with pytest.raises(LayoutError, match=r"measured\.source = 2, the file has 2 sources: allowed is 0 … 1"):
        read_driver(tmp_path / "many.sofa", SPEED, 2)


def test_emitters_are_sources_too(tmp_path):
    at = places(24, 5)
    both = np.stack([responses(at), responses(at)[::-1]], axis=-1)[None]
    variables = fir(both[..., 0], at)
    variables["Data.IR"] = ("MRNE", both, {})
    write_sofa(tmp_path / "emitters.sofa", "GeneralFIR-E", "FIR-E", variables)
    with pytest.raises(LayoutError, match=r"2 emitters: choose one: measured\.source = 0 … 1"):
        read_driver(tmp_path / "emitters.sofa", SPEED)
    assert np.array_equal(read_driver(tmp_path / "emitters.sofa", SPEED, 1).responses[:, 0], both[0, :, :, 1])


POSITION = np.array([[1.5, 0.0, 0.0], [0.0, 1.5, 0.0], [0.0, -1.5, 0.0], [0.0, 0.0, 1.5]])


@pytest.mark.parametrize(
    ("name", "variable", "message"),
    [
        (
            "ReceiverPosition",
            ("RC", POSITION, {"Type": "spherical harmonics", "Units": "metre"}),
            "Type = 'spherical h",
        ),
        (
            "ReceiverPosition",
            ("RC", POSITION, {"Type": "cartesian", "Units": "feet"}),
            "Units = 'feet' of type cartesian",
        ),
        ("ReceiverPosition", ("RC", POSITION, {"Type": "cartesian", "Units": "degree, degree, metre"}), "of type cart"),
        (
            "ReceiverPosition",
            ("RC", POSITION, {"Type": "spherical", "Units": "metre"}),
            "Units = 'metre' of type spher",
        ),
        ("ReceiverPosition", ("RC", POSITION, {}), "Type = ''"),
        ("ReceiverPosition", ("RC", [[0, 0, 1.5], [90, 0, -1.5]] * 2, SPHERICAL), r"negative distance at \[0, 1\]"),
        ("ReceiverPosition", ("RC", [[0, 120, 1.5]] * 4, SPHERICAL), "elevation of 120°"),
        (
            "ReceiverPosition",
            ("RC", [[0, 0, 1.5], [90, 0, 1.5]] * 2, {"Type": "spherical", "Units": "radian, radian, metre"}),
            "90 is more than a turn: are these degrees",
        ),
        ("ReceiverPosition", ("RC", [[0, 0, np.nan]] * 4, CARTESIAN), r"not finite at \[0, 2\]"),
        ("SourceView", ("IC", ZERO, CARTESIAN), "SourceView has no direction"),
        ("SourceView", ("IC", UP, CARTESIAN), "SourceUp is parallel to SourceView"),
        ("EmitterPosition", ("EC", [[2.0, 0, 0]], CARTESIAN), "EmitterPosition is 2 m from SourcePosition"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path, name, variable, message):
    impulses = np.tile(np.eye(1, 64, 9), (4, 1))[None]
    write_sofa(tmp_path / "odd.sofa", "GeneralFIR", "FIR", {**fir(impulses, POSITION), name: variable})
    with pytest.raises(LayoutError, match=message):
        read_driver(tmp_path / "odd.sofa", SPEED)


def test_a_convention_that_is_not_understood_is_refused(tmp_path):
    impulses = np.tile(np.eye(1, 64, 9), (4, 1))[None]
    write_sofa(tmp_path / "odd.sofa", "SingleRoomDRIR", "FIR", fir(impulses, POSITION))
    with pytest.raises(LayoutError, match="SOFA convention 'SingleRoomDRIR': allowed for a driver are"):
        read_driver(tmp_path / "odd.sofa", SPEED)


def test_a_source_that_faces_aside_is_loud_there(tmp_path):
    layout = find_layout("front3")
    at = places(200, 1)
    # Loud to the front of the loudspeaker, which faces +y in the file.
    world = at @ np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    write_sofa(
        tmp_path / "aside.sofa",
        "GeneralFIR",
        "FIR",
        fir(responses(at)[None], world, SourceView=("IC", np.roll(FORWARD, 1, axis=1), CARTESIAN)),
    )
    left = layout.drivers[1].model_copy(update={"measured": Measured(file=str(tmp_path / "aside.sofa"))})
    measured = layout.model_copy(update={"drivers": (layout.drivers[0], left, layout.drivers[2])})
    front, behind = np.abs(
        field_plant(measured, np.array([1000.0]), circle_points_m(layout, np.array([0.0, 180.0]))).transfer
    )[0, :, 1]
    assert 20 * np.log10(front / behind) == pytest.approx(20 * np.log10(3), abs=0.5)


def test_files_without_the_names_of_dimensions_are_read_in_their_order(tmp_path):
    at = places(4, 5)
    variables = fir(responses(at)[None], at)
    named = dict(zip("MRNIC", "abcde", strict=True))
    write_sofa(
        tmp_path / "plain.sofa",
        "GeneralFIR",
        "FIR",
        {name: ("".join(named[d] for d in dims), *rest) for name, (dims, *rest) in variables.items()},
    )
    assert np.abs(read_driver(tmp_path / "plain.sofa", SPEED).places_m - at).max() < 1e-12

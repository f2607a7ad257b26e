"""The edited layout: undo, errors at their keys, drivers that come and go."""

import pytest

from designer.errors import LayoutError
from designer.layout.load import parse_layout
from designer.layout.shipped import SHIPPED_LAYOUTS, shipped_layouts
from designer.studio.document import LONGEST_TEXT, LayoutDocument
from designer.studio.placement import add_driver, change_shape, remove_driver
from designer.studio.toml_edits import set_key


@pytest.fixture
def document():
    return open_shipped("front3")


def open_shipped(name, allows=lambda path: True):
    return LayoutDocument(shipped_layouts()[name].read_text(), SHIPPED_LAYOUTS, allows)


def faults(document):
    return [(fault.key, fault.message) for fault in document.state.faults]


def test_undo_and_redo_return_to_the_same_text(document):
    first = document.state.text
    document.replace(set_key(first, ("listener", "distance_m"), 1.5))
    second = document.state.text
    document.undo()
    assert (document.state.text, document.can_undo, document.can_redo) == (first, False, True)
    document.redo()
    assert (document.state.text, document.can_undo, document.can_redo) == (second, True, False)
    document.undo()
    document.replace(first + "\n# new\n")
    assert not document.can_redo


def test_one_gesture_is_one_step(document):
    first = document.state.text
    for azimuth in (10, 20, 30):
        document.replace(set_key(document.state.text, ("driver", 1, "azimuth_deg"), azimuth), "drag")
    document.replace(set_key(document.state.text, ("driver", 1, "azimuth_deg"), 40), "other drag")
    document.undo()
    assert document.state.values["driver"][1]["azimuth_deg"] == 30
    document.undo()
    assert document.state.text == first


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("driver", 1, "azimuth_deg"), 300, "driver.1.azimuth_deg"),
        (("driver", 2, "name"), "left", "driver.2.name"),
        (("driver", 2, "channel"), 1, "driver.2.channel"),
        (("driver", 1, "azimuth_deg"), 5, "driver.1.name"),
        (("driver", 0, "y_m"), 0.1, "driver.0.y_m"),
        (("cabinet", "radius_m"), 87.5, "cabinet.radius_m"),
        (("listener", "distanse_m"), 2.0, "listener.distanse_m"),
        (("beamformer", "band_hz"), [4000, 300], "beamformer.band_hz"),
        (("sample_rate_hz",), 22050, "sample_rate_hz"),
    ],
)
def test_an_error_is_at_its_key(document, path, value, key):
    document.replace(set_key(document.state.text, path, value))
    assert document.state.layout is None
    assert [found for found, _ in faults(document)] == [key]


def test_a_text_that_is_no_toml_names_the_line_and_keeps_the_values(document):
    values = document.state.values
    document.replace('name = "a"\nradius = = 3\n')
    assert not document.state.is_toml
    assert [fault.line for fault in document.state.faults] == [2]
    assert document.state.values == values


def test_a_layout_reads_no_file_outside_its_folder():
    document = open_shipped("front3", allows=lambda path: False)
    document.replace(set_key(document.state.text, ("listener", "hrtf"), "/etc/passwd"))
    assert "outside the folder" in faults(document)[0][1]
    assert document.state.layout is None


def test_a_text_has_a_longest_length(document):
    with pytest.raises(LayoutError, match="allowed are"):
        document.replace("#" * (LONGEST_TEXT + 1))


@pytest.mark.parametrize("name", sorted(shipped_layouts()))
def test_drivers_come_and_go_and_the_layout_stays_valid(name):
    document = open_shipped(name)
    document.replace(remove_driver(document.state.text, document.state.values, 0)) if name != "pair2" else None
    channels = sorted(driver["channel"] for driver in document.state.values["driver"])
    assert channels == list(range(len(channels)))
    document.replace(add_driver(document.state.text, document.state.values))
    names = [driver["name"] for driver in document.state.values["driver"]]
    assert len(set(names)) == len(names)
    assert [message for key, message in faults(document) if key.endswith((".name", ".channel", ".y_m", ".z_m"))] == []


@pytest.mark.parametrize("name", sorted(shipped_layouts()))
def test_the_other_shape_is_a_valid_layout(name):
    document = open_shipped(name)
    other = {"sphere": "baffle", "baffle": "sphere"}[document.state.values["cabinet"]["shape"]]
    changed = change_shape(document.state.text, document.state.values, other)
    assert parse_layout(changed).cabinet.shape == other


def test_two_drivers_stay():
    document = open_shipped("pair2")
    with pytest.raises(LayoutError, match="needs two"):
        remove_driver(document.state.text, document.state.values, 0)


@pytest.mark.parametrize(
    "text", [f"[{'.'.join('a' * 5000)}]", f"{'.'.join('a' * 5000)} = 1", "a = " + "[" * 60 + "]" * 60]
)
def test_tables_without_end_leave_the_values_that_can_be_shown(document, text):
    values = document.state.values
    document.replace(text)
    assert document.state.layout is None
    assert faults(document)
    assert document.state.values == values

"""Edits of the text keep comments and order, and change nothing else."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.errors import LayoutError
from designer.layout.shipped import shipped_layouts
from designer.studio.toml_edits import append_driver, remove_key, replace_table, set_key

TEXT = """\
# The board by the window.
name = "mine"  # my own

[cabinet]
shape = "sphere"
radius_m = 0.0875  # measured

[[driver]]
name = "left"
channel = 0

[[driver]]
name = "right"  # the blue one
channel = 1
"""
KEYS = ("sample_rate_hz", "cabinet.radius_m", "listener.distance_m", "driver.0.azimuth_deg", "driver.1.radius_m")


def path_of(key):
    return [int(part) if part.isdigit() else part for part in key.split(".")]


def test_a_changed_key_keeps_its_comment():
    changed = set_key(TEXT, ("cabinet", "radius_m"), 0.1)
    assert changed == TEXT.replace("0.0875", "0.1")


def test_a_missing_table_is_made():
    changed = set_key(TEXT, ("listener", "distance_m"), 1.5)
    assert tomllib.loads(changed)["listener"] == {"distance_m": 1.5}
    assert changed.startswith(TEXT[:40])


def test_a_key_of_the_top_stays_above_the_tables():
    changed = set_key(TEXT, ("sample_rate_hz",), 44100)
    assert tomllib.loads(changed)["sample_rate_hz"] == 44100
    assert changed.index("sample_rate_hz") < changed.index("[cabinet]")


def test_a_removed_key_leaves_the_rest():
    assert remove_key(TEXT, ("cabinet", "radius_m")) == TEXT.replace("radius_m = 0.0875  # measured\n", "")
    assert remove_key(TEXT, ("room", "absorption")) == TEXT


def test_a_removed_driver_takes_its_table_along():
    assert [driver["name"] for driver in tomllib.loads(remove_key(TEXT, ("driver", 0)))["driver"]] == ["right"]


def test_an_appended_driver_has_a_blank_line_above():
    changed = append_driver(TEXT, {"name": "up", "channel": 2})
    assert changed.endswith('\n\n[[driver]]\nname = "up"\nchannel = 2\n')
    assert "# the blue one" in changed


def test_a_replaced_table_keeps_no_old_key():
    changed = replace_table(TEXT, "cabinet", {"shape": "baffle", "width_m": 0.6})
    assert tomllib.loads(changed)["cabinet"] == {"shape": "baffle", "width_m": 0.6}


@pytest.mark.parametrize(
    ("text", "path"), [("name = [", ("name",)), (TEXT, ("driver", 7, "name")), (TEXT, ("name", "x"))]
)
def test_what_cannot_be_edited_is_refused(text, path):
    with pytest.raises(LayoutError, match="edit the text itself"):
        set_key(text, path, 1)


@given(
    edits=st.lists(st.tuples(st.sampled_from(KEYS), st.floats(-1e6, 1e6, allow_nan=False)), max_size=12),
    name=st.sampled_from(sorted(shipped_layouts())),
)
def test_any_edits_have_the_values_of_plain_ones_and_keep_all_comments(edits, name):
    text = shipped_layouts()[name].read_text()
    wanted = tomllib.loads(text)
    comments = [line for line in text.splitlines() if line.startswith("#")]
    for key, value in edits:
        path = path_of(key)
        text = set_key(text, path, value)
        here = wanted
        for part in path[:-1]:
            here = here[part] if isinstance(part, int) else here.setdefault(part, {})
        here[path[-1]] = value
    assert tomllib.loads(text) == wanted
    assert [line for line in text.splitlines() if line.startswith("#")] == comments

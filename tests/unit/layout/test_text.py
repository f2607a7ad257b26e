"""New layouts and the layout reference: both are generated from the model."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT

from designer.cli.tables import layout_table
from designer.errors import LayoutError
from designer.layout import model, sections
from designer.layout.drawing import draw_layout
from designer.layout.load import parse_layout
from designer.layout.reference import MEANINGS, keys_of, tables
from designer.layout.shipped import find_layout, shipped_layouts
from designer.layout.text import commented_layout, layout_reference


@pytest.mark.parametrize("name", sorted(shipped_layouts()))
def test_commented_layout_is_the_same_layout(name):
    original = find_layout(name)
    copy = parse_layout(commented_layout(original, "copy"))
    assert copy.model_copy(update={"name": name}) == original


@pytest.mark.parametrize("name", ["front3", "bar6"])
def test_defaults_can_be_uncommented(name):
    text = commented_layout(find_layout(name), "copy")
    lines = [
        line[2:] if line.startswith("# ") and " = " in line and line[2:].split(" = ")[0].isidentifier() else line
        for line in text.splitlines()
    ]
    assert parse_layout("\n".join(lines)).model_copy(update={"name": name}) == find_layout(name)


def test_a_wrong_name_is_refused():
    with pytest.raises(LayoutError, match="name"):
        commented_layout(find_layout("front3"), "My Board")


def test_every_key_has_a_meaning_and_every_meaning_a_key():
    for _, name in tables():
        keys_of(name)
    for name, meanings in MEANINGS.items():
        fields = (getattr(sections, name, None) or getattr(model, name)).model_fields
        assert set(meanings) <= {field.alias or key for key, field in fields.items()}


def test_reference_in_the_documentation_is_current():
    assert (ROOT / "docs" / "layout.md").read_text() == layout_reference(), "write it anew: proscenium reference"


@pytest.mark.parametrize("name", sorted(shipped_layouts()))
def test_sketch_shows_every_driver_that_is_not_hidden(name):
    layout = find_layout(name)
    drawing = draw_layout(layout)
    assert all(str(driver.channel) in drawing for driver in layout.drivers)


def test_sketch_has_the_listeners_left_on_the_left():
    rows = draw_layout(find_layout("front3")).splitlines()
    middle = next(row for row in rows if "1" in row and "2" in row)
    assert middle.index("1") < middle.index("2")


@settings(max_examples=30)
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_description_is_written_and_read_back(description):
    layout = find_layout("pair2").model_copy(update={"description": description})
    assert parse_layout(commented_layout(layout, "copy")).description == description


def test_markup_of_a_description_is_printed_as_it_is(capsys):
    layout_table(find_layout("pair2").model_copy(update={"description": "a [/red] b"}))
    assert "a [/red] b" in capsys.readouterr().out

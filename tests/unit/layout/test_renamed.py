"""Old names of keys work in what users type, and stay in what is stored."""

import warnings

import pytest

from designer.cli import main
from designer.errors import LayoutError
from designer.layout.load import parse_layout
from designer.layout.renamed import RenamedKeyWarning, with_current_names, with_stored_names
from designer.layout.shipped import SHIPPED_LAYOUTS

NEW = (SHIPPED_LAYOUTS / "pair2.toml").read_text()
OLD = NEW.replace("number_format =", "arithmetic =")


def test_an_old_key_is_taken_with_a_warning():
    with pytest.warns(RenamedKeyWarning) as told:
        layout = parse_layout(OLD, "my.toml")
    assert layout == parse_layout(NEW, "my.toml")
    assert [str(warning.message) for warning in told] == [
        "layout 'my.toml', arithmetic: this key is now called number_format; the old name still works: rename it"
    ]


def test_a_new_key_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_layout(NEW).number_format == "q15"


def test_both_keys_are_refused_with_all_other_faults():
    both = OLD.replace("arithmetic =", 'number_format = "q31"\narithmetic =')
    line = (
        "layout 'my.toml', arithmetic = 'q15' and number_format = 'q31': arithmetic is the old name of number_format, "
        "allowed is one of the two: remove arithmetic"
    )
    with pytest.raises(LayoutError) as caught:
        parse_layout(both, "my.toml")
    assert str(caught.value) == line
    with pytest.raises(LayoutError) as caught:
        parse_layout(both.replace("name =", "unknown = 1\nname =", 1), "my.toml")
    first, second = str(caught.value).splitlines()
    assert (first, "unknown key" in second) == (line, True)


def test_a_stored_layout_keeps_the_old_name_in_its_place():
    document = {"name": "a", "number_format": "q15", "block_samples": 64}
    stored = with_stored_names(document)
    assert list(stored.items()) == [("name", "a"), ("arithmetic", "q15"), ("block_samples", 64)]
    assert with_current_names(stored) == document


def test_the_command_says_so_in_one_line(tmp_path, monkeypatch, capsys):
    path = tmp_path / "my.toml"
    path.write_text(OLD)
    monkeypatch.setattr("sys.argv", ["proscenium", "check", str(path), "--quiet"])
    for _ in range(2):
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        assert (left.value.code, captured.out) == (0, "")
        assert captured.err == (
            "warning: layout 'my.toml', arithmetic: this key is now called number_format; the old name still works: "
            "rename it\n"
        )

"""The listening benchmark: what it measures of a layout, its table, and the earlier figures it compares with."""

import json

import pytest
from places import ROOT

from benchmarks.listening import Measured, all_tables, main, measure, read_measured, table_text
from designer.errors import LayoutError
from designer.layout.shipped import find_layout, shipped_layouts

EARLIER = ROOT / "benchmarks" / "data" / "listening.json"


@pytest.fixture(scope="module")
def earlier():
    return read_measured(EARLIER)


@pytest.fixture(scope="module")
def found():
    return measure(find_layout("pair2"))


def test_the_figures_of_earlier_are_those_of_all_shipped_layouts(earlier):
    assert [m.layout for m in earlier.layouts] == list(shipped_layouts())


def test_the_model_still_hears_what_the_figures_of_earlier_were_heard_with(earlier, found):
    """Plain mixing and the real pair do not depend on the design: if they differ, so does the model."""
    before = {m.layout: m for m in earlier.layouts}["pair2"].test
    for now, then in zip(found.test.heard, before.heard, strict=True):
        assert (now.room, now.head) == (then.room, then.head)
        for mine, its in ((now.plain, then.plain), (now.pair, then.pair)):
            assert mine.left.clarity_c50_db == pytest.approx(its.left.clarity_c50_db, abs=0.05)
            for signal, known in zip(mine.signals, its.signals, strict=True):
                # Rounded to 0.1°.
                assert signal.azimuth_deg == pytest.approx(known.azimuth_deg, abs=0.2)
    assert found.test.zones.pair.width_m == pytest.approx(before.zones.pair.width_m, abs=0.005)


def test_a_real_pair_is_heard_at_its_places_and_plain_mixing_in_the_middle(found):
    for heard in found.test.heard:
        assert heard.pair.mean_of(30.0, "azimuth_deg") == pytest.approx(30.0, abs=3.0)
        assert heard.pair.mean_of(0.0, "azimuth_deg") == pytest.approx(0.0, abs=2.0)
        # Its drivers are 5° apart as seen by the listener.
        assert abs(heard.plain.mean_of(30.0, "azimuth_deg")) < 10


def test_figures_survive_their_file(found, tmp_path):
    measured = Measured(layouts=(found,))
    path = tmp_path / "figures.json"
    path.write_text(json.dumps(measured.to_json()))
    assert read_measured(path) == measured


def test_the_table_has_a_column_for_each_layout_and_says_what_was_before(earlier):
    title, rows = all_tables(earlier)[0]
    text = table_text(title, rows, earlier, earlier).splitlines()
    assert text[0].count("|") == len(earlier.layouts) + 3
    assert all(line.count("→") == len(earlier.layouts) for line in text[2:])


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text('{"layouts": [{}]}')
    with pytest.raises(LayoutError, match=r"--before .*other\.json: layouts\[0\]\.layout is missing"):
        read_measured(path)


def test_an_unknown_layout_ends_with_the_code_of_bad_input(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["no-such-layout"])
    assert caught.value.code == 2
    assert "no such file or shipped layout" in capsys.readouterr().err

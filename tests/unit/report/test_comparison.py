"""Two designs side by side: a figure stands under its own name and frequency, or not at all."""

from types import SimpleNamespace

from designer.report.comparison import compare_cards


def card(**content):
    return SimpleNamespace(to_json=lambda: content)


def rows(first, second):
    return {row["figure"]: (row["first"], row["second"], row["difference"]) for row in compare_cards(first, second)}


def bands(centres, values):
    return {"quantised": {"beam": {"band_centres_hz": centres, "ripple_db": values}}}


def test_figures_are_lined_up_by_name():
    found = rows(card(latency_ms=3.0, name="a", ok=True), card(latency_ms=4.5, name="b", more=1))
    assert found == {
        "latency_ms": (3.0, 4.5, 1.5),
        "name": ("a", "b", None),
        "ok": (True, None, None),
        "more": (None, 1, None),
    }


def test_bands_are_named_by_the_third_octave_that_they_lie_in():
    found = rows(card(**bands([501.2, 1000.0, 1995.3, 3981.1], [1, 2, 3, 4])), card(**bands([501.2, 1000.0], [5, 6])))
    assert found == {
        "beam.ripple_db at 500 Hz": (1, 5, 4),
        "beam.ripple_db at 1000 Hz": (2, 6, 4),
        # The other design has no figure there, and that of its last band is not this one.
        "beam.ripple_db at 2000 Hz": (3, None, None),
        "beam.ripple_db at 4000 Hz": (4, None, None),
    }


def test_of_a_design_without_bands_there_nothing_is_shown():
    assert rows(card(**bands([125.9, 158.5], [1, 2])), card(**bands([125.9, 158.5], [1, 2]))) == {}


def test_the_float_figures_are_left_out():
    assert rows(card(float={"a": 1}, quantised={"a": 2}), card(quantised={"a": 3})) == {"a": (2, 3, 1)}

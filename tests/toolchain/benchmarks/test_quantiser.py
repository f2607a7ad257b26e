from benchmarks.quantiser import SUITE, largest_difference_db


def test_the_suite_is_the_published_one():
    names = [f"{name}{taps}/{bits}" for name, taps, bits in SUITE]
    assert len(names) == 15
    assert {"A35/8", "B125/22", "C45/8", "D35/9", "D125/22", "E125/21"} <= set(names)


def test_the_largest_difference_looks_at_every_figure_in_db():
    reference = {"beam": {"on_axis_db": [1.0, 2.0], "itd_us": 3.0}, "cancellation": {"gain_db": 4.0}}
    other = {"beam": {"on_axis_db": [1.0, 1.5], "itd_us": 9.0}, "cancellation": {"gain_db": 4.25}}
    assert largest_difference_db(reference, other) == 0.5

"""Numbers of a saved design that would spread silently are refused where they are read."""

from dataclasses import replace

import numpy as np
import pytest
from shipped import anechoic_design

from designer.design.store import _content_digest, check_inputs, load_gain_db, save_design
from designer.errors import LayoutError
from designer.layout.sections import Measured


def save(directory, **arrays):
    np.savez(directory / "filters.npz", **arrays, content_digest=np.array(_content_digest(arrays)))


@pytest.mark.parametrize("gain_db", [np.nan, np.inf, -np.inf])
def test_a_gain_that_is_no_number_is_refused(tmp_path, gain_db):
    save(tmp_path, gain_db=np.float64(gain_db))
    with pytest.raises(LayoutError, match=r"damaged design .*gain_db is .*design it again"):
        load_gain_db(tmp_path)


def test_a_finite_gain_comes_back(tmp_path):
    save(tmp_path, gain_db=np.float64(-3.25))
    assert load_gain_db(tmp_path) == -3.25


def test_a_design_of_an_earlier_version_is_named_as_such(tmp_path):
    np.savez(tmp_path / "filters.npz", gain_db=np.float64(-3.25))
    with pytest.raises(LayoutError, match="damaged design, or one of an earlier version"):
        load_gain_db(tmp_path)


def test_the_digest_of_the_content_tells_every_change():
    arrays = {"a": np.arange(6.0), "b": np.array(["x", "y"]), "c": np.int64(3)}
    others = [
        arrays,
        {**arrays, "a": np.arange(6.0).reshape(2, 3)},
        {**arrays, "a": np.arange(6.0).astype(np.float32)},
        {**arrays, "a": np.nextafter(np.arange(6.0), 9)},
        {**arrays, "b": np.array(["x", "z"])},
        {**arrays, "c": np.int64(4)},
        {**arrays, "d": np.int64(3)},
        {"a": arrays["a"], "b": arrays["b"], "e": arrays["c"]},
    ]
    assert len({_content_digest(each) for each in others}) == len(others)


def test_a_measured_file_that_changed_after_the_design_is_seen(tmp_path):
    made = anechoic_design("pair2")
    plain, file = made.layout, tmp_path / "left.sofa"
    file.write_bytes(b"one")
    left = plain.drivers[0].model_copy(update={"measured": Measured(file=str(file))})
    layout = plain.model_copy(update={"drivers": (left, *plain.drivers[1:])})
    save_design(replace(made, layout=layout), tmp_path / "out")
    check_inputs(tmp_path / "out", layout)
    file.write_bytes(b"two")
    with pytest.raises(LayoutError, match=r"left\.sofa' is missing or has changed since this design.*design it again"):
        check_inputs(tmp_path / "out", layout)
    # What is not read may change.
    check_inputs(tmp_path / "out", plain)
    file.unlink()
    with pytest.raises(LayoutError, match="is missing or has changed"):
        check_inputs(tmp_path / "out", layout)


def test_a_design_that_does_not_know_its_measured_files_is_refused(tmp_path):
    made = anechoic_design("pair2")
    layout = made.layout.model_copy(
        update={"listener": made.layout.listener.model_copy(update={"hrtf": str(tmp_path / "head.sofa")})}
    )
    save_design(replace(made, layout=layout), tmp_path)
    with np.load(tmp_path / "filters.npz") as stored:
        arrays = {name: stored[name] for name in stored.files if name not in ("input_digests", "content_digest")}
    save(tmp_path, **arrays)
    with pytest.raises(LayoutError, match="damaged design, or one of an earlier version"):
        check_inputs(tmp_path, layout)

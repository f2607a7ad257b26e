"""Sweeps: the right points, every one accounted for, resumed where they stopped, here or on a cluster."""

import csv
import io
import json
import multiprocessing
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from designer.errors import BoardNotFoundError, BuildError, LayoutError
from designer.files import content_digest
from designer.layout.model import Layout
from designer.layout.sections import Measured
from designer.layout.shipped import find_layout
from designer.sweep.evaluate import evaluate_point
from designer.sweep.plan import parse_axis, plan_points
from designer.sweep.results import pareto_mask, pareto_page, parse_objectives, to_csv, to_parquet
from designer.sweep.run import JOURNAL, run_sweep

PROSCENIUM = Path(sys.executable).with_name("proscenium")
MIRRORED = "driver.left.azimuth_deg,-driver.right.azimuth_deg"


@pytest.fixture(scope="module")
def base():
    return find_layout("pair2")


def points_of(base, *texts, **more):
    return plan_points(base, [parse_axis(text) for text in texts], **more)


def test_grid_is_every_combination(base):
    points = points_of(base, f"{MIRRORED}=20:30:3", "cabinet.radius_m=0.08,0.09")
    assert len(points) == 6
    assert len({point.key for point in points}) == 6
    for point in points:
        left, right = (driver["azimuth_deg"] for driver in point.layout["driver"])
        assert left == -right == point.parameters[MIRRORED]
        assert point.layout["cabinet"]["radius_m"] == point.parameters["cabinet.radius_m"]


def test_whole_numbers_stay_whole(base):
    # Also of a key that the layout leaves out.
    points = points_of(base, "filters.taps=128,256", "listener.distance_m=1,1.5")
    assert {point.layout["filters"]["taps"] for point in points} == {128, 256}
    for point in points:
        assert isinstance(point.layout["filters"]["taps"], int)
        Layout.model_validate(point.layout)


def test_a_minus_ahead_holds_for_whole_numbers_too(base):
    (point,) = points_of(base, f"{MIRRORED}=25")
    assert [driver["azimuth_deg"] for driver in point.layout["driver"]] == [25, -25]


def test_random_points_follow_their_seed(base):
    draw = [points_of(base, "listener.distance_m=1:3:2", random=20, seed=seed) for seed in (1, 1, 2)]
    assert draw[0] == draw[1] != draw[2]
    values = [point.parameters["listener.distance_m"] for point in draw[0]]
    assert 1 <= min(values) < max(values) <= 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("listener.distance_m", "allowed is PATH=FROM:TO:COUNT"),
        ("listener.distance_m=1:x:3", "allowed is PATH=FROM:TO:COUNT"),
        ("listener.distance_m=1_5", "allowed is PATH=FROM:TO:COUNT"),
        ("driver.middle.azimuth_deg=1,2", "there is no 'driver.middle'"),
        ("listener.height_m=1", "there is no 'listener.height_m'"),
        ("foo=1", "there is no 'foo'"),
        ("listener.distance_m=1:2:200000", "points, allowed are 1 to 100000"),
    ],
)
def test_a_wrong_request_is_refused(text, message, base):
    with pytest.raises(LayoutError, match=message):
        points_of(base, text)


@pytest.mark.parametrize(
    "texts",
    [
        ("listener.distance_m=1,2", "listener.distance_m=3"),
        ("listener.distance_m,listener.distance_m=1,2",),
        ("driver.left.azimuth_deg=20,25", f"{MIRRORED}=30"),
    ],
)
def test_a_key_that_is_varied_twice_is_refused(texts, base):
    """The last value would hold, and the table would show the other beside it."""
    with pytest.raises(LayoutError, match=r"'(listener\.distance_m|driver\.left\.azimuth_deg)' is varied twice"):
        points_of(base, *texts)


def test_a_failed_point_is_recorded_and_the_rest_goes_on(base, tmp_path):
    # At 5° the diaphragms overlap; at 25° they do not.
    told = []
    rows = run_sweep(points_of(base, f"{MIRRORED}=5,25"), tmp_path, progress=lambda *state: told.append(state))
    assert [row["status"] for row in rows] == ["failed", "ok"]
    assert "apart from driver" in rows[0]["reason"]
    assert rows[1]["cancellation.left_mean_gain_db"] > 0
    assert told[-1] == (2, 1, 2)


def test_where_nothing_could_be_designed_the_reason_is_said(tmp_path):
    command = [PROSCENIUM, "sweep", "pair2", "--vary", f"{MIRRORED}=5,6", "--jobs", "1", "--out", tmp_path, "--quiet"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (3, "")
    assert "none of 2 points could be designed" in result.stderr
    assert "apart from driver" in result.stderr
    assert (tmp_path / "results.csv").is_file()


def test_a_stopped_sweep_goes_on_where_it_was(base, tmp_path):
    points = points_of(base, f"{MIRRORED}=5,6,7,8")
    run_sweep(points[:2], tmp_path)
    journal = tmp_path / JOURNAL
    before = journal.read_text()
    # Killed while it wrote its third line.
    journal.write_text(before + '{"key": "abc", "sta')
    rows = run_sweep(points, tmp_path)
    assert len(rows) == 4
    lines = journal.read_text().splitlines()
    assert lines[:2] == before.splitlines()
    assert [json.loads(line)["key"] for line in lines] == [point.key for point in points]
    # Nothing is left to do.
    stamp = journal.read_text()
    assert run_sweep(points, tmp_path) == rows
    assert journal.read_text() == stamp


def test_a_scheduler_that_is_not_there_is_said(base, tmp_path, monkeypatch):
    from designer.errors import BoardNotFoundError

    monkeypatch.setattr("designer.sweep.run._CONNECT_S", 1)
    with pytest.raises(BoardNotFoundError, match="no answer"):
        run_sweep(points_of(base, f"{MIRRORED}=25"), tmp_path, scheduler="tcp://127.0.0.1:1")


ROWS = [
    {"key": "a", "status": "ok", "reason": "", "x": 1.0, "gain": 3.0, "effort": 1.0},
    {"key": "b", "status": "ok", "reason": "", "x": 2.0, "gain": 2.0, "effort": 2.0},
    {"key": "c", "status": "failed", "reason": "too near, too loud", "x": 3.0},
    {"key": "d", "status": "ok", "reason": "", "x": 4.0, "gain": 5.0, "effort": 4.0},
]


def test_tables_hold_every_row_and_column():
    read = list(csv.DictReader(io.StringIO(to_csv(ROWS).decode())))
    assert [row["key"] for row in read] == ["a", "b", "c", "d"]
    assert read[2]["reason"] == "too near, too loud"
    assert read[2]["gain"] == ""
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(to_parquet(ROWS))).to_pylist()
    assert [row["gain"] for row in table] == [3.0, 2.0, None, 5.0]


def test_pareto_front_by_its_definition():
    rng = np.random.default_rng(3)
    values = rng.integers(0, 6, (60, 2)).astype(float)
    expected = [not any(np.all(other >= mine) and np.any(other > mine) for other in values) for mine in values]
    assert pareto_mask(values).tolist() == expected


def test_pareto_page_needs_no_network():
    page = pareto_page(ROWS, ["x"], parse_objectives("gain:max,effort:min"))
    assert "3 designs, 2 of them unbeaten" in page
    assert "1 points could not be designed" in page
    assert "<script src" not in page.split("<script>")[0]
    with pytest.raises(LayoutError, match="no point has both"):
        pareto_page(ROWS, ["x"], parse_objectives("nothing:max,effort:min"))
    with pytest.raises(LayoutError, match="allowed is FIGURE:max"):
        parse_objectives("gain,effort")


def test_the_key_covers_the_content_of_every_input(tmp_path):
    measured = tmp_path / "left.wav"
    measured.write_bytes(b"first")
    base = find_layout("pair2")
    drivers = (base.drivers[0].model_copy(update={"measured": Measured(file=str(measured))}), *base.drivers[1:])
    layout = base.model_copy(update={"drivers": drivers})
    keys = [points_of(layout, "listener.distance_m=1")[0].key]
    stamp = measured.stat().st_mtime_ns
    measured.write_bytes(b"other")
    os.utime(measured, ns=(stamp, stamp))
    keys.append(points_of(layout, "listener.distance_m=1")[0].key)
    measured.unlink()
    keys.append(points_of(layout, "listener.distance_m=1")[0].key)
    assert len(set(keys)) == 3


def test_the_key_covers_the_version(base, monkeypatch):
    now = points_of(base, "listener.distance_m=1")[0].key
    monkeypatch.setattr("designer.sweep.plan.version", lambda name: "0.0.1")
    assert points_of(base, "listener.distance_m=1")[0].key != now


@pytest.mark.parametrize("what", ["version", "file"])
def test_a_worker_that_has_something_else_does_not_stand_for_the_point(base, tmp_path, monkeypatch, what):
    """Its figures would be kept under the key of another version, or of other files."""
    (tmp_path / "head.sofa").write_bytes(b"one")
    (point,) = points_of(base, "listener.distance_m=1")
    point = replace(point, inputs={str(tmp_path / "head.sofa"): content_digest(tmp_path / "head.sofa")})
    point.layout["virtualisation"]["hrtf"] = str(tmp_path / "head.sofa")
    # Both a point that could be designed and one that could not.
    for result in ("ok", "failed"):
        monkeypatch.setattr("designer.sweep.evaluate._evaluate", lambda point, result=result: {"status": result})
        assert evaluate_point(point)["status"] == result
    if what == "version":
        monkeypatch.setattr("designer.sweep.evaluate.version", lambda name: "0.0.1")
    else:
        (tmp_path / "head.sofa").write_bytes(b"two")
    found = evaluate_point(point)
    assert found["status"] == "error"
    assert ("0.0.1" if what == "version" else "has changed since the sweep began") in found["reason"]


def test_an_error_is_tried_again_and_a_failure_is_not(base, tmp_path, monkeypatch):
    points = points_of(base, f"{MIRRORED}=5,25")

    def out_of_memory(layout):
        raise MemoryError("no room")

    monkeypatch.setattr("designer.sweep.evaluate.build_design", out_of_memory)
    assert [row["status"] for row in run_sweep(points, tmp_path)] == ["failed", "error"]
    monkeypatch.undo()
    rows = run_sweep(points, tmp_path)
    assert [row["status"] for row in rows] == ["failed", "ok"]
    assert [json.loads(line) for line in (tmp_path / JOURNAL).read_text().splitlines()] == rows


def test_a_worker_that_is_killed_ends_with_a_message(base, tmp_path):
    points = points_of(base, "listener.distance_m=1:3:200")

    def kill_the_workers(done, failed, total):
        if done:
            for child in multiprocessing.active_children():
                child.kill()

    with pytest.raises(BuildError, match="fewer than 2 --jobs"):
        run_sweep(points, tmp_path, jobs=2, progress=kill_the_workers)
    kept = (tmp_path / JOURNAL).read_text().splitlines()
    assert kept
    assert all(json.loads(line)["status"] == "ok" for line in kept)


def test_a_scheduler_without_workers_is_told(base, tmp_path, monkeypatch):
    monkeypatch.setattr("designer.sweep.run._CONNECT_S", 2)
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, dashboard_address=None, processes=False) as cluster,
        pytest.raises(BoardNotFoundError, match="no worker within 2 s: start one with 'dask worker"),
    ):
        run_sweep(points_of(base, "listener.distance_m=1"), tmp_path, scheduler=cluster.scheduler_address)


def test_a_vast_count_is_refused_before_it_is_built():
    with pytest.raises(LayoutError, match="1000000000 points, allowed are 1 to 100000"):
        parse_axis("listener.distance_m=1:3:1000000000")

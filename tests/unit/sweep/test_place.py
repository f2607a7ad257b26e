"""Search for places: it finds the best, keeps to its range, and takes from the journal what is done."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from designer.errors import InfeasibleDesignError, LayoutError
from designer.layout.shipped import find_layout
from designer.sweep.place import parse_goal, search
from designer.sweep.plan import parse_axis

PROSCENIUM = Path(sys.executable).with_name("proscenium")
ANGLE, RADIUS = "driver.left.azimuth_deg,-driver.right.azimuth_deg", "cabinet.radius_m"


def bowl(points):
    """Stand for designs whose figure is largest at 35° and 0.1 m."""
    rows = []
    for point in points:
        angle, radius = point.parameters[ANGLE], point.parameters[RADIUS]
        figure = -((angle - 35.0) ** 2) / 100 - (radius - 0.1) ** 2 * 1000
        rows.append({"key": point.key, "status": "ok", "reason": "", "figure": figure, **point.parameters})
    return rows


def found(evaluate=bowl, goal="figure:max", **more):
    axes = [parse_axis(f"{ANGLE}=10,70"), parse_axis(f"{RADIUS}=0.06,0.2")]
    settings = {"population": 10, "generations": 25, "seed": 1, **more}
    return search(find_layout("pair2"), axes, parse_goal(goal), evaluate, **settings)


def test_search_finds_the_best_place_within_its_range():
    placed = found()
    # A tenth of the range after 25 generations of ten.
    assert placed.best[ANGLE] == pytest.approx(35.0, abs=6.0)
    assert placed.best[RADIUS] == pytest.approx(0.1, abs=0.014)
    assert all(10 <= row[ANGLE] <= 70 and 0.06 <= row[RADIUS] <= 0.2 for row in placed.rows)
    assert max(row["figure"] for row in placed.rows) == placed.best["figure"]


def test_goal_may_be_the_smallest():
    placed = found(goal="figure:min", generations=2)
    assert placed.best["figure"] == min(row["figure"] for row in placed.rows)


def test_same_seed_asks_for_the_same_points():
    first, again = ([row["key"] for row in found(generations=3).rows] for _ in range(2))
    assert first == again
    assert first != [row["key"] for row in found(generations=3, seed=2).rows]


def test_points_that_cannot_be_designed_lose():
    def some_fail(points):
        return [{**row, "status": "failed", "reason": "too near"} if row[ANGLE] > 30 else row for row in bowl(points)]

    assert found(some_fail).best[ANGLE] <= 30


def test_search_without_a_result_says_why():
    def none(points):
        return [{**row, "status": "failed", "reason": "too near"} for row in bowl(points)]

    with pytest.raises(InfeasibleDesignError, match=r"none of .* could be designed; the first: too near"):
        found(none, generations=0)
    with pytest.raises(InfeasibleDesignError, match=r"no point has the figure 'other': allowed are .*figure"):
        found(goal="other:max", generations=0)


@pytest.mark.parametrize(
    ("more", "message"),
    [({"population": 4}, "--population 4: allowed from 5"), ({"generations": -1}, "--generations -1: allowed from 0")],
)
def test_settings_out_of_range_are_refused(more, message):
    with pytest.raises(LayoutError, match=message):
        found(**more)


def test_requests_that_cannot_be_read_are_refused():
    with pytest.raises(LayoutError, match="allowed is FIGURE:max or FIGURE:min"):
        parse_goal("figure")
    with pytest.raises(LayoutError, match="one value only"):
        search(
            find_layout("pair2"),
            [parse_axis(f"{RADIUS}=0.1")],
            parse_goal("figure:max"),
            bowl,
            population=5,
            generations=0,
            seed=0,
        )
    with pytest.raises(LayoutError, match=r"there is no 'cabinet\.colour'"):
        search(
            find_layout("pair2"),
            [parse_axis("cabinet.colour=1,2")],
            parse_goal("figure:max"),
            bowl,
            population=5,
            generations=0,
            seed=0,
        )


def test_command_takes_finished_designs_from_the_journal(tmp_path):
    command = [PROSCENIUM, "place", "pair2", "--vary", f"{ANGLE}=25,35", "--population", "5", "--generations", "0"]
    command += ["--out", tmp_path / "place", "--json", "-j", "1"]
    first = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    journal = (tmp_path / "place" / "points.jsonl").read_text()
    assert first["points"] == 5
    assert 25 <= first["best"][ANGLE] <= 35
    again = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert again == first
    assert (tmp_path / "place" / "points.jsonl").read_text() == journal

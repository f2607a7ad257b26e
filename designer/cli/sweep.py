"""The command that designs many variants of a layout: sweep."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from designer.cli.common import (
    JsonOption,
    LayoutArgument,
    OutOption,
    QuietOption,
    app,
    hold,
    print_json,
    say,
    step,
    usage_error,
)

_OBJECTIVES = "cancellation.left_mean_gain_db:max,beam.mean_null_depth_db:max"
_GOAL = "room.near_azimuth_deg:max"


class TableFormat(StrEnum):
    """Formats of the table of results."""

    csv = "csv"
    parquet = "parquet"


@app.command()
def sweep(
    layout: LayoutArgument,
    vary: Annotated[
        list[str], typer.Option("--vary", help="PATH=FROM:TO:COUNT or PATH=VALUE,VALUE, once for each parameter.")
    ],
    random: Annotated[
        int | None, typer.Option("--random", help="Number of random points, instead of the grid.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the random points [0].")] = None,
    out: OutOption = None,
    table: Annotated[TableFormat, typer.Option("--format", help="Format of the table of results.")] = TableFormat.csv,
    pareto: Annotated[str, typer.Option("--pareto", help="Two figures, each with :max or :min.")] = _OBJECTIVES,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Processes [one for each core].")] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="tcp://HOST:PORT", help="Run on a Dask cluster instead.")
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Vary parameters of a layout, design all points, and plot the best trade-offs. Resumes an interrupted sweep."""
    from designer.cli.tables import sweep_progress
    from designer.errors import InfeasibleDesignError
    from designer.files import replace_file
    from designer.layout.shipped import find_layout
    from designer.sweep.plan import parse_axis, plan_points
    from designer.sweep.results import pareto_page, parse_objectives, to_csv, to_parquet
    from designer.sweep.run import run_sweep

    if seed is not None and random is None:
        raise usage_error("--seed needs --random: a grid has no random points: add --random or leave out --seed")
    base = find_layout(layout)
    axes = [parse_axis(text) for text in vary]
    objectives = parse_objectives(pareto)
    points = plan_points(base, axes, random, seed or 0)
    directory = out or Path("build") / base.name / "sweep"
    hold(directory)
    step(f"{len(points)} points of '{base.name}'", quiet=json or quiet)
    with sweep_progress(json or quiet) as progress:
        rows = run_sweep(points, directory, jobs=jobs or os.cpu_count() or 1, scheduler=scheduler, progress=progress)
    # Of an earlier sweep, perhaps over other points.
    for stale in [directory / "pareto.html", *(directory / f"results.{other.value}" for other in TableFormat)]:
        stale.unlink(missing_ok=True)
    results = directory / f"results.{table.value}"
    data = to_csv(rows) if table is TableFormat.csv else to_parquet(rows)
    replace_file(results, lambda file: file.write(data))
    reasons = [row["reason"] for row in rows if row["status"] != "ok"]
    failed = len(reasons)
    if failed == len(rows):
        raise InfeasibleDesignError(
            f"none of {failed} points could be designed, see {results}; the first: {reasons[0]}"
        )
    page = pareto_page(rows, [axis.text for axis in axes], objectives).encode()
    replace_file(directory / "pareto.html", lambda file: file.write(page))
    written = [str(results), str(directory / "pareto.html")]
    if json:
        print_json({"points": len(rows), "failed": failed, "files": written})
    else:
        say(f"{len(rows)} points, {failed} failed: {', '.join(written)}", quiet)
        if reasons:
            say(f"the first that failed: {reasons[0]}", quiet)


@app.command()
def place(
    layout: LayoutArgument,
    vary: Annotated[list[str], typer.Option("--vary", help="PATH[,-PATH]=FROM,TO, once for each parameter.")],
    goal: Annotated[str, typer.Option("--goal", help="A figure of the sweep, with :max or :min.")] = _GOAL,
    population: Annotated[int, typer.Option("--population", help="Designs in one generation.")] = 12,
    generations: Annotated[int, typer.Option("--generations", help="Generations after the first.")] = 10,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the search.")] = 0,
    out: OutOption = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Processes [one for each core].")] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="tcp://HOST:PORT", help="Run on a Dask cluster instead.")
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Search for the best places of drivers or size of the cabinet. Resumes an interrupted search."""
    from designer.cli.tables import sweep_progress
    from designer.files import replace_file
    from designer.layout.shipped import find_layout
    from designer.sweep.place import parse_goal, search
    from designer.sweep.plan import Point, parse_axis
    from designer.sweep.results import to_csv
    from designer.sweep.run import run_sweep

    base = find_layout(layout)
    axes, wanted = [parse_axis(text) for text in vary], parse_goal(goal)
    directory = out or Path("build") / base.name / "place"
    hold(directory)
    step(f"{population * (generations + 1)} designs of '{base.name}'", quiet=json or quiet)
    cores = jobs or os.cpu_count() or 1

    with sweep_progress(json or quiet) as progress:

        def evaluate(points: list[Point]) -> list[dict[str, Any]]:
            return run_sweep(points, directory, jobs=cores, scheduler=scheduler, progress=progress)

        found = search(base, axes, wanted, evaluate, population=population, generations=generations, seed=seed)
    results = directory / "results.csv"
    data = to_csv(found.rows)
    replace_file(results, lambda file: file.write(data))
    values = {axis.text: found.best[axis.text] for axis in axes}
    reached = found.best[wanted.figure]
    if json:
        print_json({"points": len(found.rows), "best": values, wanted.figure: reached, "file": str(results)})
    else:
        chosen = "; ".join(f"{name} = {value:g}" for name, value in values.items())
        say(f"{wanted.figure} = {reached:.4g} with {chosen}. {len(found.rows)} designs: {results}", quiet)

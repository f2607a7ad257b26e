"""Points per minute of a sweep on one and on two Dask workers: ``python -m benchmarks.sweep_speed``.

The efficiency is the speed of two workers over twice the speed of one.  In wall time it says something only where two
cores are idle.  So it is printed in processor time as well: what a point costs on one worker over what it costs on two.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from distributed import Client, LocalCluster
from rich.console import Console

from benchmarks.matrix import DEFAULT_LAYOUT
from designer.layout.shipped import find_layout
from designer.numerics.threads import limit_blas_threads
from designer.sweep.plan import Point, parse_axis, plan_points
from designer.sweep.run import run_sweep

GOAL = 0.9


def measure_workers(workers: int, points: list[Point]) -> tuple[float, float]:
    """Run a sweep on local Dask workers of one thread each: points per minute, and processor seconds for each point.

    One point for each worker goes ahead, so that all modules are loaded.
    """
    with (
        tempfile.TemporaryDirectory(prefix="proscenium-bench-") as scratch,
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        run_sweep(points[:workers], Path(scratch) / "first", scheduler=cluster.scheduler_address)
        before, began = sum(client.run(time.process_time).values()), time.perf_counter()
        run_sweep(points[workers:], Path(scratch) / "then", scheduler=cluster.scheduler_address)
        taken = time.perf_counter() - began
        spent = sum(client.run(time.process_time).values()) - before
    count = len(points) - workers
    return 60 * count / taken, spent / count


def main() -> None:
    """Print both speeds and the efficiency."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep_speed", description=__doc__)
    parser.add_argument("--points", type=int, default=16)
    count = parser.parse_args().points
    limit_blas_threads()
    points = plan_points(find_layout(DEFAULT_LAYOUT), [parse_axis(f"listener.distance_m=1.5:2.5:{count + 2}")])
    console, found = Console(width=120), {}
    for workers in (1, 2):
        found[workers] = measure_workers(workers, points[: count + workers])
        console.print(
            f"{workers} Dask workers: {found[workers][0]:.1f} points a minute, {found[workers][1]:.2f} s each"
        )
    by_wall, by_processor = found[2][0] / (2 * found[1][0]), found[1][1] / found[2][1]
    console.print(f"efficiency {by_wall:.2f} in wall time, {by_processor:.2f} in processor time, goal {GOAL}")


if __name__ == "__main__":
    main()

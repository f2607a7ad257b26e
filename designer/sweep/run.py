"""Run a sweep on the cores of this machine or on a Dask cluster.  An interrupted sweep resumes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from designer.errors import BoardNotFoundError, BuildError, LayoutError
from designer.files import replace_file
from designer.sweep.evaluate import evaluate_point
from designer.sweep.plan import Point

JOURNAL = "points.jsonl"
_CONNECT_S = 10

Progress = Callable[[int, int, int], None]


def run_sweep(
    points: Sequence[Point],
    directory: Path,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Progress = lambda done, failed, total: None,
) -> list[dict[str, Any]]:
    """Evaluate every point that the journal does not hold yet.

    Parameters
    ----------
    points : sequence of Point
    directory : Path
        Holds the journal, one line for each point that is done.
    jobs : int
        Processes on this machine.
    scheduler : str, optional
        Address of a Dask scheduler to use instead, such as ``tcp://host:8786``; its workers need Proscenium installed.
    progress : callable
        Called with the numbers of points that are done, failed and planned.

    Returns
    -------
    list of dict
        A row for each point, in the order of `points`.

    Raises
    ------
    BoardNotFoundError
        If the scheduler does not answer.
    """
    directory.mkdir(parents=True, exist_ok=True)
    journal = directory / JOURNAL
    done = _read_journal(journal)
    todo = list({point.key: point for point in points if point.key not in done}.values())
    wanted = {point.key for point in points}

    def report() -> None:
        mine = [row for key, row in done.items() if key in wanted]
        progress(len(mine), sum(row["status"] != "ok" for row in mine), len(wanted))

    report()
    if todo:
        source = _on_cluster(todo, scheduler) if scheduler else _on_cores(todo, jobs)
        with journal.open("a", encoding="utf-8") as file:
            for row in source:
                file.write(json.dumps(row) + "\n")
                file.flush()
                done[row["key"]] = row
                report()
    return [done[point.key] for point in points]


def _read_journal(path: Path) -> dict[str, dict[str, Any]]:
    """Read what is done.  A line that was cut short by a kill, and a point with an error, are done again."""
    if not path.is_file():
        return {}
    rows: dict[str, dict[str, Any]] = {}
    whole = []
    text = path.read_text(encoding="utf-8", errors="replace")
    for line in text.splitlines():
        try:
            row = json.loads(line)
            if row["status"] == "error":
                continue
            rows[row["key"]] = row
            whole.append(line)
        except (ValueError, KeyError, TypeError):
            continue
    kept = "".join(f"{line}\n" for line in whole)
    if kept != text:
        replace_file(path, lambda file: file.write(kept.encode()))
    return rows


def _on_cores(points: Sequence[Point], jobs: int) -> Iterator[dict[str, Any]]:
    if jobs < 1:
        raise LayoutError(f"--jobs {jobs}: allowed from 1")
    if jobs == 1:
        yield from map(evaluate_point, points)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(evaluate_point, point) for point in points]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            pool.shutdown(wait=False, cancel_futures=True)
            raise BuildError(
                f"sweep: a worker process was killed, most often for lack of memory: use fewer than {jobs} --jobs "
                "and run again; points that are done are kept"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _on_cluster(points: Sequence[Point], scheduler: str) -> Iterator[dict[str, Any]]:
    try:
        from distributed import CancelledError, Client, KilledWorker
        from distributed import as_completed as completed
    except ImportError as error:
        raise LayoutError("--scheduler needs Dask: pip install 'proscenium[sweep]'") from error
    try:
        client = Client(scheduler, timeout=_CONNECT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise BoardNotFoundError(f"scheduler '{scheduler}': no answer within {_CONNECT_S} s: {error}") from error
    with client:
        _await_workers(client, scheduler)
        futures = [client.submit(evaluate_point, point, key=f"proscenium-{point.key}", pure=True) for point in points]
        try:
            for future in completed(futures):  # type: ignore[no-untyped-call]
                yield future.result()
        except (KilledWorker, CancelledError, OSError) as error:
            raise BoardNotFoundError(
                f"scheduler '{scheduler}': the cluster lost a point ({type(error).__name__}): look at the workers' "
                "memory and logs, then run again; points that are done are kept"
            ) from error


def _await_workers(client: Any, scheduler: str) -> None:
    """Wait for the first worker, because a scheduler without workers takes points and never answers."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except TimeoutError as error:
        raise BoardNotFoundError(
            f"scheduler '{scheduler}': no worker within {_CONNECT_S} s: start one with 'dask worker {scheduler}'"
        ) from error

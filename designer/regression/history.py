"""History of the regression: a file with one JSON object in each line.  Lines are only ever appended.

A line is a run, or the acceptance of a run, whose reason is in ``"accepted"``.  The baseline of a layout on a board is
its last accepted run.  If no run was accepted, it is the first run that passed.
"""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from designer.errors import HilError, LayoutError
from designer.regression.tracked_figures import BY_NAME, FIGURES

FILE_NAME = "hil_history.jsonl"


@dataclass(frozen=True)
class Worsening:
    """A figure that is worse than the baseline by more than its margin.

    Attributes
    ----------
    name : str
    value, baseline, limit : float
        Present value, that of the baseline, and the worst that is allowed; in the figure's unit.
    """

    name: str
    value: float
    baseline: float
    limit: float

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.value:.6g}, baseline {self.baseline:.6g}, allowed to {self.limit:.6g}: find what "
            "changed, or keep it with --accept 'why'"
        )


def record(report: dict[str, Any], figures: dict[str, float], compiler: str, commit: str) -> dict[str, Any]:
    """Build the history line of one run.

    Parameters
    ----------
    report : dict
        As in ``hil.json``.
    figures : dict
        As `designer.regression.tracked_figures.collect` returns them.
    compiler, commit : str
        Compiler of the image, and commit of the project.
    """
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "layout": report["layout"],
        "board": report["board"],
        "digest": report["digest"],
        "arithmetic": report["arithmetic"],
        "verdict": report["verdict"],
        "compiler": compiler,
        "commit": commit,
        "seconds_of_audio": report["seconds_of_audio"],
        "figures": figures,
    }


def append(path: Path, line: dict[str, Any]) -> None:
    """Append one line, whole or not at all.  Runs that end at the same time wait for each other.

    What a killed run left of its line is removed first.  It would make all later lines unreadable.

    Raises
    ------
    OSError
        If the file cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = (json.dumps(line, allow_nan=False, separators=(",", ":")) + "\n").encode()
    with path.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = path.read_bytes()
        end = _end_of_lines(before)
        file.truncate(end)
        if end and before[end - 1 : end] != b"\n":
            data = b"\n" + data
        written = file.write(data)
        if written != len(data):
            file.truncate(end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _end_of_lines(data: bytes) -> int:
    """Length without a last line that has no end and is no record."""
    begin = data.rfind(b"\n") + 1
    try:
        json.loads(data[begin:])
    except ValueError:
        return begin
    return len(data)


def read(path: Path, layout: str | None = None, board: str | None = None) -> list[dict[str, Any]]:
    """Read the lines of a layout and a board, oldest first.  Without a file, there are none.

    Raises
    ------
    LayoutError
        If a line is not valid.  The last line may be cut off.
    """
    if not path.is_file():
        return []
    lines = path.read_bytes().splitlines()
    found = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = _record(text)
        except (ValueError, RecursionError) as error:
            if number == len(lines):
                break  # a run that was ended while it wrote
            raise LayoutError(f"history '{path}', line {number}: no record ({error}): remove the line") from error
        if layout in (None, line["layout"]) and board in (None, line["board"]):
            found.append(line)
    return found


def _record(text: bytes) -> dict[str, Any]:
    """Read one line and check what the comparison with a baseline rests on.

    Raises
    ------
    ValueError
        If the line is no record.
    RecursionError
        If it is nested too deeply.
    """
    line = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    if not isinstance(line, dict):
        raise ValueError("not an object")
    for key in ("layout", "board", "verdict", "time"):
        if not isinstance(line.get(key), str):
            raise ValueError(f"'{key}' is missing or no text")
    figures = line.get("figures")
    if not isinstance(figures, dict):
        raise ValueError("'figures' is no object")
    for name, value in figures.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
            raise ValueError(f"figure '{name}' is no finite number")
    return line


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def baseline(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Find the last accepted line, else the first run that passed, else None."""
    accepted = [line for line in lines if line.get("accepted")]
    return accepted[-1] if accepted else next((line for line in lines if line["verdict"] == "pass"), None)


def worsenings(figures: dict[str, float], base: dict[str, Any] | None) -> list[Worsening]:
    """List the figures that are worse than those of the baseline by more than their margins."""
    if base is None:
        return []
    old = base["figures"]
    return [
        Worsening(figure.name, figures[figure.name], old[figure.name], figure.limit(old[figure.name]))
        for figure in FIGURES
        if figure.name in figures and figure.name in old and figure.is_worse(figures[figure.name], old[figure.name])
    ]


def accept(path: Path, layout: str, reason: str, board: str | None = None) -> dict[str, Any]:
    """Make the last run the baseline of its board, and record the reason.

    Parameters
    ----------
    path : Path
    layout, reason : str
    board : str, optional
        Name of the board in the history.  By default, that of the last run.

    Raises
    ------
    LayoutError
        If the reason is empty.
    HilError
        If there is no run, or the last run did not pass.
    """
    if not reason.strip():
        raise LayoutError("--accept: needs a reason, e.g. --accept 'longer filters for the bass'")
    runs = [line for line in read(path, layout, board) if not line.get("accepted")]
    if not runs:
        raise HilError(f"history '{path}': no run of '{layout}' to accept: run 'proscenium hil {layout}' first")
    if runs[-1]["verdict"] != "pass":
        raise HilError(
            f"the last run of '{layout}' failed for other reasons than worse figures: only a run whose signals are bit "
            "exact and within their bounds can become the baseline"
        )
    line = {**runs[-1], "time": datetime.now(UTC).isoformat(timespec="seconds"), "accepted": reason.strip()}
    append(path, line)
    return line


def trend(lines: list[dict[str, Any]]) -> dict[str, list[tuple[str, float]]]:
    """Values of each figure over the runs: (time, value), oldest first."""
    runs = [line for line in lines if not line.get("accepted")]
    return {
        name: series
        for name in BY_NAME
        if (series := [(line["time"], line["figures"][name]) for line in runs if name in line["figures"]])
    }


def sparkline(values: list[float], width: int = 24) -> str:
    """Draw the last values as a line of bars.  The lowest bar is the least value, the highest the greatest."""
    bars = "▁▂▃▄▅▆▇█"
    last = values[-width:]
    low, high = min(last), max(last)
    if high == low:
        return bars[3] * len(last)
    return "".join(bars[round((value - low) / (high - low) * (len(bars) - 1))] for value in last)


def project_commit(directory: Path) -> str:
    """Name the state of the project: its commit, with a plus if files differ from it; 'unknown' without git."""
    git = shutil.which("git")
    if git is None:
        return "unknown"

    def ask(*words: str) -> str | None:
        done = subprocess.run([git, "-C", str(directory), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    commit = ask("rev-parse", "--short=12", "HEAD")
    if not commit:
        return "unknown"
    return commit + ("+" if ask("status", "--porcelain", "--untracked-files=no") else "")

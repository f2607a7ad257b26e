"""Write the files of a run (``hil.json``, ``hil.html``, a line of the history), and compare it with the baseline."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from designer.design.model import Design
from designer.files import replace_file
from designer.regression import history
from designer.regression.html_page import render_page
from designer.regression.report import HilReport
from designer.regression.tracked_figures import BY_NAME, collect
from designer.resources import source_root
from designer.toolchain.compiler import compiler_version


def save_results(
    report: HilReport, design: Design, directory: Path, history_path: Path | None = None, suffix: str = ""
) -> tuple[HilReport, dict[str, Any]]:
    """Compare the figures with the baseline, add the run to the history, and write its files.

    Parameters
    ----------
    report : HilReport
    design : Design
    directory : Path
        Where ``hil.json`` and ``hil.html`` go.
    history_path : Path, optional
        By default ``hil_history.jsonl`` in the directory.
    suffix : str
        Suffix of the file names, for a board other than the default.

    Returns
    -------
    report : HilReport
        With the figures that are worse than the baseline.
    content : dict
        Content of ``hil.json``.
    """
    path = history_path or directory / history.FILE_NAME
    content = report.to_dict()
    figures = collect(content, design.layout.block_samples, design.layout.sample_rate_hz)
    lines = history.read(path, report.layout, report.board)
    worse = history.worsenings(figures, history.baseline(lines))
    line = history.record(content, figures, compiler_version(), history.project_commit(source_root()))
    history.append(path, line)
    report = replace(report, worsened=tuple(str(item) for item in worse))
    units = {name: BY_NAME[name].unit for name in figures}
    content = {
        **report.to_dict(),
        "figures": figures,
        "figure_units": units,
        "compiler": line["compiler"],
        "commit": line["commit"],
    }
    _write(directory / f"hil{suffix}.json", json.dumps(content, indent=2, allow_nan=False) + "\n")
    _write(directory / f"hil{suffix}.html", render_page(report, figures, [*lines, line]))
    return report, content


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, lambda file: file.write(text.encode()))

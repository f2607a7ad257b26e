"""Results of a sweep: a table, and a plot of its Pareto front."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.errors import LayoutError
from designer.report.chart import BEFORE, CENTRE, RIGHT, chart

Row = dict[str, Any]


def columns_of(rows: Sequence[Row]) -> list[str]:
    """All columns, with key, status and reason first."""
    first = ["key", "status", "reason"]
    return first + [name for name in dict.fromkeys(name for row in rows for name in row) if name not in first]


def to_csv(rows: Sequence[Row]) -> bytes:
    """CSV table with a heading.  Missing values of a failed point are empty."""
    stream = io.StringIO(newline="")
    table = csv.DictWriter(stream, columns_of(rows), restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return stream.getvalue().encode()


def to_parquet(rows: Sequence[Row]) -> bytes:
    """Apache Parquet, one column for each parameter and figure.

    Raises
    ------
    LayoutError
        If pyarrow is not installed.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise LayoutError("Parquet needs pyarrow: pip install 'proscenium[sweep]', or take --format csv") from error
    table = arrow.table({name: [row.get(name) for row in rows] for name in columns_of(rows)})
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    return stream.getvalue()


def pareto_mask(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Find the points that no other point beats in every objective.

    Parameters
    ----------
    values : (P, K) float64
        K objectives, of which larger values are better.

    Returns
    -------
    (P,) bool
    """
    at_least = np.all(values[:, None, :] <= values[None, :, :], axis=2)
    better = np.any(values[:, None, :] < values[None, :, :], axis=2)
    return np.asarray(~np.any(at_least & better, axis=1))


def parse_objectives(text: str) -> tuple[tuple[str, float], tuple[str, float]]:
    """Read ``FIGURE:max,FIGURE:min``; the sign is +1 for max.

    Raises
    ------
    LayoutError
        If the text has another form.
    """
    parts = [part.strip().rsplit(":", 1) for part in text.split(",")]
    if len(parts) != 2 or any(len(part) != 2 or part[1] not in ("max", "min") for part in parts):
        raise LayoutError(f"--pareto '{text}': allowed is FIGURE:max,FIGURE:min, two figures each with max or min")
    first, second = ((name, 1.0 if kind == "max" else -1.0) for name, kind in parts)
    return first, second


def pareto_page(rows: Sequence[Row], parameters: Sequence[str], objectives: Sequence[tuple[str, float]]) -> str:
    """Plot two figures against each other, with the Pareto front marked, as an HTML page that needs no network.

    Raises
    ------
    LayoutError
        If no point has both figures.
    """
    from plotly.offline import get_plotlyjs

    names = [name for name, _ in objectives]
    good = [row for row in rows if all(isinstance(row.get(name), int | float) for name in names)]
    if not good:
        known = sorted({name for row in rows for name, value in row.items() if isinstance(value, float)})
        raise LayoutError(f"--pareto: no point has both {names[0]} and {names[1]}; there are {', '.join(known)}")
    values = np.array([[sign * row[name] for name, sign in objectives] for row in good])
    front = pareto_mask(values)
    hover = ["<br>".join(f"{escape(p)} = {row[p]:.4g}" for p in parameters if p in row) for row in good]

    def points(chosen: NDArray[np.bool_], name: str, colour: str, size: int) -> dict[str, Any]:
        index = np.flatnonzero(chosen)
        index = index[np.argsort(values[index, 0])]
        return {
            "type": "scatter",
            "mode": "lines+markers" if colour == RIGHT else "markers",
            "name": name,
            "x": [good[i][names[0]] for i in index],
            "y": [good[i][names[1]] for i in index],
            "text": [hover[i] for i in index],
            "marker": {"color": colour, "size": size},
            "line": {"color": CENTRE, "width": 1, "dash": "dot"},
        }

    drawn = chart(
        "",
        [points(~front, "beaten by another", BEFORE, 7), points(front, "best trade-offs", RIGHT, 10)],
        560,
        xaxis={"title": {"text": names[0].replace("_", " ")}},
        yaxis={"title": {"text": names[1].replace("_", " ")}},
    )
    figure = json.dumps({"data": drawn.data, "layout": drawn.layout}, allow_nan=False).replace("</", "<\\/")
    failed = sum(row["status"] != "ok" for row in rows)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pareto front</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"></head>'
        f'<body style="font-family: system-ui, sans-serif; max-width: 1000px; margin: 1rem auto">'
        f"<h1>{len(good)} designs, {int(front.sum())} of them unbeaten</h1>"
        f"<p>{failed} points could not be designed; results hold the reasons. Point at a dot for its parameters.</p>"
        f'<div id="front" style="height:560px"></div><script>{get_plotlyjs()}</script>'
        f"<script>const f={figure};Plotly.newPlot('front',f.data,f.layout,{{responsive:true,displayModeBar:false}});"
        "document.documentElement.dataset.ready='1';</script></body></html>\n"
    )

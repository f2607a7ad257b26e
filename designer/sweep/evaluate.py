"""One point of a sweep: design it, and return its figures or the reason of the failure."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
from pydantic import ValidationError

from designer.design.build import build_design
from designer.errors import ProsceniumError
from designer.evaluation.room_front import widest_near
from designer.evaluation.scorecard import Scorecard
from designer.layout.input_paths import input_digests
from designer.layout.messages import explain
from designer.layout.model import Layout
from designer.report.scorecard import scorecard
from designer.sweep.plan import Point

_BAND_HZ = (1000.0, 5000.0)
_EDGE = 1.01


def evaluate_point(point: Point) -> dict[str, Any]:
    """Design one point.

    Parameters
    ----------
    point : Point

    Returns
    -------
    dict
        ``key``, ``status``, ``reason``, one entry for each parameter and for each figure.  The status is 'ok', 'failed'
        where no design exists, or 'error' where the evaluation broke off.  Another run tries an 'error' again.
        A point that fails says why; nothing is raised.
    """
    row: dict[str, Any] = {"key": point.key, **point.parameters}
    found = _evaluate(point)
    # Afterwards, because a file may change meanwhile.
    reason = _difference_from_plan(point)
    return {**row, **found} if not reason else {**row, "status": "error", "reason": reason}


def _evaluate(point: Point) -> dict[str, Any]:
    try:
        layout = Layout.model_validate(point.layout)
        card = scorecard(build_design(layout))
    except ValidationError as error:
        return {"status": "failed", "reason": explain(error, point.layout, "point")}
    except ProsceniumError as error:
        return {"status": "failed", "reason": str(error)}
    except Exception as error:  # one point must not end the others
        return {"status": "error", "reason": f"{type(error).__name__}: {error}"}
    return {"status": "ok", "reason": "", **figures_of(card)}


def _difference_from_plan(point: Point) -> str:
    """Say what this process has in another way than the key of the point says; empty if all is alike.

    A worker of a cluster may have another version or other files.  A file may change while a sweep runs.
    """
    here = version("proscenium")
    if here != point.version:
        return f"this worker has Proscenium {here}, the sweep {point.version}: install one version everywhere"
    now = input_digests(point.layout)
    changed = next((path for path, digest in point.inputs.items() if now.get(path) != digest), None)
    if changed is None:
        return ""
    return (
        f"'{changed}' is another file where this point was evaluated, or has changed since the sweep began: "
        "give all workers the same files, and run again"
    )


def figures_of(card: Scorecard) -> dict[str, float]:
    """Scalars of a scorecard's quantised design, its figures in the room, and its cancellation from 1 to 5 kHz."""
    figures = {"latency_ms": card.latency_ms, "common_gain_db": card.common_gain_db}
    for group, values in card.quantised.to_json().items():
        for key, value in values.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                figures[f"{group}.{key}"] = float(value)
    for name, value in card.room_front.chosen.to_json().items():
        figures[f"room.{name}"] = float(value)
    width, near = widest_near(card.room_front)
    figures |= {
        "room.near_width": width,
        "room.near_azimuth_deg": near.azimuth_deg,
        "room.near_depth_db": near.depth_db,
    }
    figures["room.plain_depth_db"] = card.room_front.plain.depth_db
    figures["room.centre_depth_db"] = card.room_limits.centre.depth_db
    cancellation = card.quantised.cancellation
    centres = np.array(cancellation.band_centres_hz)
    used = (centres >= _BAND_HZ[0] / _EDGE) & (centres <= _BAND_HZ[1] * _EDGE)
    left, right = cancellation.left, cancellation.right
    return figures | {
        "cancellation.left_mean_gain_db": float(np.array(left.cancellation_gain_db)[used].mean()),
        "cancellation.left_most_effort_db": max(left.effort_db),
        "cancellation.right_mean_gain_db": float(np.array(right.cancellation_gain_db)[used].mean()),
        "cancellation.right_most_effort_db": max(right.effort_db),
    }

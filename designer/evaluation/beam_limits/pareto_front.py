"""The best that a layout's beam can do: the Pareto front of lobe ripple against null depth.

Each point is a second-order cone program (`cone_program`).  Only levels are asked of the lobe.  So its phase is taken
from the last solution, and the program is solved again.  This is done twice: from the design, and from the single
driver that is loudest on axis.  Every reported ripple is possible.  A smaller one may exist, but was not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.evaluation.beam_limits.cone_program import flattest_lobe
from designer.filters.beam.design import Beam

DEPTHS_DB = (6.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0)
_PHASE_ROUNDS = 2


@dataclass(frozen=True, eq=False)
class ParetoFront:
    """The front on a few lines.

    Attributes
    ----------
    ripple_db : (F, T) float64
        Largest less smallest level within the lobe, for each of ``depths_db``.  NaN where no drive keeps both the depth
        and the floor.
    depths_db : tuple of T float
        Rising.
    """

    ripple_db: NDArray[np.float64]
    depths_db: tuple[float, ...] = DEPTHS_DB

    def deepest_db(self, ripple_db: float) -> NDArray[np.float64]:
        """Deepest null with no more than ``ripple_db``, interpolated between the depths: (F,), 0 if there is none."""
        depths = np.array(self.depths_db)
        found = np.zeros(len(self.ripple_db))
        for line, ripple in enumerate(self.ripple_db):
            kept = np.flatnonzero(np.nan_to_num(ripple, nan=np.inf) <= ripple_db)
            if not kept.size:
                continue
            last = int(kept.max())
            found[line] = depths[last]
            if last + 1 < depths.size and np.isfinite(ripple[last + 1]):
                share = (ripple_db - ripple[last]) / max(ripple[last + 1] - ripple[last], 1e-9)
                found[line] += share * (depths[last + 1] - depths[last])
        return found


def pareto_front(
    beam: Beam,
    lines: NDArray[np.int64],
    floor_db: float,
    depths_db: tuple[float, ...] = DEPTHS_DB,
    shape_db: NDArray[np.float64] | None = None,
) -> ParetoFront:
    """Compute the front.

    Parameters
    ----------
    beam : Beam
        Gives the responses, and the phases of the lobe for the first solution.
    lines : (F,) int64
        Indices of the beam's lines.
    floor_db : float
        Floor of the white-noise gain.  Where no drive keeps it, the floor is just below the best that any drive has.
    depths_db : tuple of T float, optional
        Depths of the deepest null, rising.
    shape_db : (Q,) float64, optional
        How much louder than the deepest null each one may be.  By default, all are equally deep.

    Returns
    -------
    ParetoFront
    """
    ripple = np.full((lines.size, len(depths_db)), np.nan)
    shape = np.ones(beam.nulls.shape[1]) if shape_db is None else 10 ** (shape_db / 20)
    for row, line in enumerate(lines):
        axis, lobe, nulls = beam.axis[line], beam.lobe[line], beam.nulls[line]
        effort = max(10 ** (-floor_db / 10), 1.001 / float(np.sum(np.abs(axis) ** 2)))
        alone = np.eye(axis.size)[int(np.argmax(np.abs(axis)))] / axis
        for column, depth in enumerate(depths_db):
            for start in (beam.weights[line], alone):
                drive: NDArray[np.complex128] | None = start
                for _ in range(_PHASE_ROUNDS):
                    pressure = lobe @ drive
                    wanted = pressure / np.maximum(np.abs(pressure), 1e-12)
                    drive = flattest_lobe(axis, lobe, wanted, nulls, shape * 10 ** (-depth / 20), effort)
                    if drive is None:
                        break
                if drive is not None:
                    found = np.ptp(20 * np.log10(np.maximum(np.abs(lobe @ drive), 1e-6)))
                    ripple[row, column] = np.fmin(ripple[row, column], found)
    # A drive that keeps a greater depth keeps the smaller one too.
    return ParetoFront(np.fmin.accumulate(ripple[:, ::-1], axis=1)[:, ::-1], depths_db)

"""Relative-transfer-function form of L and R: one equaliser for each bus, then each driver relative to a reference.

The factor common to all drivers, without which the bass is lost, is the equaliser ahead of the split; behind it the
reference, a driver or a mirror pair, has a pure delay.  The buses are mid and side: what is alike at both ears, and
what is opposite.  Neither has a null at an ear, so that what the drivers differ by is little enough for eight or
sixteen taps.  A channel that is null at one ear leaves more to relative filters than FIRs can have: with one equaliser
for L and one for R the effort of `front3` ran 5 dB over its cap, and no cabinet without a mirror image kept its budget.
A bus that only one sum hears has nothing to factor: what would be its equaliser is that sum's own filter.

Both stages are fitted in what is heard, and are the shortest that keep the error budget of L and R.  The beam is not
factored: its drivers cancel each other where the nulls are, each with zeros of its own, and the ratio of two such
filters is not a short filter; the best that was found misses the budget two- to threefold on every shipped layout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.filters.fitting.error_budget import STEREO_ALLOWANCES, excess_of_allowance
from designer.filters.fitting.error_weighting import bandwidths
from designer.filters.fitting.length_search import LENGTHS, FittedFilters, scaled
from designer.filters.fitting.two_stage_fit import Cascade, Stages
from designer.filters.structure import Structure, find_structure
from designer.filters.two_stage import MIRRORED, TwoStageFilters, TwoStageStereo

# FittedFilters of the equalisers at 48 kHz, tried in turn.  (With 96 taps no shipped layout keeps its budget.)
_LENGTHS = tuple(taps for taps in LENGTHS if 112 <= taps <= 160)
# Taps of the relative filters, how many of them lie ahead of the reference, and by how much the delay is shorter than
# that of direct filters: what is tried in turn, at 48 kHz.
_RELATIVE = ((8, 2, 0), (8, 2, 8), (16, 4, 8), (16, 8, 0), (32, 8, 0))
# Cost of an error of the drive beyond what is heard, relative to the reference pressure, and where it sets in.
_UNHEARD_COST = 0.05
_LOW_HZ, _HIGH_HZ = (200.0, 100.0), (16000.0, 18000.0)
# How much of the error budget is used.  Reweighting leaves errors that are even, and so at the allowance in many bands
# at once; what the budget keeps in hand for the frequency design's own errors is met in one of them.
_USED = 0.95
# Steps of a fit; it is given up where after so many the worst loss is still so far beyond its allowance.
_STEPS = 16
_PATIENCE, _HOPELESS = 5, 2.0
# Error of the gain that doubles the weight of its band, and how long a weight is remembered (Lawson, softened: a fit
# that follows every change of weight at once runs in circles).
_REWEIGHTING_DB = 0.5
_MEMORY = 0.7


def factor_stereo(direct: FittedFilters) -> TwoStageStereo | str:
    """Find the shortest equalisers and relative filters that keep the error budget of L and R.

    Parameters
    ----------
    direct : FittedFilters
        One-stage filters.

    Returns
    -------
    TwoStageStereo, or str
        Why not: two stages would save nothing, or would not keep the budget.
    """
    task = _Task(direct)
    if not task.has_relatives:
        return "each bus feeds one sum, whose filter would be the equaliser itself"
    lengths = [scaled(taps, direct.fits.channels) for taps in _LENGTHS]
    found = next((kept for taps in lengths if (kept := task.fit(taps)) is not None), None)
    if found is None:
        return f"no equalisers of {lengths[0]} to {lengths[-1]} taps keep the error budget"
    if found.taps >= task.direct_taps:
        return f"two stages would take {found.taps} taps, one takes {task.direct_taps}"
    return found


class _Task:
    """L and R of a layout as outputs of two buses, mid and side."""

    def __init__(self, direct: FittedFilters) -> None:
        self._channels = direct.fits.channels
        self._delay = direct.delay
        drivers = direct.filters.shape[0]
        peak = float(np.abs(direct.filters).max())
        found = find_structure(direct.filters, MIRRORED * peak)
        self.structure = found if found.shuffled else Structure(True, found.groups)
        # Outputs are what the sums hear of mid, and of side: the half of a pair, or a driver that has no mirror image.
        outputs = [(k, 0) for k, (_, sign) in enumerate(self.structure.sums) if sign > 0]
        outputs += [(k, 1) for k, (_, sign) in enumerate(self.structure.sums) if sign < 0 or not found.shuffled]
        self._sums, self._bus = np.array(outputs).T
        # What an output contributes to the drive of L, and of R: (2, D, V).
        left = np.zeros((drivers, len(outputs)))
        for v, k in enumerate(self._sums):
            g, sign = self.structure.sums[k]
            group = self.structure.groups[g]
            left[group.plus, v] = 1.0
            if group.minus is not None:
                left[group.minus, v] = sign
        self._shares = np.stack([left, np.where(self._bus == 0, left, -left)])
        responses = np.concatenate(self._channels.responses()[:2], axis=1)
        inverse = np.linalg.pinv(self._shares.reshape(2 * drivers, -1))
        self._wanted = responses @ inverse.T
        self._metric = np.asarray(
            sum(
                share.T @ (metric + self._unheard()) @ share
                for share, metric in zip(self._shares, self._channels.metrics[:2], strict=True)
            )
        )
        self.direct_taps = self._bus.size * direct.stereo_taps

    def _unheard(self) -> NDArray[np.float64]:
        """Cost of drive where little is heard of it: (F, D, D).

        Products of two stages are steeper than one stage; what they make of the ends of the spectrum would cost level
        at every frequency, and cones their travel (`front3` would be 4 dB quieter than with direct filters, and is 1.6
        louder).
        """
        frequencies = self._channels.frequencies_hz
        low, high = (np.clip((frequencies - begin) / (end - begin), 0, 1) for begin, end in (_LOW_HZ, _HIGH_HZ))
        weight = _UNHEARD_COST * bandwidths(frequencies) * (low + high)
        return np.asarray(weight[:, None, None] * np.eye(self._shares.shape[1]))

    @property
    def has_relatives(self) -> bool:
        """Whether some bus feeds more than one output: else the equaliser would be the filter itself."""
        return bool(self._bus.size > self._buses)

    @property
    def _buses(self) -> int:
        return int(self._bus.max()) + 1

    def fit(self, taps: int) -> TwoStageStereo | None:
        """Two stages with equalisers of ``taps`` taps within the budget, or None."""
        for size in _RELATIVE:
            relative_taps, lead, earlier = (round(n * self._channels.layout.sample_rate_hz / 48000) for n in size)
            delay = self._delay - earlier
            if not lead <= delay < taps + lead:
                continue
            stages, losses = self._best(self._start(taps, relative_taps, delay, lead), delay)
            if excess_of_allowance(losses, STEREO_ALLOWANCES) <= _USED:
                return self._result(stages, losses, earlier)
        return None

    def _start(self, taps: int, relative_taps: int, delay: int, lead: int) -> tuple[Cascade, Stages]:
        """Begin with the loudest output of each bus as its reference, as the others are then quiet beside it.

        In 16 bits an equaliser's rounding is heard as well: there the reference that leaves least of it.  (On `bar6` it
        lies 74.9 dB down, behind the loudest 73.2, which left no room to take the tables' error out of the band.)
        """
        outputs = [np.flatnonzero(self._bus == bus) for bus in range(self._buses)]
        work = np.sum(np.abs(self._wanted) ** 2, axis=0)
        references = np.array([own[np.argmax(work[own])] for own in outputs])
        if self._channels.layout.number_format == "q15":
            least = np.full(self._buses, np.inf)
            for turn in range(max(own.size for own in outputs)):
                tried = np.array([own[turn % own.size] for own in outputs])
                stages = self._cascade(tried, taps).start(taps, relative_taps, delay, lead)
                gains = np.array([self._noise_gain(stages, bus) for bus in range(self._buses)])
                references = np.where(gains < least, tried, references)
                least = np.minimum(gains, least)
        cascade = self._cascade(references, taps)
        return cascade, cascade.start(taps, relative_taps, delay, lead)

    def _cascade(self, references: NDArray[np.int64], taps: int) -> Cascade:
        return Cascade(self._channels.omega, self._wanted, self._metric, self._bus, references, taps)

    def _noise_gain(self, stages: Stages, bus: int) -> float:
        """From the rounding of an equalised bus to the drivers: the bus has full scale at Σ|h| of its equaliser."""
        behind = stages.relative[self._bus == bus]
        return float(np.abs(stages.equalisers[bus]).sum() * np.sqrt(np.sum(behind**2)))

    def _best(self, begin: tuple[Cascade, Stages], delay: int) -> tuple[Stages, dict[str, float]]:
        """Step until the budget is kept, and return the stages that came nearest to it, with their losses."""
        cascade, stages = begin
        weight = np.ones(self._channels.omega.size)
        best = self._judged(cascade, stages, delay)
        for step in range(_STEPS):
            if best[0] <= _USED or (step >= _PATIENCE and best[0] > _HOPELESS):
                break
            drive = self._drive(cascade.response(stages))
            excess = np.maximum(*self._channels.stereo_budget.excess(drive))
            weight = weight**_MEMORY * np.sqrt(1 + (excess / _REWEIGHTING_DB) ** 2)
            moved = cascade.step(stages, delay, weight)
            if moved is None:
                break
            stages = moved
            best = min(best, self._judged(cascade, stages, delay), key=lambda entry: entry[0])
        return best[1], best[2]

    def _judged(self, cascade: Cascade, stages: Stages, delay: int) -> tuple[float, Stages, dict[str, float]]:
        losses = self._channels.stereo_budget.losses(self._drive(cascade.response(stages)), delay)
        return excess_of_allowance(losses, STEREO_ALLOWANCES), stages, losses

    def _drive(self, outputs: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Spectra of the drivers for L and R, (F, D, 2), of the outputs'."""
        return np.stack([outputs @ share.T for share in self._shares], axis=2)

    def _result(self, stages: Stages, losses: dict[str, float], earlier: int) -> TwoStageStereo:
        taps, relative_taps = stages.equalisers.shape[1], stages.relative.shape[1]
        # mid and side are halved sums (`split`): what an output hears of them counts twice.
        mid, side = (2 * np.pad(row, (earlier, 0)) for row in stages.equalisers)
        components = np.zeros((len(self.structure.sums), 3, relative_taps))
        components[self._sums, self._bus] = stages.relative
        return TwoStageStereo(
            TwoStageFilters(self.structure, (mid, side, None), components).folded(),
            taps,
            relative_taps,
            losses,
            stages.equalisers.size + (self._bus.size - self._buses) * relative_taps,
            self.direct_taps,
        )

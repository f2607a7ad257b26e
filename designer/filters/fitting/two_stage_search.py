"""Search of the shortest two-stage filters of L and R (relative-transfer-function form).

The first stage is one equaliser for each bus.  It holds the response that all drivers share, the bass above all.  The
second stage holds each driver relative to a reference.  The reference is a driver or a mirror pair, and gets a pure
delay.  Both stages use the error weighting of the one-stage fit, and keep the same error budget.

The buses are mid and side.  Neither has a null at an ear, so drivers differ little, and 8 or 16 relative taps suffice.
Buses L and R were tried.  Each has a null at one ear, which relative FIR filters cannot follow.  The effort of
`front3` was 5 dB above its cap, and no cabinet without a mirror image kept its budget.  A bus that feeds one sum only
needs no second stage.

The beam stays in one stage.  Its drivers cancel each other at the nulls, each with zeros of its own.  The ratio of two
such filters is not a short filter.  The best two-stage beam exceeds the budget two to three times on all shipped
layouts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from designer.filters.fitting.error_budget import STEREO_ALLOWANCES, worst_loss_ratio
from designer.filters.fitting.error_weighting import bandwidths
from designer.filters.fitting.length_search import LENGTHS, FittedFilters, taps_at_rate
from designer.filters.fitting.two_stage_fit import Cascade, Stages
from designer.filters.structure import Structure, find_structure
from designer.filters.two_stage import MIRRORED, DirectForm, TwoStageFilters, TwoStageStereo

# Lengths of the equalisers at 48 kHz, tried in turn.  With 96 taps no shipped layout keeps its budget.
_LENGTHS = tuple(taps for taps in LENGTHS if 112 <= taps <= 160)
# Second stages that are tried in turn, in samples at 48 kHz.  Each has the length of the relative filters, the delay of
# their reference, and how much shorter the modelling delay is than in the direct form.
_RELATIVE = ((8, 2, 0), (8, 2, 8), (16, 4, 8), (16, 8, 0), (32, 8, 0))
# Cost of an error of the drive outside the audible band, relative to the reference pressure, and its fade-in ranges.
_UNHEARD_COST = 0.05
_LOW_HZ, _HIGH_HZ = (200.0, 100.0), (16000.0, 18000.0)
# Part of the error budget that two stages may use.  Reweighting makes errors even, so that many bands reach the
# allowance at once.  In some of them the errors of the frequency design add up.
_USED = 0.95
# Largest number of steps of a fit.  A fit ends early if the worst loss over its allowance is still above
# `_HOPELESS` after `_PATIENCE` steps.
_STEPS = 16
_PATIENCE, _HOPELESS = 5, 2.0
# An error of the cancellation gain of this size doubles the weight of its band (Lawson's reweighting).  The exponent
# damps the change of weights, as undamped weights oscillate.
_REWEIGHTING_DB = 0.5
_MEMORY = 0.7


def fit_two_stages(direct: FittedFilters) -> TwoStageStereo | DirectForm:
    """Find the shortest equalisers and relative filters that keep the error budget of L and R.

    Parameters
    ----------
    direct : FittedFilters
        Filters in direct form, which give the targets, the modelling delay and the number of taps to beat.

    Returns
    -------
    TwoStageStereo or DirectForm
        The two stages, or the reason for the direct form: no taps saved, or a broken budget.
    """
    search = _Search(direct)
    if not search.has_relatives:
        return DirectForm("each bus feeds one sum, whose filter would be the equaliser itself")
    lengths = [taps_at_rate(taps, direct.fits.targets) for taps in _LENGTHS]
    found = next((kept for taps in lengths if (kept := search.fit(taps)) is not None), None)
    if found is None:
        return DirectForm(f"no equalisers of {lengths[0]} to {lengths[-1]} taps keep the error budget")
    if found.taps >= search.direct_taps:
        return DirectForm(f"two stages would take {found.taps} taps, one takes {search.direct_taps}")
    return found


class _Search:
    """L and R of a layout as outputs of two buses, mid and side."""

    def __init__(self, direct: FittedFilters) -> None:
        self._targets = direct.fits.targets
        self._delay = direct.delay
        drivers = direct.filters.shape[0]
        peak = float(np.abs(direct.filters).max())
        found = find_structure(direct.filters, MIRRORED * peak)
        self.structure = found if found.shuffled else Structure(True, found.groups)
        # An output is the part of a sum that comes from mid, or from side.
        outputs = [(k, 0) for k, (_, sign) in enumerate(self.structure.sums) if sign > 0]
        outputs += [(k, 1) for k, (_, sign) in enumerate(self.structure.sums) if sign < 0 or not found.shuffled]
        self._sums, self._bus = np.array(outputs).T
        # Contribution of each output to the drive of L, and of R: (2, D, V).
        left = np.zeros((drivers, len(outputs)))
        for v, k in enumerate(self._sums):
            g, sign = self.structure.sums[k]
            group = self.structure.groups[g]
            left[group.plus, v] = 1.0
            if group.minus is not None:
                left[group.minus, v] = sign
        self._shares = np.stack([left, np.where(self._bus == 0, left, -left)])
        responses = np.concatenate(self._targets.responses()[:2], axis=1)
        inverse = np.linalg.pinv(self._shares.reshape(2 * drivers, -1))
        self._wanted = responses @ inverse.T
        self._metric = np.asarray(
            sum(
                share.T @ (metric + self._unheard()) @ share
                for share, metric in zip(self._shares, self._targets.metrics[:2], strict=True)
            )
        )
        self.direct_taps = self._bus.size * direct.stereo_taps

    def _unheard(self) -> NDArray[np.float64]:
        """Cost of errors of the drive outside the audible band: (F, D, D).

        Two stages can boost the ends of the spectrum more than one stage.  Such a boost would lower the level at all
        frequencies, and increase the excursion of cones.  Without this cost `front3` is 4 dB quieter than in direct
        form.  With it, the layout is 1.6 dB louder.
        """
        frequencies = self._targets.frequencies_hz
        low, high = (np.clip((frequencies - begin) / (end - begin), 0, 1) for begin, end in (_LOW_HZ, _HIGH_HZ))
        weight = _UNHEARD_COST * bandwidths(frequencies) * (low + high)
        return np.asarray(weight[:, None, None] * np.eye(self._shares.shape[1]))

    @property
    def has_relatives(self) -> bool:
        """Whether some bus feeds more than one output.  Otherwise an equaliser would be the filter itself."""
        return bool(self._bus.size > self._buses)

    @property
    def _buses(self) -> int:
        return int(self._bus.max()) + 1

    def fit(self, taps: int) -> TwoStageStereo | None:
        """Fit two stages with equalisers of ``taps`` taps.  None if no second stage keeps the budget."""
        for size in _RELATIVE:
            relative_taps, lead, earlier = (round(n * self._targets.layout.sample_rate_hz / 48000) for n in size)
            delay = self._delay - earlier
            if not lead <= delay < taps + lead:
                continue
            stages, losses = self._best(self._start(taps, relative_taps, delay, lead), delay)
            if worst_loss_ratio(losses, STEREO_ALLOWANCES) <= _USED:
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
        if self._targets.layout.number_format == "q15":
            least = np.full(self._buses, np.inf)
            for trial in range(max(own.size for own in outputs)):
                tried = np.array([own[trial % own.size] for own in outputs])
                stages = self._cascade(tried, taps).start(taps, relative_taps, delay, lead)
                gains = np.array([self._noise_gain(stages, bus) for bus in range(self._buses)])
                references = np.where(gains < least, tried, references)
                least = np.minimum(gains, least)
        cascade = self._cascade(references, taps)
        return cascade, cascade.start(taps, relative_taps, delay, lead)

    def _cascade(self, references: NDArray[np.int64], taps: int) -> Cascade:
        return Cascade(self._targets.omega, self._wanted, self._metric, self._bus, references, taps)

    def _noise_gain(self, stages: Stages, bus: int) -> float:
        """Gain from the rounding of an equalised bus to the drivers.

        The bus has its full scale at Σ|h| of its equaliser.
        """
        behind = stages.relative[self._bus == bus]
        return float(np.abs(stages.equalisers[bus]).sum() * np.sqrt(np.sum(behind**2)))

    def _best(self, begin: tuple[Cascade, Stages], delay: int) -> tuple[Stages, dict[str, float]]:
        """Take steps until the budget is kept.  Return the best stages and their losses."""
        cascade, stages = begin
        weight = np.ones(self._targets.omega.size)
        best = self._judged(cascade, stages, delay)
        for step in range(_STEPS):
            if best[0] <= _USED or (step >= _PATIENCE and best[0] > _HOPELESS):
                break
            drive = self._drive(cascade.response(stages))
            excess = np.maximum(*self._targets.stereo_budget.excess(drive))
            weight = weight**_MEMORY * np.sqrt(1 + (excess / _REWEIGHTING_DB) ** 2)
            moved = cascade.step(stages, delay, weight)
            if moved is None:
                break
            stages = moved
            best = min(best, self._judged(cascade, stages, delay), key=lambda entry: entry[0])
        return best[1], best[2]

    def _judged(self, cascade: Cascade, stages: Stages, delay: int) -> tuple[float, Stages, dict[str, float]]:
        losses = self._targets.stereo_budget.losses(self._drive(cascade.response(stages)), delay)
        return worst_loss_ratio(losses, STEREO_ALLOWANCES), stages, losses

    def _drive(self, outputs: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Drive for L and R, (F, D, 2), from the spectra (F, V) of the outputs."""
        return np.stack([outputs @ share.T for share in self._shares], axis=2)

    def _result(self, stages: Stages, losses: dict[str, float], earlier: int) -> TwoStageStereo:
        taps, relative_taps = stages.equalisers.shape[1], stages.relative.shape[1]
        # mid = (L + R)/2 and side = (L − R)/2 (`split`), so equalisers get a factor of 2.
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

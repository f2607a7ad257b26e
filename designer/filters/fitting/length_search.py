"""Filter length search: the shortest filters that keep the error budget, at the best common modelling delay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from designer.filters.fir import spectra
from designer.filters.fitting.centre_refinement import refined_centre
from designer.filters.fitting.error_budget import STEREO_ALLOWANCES, within_allowances
from designer.filters.fitting.least_squares import FirFit, fit_channel
from designer.filters.fitting.targets import ChannelTargets, reweighted
from designer.filters.two_stage import TwoStageStereo

# Filter lengths that the search tries, taps at 48 kHz.  Multiples of 16 suit the kernels of all boards.
LENGTHS = (32, 48, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256)
# The fit is set up for each of these lengths in turn, until some filters keep the budget.  Most layouts need only the
# first, which takes less time.
_HORIZONS = (144, 256)
# A sound masks what comes up to 1 ms before it (Zwicker & Fastl, Psychoacoustics, §4.4).  The modelling delay is no
# longer than that, so pre-ringing stays masked.
GUARD_S = 0.001
_DELAYS_PER_GUARD = 6
# Steps that refine the levels of C, and steps where the first filters break the budget.  A second step would gain
# 0.1 dB and take 20 ms.
_ROUNDS, _ROUNDS_IF_BROKEN = 1, 3
# If the longest filters miss the beam by more than this on average, a realisable beam replaces it, found in more steps.
_REALISED_DB = 1.5
_REALISING_ROUNDS = 16
# An allowance that no length keeps is raised to the loss of the longest filters, plus this part of the allowance.
_SPARE = 0.1
# Filters of a realisable beam are lengthened or shortened by this many taps at a time, up to this loss of the lobe.
_ADJUSTED_TAPS = 8
_ADJUSTED_LOBE_DB = 0.5


@dataclass(frozen=True, eq=False)
class FittedFilters:
    """Result of the filter length search.

    Attributes
    ----------
    filters : (D, 3, N) float64
        Driver, input (L, R, C), tap.  Filters shorter than N end in zeros.
    delay : int
        Modelling delay, samples.
    stereo_taps, centre_taps : int
        Filter length of L and R, and of C.  N is the larger.
    stereo_losses, centre_losses : dict
        Losses of these filters.  The keys are those of `STEREO_ALLOWANCES` and `centre_allowances`.
    fits : ChannelFits
        The fits, which give filters of any other length.
    two_stage_stereo : TwoStageStereo or None
        L and R in two stages.  None if they are in direct form.
    why_direct : str
        Reason for the direct form.  Empty if L and R are in two stages.
    """

    filters: NDArray[np.float64]
    delay: int
    stereo_taps: int
    centre_taps: int
    stereo_losses: dict[str, float]
    centre_losses: dict[str, float]
    fits: ChannelFits
    two_stage_stereo: TwoStageStereo | None = None
    why_direct: str = ""

    def smallest_taps(self) -> dict[str, int | None]:
        """Find for each loss the smallest filter length that keeps its allowance at the chosen delay.

        Returns
        -------
        dict
            Taps by ``stereo_`` or ``centre_`` and the name of the loss.  None if no length keeps the allowance.  The
            losses of the chosen length include the refinement of levels.  Those of other lengths do not.
        """
        tried = [taps for taps in tried_lengths(self.fits) if taps > self.delay]
        table: dict[str, int | None] = {}
        for name, losses, allowances, chosen, realised in (
            ("stereo", self.fits.stereo_losses, STEREO_ALLOWANCES, self.stereo_taps, self.stereo_losses),
            ("centre", self.fits.centre_losses, self.centre_allowances, self.centre_taps, self.centre_losses),
        ):
            lengths = sorted({*tried, chosen})
            found = [(taps, realised if taps == chosen else losses(taps, self.delay)) for taps in lengths]
            for key, allowed in allowances.items():
                # A length counts only if all longer ones keep the allowance too, or if it is the chosen one.
                enough = chosen if realised[key] <= allowed else np.inf
                broken = [taps for taps, lost in found if lost[key] > allowed and taps < enough]
                kept = [taps for taps in lengths if taps > max(broken, default=0)]
                table[f"{name}_{key}"] = kept[0] if kept else None
        return table

    @property
    def centre_allowances(self) -> dict[str, float]:
        """What each loss of C may be."""
        return self.fits.targets.centre_budget.allowances

    @property
    def within_budget(self) -> bool:
        """Whether every loss keeps its allowance."""
        return within_allowances(self.stereo_losses, STEREO_ALLOWANCES) and within_allowances(
            self.centre_losses, self.centre_allowances
        )


@dataclass(frozen=True, eq=False)
class ChannelFits:
    """Fits of all channels for every filter length up to one.

    Attributes
    ----------
    targets : ChannelTargets
    fits : tuple of three FirFit
        L, R, C.
    realised_at : int or None
        Modelling delay, samples, of the realisable beam that replaces the design's.  None if the design's is kept.
    """

    targets: ChannelTargets
    fits: tuple[FirFit, ...]
    realised_at: int | None = None

    @classmethod
    def up_to(cls, targets: ChannelTargets, taps: int) -> ChannelFits:
        """Set up the fits for filters of up to ``taps`` taps.

        Errors of the cancellation gain are made even over frequency by one step of reweighting.
        """
        latest = min(round(GUARD_S * targets.layout.sample_rate_hz), taps // 2)
        delays = np.unique(np.linspace(0, latest, _DELAYS_PER_GUARD + 1).round().astype(np.int64))
        first = cls(targets, _fit_all(targets, taps, delays))
        used = min(taps, 128)
        drive = spectra(first.stereo(used, first.best_delay(used, used)), targets.omega)
        weighted = reweighted(targets, drive)
        delay = first.best_delay(taps, taps)
        realised, centre = _realisable_beam(targets, first.fits[2], delay, taps)
        return cls(realised, (*_fit_all(weighted, taps, delays, 2), centre), None if realised is targets else delay)

    @property
    def delays(self) -> NDArray[np.int64]:
        """Modelling delays that were fitted, samples: (T,) int64."""
        return self.fits[0].delays

    def best_delay(self, stereo_taps: int, centre_taps: int) -> int:
        """Modelling delay of the least cost over all channels, samples."""
        lengths = (stereo_taps, stereo_taps, centre_taps)
        total = sum(fit.costs(taps) for fit, taps in zip(self.fits, lengths, strict=True))
        usable = self.delays < min(lengths)
        return int(self.delays[np.argmin(np.where(usable, total, np.inf))])

    def stereo(self, taps: int, delay: int) -> NDArray[np.float64]:
        """Return filters of L and R: (D, 2, taps) float64."""
        return np.stack([fit.filters(taps, delay) for fit in self.fits[:2]], axis=1)

    def centre(self, taps: int, delay: int) -> NDArray[np.float64]:
        """Return filters of C, not refined: (D, taps) float64."""
        return self.fits[2].filters(taps, delay)

    def stereo_losses(self, taps: int, delay: int) -> dict[str, float]:
        """Losses of L and R at a filter length."""
        return self.targets.stereo_budget.losses(spectra(self.stereo(taps, delay), self.targets.omega), delay)

    def centre_losses(self, taps: int, delay: int) -> dict[str, float]:
        """Losses of C at a filter length, not refined."""
        return self.targets.centre_budget.losses(spectra(self.centre(taps, delay), self.targets.omega), delay)

    def stereo_fits(self, delay: int, taps: int) -> bool:
        """Whether L and R keep their budget at a filter length."""
        return within_allowances(self.stereo_losses(taps, delay), STEREO_ALLOWANCES)

    def centre_fits(self, delay: int, taps: int) -> bool:
        """Whether C keeps its budget at a filter length, not refined."""
        return within_allowances(self.centre_losses(taps, delay), self.targets.centre_budget.allowances)

    def at(self, stereo_taps: int, centre_taps: int, delay: int) -> FittedFilters:
        """Return filters of given lengths, with the levels of C refined."""
        return self._put_together(self.stereo(stereo_taps, delay), self._refined(centre_taps, delay), delay)

    def adjusted(self, found: FittedFilters) -> FittedFilters:
        """Find the shortest filters of a realisable beam that keep the budget and the lobe once refined.

        Filters of a beam as designed are returned unchanged.
        """
        while self.realised_at is not None and not _even_enough(found) and found.centre_taps < self.longest:
            found = self._of_centre(found, found.centre_taps + _ADJUSTED_TAPS)
        while self.realised_at is not None and found.centre_taps - _ADJUSTED_TAPS > found.delay:
            shorter = self._of_centre(found, found.centre_taps - _ADJUSTED_TAPS)
            if not _even_enough(shorter):
                break
            found = shorter
        return found

    @property
    def longest(self) -> int:
        """Largest filter length of these fits."""
        return int(self.fits[0].factor.shape[0]) // self.fits[0].drivers

    def _of_centre(self, found: FittedFilters, taps: int) -> FittedFilters:
        """Replace the filters of C by filters of another length."""
        return self._put_together(
            self.stereo(found.stereo_taps, found.delay), self._refined(taps, found.delay), found.delay
        )

    def _refined(self, taps: int, delay: int) -> NDArray[np.float64]:
        """Refine the levels of C, unless that breaks a budget that the fitted filters keep."""
        fitted = self.centre(taps, delay)
        if self.targets.beam.radiation is not None:
            # A beam for a room is fitted in what it radiates; its levels are not pursued beyond that.
            return fitted
        rounds = (_REALISING_ROUNDS,) if self.realised_at is not None else (_ROUNDS, _ROUNDS_IF_BROKEN)
        for count in rounds:
            refined = refined_centre(self.targets, fitted, delay, count)
            losses = self.targets.centre_budget.losses(spectra(refined, self.targets.omega), delay)
            if within_allowances(losses, self.targets.centre_budget.allowances):
                return refined
        # The refined filters may break the budget only where the fitted ones break it as well.
        return fitted if self.centre_fits(delay, taps) else refined

    def _put_together(self, stereo: NDArray[np.float64], centre: NDArray[np.float64], delay: int) -> FittedFilters:
        filters = np.zeros((stereo.shape[0], 3, max(stereo.shape[2], centre.shape[1])))
        filters[:, :2, : stereo.shape[2]] = stereo
        filters[:, 2, : centre.shape[1]] = centre
        omega = self.targets.omega
        return FittedFilters(
            filters,
            delay,
            stereo.shape[2],
            centre.shape[1],
            self.targets.stereo_budget.losses(spectra(stereo, omega), delay),
            self.targets.centre_budget.losses(spectra(centre, omega), delay),
            self,
        )


def find_shortest_filters(targets: ChannelTargets) -> FittedFilters:
    """Find the shortest filters that keep the error budget.

    Parameters
    ----------
    targets : ChannelTargets

    Returns
    -------
    FittedFilters
        With the fewest taps in sum.  If even the longest filters break an allowance, that allowance is raised to about
        their loss.  The result is then the shortest filters for the raised allowances.
    """
    for horizon in (taps_at_rate(taps, targets) for taps in _HORIZONS):
        fits_to = ChannelFits.up_to(targets, horizon)
        lengths = tried_lengths(fits_to)
        found: list[tuple[int, float, int, int, int]] = []
        for column, delay in enumerate(fits_to.delays.tolist()):
            # A realisable beam belongs to one delay.
            if fits_to.realised_at not in (None, delay):
                continue
            usable = [taps for taps in lengths if taps > delay]
            stereo = _first(usable, partial(fits_to.stereo_fits, delay))
            centre = _first(usable, partial(fits_to.centre_fits, delay)) if stereo else None
            if stereo is None or centre is None:
                continue
            cost = sum(
                float(fit.costs(taps)[column]) for fit, taps in zip(fits_to.fits, (stereo, stereo, centre), strict=True)
            )
            found.append((2 * stereo + centre, cost, stereo, centre, delay))
        if found:
            _, _, stereo, centre, delay = min(found)
            return fits_to.adjusted(fits_to.at(stereo, centre, delay))
    delay = fits_to.best_delay(horizon, horizon)
    usable = [taps for taps in lengths if taps > delay]
    stereo, centre = (
        _nearly(usable, partial(losses, delay=delay), allowances) or horizon
        for losses, allowances in (
            (fits_to.stereo_losses, STEREO_ALLOWANCES),
            (fits_to.centre_losses, fits_to.targets.centre_budget.allowances),
        )
    )
    return fits_to.at(stereo, centre, delay)


def tried_lengths(fits_to: ChannelFits) -> list[int]:
    """Filter lengths that the search tries, up to the largest of the fits."""
    lengths = [taps_at_rate(taps, fits_to.targets) for taps in LENGTHS]
    return [taps for taps in lengths if taps <= fits_to.longest]


def taps_at_rate(taps: int, targets: ChannelTargets) -> int:
    """Convert a filter length at 48 kHz to the layout's rate: equal duration, rounded to a multiple of 16."""
    return 16 * round(taps * targets.layout.sample_rate_hz / 48000 / 16)


def _first(lengths: list[int], good: Callable[[int], bool]) -> int | None:
    """Shortest good length by bisection, as losses fall with length.  None if even the longest is not good."""
    if not lengths or not good(lengths[-1]):
        return None
    low, high = -1, len(lengths) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(lengths[middle]) else (middle, high)
    return lengths[high]


def _nearly(lengths: list[int], losses: Callable[[int], dict[str, float]], allowances: dict[str, float]) -> int | None:
    """Shortest length that keeps each allowance, raised to about the loss of the longest where that is larger."""
    if not lengths:
        return None
    least = losses(lengths[-1])
    reachable = {key: max(allowed, least[key] + _SPARE * abs(allowed)) for key, allowed in allowances.items()}
    return _first(lengths, lambda taps: within_allowances(losses(taps), reachable))


def _even_enough(found: FittedFilters) -> bool:
    return found.within_budget and found.centre_losses["lobe_db"] <= _ADJUSTED_LOBE_DB


def _realisable_beam(targets: ChannelTargets, fit: FirFit, delay: int, taps: int) -> tuple[ChannelTargets, FirFit]:
    """Replace the beam by a realisable one if the longest filters cannot follow it.

    The layout asks for levels only, so the phases of the lobe are free.  Where they change too fast for the filters,
    the beam takes the response of the longest filters, refined in levels.

    Returns
    -------
    targets : ChannelTargets
        The same object if the beam is kept.
    fit : FirFit
        Fit of C to its beam.
    """
    beam = targets.beam
    if beam.radiation is not None:
        return targets, fit
    phasors = np.exp(1j * targets.omega * delay)[:, None]
    filters = fit.filters(taps, delay)
    missed = beam.cost_db(spectra(filters, targets.omega) * phasors) - beam.cost_db(beam.weights)
    if missed < _REALISED_DB:
        return targets, fit
    refined = refined_centre(targets, filters, delay, _REALISING_ROUNDS)
    targets = targets.with_beam(beam.realised(spectra(refined, targets.omega) * phasors))
    return targets, fit.of_response(targets.omega, targets.beam.weights, targets.metrics[2])


def _fit_all(targets: ChannelTargets, taps: int, delays: NDArray[np.int64], count: int = 3) -> tuple[FirFit, ...]:
    pairs = list(zip(targets.responses(), targets.metrics, strict=True))[:count]
    return tuple(fit_channel(targets.omega, response, metric, taps, delays) for response, metric in pairs)

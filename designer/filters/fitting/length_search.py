"""How long the filters are: the shortest that keep the error budget, at the delay that serves all channels best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from designer.filters.fir import spectra
from designer.filters.fitting.centre_refinement import refined_centre
from designer.filters.fitting.error_budget import CENTRE_ALLOWANCES, STEREO_ALLOWANCES, fits
from designer.filters.fitting.least_squares import FirFit, fit_channel
from designer.filters.fitting.targets import ChannelTargets, reweighted
from designer.filters.two_stage import TwoStageStereo

# FittedFilters that the design tries at 48 kHz; multiples of 16 suit the kernels of every board.
LENGTHS = (32, 48, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256)
# The fit is set up for these in turn, until one holds the budget: most layouts never pay for the longest.
_HORIZONS = (144, 256)
# A sound up to 1 ms before the main one is masked by it (Zwicker & Fastl, Psychoacoustics, §4.4).  The modelling delay
# stays within, so that nothing can be heard from earlier than that, whatever the filters do.
GUARD_S = 0.001
_DELAYS_PER_GUARD = 6
# The centre's filters are refined in levels by so many steps; a second one would bring a tenth of a decibel and take
# 20 ms.  Where filters miss the beam by more than this on average, the beam becomes what they can make of it, in more
# steps.
_ROUNDS, _ROUNDS_IF_BROKEN = 1, 3
_SETTLED_DB = 1.5
_SETTLING_ROUNDS = 16
# Of an allowance that no length keeps, so much more than the longest filters lose is still as good as they are.
_SPARE = 0.1
# Such filters get more or fewer taps than fitted ones need, so many at a time, until no band's lobe loses more than
# this.
_ADJUSTED_TAPS = 8
_ADJUSTED_LOBE_DB = 0.5


@dataclass(frozen=True, eq=False)
class FittedFilters:
    """What the search found.

    Attributes
    ----------
    filters : (D, 3, N) float64
        C may be shorter than N: it ends in zeros, and so may L and R.
    delay : int
        Modelling delay, samples.
    stereo_taps, centre_taps : int
        FittedFilters of L and R, and of C.
    stereo_losses, centre_losses : dict
        What the length costs; keys of the allowances.
    fits : ChannelFits
        From which other lengths can be had.
    factored : TwoStageStereo or None
        L and R in two stages, where these take their place.
    why_direct : str
        Why they do not.
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
        """Return the smallest length that was tried and keeps each metric at the chosen delay; None where none does.

        The chosen length counts as it was realised, all others as fitted.
        """
        tried = [taps for taps in tried_lengths(self.fits) if taps > self.delay]
        table: dict[str, int | None] = {}
        for name, losses, allowances, chosen, realised in (
            ("stereo", self.fits.stereo_losses, STEREO_ALLOWANCES, self.stereo_taps, self.stereo_losses),
            ("centre", self.fits.centre_losses, CENTRE_ALLOWANCES, self.centre_taps, self.centre_losses),
        ):
            lengths = sorted({*tried, chosen})
            found = [(taps, realised if taps == chosen else losses(taps, self.delay)) for taps in lengths]
            for key, allowed in allowances.items():
                # From the first length on, every longer one keeps it too; so it is with the chosen one once refined.
                enough = chosen if realised[key] <= allowed else np.inf
                broken = [taps for taps, lost in found if lost[key] > allowed and taps < enough]
                kept = [taps for taps in lengths if taps > max(broken, default=0)]
                table[f"{name}_{key}"] = kept[0] if kept else None
        return table

    @property
    def within_budget(self) -> bool:
        """Whether every loss keeps its allowance."""
        return fits(self.stereo_losses, STEREO_ALLOWANCES) and fits(self.centre_losses, CENTRE_ALLOWANCES)


@dataclass(frozen=True, eq=False)
class ChannelFits:
    """Fits of all channels up to one length.

    Attributes
    ----------
    channels : DesignedChannels
    fits : tuple of three FirFit
        L, R, C.
    settled_at : int, optional
        Modelling delay, samples, at which the beam was made what filters can make of it.
    """

    targets: ChannelTargets
    fits: tuple[FirFit, ...]
    realised_at: int | None = None

    @classmethod
    def up_to(cls, targets: ChannelTargets, taps: int) -> ChannelFits:
        """Set up the fits for filters of up to ``taps`` taps, the gain's errors evened out by one reweighting."""
        latest = min(round(GUARD_S * targets.layout.sample_rate_hz), taps // 2)
        delays = np.unique(np.linspace(0, latest, _DELAYS_PER_GUARD + 1).round().astype(np.int64))
        first = cls(targets, _fit_all(targets, taps, delays))
        used = min(taps, 128)
        drive = spectra(first.stereo(used, first.best_delay(used, used)), targets.omega)
        evened = reweighted(targets, drive)
        delay = first.best_delay(taps, taps)
        settled, centre = _realisable_beam(targets, first.fits[2], delay, taps)
        return cls(settled, (*_fit_all(evened, taps, delays, 2), centre), None if settled is targets else delay)

    @property
    def delays(self) -> NDArray[np.int64]:
        """Delays that were fitted: (T,) int64."""
        return self.fits[0].delays

    def best_delay(self, stereo_taps: int, centre_taps: int) -> int:
        """Delay of least cost over all channels."""
        lengths = (stereo_taps, stereo_taps, centre_taps)
        total = sum(fit.costs(taps) for fit, taps in zip(self.fits, lengths, strict=True))
        usable = self.delays < min(lengths)
        return int(self.delays[np.argmin(np.where(usable, total, np.inf))])

    def stereo(self, taps: int, delay: int) -> NDArray[np.float64]:
        """Return filters (D, 2, taps) of L and R."""
        return np.stack([fit.filters(taps, delay) for fit in self.fits[:2]], axis=1)

    def centre(self, taps: int, delay: int) -> NDArray[np.float64]:
        """Return filters (D, taps) of C."""
        return self.fits[2].filters(taps, delay)

    def stereo_losses(self, taps: int, delay: int) -> dict[str, float]:
        """Return what L and R lose at a length."""
        return self.targets.stereo_budget.losses(spectra(self.stereo(taps, delay), self.targets.omega), delay)

    def centre_losses(self, taps: int, delay: int) -> dict[str, float]:
        """Return what C loses at a length."""
        return self.targets.centre_budget.losses(spectra(self.centre(taps, delay), self.targets.omega), delay)

    def stereo_fits(self, delay: int, taps: int) -> bool:
        """Whether L and R keep their budget at a length."""
        return fits(self.stereo_losses(taps, delay), STEREO_ALLOWANCES)

    def centre_fits(self, delay: int, taps: int) -> bool:
        """Whether C keeps its budget at a length."""
        return fits(self.centre_losses(taps, delay), CENTRE_ALLOWANCES)

    def at(self, stereo_taps: int, centre_taps: int, delay: int) -> FittedFilters:
        """Return filters of given lengths."""
        return self._put_together(self.stereo(stereo_taps, delay), self._refined(centre_taps, delay), delay)

    def adjusted(self, found: FittedFilters) -> FittedFilters:
        """Give a beam that was settled as many taps as its lobe needs once refined, no more and no fewer."""
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
        """Length up to which the fits go."""
        return int(self.fits[0].factor.shape[0]) // self.fits[0].drivers

    def _of_centre(self, found: FittedFilters, taps: int) -> FittedFilters:
        """Put another length of C in the place of the one that was found."""
        return self._put_together(
            self.stereo(found.stereo_taps, found.delay), self._refined(taps, found.delay), found.delay
        )

    def _refined(self, taps: int, delay: int) -> NDArray[np.float64]:
        """Refine C, but keep the budget that fitted filters keep."""
        fitted = self.centre(taps, delay)
        rounds = (_SETTLING_ROUNDS,) if self.realised_at is not None else (_ROUNDS, _ROUNDS_IF_BROKEN)
        for count in rounds:
            refined = refined_centre(self.targets, fitted, delay, count)
            losses = self.targets.centre_budget.losses(spectra(refined, self.targets.omega), delay)
            if fits(losses, CENTRE_ALLOWANCES):
                return refined
        # Only where fitted ones break it too is a broken budget the refined filters' to keep.
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

    Returns
    -------
    FittedFilters
        Of the fewest taps in sum.  What not even the longest keep is no reason for long filters: then the shortest
        that keep all else, and in that come near the longest.
    """
    for horizon in (taps_at_rate(taps, targets) for taps in _HORIZONS):
        fits_to = ChannelFits.up_to(targets, horizon)
        lengths = tried_lengths(fits_to)
        found: list[tuple[int, float, int, int, int]] = []
        for column, delay in enumerate(fits_to.delays.tolist()):
            # What was settled at one delay is at its best there.
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
            (fits_to.centre_losses, CENTRE_ALLOWANCES),
        )
    )
    return fits_to.at(stereo, centre, delay)


def tried_lengths(fits_to: ChannelFits) -> list[int]:
    """Lengths that are tried, as far as the fits go."""
    lengths = [taps_at_rate(taps, fits_to.targets) for taps in LENGTHS]
    return [taps for taps in lengths if taps <= fits_to.longest]


def taps_at_rate(taps: int, targets: ChannelTargets) -> int:
    """Length that lasts as long as ``taps`` at 48 kHz, a multiple of 16."""
    return 16 * round(taps * targets.layout.sample_rate_hz / 48000 / 16)


def _first(lengths: list[int], good: Callable[[int], bool]) -> int | None:
    """Shortest good length, by bisection: losses fall with length."""
    if not lengths or not good(lengths[-1]):
        return None
    low, high = -1, len(lengths) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(lengths[middle]) else (middle, high)
    return lengths[high]


def _nearly(lengths: list[int], losses: Callable[[int], dict[str, float]], allowances: dict[str, float]) -> int | None:
    """Shortest length that keeps each allowance, or what the longest reaches of it and a little more."""
    if not lengths:
        return None
    least = losses(lengths[-1])
    reachable = {key: max(allowed, least[key] + _SPARE * abs(allowed)) for key, allowed in allowances.items()}
    return _first(lengths, lambda taps: fits(losses(taps), reachable))


def _even_enough(found: FittedFilters) -> bool:
    return found.within_budget and found.centre_losses["lobe_db"] <= _ADJUSTED_LOBE_DB


def _realisable_beam(targets: ChannelTargets, fit: FirFit, delay: int, taps: int) -> tuple[ChannelTargets, FirFit]:
    """Let the beam be what filters can make of it, where they cannot follow the beam.

    Only levels are asked of the lobe.  Where its phases change too fast for the filters, those of the longest filters,
    refined in levels, take their place.
    """
    turn = np.exp(1j * targets.omega * delay)[:, None]
    filters = fit.filters(taps, delay)
    beam = targets.beam
    missed = beam.cost_db(spectra(filters, targets.omega) * turn) - beam.cost_db(beam.weights)
    if missed < _SETTLED_DB:
        return targets, fit
    refined = refined_centre(targets, filters, delay, _SETTLING_ROUNDS)
    targets = targets.with_beam(beam.realised(spectra(refined, targets.omega) * turn))
    return targets, fit.of_response(targets.omega, targets.beam.weights, targets.metrics[2])


def _fit_all(targets: ChannelTargets, taps: int, delays: NDArray[np.int64], count: int = 3) -> tuple[FirFit, ...]:
    pairs = list(zip(targets.responses(), targets.metrics, strict=True))[:count]
    return tuple(fit_channel(targets.omega, response, metric, taps, delays) for response, metric in pairs)

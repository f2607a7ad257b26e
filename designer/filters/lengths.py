"""How long the filters are: the shortest that keep the error budget, at the delay that serves all channels best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from designer.filters.budget import CENTRE_ALLOWANCES, STEREO_ALLOWANCES, fits
from designer.filters.channels import DesignedChannels, evened_out
from designer.filters.factors import FactoredStereo
from designer.filters.fir import spectra
from designer.filters.fit import FirFit, fit_channel

# Lengths that the design tries at 48 kHz; multiples of 16 suit the kernels of every board.
LENGTHS = (32, 48, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256)
# The fit is set up for these in turn, until one holds the budget: most layouts never pay for the longest.
_HORIZONS = (144, 256)
# A sound up to 1 ms before the main one is masked by it (Zwicker & Fastl, Psychoacoustics, §4.4).  The modelling delay
# stays within, so that nothing can be heard from earlier than that, whatever the filters do.
GUARD_S = 0.001
_DELAYS_PER_GUARD = 6
# The beam follows its filters where they miss it by more than this on average, in so many rounds.
_SETTLING_ROUNDS = 8
_SETTLED_DB = 1.5
# Of an allowance that no length keeps, so much more than the longest filters lose is still as good as they are.
_SPARE = 0.1


@dataclass(frozen=True, eq=False)
class Lengths:
    """What the search found.

    Attributes
    ----------
    filters : (D, 3, N) float64
        C may be shorter than N: it ends in zeros, and so may L and R.
    delay : int
        Modelling delay, samples.
    stereo_taps, centre_taps : int
        Lengths of L and R, and of C.
    stereo_losses, centre_losses : dict
        What the length costs; keys of the allowances.
    fits : ChannelFits
        From which other lengths can be had.
    factored : FactoredStereo or None
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
    factored: FactoredStereo | None = None
    why_direct: str = ""

    def smallest_taps(self) -> dict[str, int | None]:
        """Return the smallest length that was tried and keeps each metric at the chosen delay; None where none does."""
        tried = [taps for taps in lengths_up_to(self.fits) if taps > self.delay]
        table: dict[str, int | None] = {}
        for name, losses, allowances in (
            ("stereo", self.fits.stereo_losses, STEREO_ALLOWANCES),
            ("centre", self.fits.centre_losses, CENTRE_ALLOWANCES),
        ):
            found = [(taps, losses(taps, self.delay)) for taps in tried]
            for key, allowed in allowances.items():
                # From the first length on, every longer one keeps it too.
                broken = [taps for taps, lost in found if lost[key] > allowed]
                kept = [taps for taps in tried if taps > max(broken, default=0)]
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
    """

    channels: DesignedChannels
    fits: tuple[FirFit, ...]

    @classmethod
    def up_to(cls, channels: DesignedChannels, taps: int) -> ChannelFits:
        """Set up the fits for filters of up to ``taps`` taps, the gain's errors evened out by one reweighting."""
        latest = min(round(GUARD_S * channels.layout.sample_rate_hz), taps // 2)
        delays = np.unique(np.linspace(0, latest, _DELAYS_PER_GUARD + 1).round().astype(np.int64))
        first = cls(channels, _fit_all(channels, taps, delays))
        used = min(taps, 128)
        drive = spectra(first.stereo(used, first.best_delay(used, used)), channels.omega)
        evened = evened_out(channels, drive)
        channels, centre = _settle(channels, first.fits[2], first.best_delay(taps, taps), taps)
        return cls(channels, (*_fit_all(evened, taps, delays, 2), centre))

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
        return self.channels.stereo_budget.losses(spectra(self.stereo(taps, delay), self.channels.omega), delay)

    def centre_losses(self, taps: int, delay: int) -> dict[str, float]:
        """Return what C loses at a length."""
        return self.channels.centre_budget.losses(spectra(self.centre(taps, delay), self.channels.omega), delay)

    def stereo_fits(self, delay: int, taps: int) -> bool:
        """Whether L and R keep their budget at a length."""
        return fits(self.stereo_losses(taps, delay), STEREO_ALLOWANCES)

    def centre_fits(self, delay: int, taps: int) -> bool:
        """Whether C keeps its budget at a length."""
        return fits(self.centre_losses(taps, delay), CENTRE_ALLOWANCES)

    def at(self, stereo_taps: int, centre_taps: int, delay: int) -> Lengths:
        """Return filters of given lengths."""
        stereo, centre = self.stereo(stereo_taps, delay), self.centre(centre_taps, delay)
        longest = max(stereo_taps, centre_taps)
        filters = np.zeros((stereo.shape[0], 3, longest))
        filters[:, :2, :stereo_taps] = stereo
        filters[:, 2, :centre_taps] = centre
        return Lengths(
            filters,
            delay,
            stereo_taps,
            centre_taps,
            self.stereo_losses(stereo_taps, delay),
            self.centre_losses(centre_taps, delay),
            self,
        )


def shortest(channels: DesignedChannels) -> Lengths:
    """Find the shortest filters that keep the error budget.

    Returns
    -------
    Lengths
        Of the fewest taps in sum.  What not even the longest keep is no reason for long filters: then the shortest
        that keep all else, and in that come near the longest.
    """
    for horizon in (scaled(taps, channels) for taps in _HORIZONS):
        fits_to = ChannelFits.up_to(channels, horizon)
        lengths = lengths_up_to(fits_to)
        found: list[tuple[int, float, int, int, int]] = []
        for column, delay in enumerate(fits_to.delays.tolist()):
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
            return fits_to.at(stereo, centre, delay)
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


def lengths_up_to(fits_to: ChannelFits) -> list[int]:
    """Lengths that are tried, as far as the fits go."""
    longest = fits_to.fits[0].factor.shape[0] // fits_to.fits[0].drivers
    lengths = [scaled(taps, fits_to.channels) for taps in LENGTHS]
    return [taps for taps in lengths if taps <= longest]


def scaled(taps: int, channels: DesignedChannels) -> int:
    """Length that lasts as long as ``taps`` at 48 kHz, a multiple of 16."""
    return 16 * round(taps * channels.layout.sample_rate_hz / 48000 / 16)


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


def _settle(channels: DesignedChannels, fit: FirFit, delay: int, taps: int) -> tuple[DesignedChannels, FirFit]:
    """Let the beam follow what filters make of it, where they cannot follow the beam.

    Only levels are asked of the lobe.  Where its phases change too fast for the filters, those that the filters give
    it serve as well, and levels are matched to them anew: projections in turns (Gerchberg & Saxton, Optik 35 (1972),
    237).
    """
    turn = np.exp(1j * channels.omega * delay)[:, None]
    least, best = np.inf, (channels, fit)
    for settling in range(_SETTLING_ROUNDS + 1):
        realised = spectra(fit.filters(taps, delay), channels.omega) * turn
        cost = channels.beam.cost_db(realised)
        if cost < least:
            least, best = cost, (channels, fit)
        if not settling and cost - channels.beam.cost_db(channels.beam.weights) < _SETTLED_DB:
            break
        channels = channels.with_beam(channels.beam.following(realised))
        fit = fit.of_response(channels.omega, channels.beam.weights, channels.metrics[2])
    return best


def _fit_all(channels: DesignedChannels, taps: int, delays: NDArray[np.int64], count: int = 3) -> tuple[FirFit, ...]:
    pairs = list(zip(channels.responses(), channels.metrics, strict=True))[:count]
    return tuple(fit_channel(channels.omega, response, metric, taps, delays) for response, metric in pairs)

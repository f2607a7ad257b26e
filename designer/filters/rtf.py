"""Relative-transfer-function form: one equaliser for each channel, then each driver relative to a reference driver.

The reference path is a pure delay; the factor common to all drivers of a channel, without which the bass is lost, is
the equaliser ahead of the split.  Both are fitted in what is heard, in turns: with the equaliser held, the relative
filters are a linear problem, and with those held the equaliser is.

Measured on the shipped layouts, the factored form with 96 + 96 taps needs a tenth to a third fewer multiplications than
direct filters and keeps the error budget on none of them: the small spheres spend 5 to 6 dB more effort than the cap,
most of it between 7 and 10 kHz, where one equaliser serves all drivers, and the beam loses a decibel on axis or several
of lobe.  Longer factors gain little (a ratio of two short filters is not a short filter), and those that come near need
more multiplications than direct filters do.  After the rotation into mid and side `pair2` has one filter a bus, and
nothing to factor.  Direct filters are therefore what the board runs; the scorecard has these figures for each layout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.filters.channels import DesignedChannels, evened_out
from designer.filters.fir import spectra
from designer.filters.fit import normal_equations
from designer.triangular import solve_positive

# Of the equaliser and of each relative filter, at 48 kHz, where nothing else is said.
RTF_TAPS = 96
_FIRST_ROUNDS = 3
_ROUNDS = 6
_CANDIDATES = 2
# Part of the relative filters' length that lies ahead of the reference path: drivers may have to lead it.
_LEAD = 0.5


@dataclass(frozen=True, eq=False)
class RtfBank:
    """Factored filters of all channels.

    Attributes
    ----------
    equalisers : (I, M) float64
        Common to all drivers of a channel.
    relative : (D, I, K) float64
        Behind the equaliser; a unit impulse at ``delays[i]`` for the reference driver of channel i.
    reference_drivers : (I,) int64
        Chosen so that the error that is left is least.
    delays : (I,) int64
        Of the reference path, samples.
    """

    equalisers: NDArray[np.float64]
    relative: NDArray[np.float64]
    reference_drivers: NDArray[np.int64]
    delays: NDArray[np.int64]

    def __post_init__(self) -> None:
        drivers, channels, taps = self.relative.shape
        if self.equalisers.shape[0] != channels or self.reference_drivers.shape != (channels,):
            raise ValueError(
                f"RtfBank: equalisers {self.equalisers.shape} and relative {self.relative.shape} do not fit: allowed "
                "are (I, M) and (D, I, K)"
            )
        for channel, (driver, delay) in enumerate(zip(self.reference_drivers, self.delays, strict=True)):
            impulse = np.zeros(taps)
            impulse[delay] = 1.0
            if not (0 <= driver < drivers and np.array_equal(self.relative[driver, channel], impulse)):
                raise ValueError(f"RtfBank: channel {channel}: the reference driver's filter is no pure delay")

    @property
    def taps(self) -> int:
        """Return the multiplications per sample: all equalisers, and all relative filters but the references."""
        drivers, channels, length = self.relative.shape
        return int(self.equalisers.size + channels * (drivers - 1) * length)

    def impulse_responses(self) -> NDArray[np.float64]:
        """Equaliser and relative filter in one: (D, I, M + K − 1) float64."""
        drivers, channels, _ = self.relative.shape
        return np.array(
            [[np.convolve(self.equalisers[i], self.relative[d, i]) for i in range(channels)] for d in range(drivers)]
        )


def factor_filters(channels: DesignedChannels, equaliser_taps: int, relative_taps: int, delay: int) -> RtfBank:
    """Fit the factored form to the design.

    Parameters
    ----------
    channels : DesignedChannels
    equaliser_taps, relative_taps : int
        M and K.
    delay : int
        Modelling delay of equaliser and reference path together, samples.

    Returns
    -------
    RtfBank
    """
    sizes = (equaliser_taps, relative_taps, delay)
    first = _fit(channels, sizes, _FIRST_ROUNDS)
    # As for direct filters, the gain's errors are evened out by one reweighting.
    evened = evened_out(channels, spectra(first.impulse_responses()[:, :2], channels.omega))
    return _fit(evened, sizes, _ROUNDS, first.reference_drivers)


def _fit(
    channels: DesignedChannels,
    sizes: tuple[int, int, int],
    rounds: int,
    references: NDArray[np.int64] | None = None,
) -> RtfBank:
    """Fit all channels, with given reference drivers or the best of the candidates."""
    equaliser_taps, relative_taps, delay = sizes
    found = []
    for channel, (response, metric) in enumerate(zip(channels.responses(), channels.metrics, strict=True)):
        drivers = _candidates(response) if references is None else [int(references[channel])]
        fits = (
            _factor(channels.omega, response, metric, driver, equaliser_taps, relative_taps, delay, rounds)
            for driver in drivers
        )
        found.append(min(fits, key=lambda result: result[0]))
    return RtfBank(
        np.stack([equaliser for _, _, equaliser, _ in found]),
        np.stack([relative for _, _, _, relative in found], axis=1),
        np.array([driver for _, driver, _, _ in found]),
        np.full(len(found), _lead(relative_taps, delay)),
    )


def rtf_losses(channels: DesignedChannels, bank: RtfBank, delay: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return what the factored form loses against the design: keys of the error budget, for L and R, and for C."""
    drive = spectra(bank.impulse_responses(), channels.omega)
    return (
        channels.stereo_budget.losses(drive[:, :, :2], delay),
        channels.centre_budget.losses(drive[:, :, 2], delay),
    )


def _candidates(response: NDArray[np.complex128]) -> list[int]:
    """Return the drivers that do most of a channel's work: a reference that is silent has no ratio to it."""
    work = np.sum(np.abs(response) ** 2, axis=0)
    return [int(driver) for driver in np.argsort(-work, kind="stable")[:_CANDIDATES]]


def _lead(relative_taps: int, delay: int) -> int:
    return min(round(_LEAD * relative_taps), delay)


def _factor(
    omega: NDArray[np.float64],
    response: NDArray[np.complex128],
    metric: NDArray[np.complex128],
    reference: int,
    equaliser_taps: int,
    relative_taps: int,
    delay: int,
    rounds: int,
) -> tuple[float, int, NDArray[np.float64], NDArray[np.float64]]:
    """Cost, reference driver, equaliser (M,) and relative filters (D, K) of one channel."""
    drivers = response.shape[1]
    lead = _lead(relative_taps, delay)
    others = np.delete(np.arange(drivers), reference)
    wanted = response * np.exp(-1j * omega * delay)[:, None]
    relative = np.zeros((drivers, relative_taps))
    relative[reference, lead] = 1.0
    # As a first guess the equaliser is the reference driver's own filter.
    own = np.ascontiguousarray(metric[:, reference : reference + 1, reference : reference + 1])
    alone = np.exp(-1j * omega * lead)[:, None]
    equaliser = _scalar(omega, alone, wanted[:, reference : reference + 1], own, equaliser_taps)
    for _ in range(rounds):
        common = spectra(equaliser, omega)
        held = np.zeros_like(wanted)
        held[:, reference] = common * np.exp(-1j * omega * lead)
        part = metric[:, others[:, None], others] * (np.abs(common) ** 2)[:, None, None]
        gradient = common.conj()[:, None] * (metric[:, others] @ (wanted - held)[..., None])[..., 0]
        relative[others] = _solve(omega, part, gradient, relative_taps)
        equaliser = _scalar(omega, spectra(relative, omega), wanted, metric, equaliser_taps)
    error = spectra(relative, omega) * spectra(equaliser, omega)[:, None] - wanted
    cost = float(np.einsum("fd,fde,fe->", error.conj(), metric, error).real)
    return cost, reference, equaliser, relative


def _scalar(
    omega: NDArray[np.float64],
    relative: NDArray[np.complex128],
    wanted: NDArray[np.complex128],
    metric: NDArray[np.complex128],
    taps: int,
) -> NDArray[np.float64]:
    """Equaliser of least cost for relative spectra (F, D)."""
    weighted = np.einsum("fd,fde->fe", relative.conj(), metric)
    power = np.sum(weighted * relative, axis=1).real[:, None, None].astype(np.complex128)
    return np.asarray(_solve(omega, power, np.sum(weighted * wanted, axis=1)[:, None], taps)[0])


def _solve(
    omega: NDArray[np.float64], metric: NDArray[np.complex128], gradient: NDArray[np.complex128], taps: int
) -> NDArray[np.float64]:
    """FIR filters (D, taps) with M·h = gradient in the least-squares sense."""
    normal, turn = normal_equations(omega, metric, taps)
    right = (turn @ gradient).real.reshape(-1)
    solution = solve_positive(normal, right)
    return np.ascontiguousarray(solution.reshape(taps, -1).T)

"""The bit-exact twin of the firmware: same integers in, same integers out, written without CMSIS-DSP."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from designer.dsp.engine import InjectionPoint, check_channels
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.limiter import GAIN_ONE as LIMITER_ONE
from designer.fixedpoint.model.convolution import exact_convolve, floored_convolve
from designer.fixedpoint.model.crossfade import Fade
from designer.fixedpoint.model.limiter import LimiterModel, VolumeModel
from designer.fixedpoint.model.upmix import UpmixModel
from designer.fixedpoint.model.upmix_gains import GAIN_ONE
from designer.fixedpoint.proof.worst_case import to_buses


@dataclass(frozen=True, eq=False)
class Stages:
    """The values at every stage of the pipeline, as the message TAP reads them from a board.

    Attributes
    ----------
    bus : (n, B) int64
        Behind the upmix and the rotation to mid and side.
    equalised : (n, B) int64
        What the paths see: the buses, behind their equalisers where they have one.
    path : (n, K * B) int64
        Each path's share of its sum, at the sum's scale.
    sum : (n, K) int64
        Ahead of all that makes drivers of them: sum and difference, rounding and what follows.
    driver_signal : (n, D) int64
        Drivers ahead of their limiters: rounded, and as large as they come.
    output : (n, D) int64
        Driver samples.
    """

    bus: np.ndarray
    equalised: np.ndarray
    path: np.ndarray
    sum: np.ndarray
    driver_signal: np.ndarray
    output: np.ndarray


class PipelineModel:
    """Upmix, volume, FIR matrix and limiters of one design, with the firmware's state.

    Parameters
    ----------
    bank : FixedPointBank
        The design.
    history_samples : int
        Samples of the past to keep, where `tune` is to bring filters that look back further than these.
    """

    def __init__(self, bank: FixedPointBank, history_samples: int = 0) -> None:
        self._bank = bank
        self._image_equalised = [equaliser is not None for equaliser in bank.equalisers]
        self._word = bank.number_format.sample
        self._upmix = UpmixModel(bank.number_format)
        self.volume = VolumeModel()
        self.limiter = LimiterModel(bank.limiter)
        self._history_samples = max(bank.history_samples, history_samples)
        self._fade: Fade | None = None
        self.reset()

    def reset(self) -> None:
        """Return to the state after power-up."""
        self._upmix.reset()
        self.volume.reset()
        self.limiter.reset()
        self._history = np.zeros((self._history_samples, len(self._bank.bus_names)), dtype=np.int64)
        self._equalised = self._history
        if self._fade is not None:
            self._bank, self._fade = self._fade.bank, None

    def tune(self, bank: FixedPointBank, group_samples: int, warm_up: int = 0) -> None:
        """Fade to another bank from the next sample on, one group after the other.

        Parameters
        ----------
        bank : FixedPointBank
            Of the same filter graph, limiters, number_format and rate.
        group_samples : int
            Length of one group's fade: `designer.fixedpoint.model.crossfade.group_samples`.
        warm_up : int
            Samples ahead of it: `designer.fixedpoint.model.crossfade.warm_up_samples`.

        Raises
        ------
        ValueError
            If the bank is of another graph or limiters, has an equaliser where the twin's first bank, the image's, has
            none, looks back further than what is kept or what is warmed up, or a fade is under way.
        """
        if self._fade is not None:
            raise ValueError("a fade is under way")
        kinds = [
            (b.number_format, b.structure, b.driver_names, b.sample_rate_hz, b.limiter) for b in (self._bank, bank)
        ]
        if kinds[0] != kinds[1] or bank.history_samples > self._history_samples:
            raise ValueError("the bank is of another filter graph or limiters, or looks back further than the twin")
        equalised = [equaliser is not None for equaliser in bank.equalisers]
        if any(here and not there for here, there in zip(equalised, self._image_equalised, strict=True)):
            raise ValueError("the bank has equalisers on other buses")
        columns = zip(zip(*bank.paths, strict=True), self._image_equalised, strict=True)
        least = max((path.look_back_samples for column, on in columns if on for path in column), default=0)
        if warm_up < least:
            raise ValueError(f"warm_up = {warm_up}: allowed from {least}")
        self._fade = Fade(bank, group_samples, warm_up)
        # The new equalisers begin now; where there is none, the past is what it was.
        self._fading_equalised = np.where(equalised, 0, self._history)

    def forget_decisions(self) -> None:
        """Drop the records of gains, which grow with the signal; only comparisons with float need them."""
        self._upmix.decisions.clear()
        self.limiter.decisions.clear()

    @property
    def decisions(self) -> list[np.ndarray]:
        """Gains of the upmix after each hop since the reset, full scale 1: what a float reference is to take."""
        return [gains / GAIN_ONE for gains in self._upmix.decisions]

    @property
    def limiter_decisions(self) -> list[np.ndarray]:
        """Gains of the limiters, as `Limiter` takes them."""
        return [gains / LIMITER_ONE for gains in self.limiter.decisions]

    def process(self, samples: np.ndarray, injection_point: InjectionPoint = "program") -> np.ndarray:
        """Run samples through the board's arithmetic.

        Parameters
        ----------
        samples : (n, 2) or (n, 3) integers
            Raw samples: L, R for the injection point 'program', L', R', C for 'filters'.
        injection_point : 'program' or 'filters'
            Where the samples enter.

        Returns
        -------
        (n, D) int64
            Raw driver samples.

        Raises
        ------
        ValueError
            If the shape does not fit the injection point or a sample lies outside the word.
        """
        return self.trace(samples, injection_point).output

    def trace(self, samples: np.ndarray, injection_point: InjectionPoint = "program") -> Stages:
        """Run samples as `process` does, and keep what every stage made of them."""
        samples = np.asarray(samples)
        check_channels(samples, injection_point)
        if samples.size and not (self._word.holds(int(samples.min())) and self._word.holds(int(samples.max()))):
            raise ValueError(f"samples: outside {self._word}")
        buses = self._upmix.process(samples) if injection_point == "program" else samples.astype(np.int64)
        return self._filter(self.volume.process(buses))

    def _filter(self, inputs: np.ndarray) -> Stages:
        count, buses = inputs.shape[0], to_buses(self._bank, inputs)
        extended = np.concatenate([self._history, buses])
        behind = self._behind_equalisers(self._bank, self._equalised, extended, count)
        paths, sums, feed = self._matrix(self._bank, behind, count)
        kept = slice(extended.shape[0] - self._history_samples, None)
        self._equalised = behind[kept]
        if self._fade is not None:
            fading = self._behind_equalisers(self._fade.bank, self._fading_equalised, extended, count)
            self._fading_equalised = fading[kept]
            feed = self._fade.mix(feed, self._matrix(self._fade.bank, fading, count)[2])
            if self._fade.is_over:
                self._bank, self._fade, self._equalised = self._fade.bank, None, self._fading_equalised
        self._history = extended[kept]
        limited = self.limiter.process(feed)
        return Stages(
            buses, behind[self._history_samples :], np.stack(paths, axis=1), np.stack(sums, axis=1), feed, limited
        )

    def _behind_equalisers(
        self, bank: FixedPointBank, past: np.ndarray, extended: np.ndarray, count: int
    ) -> np.ndarray:
        """Append to the past (H, B) what one bank's paths see of the newest samples of the buses (H + count, B)."""
        newest = extended[self._history_samples :]
        if bank.is_equalised:
            newest = newest.copy()
            for b, equaliser in enumerate(bank.equalisers):
                if equaliser is not None:
                    total = self._path(equaliser, extended[:, b], count)
                    newest[:, b] = _rounded(total, bank.equaliser_shift(b))
        return np.concatenate([past, newest])

    def _matrix(
        self, bank: FixedPointBank, extended: np.ndarray, count: int
    ) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
        """Paths, sums, and (count, D) drivers of one bank, ahead of their limiters."""
        paths, sums = [], []
        for k, (g, _) in enumerate(bank.structure.sums):
            shares = self._shares(bank.paths[k], bank.group_exponent(g), extended, count)
            paths += shares
            sums.append(np.sum(shares, axis=0))
        feed = np.zeros((count, len(bank.driver_names)), dtype=np.int64)
        for g, group in enumerate(bank.structure.groups):
            common, *difference = (sums[k] for k in bank.structure.sums_of(g))
            feed[:, group.plus] = _rounded(sum(difference, common), bank.group_shift(g))
            if group.minus is not None:
                feed[:, group.minus] = _rounded(common - difference[0], bank.group_shift(g))
        return paths, sums, feed

    def _shares(
        self, row: tuple[FixedPointPath, ...], exponent: int, extended: np.ndarray, count: int
    ) -> list[np.ndarray]:
        return [
            self._path(path, extended[:, b], count) << (exponent - path.exponent)
            if path.taps
            else np.zeros(count, dtype=np.int64)
            for b, path in enumerate(row)
        ]

    def _path(self, path: FixedPointPath, extended: np.ndarray, count: int) -> np.ndarray:
        """FIR of one path: the exact sum of products, or of their floors."""
        newest = extended.size - path.delay
        window = extended[newest - count - path.taps + 1 : newest]
        if self._bank.number_format.floors_products:
            return floored_convolve(window, path.coefficients)
        return exact_convolve(window, path.coefficients)


def _kind(bank: FixedPointBank) -> tuple[object, ...]:
    """Return what two banks must have in common for one to fade to the other."""
    return bank.number_format, bank.structure, bank.driver_names, bank.sample_rate_hz, bank.limiter


def _rounded(total: np.ndarray, shift: int) -> np.ndarray:
    return np.asarray((total + ((1 << shift) >> 1)) >> shift)

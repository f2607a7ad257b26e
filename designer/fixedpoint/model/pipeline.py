"""Bit-exact model of the firmware's pipeline: the same integers in, the same integers out, without CMSIS-DSP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import numpy as np

from designer.dsp.engine import InjectionPoint, check_channels
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.limiter_settings import GAIN_ONE as LIMITER_ONE
from designer.fixedpoint.model.convolution import ExactFilters, FlooringFilter
from designer.fixedpoint.model.crossfade import Fade
from designer.fixedpoint.model.limiter import LimiterModel, VolumeModel
from designer.fixedpoint.model.upmix import UpmixModel
from designer.fixedpoint.model.upmix_gains import GAIN_ONE
from designer.fixedpoint.proof.worst_case import to_buses

# Samples processed at a time, so that their arrays stay in the processor's cache.
_PIECE_SAMPLES = 1 << 14


@dataclass(frozen=True, eq=False)
class Stages:
    """Values at every stage of the pipeline, named as the message TAP names them.

    Attributes
    ----------
    bus : (n, B) int64
        Inputs of the filters, behind upmix, volume and the rotation to mid and side.
    equalised : (n, B) int64
        What the paths read: the buses, behind their equalisers where they have one.
    path : (n, K * B) int64
        Output of each path, at the scale of its sum.
    sum : (n, K) int64
        Sums of paths, before a pair of drivers is made of them and before rounding.
    driver_signal : (n, D) int64
        Driver signals ahead of their limiters: rounded, of any size.
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
        Samples of the past to keep, for filters of a later `tune` that need more of them than `bank`.
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
        self._firs: dict[FixedPointPath, Callable[[np.ndarray], np.ndarray]] = {}
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
        """Fade to another bank from the next sample on, one group of drivers after the other.

        Parameters
        ----------
        bank : FixedPointBank
            With the same filter graph, limiters, number format and rate.
        group_samples : int
            Length of one group's fade: `designer.fixedpoint.model.crossfade.group_samples`.
        warm_up : int
            Samples ahead of it: `designer.fixedpoint.model.crossfade.warm_up_samples`.

        Raises
        ------
        ValueError
            If a fade is under way.  If the bank has another filter graph, number format, rate or limiters.  If it has
            an equaliser on a bus where the first bank has none.  If the history or the warm-up is too short for it.
        """
        if self._fade is not None:
            raise ValueError("a fade is under way")
        if _kind(self._bank) != _kind(bank) or bank.history_samples > self._history_samples:
            raise ValueError("the bank has another filter graph or limiters, or needs a longer history")
        equalised = [equaliser is not None for equaliser in bank.equalisers]
        if any(here and not there for here, there in zip(equalised, self._image_equalised, strict=True)):
            raise ValueError("the bank has equalisers on other buses")
        columns = zip(zip(*bank.paths, strict=True), self._image_equalised, strict=True)
        least = max((path.look_back_samples for column, on in columns if on for path in column), default=0)
        if warm_up < least:
            raise ValueError(f"warm_up = {warm_up}: allowed from {least}")
        self._fade = Fade(bank, group_samples, warm_up)
        # New equalisers begin with an empty past; a bus without one keeps its own.
        self._fading_equalised = np.where(equalised, 0, self._history)

    def forget_decisions(self) -> None:
        """Drop the recorded gains, which grow with the signal; only comparisons with float64 need them."""
        self._upmix.decisions.clear()
        self.limiter.decisions.clear()

    @property
    def decisions(self) -> list[np.ndarray]:
        """Gains of the upmix after each hop since the reset, full scale 1, as `FloatEngine` takes them."""
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
            If the shape does not fit the injection point or a sample lies outside its word.
        """
        return np.concatenate([piece.output for piece in self._pieces(samples, injection_point)])

    def trace(self, samples: np.ndarray, injection_point: InjectionPoint = "program") -> Stages:
        """Run samples as `process` does, and return the values at every stage."""
        pieces = list(self._pieces(samples, injection_point))
        return Stages(*(np.concatenate([getattr(piece, field.name) for piece in pieces]) for field in fields(Stages)))

    def _pieces(self, samples: np.ndarray, injection_point: InjectionPoint) -> Iterator[Stages]:
        samples = np.asarray(samples)
        check_channels(samples, injection_point)
        if samples.size and not (self._word.holds(int(samples.min())) and self._word.holds(int(samples.max()))):
            raise ValueError(f"samples: outside {self._word}")
        for start in range(0, max(samples.shape[0], 1), _PIECE_SAMPLES):
            piece = samples[start : start + _PIECE_SAMPLES]
            # Each channel is contiguous.
            buses = self._upmix.process(piece) if injection_point == "program" else np.array(piece, np.int64, order="F")
            yield self._filter(self.volume.process(buses))

    def _filter(self, inputs: np.ndarray) -> Stages:
        count, buses = inputs.shape[0], to_buses(self._bank, inputs)
        extended = np.concatenate([self._history, buses])
        behind = self._behind_equalisers(self._bank, self._equalised, extended, count)
        paths, sums, driver_signals = self._matrix(self._bank, behind, count)
        kept = slice(extended.shape[0] - self._history_samples, None)
        self._equalised = behind[kept]
        if self._fade is not None:
            fading = self._behind_equalisers(self._fade.bank, self._fading_equalised, extended, count)
            self._fading_equalised = fading[kept]
            driver_signals = self._fade.mix(driver_signals, self._matrix(self._fade.bank, fading, count)[2])
            if self._fade.is_over:
                self._bank, self._fade, self._equalised = self._fade.bank, None, self._fading_equalised
        self._history = extended[kept]
        limited = self.limiter.process(driver_signals)
        return Stages(
            buses,
            behind[self._history_samples :],
            np.stack(paths).T,
            np.stack(sums).T,
            driver_signals,
            limited,
        )

    def _behind_equalisers(
        self, bank: FixedPointBank, past: np.ndarray, extended: np.ndarray, count: int
    ) -> np.ndarray:
        """Append to the past (H, B) what one bank's paths read of the newest samples of the buses (H + count, B)."""
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
        """Compute paths, sums, and driver signals (count, D) of one bank, ahead of the limiters."""
        paths, sums = [], []
        for k, (g, _) in enumerate(bank.structure.sums):
            shares = self._shares(bank.paths[k], bank.group_exponent(g), extended, count)
            paths += shares
            sums.append(np.sum(shares, axis=0))
        driver_signals = np.zeros((count, len(bank.driver_names)), dtype=np.int64, order="F")
        for g, group in enumerate(bank.structure.groups):
            common, *difference = (sums[k] for k in bank.structure.sums_of(g))
            driver_signals[:, group.plus] = _rounded(sum(difference, common), bank.group_shift(g))
            if group.minus is not None:
                driver_signals[:, group.minus] = _rounded(common - difference[0], bank.group_shift(g))
        return paths, sums, driver_signals

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
        fir = self._firs.get(path)
        if fir is None:
            floors = self._bank.number_format.floors_products
            fir = FlooringFilter(path.coefficients) if floors else ExactFilters(path.coefficients[None])
            self._firs[path] = fir
        newest = extended.size - path.delay
        return fir(extended[newest - count - path.taps + 1 : newest])


def _kind(bank: FixedPointBank) -> tuple[object, ...]:
    """Return what two banks must have in common for one to fade to the other."""
    return bank.number_format, bank.structure, bank.driver_names, bank.sample_rate_hz, bank.limiter


def _rounded(total: np.ndarray, shift: int) -> np.ndarray:
    return np.asarray((total + ((1 << shift) >> 1)) >> shift)

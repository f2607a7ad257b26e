"""Comparison of a streamed signal: board against bit-exact model, and board against float64."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from designer.dsp.engine import FloatEngine
from designer.dsp.limiter import Limiter
from designer.errors import HilError
from designer.filters.bank import FilterBank
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.limiter_settings import GAIN_ONE
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.proof.error_bound import filter_error_bound, limited_error_bound, program_error_bound
from designer.fixedpoint.quantise.bank import white_noise_snr_db
from designer.regression.first_difference import StageDifference
from designer.regression.signals import Signal

# A quarter of a second of noise may differ from its expectation by this much.
_FINITE_NOISE_DB = 0.5
# Fields that `hil.json` keeps under their first names.
_STORED_KEYS = {"injection_point": "entry", "board_model_max_difference_lsb": "board_twin_max_difference_lsb"}


@dataclass(frozen=True)
class SignalReport:
    """Results of one streamed signal.

    Attributes
    ----------
    name, injection_point : str
    samples : int
        Per channel.
    bit_exact : bool
        Board and bit-exact model agree in every bit.
    first_difference : str
        Driver, sample and both values of the first difference; empty when bit exact.
    board_model_max_difference_lsb : int
        Largest difference of board and bit-exact model.
    max_error_lsb : float
        Board against float64.
    error_bound_lsb : float
        Largest bound on the error of this signal, over all samples and drivers.
    within_bound : bool
        The error lies within its bound at every sample of every driver.
    snr_db : float
        Energy of the float64 output over the energy of the error, all drivers.
    snr_limit_db : float
        Least SNR allowed.  It is `noise_floor_db` for noise that no limiter reduces.  Otherwise it is what the error
        bound guarantees.
    peak_dbfs : float
        Largest magnitude of the output.
    passed : bool
    first_difference_sample : int or None
        Sample of the first difference.
    located : StageDifference or None
        The stage where the difference starts; None until it is searched for.
    """

    name: str
    injection_point: str
    samples: int
    bit_exact: bool
    first_difference: str
    board_model_max_difference_lsb: int
    max_error_lsb: float
    error_bound_lsb: float
    within_bound: bool
    snr_db: float
    snr_limit_db: float
    peak_dbfs: float
    passed: bool
    first_difference_sample: int | None = None
    located: StageDifference | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, under the keys of `_STORED_KEYS`."""
        located = None if self.located is None else self.located.to_dict()
        values = {_STORED_KEYS.get(name, name): value for name, value in asdict(self).items()}
        return {"entry": values.pop("entry"), **values, "located": located}


def compare(signal: Signal, board: np.ndarray, bank: FilterBank, fixed: FixedPointBank) -> SignalReport:
    """Compare a board's output with the bit-exact model and with float64.

    Parameters
    ----------
    signal : Signal
        The test signal.  The board started from reset.
    board : (n, D) integers
        Output of the board.
    bank, fixed : FilterBank, FixedPointBank
        The design in float64 and in fixed point.

    Raises
    ------
    HilError
        If there are no samples, or not as many from the board as in the signal: such a comparison would say nothing.
    """
    expected_shape = (signal.samples.shape[0], len(bank.driver_names))
    if signal.samples.shape[0] == 0 or np.shape(board) != expected_shape:
        raise HilError(
            f"signal '{signal.name}': {signal.samples.shape[0]} samples, and the board's output has the shape "
            f"{np.shape(board)}: nothing can be compared: give a signal with samples, and look at the line"
        )
    word = fixed.number_format.sample
    model = PipelineModel(fixed)
    expected = model.process(signal.samples, signal.injection_point)
    limiter = Limiter(fixed.limiter.as_float(fixed.number_format), model.limiter_decisions)
    engine = FloatEngine(bank.impulse_responses, word.largest * word.lsb, model.decisions, limiter)
    reference = engine.process(word.to_float(signal.samples), signal.injection_point)
    if signal.injection_point == "program":
        bound = program_error_bound(bank.impulse_responses, fixed, signal.samples)
    else:
        bound = filter_error_bound(bank.impulse_responses, fixed, word.to_float(signal.samples))
    bound = limited_error_bound(bound, fixed, model.limiter.decisions)
    limited = bool(np.any(model.limiter.least < GAIN_ONE))
    error = np.abs(word.to_float(board) - reference)
    snr_db = _ratio_db(reference, error)
    is_stated = signal.name == "noise" and not limited
    limit_db = noise_floor_db(bank, fixed) if is_stated else _ratio_db(reference, bound)
    difference = np.asarray(board, dtype=np.int64) - expected
    exact, within = not difference.any(), bool(np.all(error <= bound))
    return SignalReport(
        signal.name,
        signal.injection_point,
        int(signal.samples.shape[0]),
        exact,
        "" if exact else _first_difference(board, expected, bank.driver_names),
        int(np.abs(difference).max(initial=0)),
        float(error.max(initial=0.0) / word.lsb),
        float(bound.max(initial=0.0) / word.lsb),
        within,
        snr_db,
        limit_db,
        float(20 * np.log10(max(np.abs(word.to_float(board)).max(initial=0.0), 1e-12))),
        bool(exact and within and snr_db >= limit_db),
        None if exact else int(np.argwhere(difference)[0, 0]),
    )


def noise_floor_db(bank: FilterBank, fixed: FixedPointBank) -> float:
    """Least SNR on white noise: the expected SNR of this design, and at least the floor of its number format."""
    return max(fixed.number_format.noise_snr_db, white_noise_snr_db(bank, fixed) - _FINITE_NOISE_DB)


def _ratio_db(signal: np.ndarray, error: np.ndarray) -> float:
    energy, noise = float(np.sum(signal**2)), float(np.sum(error**2))
    return float(np.clip(10 * np.log10(max(energy, 1e-300) / max(noise, 1e-300)), -300.0, 300.0))


def _first_difference(board: np.ndarray, expected: np.ndarray, names: tuple[str, ...]) -> str:
    sample, driver = (int(index) for index in np.argwhere(np.asarray(board) != expected)[0])
    values = f"board {int(board[sample, driver])}, model {expected[sample, driver]}"
    return f"driver '{names[driver]}', sample {sample}: {values}"

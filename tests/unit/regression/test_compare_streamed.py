"""The verdict on a streamed signal has three parts, and each alone is enough to fail it.

A board that agrees with the model in every bit can still be wrong: where both are.  Then only the error bound and the
required SNR remain.  The tests put an error into the model, and let the board agree with it.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
from banks import mirror_bank, random_bank

from designer.dsp.engine import FloatEngine
from designer.errors import HilError
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.proof.error_bound import filter_error_bound
from designer.fixedpoint.quantise.bank import quantise_bank
from designer.regression import compare_streamed
from designer.regression.compare_streamed import compare, noise_floor_db
from designer.regression.signals import Signal


def noise(number_format, name="noise", point="filters", peak=0.5, count=2000):
    word = NumberFormat.named(number_format).sample
    channels = {"filters": 3, "program": 2}[point]
    return Signal(name, point, word.quantise(np.random.default_rng(4).uniform(-peak, peak, (count, channels))))


def model_output(fixed, signal):
    return PipelineModel(fixed).process(signal.samples, signal.injection_point)


def put_into_model(monkeypatch, error):
    """Let the model differ from the firmware's arithmetic by an error, (n, D) integers."""

    class WrongModel(PipelineModel):
        def process(self, samples, injection_point="program"):
            return super().process(samples, injection_point) + error

    monkeypatch.setattr(compare_streamed, "PipelineModel", WrongModel)


@pytest.mark.parametrize("point", ["filters", "program"])
@pytest.mark.parametrize("make", [random_bank, mirror_bank])
def test_a_board_that_agrees_passes(number_format, make, point):
    bank, fixed = make(3, number_format)
    signal = noise(number_format, "music", point)
    report = compare(signal, model_output(fixed, signal), bank, fixed)
    assert (report.name, report.injection_point, report.samples) == ("music", point, 2000)
    assert report.passed
    assert report.bit_exact
    assert report.within_bound
    assert (report.first_difference, report.first_difference_sample) == ("", None)
    assert report.board_model_max_difference_lsb == 0
    assert 0 < report.max_error_lsb <= report.error_bound_lsb
    assert report.snr_db >= report.snr_limit_db


@pytest.mark.parametrize("step", [1, -1])
def test_one_bit_in_one_sample_fails(number_format, step):
    bank, fixed = random_bank(3, number_format)
    signal = noise(number_format)
    board = model_output(fixed, signal)
    right = int(board[700, 1])
    board[700, 1] += step
    board[900, 0] += 3 * step
    report = compare(signal, board, bank, fixed)
    assert not report.passed
    assert not report.bit_exact
    assert report.first_difference == f"driver 'd1', sample 700: board {right + step}, model {right}"
    assert report.first_difference_sample == 700
    assert report.board_model_max_difference_lsb == 3


def test_a_sample_beyond_its_error_bound_fails_a_board_that_is_bit_exact(number_format, monkeypatch):
    bank, fixed = random_bank(3, number_format)
    signal = noise(number_format, "sweep")
    lsb = fixed.number_format.sample.lsb
    error = np.zeros((2000, 2), dtype=np.int64)
    # One sample of 4000: the energy of the error stays far below that of the bound.
    bound = filter_error_bound(bank.impulse_responses, fixed, fixed.number_format.sample.to_float(signal.samples))
    error[1000, 0] = int(3 * bound.max() / lsb) + 2
    board = model_output(fixed, signal) + error
    put_into_model(monkeypatch, error)
    report = compare(signal, board, bank, fixed)
    assert report.bit_exact
    assert report.snr_db >= report.snr_limit_db
    assert not report.within_bound
    assert not report.passed
    assert report.max_error_lsb == pytest.approx(error[1000, 0], abs=bound.max() / lsb)


def within_bound(number_format, monkeypatch, name):
    """Let board and model be wrong alike: each sample by as many whole steps as its bound allows."""
    bank, fixed = random_bank(3, number_format)
    signal = noise(number_format, name)
    word = fixed.number_format.sample
    samples = word.to_float(signal.samples)
    made = word.to_float(PipelineModel(fixed).trace(signal.samples, "filters").driver_signal)
    own = made - FloatEngine(bank.impulse_responses).process(samples, "filters")
    bound = filter_error_bound(bank.impulse_responses, fixed, samples)
    up, down = (np.maximum((bound - side) / word.lsb - 1e-6, 0).astype(np.int64) for side in (own, -own))
    steps = np.where(np.abs(own + up * word.lsb) > np.abs(own - down * word.lsb), up, -down)
    # The limiter delays what it does not reduce.
    delay = fixed.limiter.delay_samples
    error = np.concatenate([np.zeros((delay, 2), dtype=np.int64), steps[:-delay]])
    right = model_output(fixed, signal)
    put_into_model(monkeypatch, error)
    return compare(signal, right + error, bank, fixed), bank, fixed


def test_noise_below_its_floor_fails_a_board_that_is_bit_exact(number_format, monkeypatch):
    report, bank, fixed = within_bound(number_format, monkeypatch, "noise")
    assert report.bit_exact
    assert report.within_bound
    assert report.snr_limit_db == noise_floor_db(bank, fixed)
    assert report.snr_db < report.snr_limit_db
    assert not report.passed


def test_other_signals_need_what_the_error_bound_guarantees(number_format, monkeypatch):
    report, bank, fixed = within_bound(number_format, monkeypatch, "music")
    assert report.snr_limit_db < noise_floor_db(bank, fixed)
    assert report.snr_db >= report.snr_limit_db
    assert report.passed


def test_noise_that_a_limiter_reduces_needs_what_the_error_bound_guarantees(number_format):
    bank, fixed = random_bank(3, number_format, peak_gain=4.0)
    signal = noise(number_format, peak=1.0)
    report = compare(signal, model_output(fixed, signal), bank, fixed)
    assert report.snr_limit_db != noise_floor_db(bank, fixed)
    assert report.passed


def test_one_limiter_that_acts_is_enough_for_that(number_format):
    loud, _ = random_bank(3, number_format, peak_gain=4.0)
    bank = replace(loud, impulse_responses=loud.impulse_responses * np.array([1.0, 0.01])[:, None, None])
    fixed = quantise_bank(bank, NumberFormat.named(number_format))
    signal = noise(number_format, peak=1.0)
    report = compare(signal, model_output(fixed, signal), bank, fixed)
    assert report.snr_limit_db != noise_floor_db(bank, fixed)
    assert report.passed


def test_a_program_at_full_scale_saturates_in_float_where_the_board_does(number_format):
    bank, fixed = random_bank(3, number_format)
    word = fixed.number_format.sample
    signs = np.random.default_rng(4).choice(np.array([word.smallest, word.largest]), (4000, 2))
    signal = Signal("full_scale", "program", signs)
    assert compare(signal, model_output(fixed, signal), bank, fixed).passed


def test_a_silent_signal_is_no_fault(number_format):
    bank, fixed = random_bank(3, number_format)
    signal = Signal("silence", "filters", np.zeros((300, 3), dtype=np.int64))
    report = compare(signal, model_output(fixed, signal), bank, fixed)
    assert report.passed
    assert (report.max_error_lsb, report.snr_db, report.peak_dbfs) == (0.0, 0.0, -240.0)


def test_silence_with_an_error_that_its_bound_allows_is_at_the_end_of_the_scale(monkeypatch):
    """Floors of products may leave some steps where nothing should be; the required SNR is as low as the SNR."""
    bank, fixed = random_bank(3, "q31x15")
    signal = Signal("silence", "filters", np.zeros((300, 3), dtype=np.int64))
    error = np.zeros((300, 2), dtype=np.int64)
    error[200, 1] = 1
    put_into_model(monkeypatch, error)
    report = compare(signal, error, bank, fixed)
    assert (report.snr_db, report.snr_limit_db) == (-300.0, -300.0)
    assert report.passed


def test_levels_are_those_of_the_board(number_format):
    bank, fixed = random_bank(3, number_format)
    word = fixed.number_format.sample
    signal = noise(number_format)
    board = np.zeros((2000, 2), dtype=np.int64)
    assert compare(signal, board, bank, fixed).peak_dbfs == -240.0
    # A board that stays silent: its error is the signal itself.
    assert compare(signal, board, bank, fixed).snr_db == pytest.approx(0.0, abs=1e-9)
    board[5, 1] = word.smallest
    assert compare(signal, board, bank, fixed).peak_dbfs == pytest.approx(0.0, abs=1e-3)


def test_a_ratio_is_one_of_energies(number_format):
    """A board of the wrong sign: its error is twice the signal."""
    bank, fixed = random_bank(3, number_format)
    signal = noise(number_format, peak=0.001)
    board = -model_output(fixed, signal)
    coarse = 0.1 if number_format == "q15" else 0.01
    assert compare(signal, board, bank, fixed).snr_db == pytest.approx(-20 * np.log10(2), abs=coarse)


def test_the_report_keeps_its_keys():
    bank, fixed = random_bank(3, "q15")
    signal = noise("q15")
    plain = compare(signal, model_output(fixed, signal), bank, fixed).to_dict()
    assert list(plain) == [
        "entry",
        "name",
        "samples",
        "bit_exact",
        "first_difference",
        "board_twin_max_difference_lsb",
        "max_error_lsb",
        "error_bound_lsb",
        "within_bound",
        "snr_db",
        "snr_limit_db",
        "peak_dbfs",
        "passed",
        "first_difference_sample",
        "located",
    ]
    assert json.loads(json.dumps(plain)) == plain
    assert plain["entry"] == "filters"
    assert plain["located"] is None


@pytest.mark.parametrize(("samples", "rows", "too_many"), [(0, 0, 0), (4, 3, 0), (4, 4, 1), (4, 4, -1), (4, 0, 0)])
def test_what_cannot_be_compared_does_not_pass(samples, rows, too_many):
    """Of no samples, none differs; and of too few, the rest would go unseen."""
    bank, fixed = random_bank(1, "q31")
    signal = Signal("short", "program", np.zeros((samples, 2), dtype=np.int64))
    board = np.zeros((rows, len(bank.driver_names) + too_many), dtype=np.int64)
    with pytest.raises(HilError, match=r"signal 'short': \d samples, and the board's output has the shape"):
        compare(signal, board, bank, fixed)

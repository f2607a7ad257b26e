"""The floor on white noise is derived: what the model measures is what coefficients and roundings let expect."""

import numpy as np
import pytest
from banks import mirror_bank, random_bank

from designer.dsp.engine import FloatEngine
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.quantise.bank import white_noise_snr_db
from designer.regression.compare_streamed import noise_floor_db


@pytest.mark.parametrize("make", [random_bank, mirror_bank])
def test_expected_noise_is_what_is_measured(number_format, make):
    bank, fixed = make(3, number_format, taps=64)
    word = NumberFormat.named(number_format).sample
    samples = word.quantise(np.random.default_rng(9).uniform(-0.5, 0.5, (40000, 3)))
    reference = FloatEngine(bank.impulse_responses).process(word.to_float(samples), "filters")
    error = word.to_float(PipelineModel(fixed).trace(samples, "filters").driver_signal) - reference
    measured = 10 * np.log10(np.sum(reference**2) / np.sum(error**2))
    # Errors of coefficients are filtered noise of 64 taps: 40 000 samples hold some 2000 independent ones.
    assert white_noise_snr_db(bank, fixed) == pytest.approx(measured, abs=0.3)
    assert noise_floor_db(bank, fixed) == max(
        NumberFormat.named(number_format).noise_snr_db, white_noise_snr_db(bank, fixed) - 0.5
    )


def test_filters_that_drown_in_their_roundings_need_the_floor_of_the_number_format(number_format):
    """So quiet that coefficients of 16 bits have few left: what such filters let expect is no standard."""
    bank, fixed = random_bank(3, number_format, peak_gain=1e-4)
    floor = {"q15": 70.0, "q31": 120.0, "q31x15": 70.0}[number_format]
    if number_format == "q15":
        assert white_noise_snr_db(bank, fixed) < floor
        assert noise_floor_db(bank, fixed) == floor
    assert noise_floor_db(bank, fixed) >= floor

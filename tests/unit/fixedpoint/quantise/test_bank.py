import numpy as np
import pytest
from anechoic import anechoic_layout
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.table_error import over_rounding_db, table_error
from designer.design.build import build_design
from designer.errors import InfeasibleDesignError
from designer.evaluation.acoustic import acoustic_figures
from designer.filters.bank import FilterBank
from designer.fixedpoint.dequantised import dequantised_impulse_responses
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import Q15, Q31, NumberFormat
from designer.fixedpoint.quantise.bank import (
    _NOISE_MARGIN_DB,
    quantise_bank,
    quantise_matrix,
    quantise_path,
    white_noise_snr_db,
)
from designer.fixedpoint.quantise.error_weights import error_weights
from designer.fixedpoint.quantise.nearest_plane import weight_factor, weighted_error
from designer.layout.shipped import shipped_layouts

NUMBER_FORMATS = ("q15", "q31", "q31x15")
BITS = {"q15": 15, "q31": 31, "q31x15": 15}
RESPONSES = arrays(np.float64, st.integers(1, 40), elements=st.floats(-0.02, 0.02, allow_subnormal=False))


def bank_of(responses):
    responses = np.asarray(responses, dtype=np.float64)
    names = tuple(f"d{i}" for i in range(responses.shape[0]))
    return FilterBank(responses, names, ("left", "right", "centre"), 48000, 0)


@pytest.mark.parametrize("number_format", NUMBER_FORMATS)
@given(response=RESPONSES)
def test_every_tap_is_within_half_a_step(number_format, response):
    path = quantise_path(response, NumberFormat.named(number_format))
    real = np.zeros(response.size)
    real[path.delay : path.delay + path.taps] = np.ldexp(
        path.coefficients.astype(float), -(BITS[number_format] + path.exponent)
    )
    # A q15 tap may also be held at -32767 instead of -32768: one step.
    step = 2.0 ** -(BITS[number_format] + (path.exponent if path.taps else 0))
    assert np.abs(real - response).max() <= step * (0.5 if path.taps else 2.0**-15 * 0.5 + 0.5)


@pytest.mark.parametrize("number_format", NUMBER_FORMATS)
@given(response=RESPONSES)
def test_no_bit_is_wasted_and_ends_are_trimmed(number_format, response):
    path = quantise_path(response, NumberFormat.named(number_format))
    if path.taps == 0:
        return
    assert path.coefficients[0] != 0
    assert path.coefficients[-1] != 0
    if path.exponent < 15:
        taps = path.coefficients.astype(np.int64)
        size = np.abs(taps).max() if number_format != "q31" else np.abs(taps).sum()
        fills_its_word = size >= 2 ** (BITS[number_format] - 1) * (1 - 1e-6) - 40
        # q31x15 has Σ|c| within 16 · 65535 as well; half of it, less two steps of each tap, cannot be doubled.
        fills_its_sum = number_format == "q31x15" and np.abs(taps).sum() >= 8 * 65535 - 2.5 * 40
        # Other paths of the sum set the exponent in q31, which ends at 2.
        assert fills_its_word or fills_its_sum or (number_format == "q31" and path.exponent == 2)


def test_asymmetric_response_keeps_its_order():
    path = quantise_path(np.array([0.0, 0.0, 0.5, 0.25, 0.125, 0.0]), Q15)
    assert path.coefficients.tolist() == [16384, 8192, 4096]
    assert (path.delay, path.exponent) == (2, 0)


def test_minus_one_is_held_at_32767():
    assert quantise_path(np.array([-0.99999]), Q15).coefficients.tolist() == [-32767]


@settings(deadline=None)
@given(arrays(np.float64, (2, 3, 20), elements=st.floats(-0.01, 0.01, allow_subnormal=False)))
def test_effective_responses_are_what_the_paths_do(responses):
    fixed = quantise_bank(bank_of(responses), Q31)
    effective = dequantised_impulse_responses(fixed)
    padded = np.zeros((2, 3, 20))
    padded[..., : effective.shape[2]] = effective
    assert np.abs(padded - responses).max() <= 2.0**-31


@pytest.mark.parametrize(
    ("number_format", "what"),
    [("q15", "largest tap = 12.000"), ("q31", "Σ|h| = 12.000"), ("q31x15", "largest tap = 12.000")],
)
def test_what_does_not_fit_is_refused_with_the_gain_that_does(number_format, what):
    responses = np.zeros((2, 3, 8))
    responses[1, 2, 3] = 12.0
    with pytest.raises(InfeasibleDesignError) as caught:
        quantise_bank(bank_of(responses), NumberFormat.named(number_format))
    where = "driver 'd1'" if number_format == "q31" else "driver 'd1' ← input 'centre'"
    assert str(caught.value) == (f"{where}: {what}, limit 8 in {number_format}; lower output.peak_gain_db by 3.6 dB")
    quantise_bank(bank_of(responses * 10 ** (-3.6 / 20)), NumberFormat.named(number_format))


FACTOR = weight_factor(np.where(np.arange(65) < 30, 1.0, 0.01), 40)


def padded(path, size):
    taps = np.zeros(size)
    taps[path.delay : path.delay + path.taps] = path.coefficients
    return taps


@settings(deadline=None)
@given(arrays(np.float64, 40, elements=st.floats(-0.999, 0.999, allow_subnormal=False)))
def test_shaped_tables_never_lose_to_rounding(response):
    rounded, shaped = quantise_path(response, Q15), quantise_path(response, Q15, FACTOR)
    assert shaped.exponent == rounded.exponent or rounded.taps == 0
    assert shaped.taps <= rounded.taps
    target = np.ldexp(response, 15 + rounded.exponent)
    errors = [weighted_error(FACTOR, padded(path, 40) - target) for path in (shaped, rounded)]
    assert errors[0] <= errors[1]
    assert np.abs(shaped.coefficients.astype(int)).max(initial=0) <= 32767


def test_q31_is_rounded_whatever_the_weight():
    response = np.random.default_rng(7).normal(0, 0.01, 40)
    shaped, rounded = quantise_path(response, Q31, FACTOR), quantise_path(response, Q31)
    assert np.array_equal(shaped.coefficients, rounded.coefficients)


@pytest.fixture(scope="module", params=shipped_layouts())
def shipped(request):
    """Every shipped layout in q15: layout, float bank, shaped and rounded tables."""
    layout = anechoic_layout(request.param).model_copy(update={"number_format": "q15"})
    result = build_design(layout)
    return layout, result.bank, result.fixed, quantise_bank(result.bank, Q15)


def test_in_band_error_is_10_db_below_rounding_on_every_path(shipped):
    """With the whole weight; a design ships less of it only where white noise would fall below its floor."""
    layout, bank, shaped, rounded = shipped
    wanted, weights = bank.impulse_responses, error_weights(layout)
    whole = quantise_matrix(bank, Q15, weights.power)
    ours, shipped_db, plain = (
        table_error(wanted, dequantised_impulse_responses(fixed, wanted.shape[2]), weights).in_band_db
        for fixed in (whole, shaped, rounded)
    )
    # Where even rounded tables add 40 dB less than the output's own rounding has in that band, no table can change the
    # output by 0.0005 dB: the woofer's share of the centre, of 250 Hz, lies 49 dB below.
    nothing_to_gain = over_rounding_db(wanted, dequantised_impulse_responses(rounded, wanted.shape[2]), weights) < -40.0
    assert (nothing_to_gain | (plain - ours >= 10.0)).all()
    assert (plain - ours)[:, 2].min() >= 10.0
    assert nothing_to_gain.sum() <= (layout.name == "echo-studio")
    if white_noise_snr_db(bank, whole) >= Q15.noise_snr_db + _NOISE_MARGIN_DB:
        assert np.array_equal(shipped_db, ours)
    else:
        assert (plain - shipped_db).min() > 0.0


def test_white_noise_keeps_70_db(shipped):
    _, bank, shaped, _ = shipped
    samples = np.random.default_rng(8).integers(-16384, 16384, (20000, 3))
    output = PipelineModel(shaped).trace(samples, "filters").driver_signal
    reference = np.stack(
        [sum(np.convolve(samples[:, i], h)[:20000] for i, h in enumerate(row)) for row in bank.impulse_responses],
        axis=1,
    )
    measured = 10 * np.log10(np.sum(reference**2) / np.sum((output - reference) ** 2))
    # Energies of 40 000 and more noise samples behind filters: within 0.2 dB of their expectation.
    assert white_noise_snr_db(bank, shaped) == pytest.approx(measured, abs=0.2)
    assert measured >= 70.0


def test_the_listener_gets_what_the_float_design_gives(shipped):
    layout, bank, shaped, _ = shipped
    reference = acoustic_figures(layout, bank.impulse_responses).to_json()
    realised = acoustic_figures(layout, dequantised_impulse_responses(shaped)).to_json()
    for part, figures in reference.items():
        for key, value in figures.items():
            if key.endswith("_db"):
                assert realised[part][key] == pytest.approx(value, abs=0.2), (part, key)


def test_tables_are_the_same_in_every_run(shipped):
    layout, bank, shaped, _ = shipped
    again = quantise_bank(bank, Q15, error_weights(layout))
    for row, other in zip(shaped.paths, again.paths, strict=True):
        for path, same in zip(row, other, strict=True):
            assert (path.delay, path.exponent) == (same.delay, same.exponent)
            assert path.coefficients.tobytes() == same.coefficients.tobytes()


def test_a_weight_that_would_cost_the_noise_figure_is_reduced():
    # 1 dB below its own level, this layout in q15 leaves no room for the whole depth, but for a part of it.
    shipped = anechoic_layout("echo-studio")
    output = shipped.output.model_copy(update={"peak_gain_db": shipped.output.peak_gain_db - 1})
    layout = shipped.model_copy(update={"number_format": "q15", "output": output})
    result = build_design(layout)
    wanted = result.bank.impulse_responses
    assert white_noise_snr_db(result.bank, result.fixed) >= 70.2
    error = dequantised_impulse_responses(result.fixed, wanted.shape[2]) - wanted
    plain = dequantised_impulse_responses(quantise_bank(result.bank, Q15), wanted.shape[2]) - wanted
    assert np.sum(error**2) > np.sum(plain**2)
    whole = quantise_matrix(result.bank, Q15, error_weights(layout).power)
    assert white_noise_snr_db(result.bank, whole) < 70.2

"""The upmix, by its own scorecard; recordings are measured by tests/benchmarks, integers by tests/fixedpoint."""

import pytest

from designer.evaluation.upmix import evaluate_upmix
from designer.layout.sections import SAMPLE_RATES_HZ


@pytest.fixture(scope="module", params=SAMPLE_RATES_HZ)
def figures(request):
    return evaluate_upmix(request.param)


def test_it_is_in_every_scorecard(made):
    layout, card = made("front3")
    assert card["upmix"] == evaluate_upmix(layout.sample_rate_hz).to_json()


def test_its_own_delay_is_within_3_ms(figures):
    assert figures.own_delay_ms <= 3.0


def test_one_source_off_the_centre_is_25_db_down_in_it_after_100_ms(figures):
    assert figures.off_centre_depth_db >= 25


def test_a_centre_source_alone_is_unaltered(figures):
    # 0.1 dB of level would be an error of -39 dB.
    assert figures.centre_alone_error_db <= -100


def test_parts_add_up(figures):
    # Float64's own rounding; in integers it is exact (tests/unit/fixedpoint/model/test_upmix.py).
    assert figures.parts_error_db <= -180


def test_even_noises_of_one_spectrum_come_apart(figures):
    # On recordings it is 8.3 dB, and 5.5 are asked for (tests/toolchain/benchmarks/test_upmix_benchmark.py).  Noises
    # that share their whole spectrum only come apart in time.
    assert figures.noise_mixture_gain_db >= 2.5
    assert figures.centre_side_correlation < 0.05


def test_gains_move_at_a_bounded_rate_and_nothing_passes_full_scale(figures):
    assert 0 < figures.gain_slew_per_hop <= 0.25
    assert figures.greatest_output_db <= 1e-9

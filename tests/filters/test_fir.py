"""From responses to causal filters, without time aliasing."""

import numpy as np
import pytest

from designer.filters.alignment import best_modelling_delay
from designer.filters.fir import causal_fir, circular_responses, design_grid_hz, truncation_error_db

TAPS = 64


def response_of(impulse, offset):
    """Spectrum on the design grid of an impulse response that begins ``offset`` samples from time zero."""
    grid = design_grid_hz(TAPS, 48000)
    times = np.arange(len(impulse)) + offset
    return np.exp(-2j * np.pi * grid[:, None] * times / 48000) @ np.asarray(impulse)


def test_non_causal_response_becomes_causal_after_the_modelling_delay():
    impulse = np.array([0.5, -0.2, 1.0, 0.3])
    circular = circular_responses(response_of(impulse, -2)[:, None, None])
    fir = causal_fir(circular, TAPS, 30)[0, 0]
    expected = np.zeros(TAPS)
    expected[28:32] = impulse
    np.testing.assert_allclose(fir, expected, atol=1e-12)


def test_delay_is_chosen_to_keep_the_energy():
    tail = 0.9 ** np.arange(80)
    before = best_modelling_delay(circular_responses(response_of(tail[::-1][-20:], -19)[:, None]), TAPS)
    after = best_modelling_delay(circular_responses(response_of(tail, 0)[:, None]), TAPS)
    assert before >= 19
    assert after == 0


def test_what_is_cut_away_is_measured():
    circular = circular_responses(response_of([1.0] + [0.0] * 99 + [0.1], 0)[:, None])
    fir = causal_fir(circular, TAPS, 16)
    # The echo at 100 samples lies outside: 0.01 of 1.01.
    assert truncation_error_db(circular, fir, 16) == pytest.approx(10 * np.log10(0.01 / 1.01), abs=1e-6)


def test_ends_are_faded():
    circular = np.ones((1, 4 * TAPS))
    fir = causal_fir(circular, TAPS, 32)[0]
    assert fir[0] < 0.3
    assert fir[-1] < 0.3
    assert fir[32] == 1

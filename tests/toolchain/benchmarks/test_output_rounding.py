import numpy as np
import pytest

from benchmarks.output_rounding import a_weighting, loop_instructions, outputs

SHIFT = 17


@pytest.fixture(scope="module")
def paths():
    return np.random.default_rng(1).integers(-(1 << 30), 1 << 30, (5000, 3))


def test_every_method_errs_as_its_name_says(paths):
    exact = paths.sum(axis=1) / (1 << SHIFT)
    errors = {method: output - exact for method, output in outputs(paths, SHIFT).items()}
    assert np.all((errors["truncation"] <= 0) & (errors["truncation"] > -1))
    assert np.all((errors["per path"] <= 0) & (errors["per path"] > -3))
    assert np.abs(errors["rounding"]).max() <= 0.5
    # Fed back, errors cancel: their running sum never leaves half a step.
    assert np.abs(np.cumsum(errors["error feedback"])).max() <= 0.5 + 1e-9


def test_a_weighting_has_its_standard_values():
    # IEC 61672-1, table 3, rounded to 0.1 dB there.
    frequencies = np.array([31.622777, 100.0, 1000.0, 3162.2777, 10000.0])
    assert 10 * np.log10(a_weighting(frequencies)) == pytest.approx([-39.4, -19.1, 0.0, 1.2, -2.5], abs=0.06)


def test_feedback_costs_more_instructions_than_rounding():
    counts = loop_instructions()
    assert 0 < counts["truncation"] <= counts["rounding"] < counts["error feedback"]

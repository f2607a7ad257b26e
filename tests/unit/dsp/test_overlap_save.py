"""Fast convolution: the same numbers as the definition, however the signal is cut."""

import numpy as np
import pytest

from designer.dsp.overlap_save import OverlapSave


@pytest.mark.parametrize("taps", [1, 16, 257, 3000])
def test_equals_the_definition(taps):
    rng = np.random.default_rng(taps)
    responses, samples = rng.standard_normal((3, 2, taps)), rng.standard_normal((9001, 2))
    expected = np.stack(
        [sum(np.convolve(samples[:, i], responses[d, i])[:9001] for i in range(2)) for d in range(3)], axis=1
    )
    found = OverlapSave(responses).process(samples)
    # Rounding of a transform of length M grows like √log M; a thousand units of it are far beyond what occurs.
    scale = np.abs(responses).sum(axis=(1, 2)).max() * np.abs(samples).max()
    assert np.abs(found - expected).max() < 1000 * np.finfo(float).eps * scale


def test_output_does_not_depend_on_how_the_input_is_cut():
    rng = np.random.default_rng(1)
    responses, samples = rng.standard_normal((2, 3, 300)), rng.standard_normal((20000, 3))
    whole = OverlapSave(responses).process(samples)
    matrix = OverlapSave(responses)
    parts = np.concatenate([matrix.process(part) for part in np.split(samples, [0, 1, 2, 500, 5001, 5001, 13000])])
    assert np.abs(parts - whole).max() < 1e-11


def test_a_wrong_number_of_inputs_is_refused():
    with pytest.raises(ValueError, match=r"allowed is \(n, 3\)"):
        OverlapSave(np.ones((2, 3, 4))).process(np.zeros((5, 2)))

import numpy as np
import pytest

from designer.dsp.engine import FloatEngine


def test_equals_plain_convolution():
    rng = np.random.default_rng(0)
    responses, x = rng.standard_normal((2, 3, 17)), rng.standard_normal((100, 3))
    expected = np.stack([sum(np.convolve(x[:, i], responses[d, i])[:100] for i in range(3)) for d in range(2)], axis=1)
    np.testing.assert_allclose(FloatEngine(responses).process(x, "filters"), expected, atol=1e-12)


def test_pieces_equal_the_whole():
    rng = np.random.default_rng(1)
    responses, x = rng.standard_normal((2, 3, 17)), rng.uniform(-1, 1, (1000, 2))
    engine = FloatEngine(responses)
    parts = [engine.process(part) for part in np.split(x, [1, 64, 65, 500])]
    np.testing.assert_allclose(np.concatenate(parts), FloatEngine(responses).process(x), atol=1e-12)


def test_nothing_in_nothing_out():
    assert FloatEngine(np.ones((2, 3, 4))).process(np.zeros((0, 2))).shape == (0, 2)


def test_wrong_number_of_channels():
    with pytest.raises(ValueError, match=r"injection point 'filters' takes \(n, 3\)"):
        FloatEngine(np.ones((2, 3, 4))).process(np.zeros((5, 2)), "filters")

"""The integer transform against numpy's, within the rounding of its products."""

import definition_upmix as definition
import numpy as np

from designer.fixedpoint.model.upmix_fft import transform


def test_equals_the_definition():
    rng = np.random.default_rng(1)
    re, im = rng.integers(-(2**23), 2**23, (2, 64, 3))
    expected = [definition.transform(list(zip(re[:, h].tolist(), im[:, h].tolist(), strict=True))) for h in range(3)]
    np.testing.assert_array_equal(np.stack(transform(re, im), axis=-1).transpose(1, 0, 2), expected)


def test_transform_is_the_discrete_fourier_transform():
    rng = np.random.default_rng(0)
    x = rng.integers(-(2**22), 2**22, (64, 50)) + 1j * rng.integers(-(2**22), 2**22, (64, 50))
    re, im = transform(x.real.astype(np.int64), x.imag.astype(np.int64))
    # Two stages with 3 products of each 4 values; a product is rounded by 1/2 in each part and its twiddle is off by
    # 2**-31 of at most 2**25.5: 0.52 a part, carried by the 16 and 4 values that each output adds up.
    error = np.abs(re + 1j * im - np.fft.fft(x, axis=0))
    assert error.max() <= np.sqrt(2) * 0.52 * (12 + 3)


def test_real_input_without_fraction_is_exact_at_zero_frequency():
    x = np.arange(64)[:, None] - 31
    re, im = transform(x, np.zeros_like(x))
    assert (re[0, 0], im[0, 0]) == (32, 0)


def test_silence_stays_silent():
    zero = np.zeros((64, 1), dtype=np.int64)
    re, im = transform(zero, zero)
    assert not re.any()
    assert not im.any()

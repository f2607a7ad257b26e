"""The integer transform against numpy's, within the rounding of its products."""

import numpy as np

from designer.fixedpoint.model.upmix_fft import transform


def test_transform_is_the_discrete_fourier_transform():
    rng = np.random.default_rng(0)
    x = rng.integers(-(2**22), 2**22, (50, 64)) + 1j * rng.integers(-(2**22), 2**22, (50, 64))
    re, im = transform(x.real.astype(np.int64), x.imag.astype(np.int64))
    # Two stages with 3 products of each 4 values; a product is rounded by 1/2 in each part and its twiddle is off by
    # 2**-31 of at most 2**25.5: 0.52 a part, carried by the 16 and 4 values that each output adds up.
    error = np.abs(re + 1j * im - np.fft.fft(x, axis=1))
    assert error.max() <= np.sqrt(2) * 0.52 * (12 + 3)


def test_real_input_without_fraction_is_exact_at_zero_frequency():
    x = np.arange(64)[None, :] - 31
    re, im = transform(x, np.zeros_like(x))
    assert (re[0, 0], im[0, 0]) == (32, 0)


def test_silence_stays_silent():
    zero = np.zeros((1, 64), dtype=np.int64)
    re, im = transform(zero, zero)
    assert not re.any()
    assert not im.any()

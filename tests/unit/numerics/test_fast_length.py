from scipy.fft import next_fast_len

from designer.numerics.fast_length import fast_length


def test_equals_scipy_for_real_transforms():
    for least in [*range(1, 300), 13801, 65537, 100_003]:
        assert fast_length(least) == next_fast_len(least, real=True)


def test_an_even_length_is_the_shortest_even_one():
    assert [fast_length(least, even=True) for least in (1, 3, 9, 25, 28)] == [2, 4, 10, 30, 30]

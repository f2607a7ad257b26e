import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.fixedpoint.number_format import NUMBER_FORMATS, Q15, Q31, Q31X15, NumberFormat, QFormat

FORMATS = st.builds(QFormat, st.integers(1, 16), st.integers(0, 30))


def test_growth_rules():
    q15 = QFormat(1, 15)
    assert q15.for_product(q15) == QFormat(2, 30)
    assert q15.for_sum(4) == QFormat(3, 15)
    assert q15.for_sum(1) == q15
    assert str(q15.for_sum(5)) == "Q4.15"


@given(FORMATS, FORMATS)
def test_product_format_holds_every_product(a, b):
    product = a.for_product(b)
    for x in (a.smallest, a.largest):
        for y in (b.smallest, b.largest):
            assert product.holds(x * y)


@given(FORMATS, st.integers(1, 4096))
def test_sum_format_is_the_smallest_that_holds_every_sum(word, terms):
    total = word.for_sum(terms)
    assert total.holds(terms * word.smallest)
    assert total.holds(terms * word.largest)
    if terms > 1:
        assert not QFormat(total.integer_bits - 1, total.fraction_bits).holds(terms * word.smallest)


def test_rounding_is_half_up_and_saturates():
    word = QFormat(1, 15)
    values = np.array([0.5, 1.5, -0.5, -1.5, 40000.0, -40000.0]) * word.lsb
    assert word.quantise(values).tolist() == [1, 2, 0, -1, 32767, -32768]


@given(FORMATS)
def test_to_float_inverts_quantise(word):
    raw = np.array([word.smallest, -1, 0, word.largest], dtype=np.int64)
    assert word.quantise(word.to_float(raw)).tolist() == raw.tolist()


@pytest.mark.parametrize(("integer", "fraction"), [(0, 15), (1, -1)])
def test_impossible_format(integer, fraction):
    with pytest.raises(ValueError, match="needs at least 1 integer bit and 0 fraction bits"):
        QFormat(integer, fraction)


def test_sum_of_nothing():
    with pytest.raises(ValueError, match="allowed from 1"):
        QFormat(1, 15).for_sum(0)


def test_every_number_format_is_found_by_its_name_and_others_are_refused():
    assert [str(found) for found in NUMBER_FORMATS] == ["q15", "q31", "q31x15"]
    for found in NUMBER_FORMATS:
        assert NumberFormat.named(found.name) is found
        # Workers of a sweep get copies.
        assert pickle.loads(pickle.dumps(found)) == found
    with pytest.raises(ValueError, match="number_format = 'Q15': allowed are q15, q31, q31x15"):
        NumberFormat.named("Q15")


@pytest.mark.parametrize(
    ("number_format", "bus", "sums", "sum_shift", "equaliser_shift", "sample", "tap"),
    [
        (Q15, "Q1.15", 30, 15, 15, np.int16, np.int16),
        (Q31, "Q3.29", 60, 29, 31, np.int32, np.int32),
        (Q31X15, "Q5.27", 26, -5, -1, np.int32, np.int16),
    ],
)
def test_what_follows_from_the_words(number_format, bus, sums, sum_shift, equaliser_shift, sample, tap):
    """The figures are those of docs/arithmetic.md and of the firmware's sources."""
    assert str(number_format.bus) == bus
    assert number_format.sum_fraction_bits == sums
    assert (number_format.sum_shift, number_format.equaliser_shift) == (sum_shift, equaliser_shift)
    assert (number_format.sample_dtype, number_format.tap_dtype) == (np.dtype(sample), np.dtype(tap))


def test_only_the_limits_of_its_kernel_hold_for_a_number_format():
    assert [found.shares_exponent for found in NUMBER_FORMATS] == [False, True, False]
    assert [found.exceeds_sum_limit(2**31) for found in NUMBER_FORMATS] == [False, True, False]
    assert not Q31.exceeds_sum_limit(2**31 - 1)
    assert [found.floors_products for found in NUMBER_FORMATS] == [False, False, True]
    # The largest products of a run, and what their floors may take, fit 32 bits.
    assert (Q31X15.run_limit << 11) + 2048 < 2**31

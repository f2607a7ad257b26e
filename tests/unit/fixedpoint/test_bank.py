"""The bank refuses what the firmware cannot represent."""

import numpy as np
import pytest

from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.number_format import Q15, NumberFormat


def bank_of(paths, number_format="q15", drivers=("a",), inputs=("left", "right", "centre")):
    return FixedPointBank(NumberFormat.named(number_format), 48000, drivers, inputs, paths)


def test_path_keeps_its_own_read_only_copy():
    taps = np.arange(4, dtype=np.int16)
    path = FixedPointPath(taps)
    taps[0] = 99
    assert path.coefficients.tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        path.coefficients[0] = 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(4),), "float64 of shape"),
        ((np.zeros((2, 2), dtype=np.int16),), r"shape \(2, 2\)"),
        ((np.zeros(2049, dtype=np.int32),), "2049 taps"),
        ((np.array([-32768], dtype=np.int16),), "-32768 in a q15 path"),
        ((np.zeros(1, dtype=np.int16), -1), "delay = -1"),
        ((np.zeros(1, dtype=np.int16), 4096), "delay = 4096"),
        ((np.zeros(1, dtype=np.int16), 0, 16), "exponent = 16"),
    ],
)
def test_path_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        FixedPointPath(*arguments)


def test_bank_refuses_wrong_shapes_and_types():
    q15, q31 = FixedPointPath(np.ones(2, dtype=np.int16)), FixedPointPath(np.ones(2, dtype=np.int32))
    assert bank_of(((q15, q15, q15),)).paths[0][2] is q15
    with pytest.raises(ValueError, match="1 sums x 3 buses"):
        bank_of(((q15, q15),))
    with pytest.raises(ValueError, match="driver 'a' <- input 'right': coefficients are int32"):
        bank_of(((q15, q31, q15),))
    with pytest.raises(ValueError, match="number_format = 'q7': allowed are q15, q31, q31x15"):
        bank_of(((q15, q15, q15),), number_format="q7")


def test_q31_refuses_a_sum_that_could_wrap():
    def path(last):
        return FixedPointPath(np.array([2**29, -(2**29) + last], dtype=np.int32))

    nothing = FixedPointPath(np.zeros(0, dtype=np.int32))
    assert bank_of(((path(1), nothing, path(0)),), number_format="q31")
    with pytest.raises(ValueError, match=r"driver .a.: sum of .* = 2147483648, allowed below"):
        bank_of(((path(0), nothing, path(0)),), number_format="q31")


@pytest.mark.parametrize("exponents", [(1, 2), (3, 3)])
def test_q31_refuses_exponents_that_its_sums_cannot_share(exponents):
    paths = [FixedPointPath(np.ones(2, dtype=np.int32), exponent=e) for e in (2, *exponents)]
    with pytest.raises(ValueError, match=r"driver .a.: exponents .*, allowed is one for a group, at most 2, in q31"):
        bank_of(((paths[1], paths[2], paths[0]),), number_format="q31")


def test_a_bank_refuses_equalisers_that_it_cannot_shift():
    word, long_word = np.int16, np.int32
    path = FixedPointPath(np.ones(2, dtype=word))
    wide = FixedPointPath(np.ones(2, dtype=long_word))
    plain = bank_of(((path, path, path),))
    assert plain.equalisers == (None, None, None)
    assert not plain.is_equalised

    def with_equaliser(number_format, fir):
        row = (wide if number_format == "q31" else path,) * 3
        return FixedPointBank(
            NumberFormat.named(number_format), 48000, ("a",), plain.input_names, (row,), equalisers=(fir, None, None)
        )

    for number_format, fir, message in (
        ("q15", wide, "bus 'left': coefficients are int32"),
        ("q15", FixedPointPath(np.zeros(0, dtype=word)), "bus 'left': no taps"),
        ("q31", FixedPointPath(np.ones(2, dtype=long_word), 0, 1), "exponent 1, allowed -3 to 0 in q31"),
        ("q31", FixedPointPath(np.full(2, 2**30, dtype=long_word)), "= 2147483648, allowed below"),
        ("q31x15", FixedPointPath(np.ones(2, dtype=word)), "exponent 0, allowed 1 to 15 in q31x15"),
    ):
        with pytest.raises(ValueError, match=message):
            with_equaliser(number_format, fir)
    with pytest.raises(ValueError, match="equalisers: 2 for 3 buses"):
        FixedPointBank(Q15, 48000, ("a",), plain.input_names, ((path,) * 3,), equalisers=(None, None))


def test_histories_of_both_stages():
    def fir(taps, delay):
        return FixedPointPath(np.ones(taps, dtype=np.int16), delay)

    nothing = FixedPointPath(np.zeros(0, dtype=np.int16))
    rows = ((fir(1, 4), fir(30, 0), fir(90, 2)), (fir(8, 0), nothing, nothing))
    bank = FixedPointBank(Q15, 48000, ("a", "b"), ("left", "right", "centre"), rows)
    assert (bank.history_samples, bank.bus_history_samples, bank.equalised_history_samples) == (91, 91, 0)
    bank = FixedPointBank(
        Q15, 48000, ("a", "b"), ("left", "right", "centre"), rows, equalisers=(fir(100, 3), None, None)
    )
    # left: 102 + 7 through both stages; the centre's 91 are the longest of one stage.
    assert (bank.history_samples, bank.bus_history_samples, bank.equalised_history_samples) == (109, 102, 7)
    assert [bank.equaliser_shift(0), len(bank.firs)] == [15, 5]
    with pytest.raises(ValueError, match="bus 'right' has no equaliser"):
        bank.equaliser_shift(1)

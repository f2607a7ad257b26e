"""What the board's own upmix does to mixtures of real recordings, by the benchmark's own measure."""

import numpy as np
import pytest

from benchmarks.upmix import METHODS, measure

NAMES = ("Vickers' ratio, broadband", "regression and Wiener gain, q31")


@pytest.fixture(scope="module")
def results():
    return measure({name: METHODS[name] for name in NAMES}, seconds=4.0)


def mean_db(results, method):
    return np.mean([r.scale_invariant_db for r in results if method in r.method])


def test_centre_has_5_5_db_less_distortion_than_the_passive_mid(results):
    assert mean_db(results, "q31") >= 5.5


def test_bands_and_regression_beat_the_broadband_ratio(results):
    assert mean_db(results, "q31") > mean_db(results, "broadband") + 2


def test_centre_is_uncorrelated_with_side(results):
    assert max(r.correlation for r in results if "q31" in r.method) < 0.05

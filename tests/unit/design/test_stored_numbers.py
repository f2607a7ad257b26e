"""Numbers of a saved design that would spread silently are refused where they are read."""

import numpy as np
import pytest

from designer.design.store import load_gain_db
from designer.errors import LayoutError


@pytest.mark.parametrize("gain_db", [np.nan, np.inf, -np.inf])
def test_a_gain_that_is_no_number_is_refused(tmp_path, gain_db):
    np.savez(tmp_path / "filters.npz", gain_db=np.float64(gain_db))
    with pytest.raises(LayoutError, match=r"damaged design .*gain_db is .*design it again"):
        load_gain_db(tmp_path)


def test_a_finite_gain_comes_back(tmp_path):
    np.savez(tmp_path / "filters.npz", gain_db=np.float64(-3.25))
    assert load_gain_db(tmp_path) == -3.25
